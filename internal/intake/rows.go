package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"vigie/internal/tabular"
)

// header is what a file must or may name on its first line.
type header struct {
	name     string
	required bool
	kind     FieldKind
	choices  []string // of a Choice
}

// row is one line of a file, its cells in the order of the table's headers and ""
// where the file has no such column.
type row struct {
	line   int
	cells  []string
	wrongs []string // what a mapping could not make of each cell; nil without a mapping
}

// readRows splits a file into rows. It reports false when rows may be missing:
// then nobody can say that a reference into this file is unknown.
func readRows(f File, known []header, problems *Problems) (rows []row, whole bool) {
	if f.sheet != "" || tabular.IsWorkbook(f.Name) {
		return workbookRows(f, known, problems)
	}
	content, problem := plainText(f)
	if problem != nil {
		problems.add(*problem)
		return nil, false
	}
	r := csv.NewReader(bytes.NewReader(content))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	r.Comma = separator(content)
	names, err := r.Read()
	if err != nil {
		problems.add(malformed(f.Name, err))
		return nil, false
	}
	places, ok := matchHeader(f.Name, names, known, problems)
	if !ok {
		return nil, false
	}
	whole = true
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, whole
		}
		if err != nil {
			problems.add(malformed(f.Name, err))
			whole = false
			continue
		}
		line, _ := r.FieldPos(0)
		switch {
		case blank(cells):
		case len(cells) != len(places):
			problems.add(Problem{File: f.Name, Line: line, Expected: fmt.Sprintf("has %d cells where the header has %d", len(cells), len(places))})
			whole = false
		default:
			rows = append(rows, arrange(line, cells, places, len(known)))
		}
	}
}

// workbookRows reads the rows of a worksheet.
func workbookRows(f File, known []header, problems *Problems) (rows []row, whole bool) {
	table, unreadable := tabular.Read(".xlsx", f.Content, tabular.Options{Sheet: f.sheet})
	for _, p := range unreadable {
		problems.add(Problem{File: f.Name, Line: p.Line, Value: p.Value, Expected: p.Expected})
	}
	if table.Header == nil {
		return nil, false
	}
	places, ok := matchHeader(f.Name, table.Header, known, problems)
	if !ok {
		return nil, false
	}
	for _, r := range table.Rows {
		rows = append(rows, arrange(r.Line, r.Cells, places, len(known)))
	}
	return rows, len(unreadable) == 0
}

// plainText drops the byte order mark of a file and refuses what is not UTF-8 text.
func plainText(f File) ([]byte, *Problem) {
	if len(f.Content) > maxFileBytes {
		return nil, &Problem{File: f.Name, Expected: fmt.Sprintf("is larger than %d MiB", maxFileBytes>>20)}
	}
	content := bytes.TrimPrefix(f.Content, []byte("\uFEFF"))
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, &Problem{File: f.Name, Expected: "is empty: a header line is expected"}
	}
	valid := 0
	for valid < len(content) {
		character, size := utf8.DecodeRune(content[valid:])
		if character == utf8.RuneError && size == 1 {
			line := 1 + bytes.Count(content[:valid], []byte("\n"))
			return nil, &Problem{File: f.Name, Line: line, Expected: "is not UTF-8 text: save the file as CSV UTF-8"}
		}
		valid += size
	}
	return content, nil
}

// separator is the comma, or the semicolon when the header line holds one: no
// header name does.
func separator(content []byte) rune {
	first, _, _ := bytes.Cut(content, []byte("\n"))
	if bytes.ContainsRune(first, ';') {
		return ';'
	}
	return ','
}

// malformed words an error of the CSV reader, which gives no other kind: the
// content is in memory.
func malformed(file string, err error) Problem {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return Problem{File: file, Expected: "cannot be read as CSV: " + err.Error()}
	}
	return Problem{File: file, Line: parse.StartLine, Expected: "has a stray quote: a cell with a quote is quoted, and the quote doubled"}
}

// matchHeader gives for each cell of a line the place of its column, -1 where the
// column is unknown. It reports false when a required column is missing.
func matchHeader(file string, names []string, known []header, problems *Problems) (places []int, ok bool) {
	list := make([]string, len(known))
	for i, h := range known {
		list[i] = h.name
	}
	refuse := func(p Problem) {
		p.File, p.Line = file, 1
		problems.add(p)
	}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		place := slices.Index(list, name)
		switch {
		case name == "":
			refuse(Problem{Expected: "has a column without a name"})
		case place < 0:
			refuse(Problem{Value: name, Expected: "is not a known header; known: " + strings.Join(list, ", ")})
		case slices.Contains(places, place):
			refuse(Problem{Value: name, Expected: "is named twice in the header"})
			place = -1
		}
		places = append(places, place)
	}
	ok = true
	for i, h := range known {
		if h.required && !slices.Contains(places, i) {
			refuse(Problem{Column: h.name, Expected: "is missing from the header"})
			ok = false
		}
	}
	return places, ok
}

func arrange(line int, cells []string, places []int, width int) row {
	r := row{line: line, cells: make([]string, width)}
	for i, cell := range cells {
		if places[i] >= 0 {
			r.cells[places[i]] = strings.TrimSpace(cell)
		}
	}
	return r
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}
