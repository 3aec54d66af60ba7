package intake

import (
	"slices"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/likeness"
	"vigie/internal/mapping"
)

// Question asks which stored site or establishment a row of a file means: it has no key
// and only describes it.
type Question struct {
	Among   string `json:"among"` // sites or establishments
	Name    string `json:"name"`
	Commune string `json:"commune"`
	Address string `json:"address"`
}

// Answer is what a person decided: the key of what is meant, or that the rows are left out.
// It holds for every file to come that describes the thing in the same words.
type Answer struct {
	Question
	Key string `json:"key"` // empty = left out
}

// Held is a row that waits for the answer to a question. Nothing of it is written before.
type Held struct {
	ID       int64
	Question Question
	Column   string // of ours, which the answer fills
	Table    string // of ours, as a mapping names it
	Keep     bool   // leave a stored row alone
	File     string
	Line     int
	Columns  []string
	Sources  []string // for each column, those of the file
	Cells    []string
	At       time.Time
}

// Waiting is a question with the stored things that may be meant, as people see it.
type Waiting struct {
	Question
	Sure       string               `json:"sure,omitempty"` // the only exact one
	Candidates []likeness.Candidate `json:"candidates,omitempty"`
	Rows       []HeldPlace          `json:"rows"`
}

// HeldPlace is where a held row stands and where it would go.
type HeldPlace struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Table string `json:"table"`
	// OwnKey says that the answer may be a new key: the row is the thing itself.
	OwnKey bool `json:"own_key,omitempty"`
}

// same reports whether two held rows are one row of one file read twice.
func (h Held) same(other Held) bool {
	return h.Question == other.Question && h.Table == other.Table && h.Column == other.Column &&
		slices.Equal(h.Columns, other.Columns) && slices.Equal(h.Cells, other.Cells)
}

// target is the held row with an answer, as the mapping would have given it.
func (h Held) target(key string) mappedRows {
	r := mapping.Row{Line: h.Line}
	for i, name := range h.Columns {
		cell := mapping.Cell{Text: h.Cells[i]}
		if name == h.Column {
			cell.Text = key
		}
		r.Cells = append(r.Cells, cell)
	}
	return mappedRows{h.File, mapping.Target{Table: h.Table, Keep: h.Keep, Columns: h.Columns, Sources: h.Sources, Rows: []mapping.Row{r}}}
}

// ownKey reports whether the answer is the key of the row itself.
func (h Held) ownKey() bool {
	s, ok := sheetNamed(h.Table + ".csv")
	return ok && h.Table == h.Question.Among && s.keyColumn() == h.Column
}

func (t table[T]) keyColumn() string { return t.key[0] }

// answered parts the rows of a target: those that can be read, with the answers that are
// known already, and those that must wait. Rows that a person left out are dropped.
func answered(from mappedRows, answers map[Question]string, now time.Time) (ready mappedRows, held []Held) {
	ready = from
	ready.Rows = nil
	for _, r := range from.Rows {
		if r.Question == nil {
			ready.Rows = append(ready.Rows, r)
			continue
		}
		q := Question{r.Question.Among, r.Question.Name, r.Question.Commune, r.Question.Address}
		key, known := answers[q]
		switch {
		case known && key != "":
			r.Cells = slices.Clone(r.Cells)
			r.Cells[slices.Index(from.Columns, r.Question.Column)].Text = key
			ready.Rows = append(ready.Rows, r)
		case !known:
			h := Held{
				Question: q, Column: r.Question.Column, Table: from.Table, Keep: from.Keep, File: from.file, Line: r.Line,
				Columns: from.Columns, Sources: from.Sources, At: now,
			}
			for _, c := range r.Cells {
				h.Cells = append(h.Cells, c.Text)
			}
			held = append(held, h)
		}
	}
	return ready, held
}

// Review puts the questions of held rows together, in the order of their first rows, and
// finds who may be meant on a day.
func Review(current inventory.Snapshot, held []Held, today time.Time) []Waiting {
	indexes := map[string]*likeness.Index{}
	places := map[Question]int{}
	var all []Waiting
	for _, h := range held {
		at, known := places[h.Question]
		if !known {
			at = len(all)
			places[h.Question] = at
			if indexes[h.Question.Among] == nil {
				indexes[h.Question.Among] = likeness.NewIndex(things(current, h.Question.Among, today))
			}
			w := Waiting{Question: h.Question}
			w.Candidates, w.Sure = indexes[h.Question.Among].Find(likeness.Described{
				Name: h.Question.Name, Commune: h.Question.Commune, Address: h.Question.Address,
			})
			all = append(all, w)
		}
		all[at].Rows = append(all[at].Rows, HeldPlace{h.File, h.Line, h.Table, h.ownKey()})
	}
	return all
}

// things are the sites or establishments that exist on a day. A site also has the names of
// its establishments.
func things(s inventory.Snapshot, among string, today time.Time) []likeness.Thing {
	x := inventory.NewIndex(s)
	var all []likeness.Thing
	at := func(site inventory.Site, key, name string) {
		commune, _ := x.Commune(site.Commune)
		all = append(all, likeness.Thing{Key: key, Name: name, Commune: commune.Name, INSEE: site.Commune, Address: site.Address})
	}
	for _, site := range x.Sites {
		if among == "sites" && inventory.InForce(time.Time{}, site.Ends, today) {
			at(site, site.Key, site.Name)
		}
	}
	for _, e := range x.Establishments {
		site, known := x.Site(e.Site)
		switch {
		case !known || !inventory.InForce(time.Time{}, e.Ends, today) || !inventory.InForce(time.Time{}, site.Ends, today):
		case among == "sites":
			at(site, site.Key, e.Name)
		default:
			at(site, e.UAI, e.Name)
		}
	}
	return all
}
