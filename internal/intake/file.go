package intake

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// File is one CSV file: its base name says which table it holds.
type File struct {
	Name    string // as problems name it
	Content []byte
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

func (f File) table() string { return path.Base(f.Name) }

// FileHash is a file as the journal remembers it.
type FileHash struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"` // of the content, in hexadecimal
}

func hashes(files []File) []FileHash {
	sums := make([]FileHash, len(files))
	for i, f := range files {
		sum := sha256.Sum256(f.Content)
		sums[i] = FileHash{File: f.table(), SHA256: hex.EncodeToString(sum[:])}
	}
	slices.SortFunc(sums, func(a, b FileHash) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.SHA256, b.SHA256))
	})
	return sums
}
