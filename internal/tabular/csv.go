package tabular

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Encoding is how the characters of a file are written.
type Encoding string

// The encodings. Detect takes UTF-8 where the whole file is, else Windows-1252.
const (
	Detect      Encoding = ""
	UTF8        Encoding = "utf-8"
	Windows1252 Encoding = "windows-1252"
)

// byteOrderMark begins the UTF-8 files that spreadsheets write.
const byteOrderMark = "\uFEFF"

// text decodes a file.
func text(content []byte, e Encoding) (string, *Problem) {
	switch {
	case e == Windows1252 || e == Detect && !utf8.Valid(content):
		return fromWindows1252(content), nil
	case utf8.Valid(content):
		return strings.TrimPrefix(string(content), byteOrderMark), nil
	}
	valid := 0
	for valid < len(content) {
		character, size := utf8.DecodeRune(content[valid:])
		if character == utf8.RuneError && size == 1 {
			break
		}
		valid += size
	}
	return "", &Problem{Line: 1 + bytes.Count(content[:valid], []byte("\n")), Expected: "is not UTF-8 text"}
}

// high are the characters 0x80 to 0x9F of Windows-1252, as the WHATWG Encoding Standard
// maps them; all others are those of Latin-1.
var high = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8D, 'Ž', 0x8F,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9D, 'ž', 'Ÿ',
}

func fromWindows1252(content []byte) string {
	var b strings.Builder
	b.Grow(len(content) + len(content)/8)
	for _, c := range content {
		if c >= 0x80 && c < 0xA0 {
			b.WriteRune(high[c-0x80])
			continue
		}
		b.WriteRune(rune(c))
	}
	return b.String()
}

// separators are tried in this order: of two that are as frequent the first is taken.
const separators = ";,\t|"

// separator is the most frequent one of a header line outside quotes.
func separator(line string) rune {
	counts := map[rune]int{}
	quoted := false
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(separators, c):
			counts[c]++
		}
	}
	best := ','
	for _, c := range separators {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// headerLine is the line that names the columns, for the separator.
func headerLine(content string, number int) string {
	line := 0
	for text := range strings.Lines(content) {
		line++
		if line >= number && strings.TrimSpace(text) != "" {
			return text
		}
	}
	return ""
}

func readCSV(content []byte, o Options) (Table, []Problem) {
	decoded, problem := text(content, o.Encoding)
	if problem != nil {
		return Table{}, []Problem{*problem}
	}
	r := csv.NewReader(strings.NewReader(decoded))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	r.Comma = o.Comma
	if r.Comma == 0 {
		r.Comma = separator(headerLine(decoded, o.Header))
	}
	if r.Comma == '\t' {
		r.TrimLeadingSpace = false // it would swallow empty cells
	}
	b := builder{options: o}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return b.done()
		}
		var wrong *csv.ParseError
		switch {
		case errors.As(err, &wrong):
			b.problems = append(b.problems, Problem{
				Line: wrong.StartLine, Expected: "has a stray quote: a cell with a quote is quoted, and the quote doubled",
			})
			continue
		case err != nil:
			b.problems = append(b.problems, Problem{Expected: "cannot be read as CSV: " + err.Error()})
			return b.done()
		}
		line, _ := r.FieldPos(0)
		if !b.add(line, cells) {
			return b.done()
		}
	}
}
