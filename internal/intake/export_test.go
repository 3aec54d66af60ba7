package intake

import (
	"bytes"
	"encoding/csv"

	"vigie/internal/inventory"
)

// Format writes the rows of a snapshot as the files that Read reads.
func Format(s inventory.Snapshot) []File {
	var files []File
	for _, sheet := range sheets {
		files = append(files, sheet.(interface {
			format(inventory.Snapshot) File
		}).format(s))
	}
	return files
}

func (t table[T]) format(s inventory.Snapshot) File {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	records := [][]string{names}
	for _, row := range *t.rows(&s) {
		var cells []string
		for _, c := range t.columns {
			cells = append(cells, c.show(&row))
		}
		records = append(records, cells)
	}
	if err := w.WriteAll(records); err != nil {
		panic(err) // a buffer takes everything
	}
	return File{Name: t.file, Content: b.Bytes()}
}

// FileNames lists the files of the inventory.
func FileNames() []string { return fileNames() }
