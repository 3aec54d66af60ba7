package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/likeness"
)

// FieldKind is how a form asks for a column.
type FieldKind string

// The kinds of fields.
const (
	Text      FieldKind = ""
	Choice    FieldKind = "choice"
	YesNo     FieldKind = "yesno"
	Day       FieldKind = "day"
	Moment    FieldKind = "moment"
	Reference FieldKind = "reference" // the key of a row of another table
)

// Field is one column of a form.
type Field struct {
	Name     string
	Kind     FieldKind
	Required bool
	Key      bool     // names the row: it never changes
	Choices  []string // of a Choice
	Options  []Option // of a Reference, where they are few enough to offer
	Value    string
	Problem  string // what the value is not, "" when it is right
	refers   []string
}

// Option is a row that a Reference may name.
type Option struct{ Key, Label string }

// Form is a row of a table as a person edits it, or one that does not exist yet.
type Form struct {
	Table   string // as a mapping names it: sites
	Key     string // empty for a row that does not exist yet
	Version string // of the stored row, to notice that somebody else changed it
	Fields  []Field
	// Dated tables keep their past: a change may hold from a day, beside what held before.
	Dated bool
	// CanEnd says that the row may end; EndField is the column of its end, Ends what it holds.
	CanEnd   bool
	EndField string
	Ends     string
	// Problems are those that belong to no field.
	Problems []string
}

// Listed is a row in the list of its table.
type Listed struct {
	Key   string
	Label string // its name, or what it refers to
	Ends  time.Time
}

// TableCount says how much a table holds.
type TableCount struct {
	Table string
	Rows  int
	Open  int // of them, without an end or with one that has not come
}

// TableNames lists the tables, in an order in which what a row refers to comes before it.
func TableNames() []string {
	var names []string
	for _, s := range sheets {
		names = append(names, mappedName(s.name()))
	}
	return names
}

// maxOptions is how many rows a form offers to choose from; beyond, a key is typed.
const maxOptions = 3000

func (t table[T]) fields() []Field {
	var none T
	refers := map[string][]string{}
	if t.refers != nil {
		for _, r := range t.refers(&none) {
			refers[r.column] = r.files
		}
	}
	all := make([]Field, len(t.columns))
	for i, c := range t.columns {
		f := Field{Name: c.name, Kind: c.kind, Required: c.required, Key: slices.Contains(t.key, c.name), Choices: c.choices, refers: refers[c.name]}
		if f.refers != nil && f.Kind == Text {
			f.Kind = Reference
		}
		all[i] = f
	}
	return all
}

// row gives the canonical texts of a stored row, in the order of the columns.
func (t table[T]) row(s inventory.Snapshot, key string) (texts []string, ok bool) {
	rows := *t.rows(&s)
	at := slices.IndexFunc(rows, func(row T) bool { return t.keyOf(&row) == key })
	if at < 0 {
		return nil, false
	}
	return t.show(&rows[at]), true
}

func (t table[T]) show(row *T) []string {
	texts := make([]string, len(t.columns))
	for i, c := range t.columns {
		texts[i] = c.show(row)
	}
	return texts
}

// listed gives every row with a label: its name where it has one, else what else its first
// columns say.
func (t table[T]) listed(s inventory.Snapshot) []Listed {
	rows := *t.rows(&s)
	all := make([]Listed, len(rows))
	for i := range rows {
		all[i] = Listed{Key: t.keyOf(&rows[i]), Label: t.label(&rows[i])}
		if t.period != nil {
			_, to := t.period(&rows[i])
			all[i].Ends = *to
		}
	}
	return all
}

// labelColumns is how many columns stand for a name that a table does not have.
const labelColumns = 3

func (t table[T]) label(row *T) string {
	var parts []string
	for _, c := range t.columns {
		text := c.show(row)
		switch {
		case c.name == "name":
			return text
		case text != "" && !slices.Contains(t.key, c.name) && len(parts) < labelColumns:
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " · ")
}

// version is a digest of a row's texts.
func version(texts []string) string {
	h := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(h, "%q", text)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func tableNamed(name string) (sheet, error) {
	s, ok := sheetNamed(name + ".csv")
	if !ok {
		return nil, fault.Errorf(fault.NotFound, "table %q: the inventory has none of this name", name)
	}
	return s, nil
}

// Form gives a stored row to edit, or the form of a new one for the empty key. An unknown
// table or row is fault.NotFound.
func (s Service) Form(ctx context.Context, table, key string) (Form, error) {
	current, err := s.Store.Current(ctx)
	if err != nil {
		return Form{}, err
	}
	return current.form(table, key)
}

func (c Current) form(table, key string) (Form, error) {
	of, err := tableNamed(table)
	if err != nil {
		return Form{}, err
	}
	f := Form{Table: table, Key: key, Fields: of.fields()}
	f.Dated = slices.ContainsFunc(f.Fields, func(field Field) bool { return field.Name == "from" && field.Key })
	if key != "" {
		texts, ok := of.row(c.Snapshot, key)
		if !ok {
			return Form{}, fault.Errorf(fault.NotFound, "table %s has no row %q", table, key)
		}
		f.Version = version(texts)
		for i := range f.Fields {
			f.Fields[i].Value = texts[i]
		}
	}
	for i := range f.Fields {
		field := &f.Fields[i]
		field.Options = c.options(field.refers)
		if of.endColumn() == field.Name {
			f.CanEnd, f.EndField, f.Ends = key != "", field.Name, field.Value
		}
	}
	return f, nil
}

// endColumn is the column of a table's ends, "" when its rows have none.
func (t table[T]) endColumn() string {
	if t.period == nil {
		return ""
	}
	for _, c := range t.columns {
		if c.name == "ends" || c.name == "to" {
			return c.name
		}
	}
	return ""
}

// options are the rows of the tables that a field may name.
func (c Current) options(files []string) []Option {
	var all []Option
	for _, file := range files {
		of, _ := sheetNamed(file) // a table refers to tables only
		for _, row := range of.listed(c.Snapshot) {
			all = append(all, Option{row.Key, row.Label})
		}
	}
	if len(all) > maxOptions {
		return nil
	}
	return all
}

// Tables counts what each table holds on a day.
func (s Service) Tables(ctx context.Context, day time.Time) ([]TableCount, error) {
	current, err := s.Store.Current(ctx)
	if err != nil {
		return nil, err
	}
	var all []TableCount
	for _, of := range sheets {
		count := TableCount{Table: mappedName(of.name())}
		for _, row := range of.listed(current.Snapshot) {
			count.Rows++
			if inventory.InForce(time.Time{}, row.Ends, day) {
				count.Open++
			}
		}
		all = append(all, count)
	}
	return all, nil
}

// Rows lists the rows of a table whose key or label holds a text, without regard to case
// and accents; an empty text finds all.
func (s Service) Rows(ctx context.Context, table, text string) ([]Listed, error) {
	of, err := tableNamed(table)
	if err != nil {
		return nil, err
	}
	current, err := s.Store.Current(ctx)
	if err != nil {
		return nil, err
	}
	rows := of.listed(current.Snapshot)
	words := strings.Fields(likeness.Plain(text))
	return slices.DeleteFunc(rows, func(row Listed) bool {
		plain := likeness.Plain(row.Key + " " + row.Label)
		return slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(plain, word) })
	}), nil
}
