package intake

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/inventory"
)

// Edit is what a person typed into a form.
type Edit struct {
	Table   string
	Key     string // of the stored row; empty for a new one
	Version string // of the form that was filled in; empty for a new row
	Values  []Value
	// From, a civil day, closes what held before and lets the values hold from it; zero
	// corrects the row as if it had always been so. Dated tables only.
	From time.Time
}

// Value is the text of one column.
type Value struct{ Column, Text string }

func (e Edit) text(column string) (string, bool) {
	for _, v := range e.Values {
		if v.Column == column {
			return v.Text, true
		}
	}
	return "", false
}

// everyEnd accepts any number of ends: a person has just ended this one row.
const everyEnd = -1

// Save saves a row that a person edited, made or ended, judged like a row of a file. The
// form comes back as it was filled in, with the problems beside the fields when the error
// wraps a *Refused. A row that somebody else changed since the form was made is
// fault.Conflict, and the form then shows what is stored now.
func (s Service) Save(ctx context.Context, e Edit, o Options) (Form, Report, error) {
	var form Form
	var report Report
	o.AcceptEnds = everyEnd
	err := s.Store.ChangeInventory(ctx, func(current Current) (Saving, error) {
		report = Report{}
		of, err := tableNamed(e.Table)
		if err != nil {
			return Saving{}, err
		}
		if form, err = current.form(e.Table, e.Key); err != nil {
			return Saving{}, err
		}
		if form.Version != e.Version {
			return Saving{}, fault.Errorf(fault.Conflict, "%s %q was changed by somebody else meanwhile", e.Table, e.Key)
		}
		form.fill(e)
		file, err := of.edited(current.Snapshot, e)
		if err != nil {
			return Saving{}, err
		}
		set, problems := Read([]File{file})
		saving, err := report.decide(current, set, problems, o)
		if err != nil || report.Empty() {
			return Saving{}, err
		}
		return report.signed(saving, "inventory.edit", o)
	})
	var refused *Refused
	if errors.As(err, &refused) {
		form.blame(refused.Problems)
	}
	if err != nil {
		return form, report, fmt.Errorf("edit %s %q: %w", e.Table, e.Key, err)
	}
	return form, report, s.told(ctx, report)
}

// fill shows what was typed.
func (f *Form) fill(e Edit) {
	for i := range f.Fields {
		text, given := e.text(f.Fields[i].Name)
		if given && (f.Key == "" || !f.Fields[i].Key) {
			f.Fields[i].Value = text
		}
	}
}

// blame puts each problem beside its field.
func (f *Form) blame(problems Problems) {
	for _, p := range problems.List {
		at := slices.IndexFunc(f.Fields, func(field Field) bool { return field.Name == p.Column })
		if at < 0 || f.Fields[at].Problem != "" {
			f.Problems = append(f.Problems, p.String())
			continue
		}
		f.Fields[at].Problem = p.Expected
	}
}

// edited writes the rows that an edit means as a file of ours.
func (t table[T]) edited(s inventory.Snapshot, e Edit) (File, error) {
	names := t.columnNames()
	wanted := make([]string, len(names))
	stored, known := t.row(s, e.Key)
	for i, name := range names {
		text, given := e.text(name)
		switch {
		case known && (!given || slices.Contains(t.key, name) || t.columns[i].kind == Moment && sameMoment(stored[i], text)):
			wanted[i] = stored[i]
		default:
			wanted[i] = text
		}
	}
	records := [][]string{names, wanted}
	switch {
	case !known:
		key := t.rawKey(row{cells: wanted})
		if _, taken := t.row(s, key); taken {
			return File{}, refusal(Problem{File: t.file, Column: t.key[0], Value: key, Expected: "is stored already: edit that row"})
		}
	case !e.From.IsZero():
		versions, problem := t.newVersion(s, e, wanted)
		if problem != nil {
			return File{}, refusal(*problem)
		}
		records = append(records[:1], versions...)
	default:
		records = append(records, t.endingWith(s, e, wanted)...)
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(records); err != nil {
		return File{}, fmt.Errorf("write the edited row: %w", err)
	}
	return File{Name: t.file, Content: b.Bytes()}, nil
}

// sameMoment reports whether a form gives back a stored moment as it showed it: to the
// minute and in the civil time of Paris, whose hour that exists twice it cannot tell.
func sameMoment(stored, text string) bool {
	before, err := parseInstant(stored)
	return err == nil && calendar.Local(before).Format("2006-01-02T15:04") == text
}

func refusal(p Problem) error {
	return &fault.Error{Kind: fault.Invalid, Err: &Refused{Problems{List: []Problem{p}}}}
}

// newVersion closes the row on a day and begins it anew with other values. All rows that
// share its columns up to "from", such as the shares of one split key, go with it: they are
// one version.
func (t table[T]) newVersion(s inventory.Snapshot, e Edit, wanted []string) ([][]string, *Problem) {
	names := t.columnNames()
	from, to := slices.Index(names, "from"), slices.Index(names, "to")
	day := showDay(e.From)
	if from < 0 || day <= wanted[from] || to >= 0 && wanted[to] != "" && day >= wanted[to] {
		return nil, &Problem{File: t.file, Column: "from", Value: day, Expected: "is not a day within the period of the row, after its first"}
	}
	var records [][]string
	rows := *t.rows(&s)
	for i := range rows {
		texts := t.show(&rows[i])
		if !t.sameVersion(texts, wanted) {
			continue
		}
		next := slices.Clone(texts)
		if t.keyOf(&rows[i]) == e.Key {
			next = slices.Clone(wanted)
		}
		next[from] = day
		if to >= 0 {
			texts[to] = day
			records = append(records, texts)
		}
		records = append(records, next)
	}
	return records, nil
}

// endingWith gives the other rows of a version whose end was changed with this one's: the
// shares of a split key end together.
func (t table[T]) endingWith(s inventory.Snapshot, e Edit, wanted []string) [][]string {
	names := t.columnNames()
	if to := slices.Index(names, "to"); to >= 0 && slices.Contains(t.key, "from") {
		var records [][]string
		rows := *t.rows(&s)
		for i := range rows {
			texts := t.show(&rows[i])
			if t.keyOf(&rows[i]) != e.Key && t.sameVersion(texts, wanted) && texts[to] != wanted[to] {
				texts[to] = wanted[to]
				records = append(records, texts)
			}
		}
		return records
	}
	return nil
}

// sameVersion reports whether two rows agree in the key columns up to "from".
func (t table[T]) sameVersion(a, b []string) bool {
	names := t.columnNames()
	for _, name := range t.key {
		at := slices.Index(names, name)
		if a[at] != b[at] {
			return false
		}
		if name == "from" {
			return true
		}
	}
	return true
}
