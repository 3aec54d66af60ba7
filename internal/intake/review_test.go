package intake_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

// contactsOf is a mapping of a list of telephone numbers without any key of ours.
var contactsOf = file("m.yaml",
	"files:", "  - tables:", "      contacts:", "        columns:",
	"          key: {key_of: [Ville, Nom]}",
	"          site: {match: {among: sites, name: Nom, commune: Ville}}",
	"          name: {value: Accueil}", "          phone: Tel", "          source: {value: liste}")

func TestARowWithoutKeyWaitsForAPersonAndItsAnswerIsKept(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	service := intake.Service{Store: store.NewIntake(db)}
	o := intake.Options{Mapping: &contactsOf, Actor: "user:7", Now: now}
	name := strings.ToUpper(loaded(t, db).Sites[0].Name)
	list := file("liste.csv", "Nom;Ville;Tel", name+";Strasbourg;03 00 00 00 01", "Ailleurs;Nulle;03 00 00 00 02")
	before := len(loaded(t, db).Contacts)

	report, err := service.Import(context.Background(), []intake.File{list}, o)
	if err != nil || len(report.Review) != 2 || !report.Empty() {
		t.Fatalf("error %v, report %+v", err, report)
	}
	if first := report.Review[0]; len(first.Candidates) == 0 || first.Candidates[0].Key != loaded(t, db).Sites[0].Key {
		t.Errorf("candidates for %q: %+v", name, first.Candidates)
	}
	if again, err := service.Import(context.Background(), []intake.File{list}, o); err != nil || len(again.Review) != 2 {
		t.Errorf("the same file again: error %v, %+v", err, again.Review)
	}
	waiting, err := service.Pending(context.Background(), now)
	if err != nil || len(waiting) != 2 || len(waiting[0].Rows) != 1 || len(loaded(t, db).Contacts) != before {
		t.Fatalf("error %v, waiting %+v", err, waiting)
	}

	answers := []intake.Answer{{Question: waiting[0].Question, Key: "site-1"}, {Question: waiting[1].Question}}
	if _, err := service.Answer(context.Background(), answers, o); err != nil {
		t.Fatal(err)
	}
	contacts := loaded(t, db).Contacts
	if len(contacts) != before+1 {
		t.Errorf("%d contacts, want one more than %d", len(contacts), before)
	}
	if waiting, err = service.Pending(context.Background(), now); err != nil || len(waiting) > 0 {
		t.Errorf("error %v, still waiting %+v", err, waiting)
	}
	if _, err := service.Answer(context.Background(), answers[:1], o); fault.KindOf(err) != fault.NotFound {
		t.Errorf("answered again: %v, want not found", err)
	}
	next := file("liste.csv", "Nom;Ville;Tel", name+";Strasbourg;03 00 00 00 09", "Ailleurs;Nulle;03 00 00 00 03")
	report, err = service.Import(context.Background(), []intake.File{next}, o)
	if err != nil || len(report.Review) > 0 || len(report.Files[0].Changed) != 1 {
		t.Errorf("the next list: error %v, report %+v", err, report)
	}
}

func TestAnAnswerIsJudgedLikeAnImport(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	service := intake.Service{Store: store.NewIntake(db)}
	o := intake.Options{Mapping: &contactsOf, Actor: "user:7", Now: now}
	if _, err := service.Import(context.Background(), []intake.File{file("liste.csv", "Nom;Ville;Tel", "A;B;1")}, o); err != nil {
		t.Fatal(err)
	}
	_, err := service.Answer(context.Background(), []intake.Answer{{Question: intake.Question{Among: "sites", Name: "A", Commune: "B"}, Key: "no-site"}}, o)
	want := `liste.csv:2: Nom, Ville → contacts.site: "no-site" is neither in sites.csv nor stored`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if waiting, err := service.Pending(context.Background(), now); err != nil || len(waiting) != 1 {
		t.Errorf("error %v, waiting %+v", err, waiting)
	}
}

func TestNothingEndsWhileRowsWait(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	_, said := importing(t, db, intake.Options{Mapping: &contactsOf, EndMissing: now.Truncate(24 * 3600e9)}, file("liste.csv", "Nom;Ville;Tel", "A;B;1"))
	if !strings.Contains(said, "1 rows wait for a person") {
		t.Errorf("said %q", said)
	}
}

func TestAReviewOutlivesASpreadsheet(t *testing.T) {
	t.Parallel()
	asked := []intake.Waiting{
		{Question: intake.Question{Among: "sites", Name: "=Collège \"A\"; B", Commune: "Œuf", Address: "1, rue"}},
		{Question: intake.Question{Among: "establishments", Name: "B"}},
		{Question: intake.Question{Among: "sites", Name: "C"}},
	}
	var b bytes.Buffer
	if err := intake.WriteReview(&b, asked); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i, decision := range []string{"", "site-1", "-", ""} {
		lines[i] = strings.TrimRight(lines[i], "\r") + decision
	}
	answers, problems := intake.ReadReview(intake.File{Name: "r.csv", Content: []byte(strings.Join(lines, "\n"))})
	want := []intake.Answer{{Question: asked[0].Question, Key: "site-1"}, {Question: asked[1].Question}}
	if diff := cmp.Diff(answers, want); diff != "" || len(problems.List) > 0 {
		t.Errorf("problems %v, answers (-got +want):\n%s", problems, diff)
	}
	_, problems = intake.ReadReview(file("r.csv", "among,name,commune,address,decision", "sites,A,,,Le site"))
	if got := problems.String(); got != "r.csv:2: decision: \"Le site\" is not a key, nor - to leave the rows out\n" {
		t.Errorf("problems %q", got)
	}
}

// FuzzReadReview gives any bytes as a review.
func FuzzReadReview(f *testing.F) {
	f.Add([]byte("among,name,commune,address,decision\nsites,A,B,,x\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		answers, _ := intake.ReadReview(intake.File{Name: "r.csv", Content: content})
		for _, a := range answers {
			if strings.HasPrefix(a.Key, "-") && len(a.Key) == 1 {
				t.Fatalf("answer %+v", a)
			}
		}
	})
}
