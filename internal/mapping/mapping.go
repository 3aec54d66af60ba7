package mapping

import (
	"fmt"
	"path"
	"strings"

	"vigie/internal/tabular"
)

// Mapping says what becomes of files.
type Mapping struct {
	Name  string // the mapping's own file
	Files []File
}

// File is what becomes of the files whose base name fits a pattern.
type File struct {
	Pattern string // of path.Match; * when the mapping names none
	Read    tabular.Options
	Decimal rune     // '.' or ',' where the mapping says so, 0 = whichever stands alone
	Dates   []string // layouts of time.Parse
	Keep    []Condition
	Tables  []Table
}

// Condition is what a row must fulfil to count.
type Condition struct {
	Column string
	In     []string // one of these
	Not    []string // none of these
}

// Table is one of our tables that a file feeds, a row for each row that counts.
type Table struct {
	Name string
	// Keep leaves a row alone that is stored already, or that an earlier row has given.
	Keep    bool
	Columns []Column
}

// Column is one of our columns with where it comes from.
type Column struct {
	Name  string
	Value Value
}

// Value is where a text comes from: exactly one of the sources, then what becomes of it.
type Value struct {
	Fixed   string   // the same for every row
	From    []string // columns of the file, joined by Join
	Join    string
	Slug    []string // columns that make a key: lower case, ASCII, stable
	Stored  Stored
	Match   Match
	FirstOf []Value // the first that is not empty

	Blank     []string // texts that say nothing, in whatever case: taken as empty
	Translate map[string]string
	Else      *string // for what Translate does not list; nil = a problem
	Form      Form
	Default   string // for an empty text
}

// Stored is the text of a column of a stored row, whose key is in a column of the file.
type Stored struct{ Table, Column, By string }

// Match is the key of a stored site or establishment that a row only describes: a person
// decides which one it is.
type Match struct {
	Among                  string // sites or establishments
	Name, Commune, Address string // columns of the file; all but the name may be empty
}

// Schema is our tables: their columns by their names.
type Schema map[string][]string

// Problem says what is wrong at one place of a mapping or of a file.
type Problem struct {
	File     string
	Line     int // 0 when no line is to blame
	Column   string
	Value    string
	Expected string
}

// Lookup gives the text of a column of the stored row with a key, "" without it.
type Lookup func(table, column, key string) string

// Target is the rows of one of our tables that a file gives.
type Target struct {
	Table   string
	Keep    bool
	Columns []string
	Sources []string // for each column, those of the file it comes from; "" for a fixed text
	Rows    []Row
}

// Row is one row for a table.
type Row struct {
	Line  int // in the file
	Cells []Cell
	// Question is set when a cell is the answer of a person that is not known yet.
	Question *Question
}

// Cell is the text of one column.
type Cell struct {
	Text  string
	Wrong string // what the text is not, "" when it could be made
}

// Question asks which stored thing a row of a file means.
type Question struct {
	Column                 string // of ours, which the answer fills
	Among                  string // sites or establishments
	Name, Commune, Address string
}

// Applied is what a mapping made of one file.
type Applied struct {
	Targets    []Target
	Rows       int // of the file
	PassedOver int // of them, by the conditions
	Problems   []Problem
}

// For gives what becomes of a file, by its base name; false when the mapping is silent.
func (m Mapping) For(name string) (File, bool) {
	for _, f := range m.Files {
		if fits, err := path.Match(f.Pattern, path.Base(name)); err == nil && fits {
			return f, true
		}
	}
	return File{}, false
}

// Apply makes rows of one file. A file that no pattern fits is a problem.
func (m Mapping) Apply(name string, content []byte, stored Lookup) Applied {
	f, ok := m.For(name)
	if !ok {
		return Applied{Problems: []Problem{{File: name, Expected: "fits no file of the mapping " + m.Name}}}
	}
	table, unreadable := tabular.Read(name, content, f.Read)
	var a Applied
	for _, p := range unreadable {
		a.Problems = append(a.Problems, Problem{File: name, Line: p.Line, Value: p.Value, Expected: p.Expected})
	}
	if table.Header == nil {
		return a
	}
	r := reader{file: f, columns: columnsOf(table.Header), stored: stored}
	if a.Problems = append(a.Problems, r.unknownColumns(name, table.Header)...); len(r.missing) > 0 {
		return a
	}
	a.Rows = len(table.Rows)
	for _, t := range f.Tables {
		target := Target{Table: t.Name, Keep: t.Keep}
		for _, c := range t.Columns {
			target.Columns = append(target.Columns, c.Name)
			target.Sources = append(target.Sources, strings.Join(c.Value.sources(), ", "))
		}
		a.Targets = append(a.Targets, target)
	}
	seen := make([]map[string]bool, len(f.Tables))
	for _, row := range table.Rows {
		if !r.counts(row) {
			a.PassedOver++
			continue
		}
		for i, t := range f.Tables {
			made := r.row(t, row)
			// One row of ours that many rows of the file give, such as their commune, is one.
			text := made.text()
			if seen[i] == nil {
				seen[i] = map[string]bool{}
			}
			if !seen[i][text] {
				seen[i][text] = true
				a.Targets[i].Rows = append(a.Targets[i].Rows, made)
			}
		}
	}
	return a
}

func (r Row) text() string {
	var b strings.Builder
	for _, c := range r.Cells {
		fmt.Fprintf(&b, "%q%q", c.Text, c.Wrong)
	}
	if r.Question != nil {
		fmt.Fprintf(&b, "%q", *r.Question)
	}
	return b.String()
}

func columnsOf(header []string) map[string]int {
	places := make(map[string]int, len(header))
	for i, name := range header {
		name = fold(name)
		if _, twice := places[name]; twice {
			i = ambiguous
		}
		places[name] = i
	}
	return places
}

// ambiguous is the place of a column that a header names twice.
const ambiguous = -1

// fold makes header names comparable: people change case and spaces.
func fold(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }
