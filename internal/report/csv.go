package report

import (
	"encoding/csv"
	"io"
	"strings"

	"vigie/internal/i18n"
)

// WriteCSV writes a table for programs: the keys of the columns, commas, decimal
// points, ISO dates, an empty cell for what is missing. The sum is left out.
func WriteCSV(w io.Writer, t Table) error {
	out := csv.NewWriter(w)
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = c.Key
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i, c := range row {
			record[i] = c.plain()
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteSpreadsheetCSV writes a table as French spreadsheets read it: semicolons,
// decimal commas, a byte order mark, and the reason for what is missing. Columns have
// the keys that WriteCSV gives them: a column has one name in every CSV file.
func WriteSpreadsheetCSV(w io.Writer, t Table, p i18n.Printer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.Comma = ';'
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = c.Key
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i, c := range row {
			record[i] = forSpreadsheet(c, p)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func forSpreadsheet(c Cell, p i18n.Printer) string {
	switch c.kind {
	case number, euros:
		return strings.Replace(c.plain(), ".", ",", 1)
	case date:
		return p.CivilDate(c.day)
	}
	return inert(c.words)
}

// inert keeps a spreadsheet from taking a text of a CSV file for a formula.
func inert(words string) string {
	if words != "" && strings.ContainsRune("=+-@\t\r", rune(words[0])) {
		return "'" + words
	}
	return words
}
