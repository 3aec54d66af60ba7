package intake

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"vigie/internal/tabular"
)

// File is one CSV file or workbook: its base name says which table it holds; a workbook
// may also hold several tables, on worksheets that have their names.
type File struct {
	Name    string // as problems name it
	Content []byte
	sheet   string // the worksheet that is read, when the workbook holds several tables
}

// maxFileBytes bounds a file: a country's links are a fifth of it.
const maxFileBytes = 64 << 20

// Folder reads the CSV files directly inside a folder, in the order of their names.
func Folder(folder fs.FS) ([]File, error) {
	names, err := fs.Glob(folder, "*.csv")
	if err != nil {
		return nil, fmt.Errorf("list the CSV files of the folder: %w", err)
	}
	files := make([]File, 0, len(names))
	for _, name := range names {
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		files = append(files, File{Name: name, Content: content})
	}
	return files, nil
}

// table is the CSV file whose form the file has.
func (f File) table() string {
	name := path.Base(f.Name)
	switch {
	case f.sheet != "":
		return tableOfSheet(f.sheet)
	case tabular.IsWorkbook(name):
		return strings.TrimSuffix(name, path.Ext(name)) + ".csv"
	}
	return name
}

func tableOfSheet(name string) string { return strings.ToLower(strings.TrimSpace(name)) + ".csv" }

// tables parts a workbook whose own name is no table into its worksheets. Any other file
// is one table.
func (f File) tables() ([]File, *Problem) {
	if _, known := sheetNamed(f.table()); known || !tabular.IsWorkbook(f.Name) {
		return []File{f}, nil
	}
	names, err := tabular.Sheets(f.Content)
	if err != nil {
		return nil, &Problem{File: f.Name, Expected: err.Error()}
	}
	parts := make([]File, len(names))
	for i, name := range names {
		parts[i] = File{f.Name + "[" + name + "]", f.Content, name}
	}
	return parts, nil
}

// FileHash is a file as the journal remembers it.
type FileHash struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"` // of the content, in hexadecimal
}

func hashes(files []File) []FileHash {
	sums := make([]FileHash, len(files))
	for i, f := range files {
		sum := sha256.Sum256(f.Content)
		sums[i] = FileHash{File: path.Base(f.Name), SHA256: hex.EncodeToString(sum[:])}
	}
	slices.SortFunc(sums, func(a, b FileHash) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.SHA256, b.SHA256))
	})
	return sums
}
