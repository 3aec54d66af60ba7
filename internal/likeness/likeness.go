package likeness

import (
	"cmp"
	"regexp"
	"slices"
)

// Thing is something stored, by its key. Several things may have one key: the names of the
// schools of a site are names of the site.
type Thing struct {
	Key     string
	Name    string
	Commune string // name
	INSEE   string
	Address string
}

// Described is what a file says of a thing. Commune is a name or an INSEE code; it and
// Address may be empty.
type Described struct{ Name, Commune, Address string }

// Aspect is what two things were compared by.
type Aspect string

// The aspects.
const (
	Name    Aspect = "name"
	Commune Aspect = "commune"
	Address Aspect = "address"
)

// weight is how much each aspect counts; one that is not known on a side does not.
var weight = map[Aspect]int{Name: 60, Commune: 25, Address: 15}

// Reason says how far one aspect agrees, 100 = the same words.
type Reason struct {
	Aspect  Aspect `json:"aspect"`
	Percent int    `json:"percent"`
}

// Candidate is a stored thing that may be meant.
type Candidate struct {
	Key     string   `json:"key"`
	Score   int      `json:"score"` // 0 to 100
	Reasons []Reason `json:"reasons"`
}

// compared is a thing with its words.
type compared struct {
	key, insee             string
	name, commune, address []string
}

// Index finds things. It is read-only, so any number of goroutines may share one.
type Index struct {
	things []compared
	byWord map[string][]int // of names
}

// NewIndex prepares things for comparing.
func NewIndex(things []Thing) *Index {
	x := &Index{byWord: map[string][]int{}}
	for i, t := range things {
		c := compared{t.Key, t.INSEE, words(t.Name), communeWords(t.Commune), words(t.Address)}
		x.things = append(x.things, c)
		for _, word := range slices.Concat(c.name, []string{communeKey(c.commune), c.insee}) {
			x.byWord[word] = append(x.byWord[word], i)
		}
	}
	return x
}

// communeKey cannot be a word.
func communeKey(words []string) string {
	key := "in"
	for _, word := range words {
		key += " " + word
	}
	return key
}

const (
	maxCandidates = 5
	leastScore    = 50
)

var inseeForm = regexp.MustCompile(`^([0-9]{2}|2[AB])[0-9]{3}$`)

// Find gives the most similar things, the best first, five at most. sure is the key of the
// only thing whose name and commune are exactly those described, "" without one.
func (x *Index) Find(d Described) (candidates []Candidate, sure string) {
	wanted := compared{name: words(d.Name), commune: communeWords(d.Commune), address: words(d.Address)}
	if inseeForm.MatchString(d.Commune) {
		wanted.insee, wanted.commune = d.Commune, nil
	}
	best := map[string]Candidate{}
	exact := map[string]bool{}
	for _, i := range x.near(wanted) {
		c := wanted.against(x.things[i])
		if c.exact() {
			exact[c.Key] = true
		}
		if c.Score >= leastScore && c.Score > best[c.Key].Score {
			best[c.Key] = c
		}
	}
	for _, c := range best {
		candidates = append(candidates, c)
	}
	slices.SortFunc(candidates, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Key, b.Key))
	})
	if len(exact) == 1 {
		for key := range exact {
			sure = key
		}
	}
	return candidates[:min(len(candidates), maxCandidates)], sure
}

// near are the things that share a word of the name or the commune.
func (x *Index) near(wanted compared) []int {
	keys := slices.Concat(wanted.name, []string{wanted.insee})
	if len(wanted.commune) > 0 {
		keys = append(keys, communeKey(wanted.commune))
	}
	var all []int
	for _, key := range keys {
		if key != "" {
			all = append(all, x.byWord[key]...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (c compared) against(thing compared) Candidate {
	found := Candidate{Key: thing.key}
	score, of := 0, 0
	say := func(aspect Aspect, percent int) {
		found.Reasons = append(found.Reasons, Reason{aspect, percent})
		score += weight[aspect] * percent
		of += weight[aspect]
	}
	say(Name, alike(c.name, thing.name))
	switch {
	case c.insee != "" && c.insee == thing.insee:
		say(Commune, 100)
	case c.insee != "":
		say(Commune, 0)
	case len(c.commune) > 0 && len(thing.commune) > 0:
		say(Commune, alike(c.commune, thing.commune))
	}
	if len(c.address) > 0 && len(thing.address) > 0 {
		say(Address, alike(c.address, thing.address))
	}
	found.Score = score / of
	return found
}

// exact reports whether name and commune are the same, as far as words go.
func (c Candidate) exact() bool {
	return len(c.Reasons) > 1 && c.Reasons[0] == Reason{Name, 100} && c.Reasons[1] == Reason{Commune, 100}
}
