package intake

import (
	"fmt"
	"slices"
	"strings"

	"vigie/internal/inventory"
)

// Set is what some files hold, row by row.
type Set struct {
	Rows    inventory.Snapshot
	given   map[string]bool  // the files that are in the set
	partial map[string]bool  // files whose rows could not all be read
	places  map[place]origin // where each row stands
}

// place names a row by its file and its key.
type place struct{ file, key string }

// origin is where a row was read; wrong when it has a problem already.
type origin struct {
	file  string
	line  int
	wrong bool
}

func (o origin) String() string { return fmt.Sprintf("%s:%d", o.file, o.line) }

// Read reads files into rows and collects what is wrong in them: headers, cells,
// rules inside a row, keys that stand twice. The base name of a file says which table
// it holds; several files may hold one table. Whether a reference exists and rows
// agree with each other depends on what is stored, so it is judged by Import.
func Read(files []File) (Set, Problems) {
	set := Set{given: map[string]bool{}, partial: map[string]bool{}, places: map[place]origin{}}
	var problems Problems
	for _, f := range files {
		at := slices.IndexFunc(sheets, func(s sheet) bool { return s.name() == f.table() })
		if at < 0 {
			problems.add(Problem{File: f.Name, Expected: "is not a file of the inventory; known: " + strings.Join(fileNames(), ", ")})
			continue
		}
		sheets[at].read(f, &set, &problems)
	}
	problems.sort()
	return set, problems
}

func fileNames() []string {
	names := make([]string, len(sheets))
	for i, s := range sheets {
		names[i] = s.name()
	}
	return names
}
