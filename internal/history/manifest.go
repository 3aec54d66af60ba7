package history

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// ManifestFormat is the version of an archive's form.
const ManifestFormat = 1

// Manifest says what the archive of a month holds.
type Manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"version"` // of Vigie
	Month   string    `json:"month"`   // 2026-10, in UTC
	At      time.Time `json:"at"`      // when it was written
	Files   []File    `json:"files"`   // one for each table
}

// File is one table of an archive.
type File struct {
	Table  string `json:"table"`
	File   string `json:"file"`
	Rows   int64  `json:"rows"`   // without the header
	Octets int64  `json:"octets"` // of the file as it is, packed
	SHA256 string `json:"sha256"` // likewise, hexadecimal
}

// ReadManifest reads a manifest and refuses one that names other files than ours.
func ReadManifest(text []byte) (Manifest, error) {
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	if m.Format != ManifestFormat {
		return Manifest{}, fmt.Errorf("manifest: format %d, expected %d: import it with the version of Vigie that wrote it (%s)", m.Format, ManifestFormat, m.Version)
	}
	if _, err := ParseMonth(m.Month); err != nil {
		return Manifest{}, fmt.Errorf("manifest: month: %w", err)
	}
	if len(m.Files) != len(Tables()) {
		return Manifest{}, fmt.Errorf("manifest: %d files, expected %d", len(m.Files), len(Tables()))
	}
	for i, table := range Tables() {
		f := m.Files[i]
		sum, err := hex.DecodeString(f.SHA256)
		switch {
		case f.Table != table || f.File != FileName(table):
			return Manifest{}, fmt.Errorf("manifest: file %d is %q of the table %q, expected %q of %q", i+1, f.File, f.Table, FileName(table), table)
		case f.Rows < 0 || f.Octets < 0:
			return Manifest{}, fmt.Errorf("manifest: %s: %d rows in %d octets, expected none below 0", f.File, f.Rows, f.Octets)
		case err != nil || len(sum) != 32:
			return Manifest{}, fmt.Errorf("manifest: %s: sha256 %q, expected 64 hexadecimal digits", f.File, f.SHA256)
		}
	}
	return m, nil
}
