package likeness_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/likeness"
)

var schools = []likeness.Thing{
	{Key: "achenheim", Name: "Collège Paul Wernert", Commune: "Achenheim", INSEE: "67001", Address: "4 rue du Collège"},
	{Key: "troyes-1", Name: "Collège Saint-Exupéry", Commune: "Troyes", INSEE: "10387", Address: "1 boulevard Jules Guesde"},
	{Key: "troyes-2", Name: "Lycée Saint-Exupéry", Commune: "Troyes", INSEE: "10387", Address: "2 avenue Pasteur"},
	{Key: "reims", Name: "Collège Saint-Exupéry", Commune: "Reims", INSEE: "51454", Address: "3 place Pasteur"},
	{Key: "cite", Name: "Cité scolaire Poincaré", Commune: "Bar-le-Duc", INSEE: "55029", Address: "1 place Lemagny"},
	{Key: "cite", Name: "Lycée Raymond Poincaré", Commune: "Bar-le-Duc", INSEE: "55029"},
	{Key: "double-1", Name: "Collège Jules Ferry", Commune: "Sélestat", Address: "1 rue Haute"},
	{Key: "double-2", Name: "Collège Jules Ferry", Commune: "Sélestat", Address: "9 rue Basse"},
}

func TestASchoolIsFoundAsOfficesWriteIt(t *testing.T) {
	t.Parallel()
	x := likeness.NewIndex(schools)
	for name, row := range map[string]struct {
		of   likeness.Described
		sure string
		best string
	}{
		"abbreviations":             {likeness.Described{"Clg P. WERNERT", "ACHENHEIM", ""}, "", "achenheim"},
		"capitals without accents":  {likeness.Described{"COLLEGE PAUL WERNERT", "Achenheim", ""}, "achenheim", "achenheim"},
		"CEDEX":                     {likeness.Described{"Clg St Exupéry", "TROYES CEDEX 9", "1 Bd Jules Guesde"}, "troyes-1", "troyes-1"},
		"an INSEE code":             {likeness.Described{"collège st-exupery", "51454", ""}, "reims", "reims"},
		"a wrong letter":            {likeness.Described{"Collège Paul Wernart", "Achenheim", ""}, "achenheim", "achenheim"},
		"a second name of the site": {likeness.Described{"Lyc. R. Poincaré", "Bar le Duc", ""}, "", "cite"},
		"without commune":           {likeness.Described{"Collège Paul Wernert", "", ""}, "", "achenheim"},
		"two of one name":           {likeness.Described{"Collège Jules-Ferry", "Selestat", "9, rue basse"}, "", "double-2"},
		"nobody":                    {likeness.Described{"Maison de retraite", "Nancy", ""}, "", ""},
		"no name":                   {likeness.Described{"", "Troyes", ""}, "", ""},
	} {
		candidates, sure := x.Find(row.of)
		best := ""
		if len(candidates) > 0 {
			best = candidates[0].Key
		}
		if sure != row.sure || best != row.best {
			t.Errorf("%s: sure %q of %q, best %q of %q: %+v", name, sure, row.sure, best, row.best, candidates)
		}
	}
}

func TestACandidateSaysWhy(t *testing.T) {
	t.Parallel()
	candidates, _ := likeness.NewIndex(schools).Find(likeness.Described{"Clg Saint-Exupéry", "Troyes", "1 bd J. Guesde"})
	want := likeness.Candidate{Key: "troyes-1", Score: 96, Reasons: []likeness.Reason{{likeness.Name, 100}, {likeness.Commune, 100}, {likeness.Address, 75}}}
	if diff := cmp.Diff(candidates[0], want); diff != "" {
		t.Errorf("best candidate (-got +want):\n%s", diff)
	}
	for i := 1; i < len(candidates); i++ {
		if candidates[i].Score > candidates[i-1].Score {
			t.Errorf("candidates are not in the order of their scores: %+v", candidates)
		}
	}
}

func TestANumberIsNeverForgiven(t *testing.T) {
	t.Parallel()
	x := likeness.NewIndex([]likeness.Thing{{Key: "a", Name: "Annexe 1234567", Commune: "Nancy"}})
	if _, sure := x.Find(likeness.Described{"Annexe 1234568", "Nancy", ""}); sure != "" {
		t.Errorf("%q is taken for another number", sure)
	}
}

func TestPlainTextIsPlainAlready(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plain := likeness.Plain(rapid.String().Draw(t, "text"))
		if again := likeness.Plain(plain); again != plain {
			t.Errorf("%q becomes %q", plain, again)
		}
	})
}

// FuzzFind describes a school with any texts: scores stay between 50 and 100, and what is
// sure is the first candidate's equal.
func FuzzFind(f *testing.F) {
	f.Add("Clg Saint-Exupéry", "Troyes", "1 bd Guesde")
	x := likeness.NewIndex(schools)
	f.Fuzz(func(t *testing.T, name, commune, address string) {
		candidates, sure := x.Find(likeness.Described{Name: name, Commune: commune, Address: address})
		for _, c := range candidates {
			if c.Score < 50 || c.Score > 100 {
				t.Fatalf("score of %+v", c)
			}
		}
		if sure != "" && len(candidates) == 0 {
			t.Fatalf("%q is sure and no candidate", sure)
		}
	})
}
