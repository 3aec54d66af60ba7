package intake

import (
	"fmt"
	"strings"

	"vigie/internal/inventory"
)

// Set is what some files hold, row by row.
type Set struct {
	Rows    inventory.Snapshot
	given   map[string]bool  // the files that are in the set
	partial map[string]bool  // files whose rows could not all be read
	places  map[place]origin // where each row stands
	// warnings are doubts that only the reading of the files shows.
	warnings Problems
}

// place names a row by its file and its key.
type place struct{ file, key string }

// origin is where a row was read; wrong when it has a problem already.
type origin struct {
	file   string
	line   int
	labels map[string]string // what a mapped file calls our columns; nil when it has our names
	wrong  bool
}

func (o origin) String() string { return fmt.Sprintf("%s:%d", o.file, o.line) }

// problem shows a finding where the row was read.
func (o origin) problem(found finding) Problem {
	column := found.column
	if label, mapped := o.labels[column]; mapped {
		column = label
	}
	return Problem{File: o.file, Line: o.line, Column: column, Value: found.value, Expected: found.expected}
}

// Read reads files into rows and collects what is wrong in them: headers, cells,
// rules inside a row, keys that stand twice. The base name of a file says which table
// it holds; several files may hold one table. Whether a reference exists and rows
// agree with each other depends on what is stored, so it is judged by Import.
func Read(files []File) (Set, Problems) {
	set := newSet()
	var problems Problems
	for _, f := range files {
		parts, unreadable := f.tables()
		if unreadable != nil {
			problems.add(*unreadable)
		}
		for _, part := range parts {
			s, known := sheetNamed(part.table())
			if !known {
				problems.add(Problem{File: part.Name, Expected: "is not a file of the inventory; known: " + strings.Join(fileNames(), ", ")})
				continue
			}
			s.read(part, &set, &problems)
		}
	}
	problems.sort()
	return set, problems
}

func newSet() Set {
	return Set{given: map[string]bool{}, partial: map[string]bool{}, places: map[place]origin{}}
}

func fileNames() []string {
	names := make([]string, len(sheets))
	for i, s := range sheets {
		names[i] = s.name()
	}
	return names
}
