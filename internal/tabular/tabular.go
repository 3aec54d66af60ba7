package tabular

import (
	"fmt"
	"path"
	"strings"
)

// Table is the content of a CSV file or of one worksheet.
type Table struct {
	Sheet  string   // name of the worksheet; empty for CSV
	Header []string // as written, without spaces around
	Rows   []Row
}

// Row is one line below the header that is not blank. It has as many cells as the header.
type Row struct {
	Line  int      // 1 is the first line of the file or worksheet
	Cells []string // without spaces around
}

// Options say how to read. The zero Options detect everything.
type Options struct {
	Encoding Encoding
	Comma    rune   // separator of a CSV file; 0 = detected
	Sheet    string // of a workbook; empty = the first
	Header   int    // line of the header; 0 = the first that is not blank
}

// Problem is what keeps a file, or one of its lines, from being read.
type Problem struct {
	Line     int // 0 when no line is to blame
	Value    string
	Expected string // completes the value
}

// Error gives the problem with its line.
func (p *Problem) Error() string {
	text := p.Expected
	if p.Value != "" {
		text = fmt.Sprintf("%q %s", p.Value, text)
	}
	if p.Line == 0 {
		return text
	}
	return fmt.Sprintf("line %d: %s", p.Line, text)
}

// Limits of what is read.
const (
	MaxBytes = 64 << 20 // of a file
	maxCells = 8 << 20  // of a table: a country's links with 40 columns are a third of it
	maxText  = 32 << 10 // of a cell, in bytes: what a spreadsheet holds
)

// IsWorkbook reports whether a file of this name is read as XLSX.
func IsWorkbook(name string) bool { return strings.EqualFold(path.Ext(name), ".xlsx") }

// Read reads the table of a file, as a workbook when it is named .xlsx, else as CSV. It
// gives the rows that could be read and what is wrong with the others; without a header
// the table is empty.
func Read(name string, content []byte, o Options) (Table, []Problem) {
	if len(content) > MaxBytes {
		return Table{}, []Problem{{Expected: fmt.Sprintf("is larger than %d MiB", MaxBytes>>20)}}
	}
	if IsWorkbook(name) {
		return readWorkbook(content, o)
	}
	return readCSV(content, o)
}

// builder takes lines in their order: the header, then the rows.
type builder struct {
	table    Table
	options  Options
	cells    int
	problems []Problem
}

// add takes one line and reports false when no more may be read.
func (b *builder) add(line int, cells []string) bool {
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
		wrong := ""
		switch {
		case len(cells[i]) > maxText:
			wrong = fmt.Sprintf("has a cell of more than %d KiB", maxText>>10)
		case strings.ContainsRune(cells[i], 0):
			wrong = "has a NUL, which no text has and no database takes"
		}
		if wrong != "" {
			b.problems = append(b.problems, Problem{Line: line, Expected: wrong})
			return true
		}
	}
	for len(cells) > 0 && b.trailing(len(cells)-1) && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	b.cells += len(cells) + 1
	switch {
	case b.cells > maxCells:
		b.problems = append(b.problems, Problem{Line: line, Expected: fmt.Sprintf("goes beyond the %d cells that are read", maxCells)})
		return false
	case blank(cells) || line < b.options.Header:
	case b.table.Header == nil:
		b.table.Header = cells
	case len(cells) > len(b.table.Header):
		b.problems = append(b.problems, Problem{
			Line: line, Expected: fmt.Sprintf("has %d cells where the header has %d", len(cells), len(b.table.Header)),
		})
	default:
		b.table.Rows = append(b.table.Rows, Row{Line: line, Cells: cells})
	}
	return true
}

// trailing reports whether a cell stands beyond the header: spreadsheets leave empty
// cells there.
func (b *builder) trailing(place int) bool {
	return b.table.Header == nil || place >= len(b.table.Header)
}

// done fills up short rows: a workbook does not store empty cells at the end of a line.
func (b *builder) done() (Table, []Problem) {
	if b.table.Header == nil {
		return Table{}, append(b.problems, Problem{Expected: "holds no header line"})
	}
	for i, row := range b.table.Rows {
		for len(row.Cells) < len(b.table.Header) {
			row.Cells = append(row.Cells, "")
		}
		b.table.Rows[i] = row
	}
	return b.table, b.problems
}

func blank(cells []string) bool {
	for _, cell := range cells {
		if cell != "" {
			return false
		}
	}
	return true
}
