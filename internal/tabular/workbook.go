package tabular

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// maxUnpacked bounds what the parts of a workbook may unpack to, in bytes: a small file can
// hold gigabytes of zeros.
const maxUnpacked = 256 << 20

// open reads the parts of a workbook into memory, none of them into temporary files.
func open(content []byte) (*excelize.File, *Problem) {
	f, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked,
	})
	if err != nil {
		return nil, &Problem{Expected: "cannot be read as an XLSX workbook: " + err.Error()}
	}
	return f, nil
}

// Sheets lists the worksheets of a workbook.
func Sheets(content []byte) ([]string, error) {
	if len(content) > MaxBytes {
		return nil, &Problem{Expected: fmt.Sprintf("is larger than %d MiB", MaxBytes>>20)}
	}
	f, problem := open(content)
	if problem != nil {
		return nil, problem
	}
	defer f.Close()
	return f.GetSheetList(), nil
}

func readWorkbook(content []byte, o Options) (Table, []Problem) {
	f, problem := open(content)
	if problem != nil {
		return Table{}, []Problem{*problem}
	}
	defer f.Close()
	names := f.GetSheetList()
	name := o.Sheet
	switch {
	case len(names) == 0:
		return Table{}, []Problem{{Expected: "holds no worksheet"}}
	case name == "":
		name = names[0]
	case !slices.Contains(names, name):
		return Table{}, []Problem{{Value: name, Expected: "is not a worksheet of the file; it has " + strings.Join(names, ", ")}}
	}
	rows, err := f.Rows(name)
	if err != nil {
		return Table{}, []Problem{{Value: name, Expected: "cannot be read: " + err.Error()}}
	}
	defer rows.Close()
	b := builder{table: Table{Sheet: name}, options: o}
	dates := dateStyles{file: f, known: map[int]bool{}}
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns()
		if err != nil {
			b.problems = append(b.problems, Problem{Line: line, Expected: "cannot be read: " + err.Error()})
			break
		}
		for i, cell := range cells {
			cells[i] = dates.shown(name, i+1, line, cell)
		}
		if !b.add(line, cells) {
			break
		}
	}
	return b.done()
}

// dateStyles knows which styles of a workbook show a number as a date.
type dateStyles struct {
	file  *excelize.File
	known map[int]bool
}

// shown writes the stored number of a date or of a moment as intake reads it; any other
// cell stays as it is. Days count from 1900, the reckoning of every current spreadsheet.
func (d dateStyles) shown(sheet string, column, line int, cell string) string {
	number, err := strconv.ParseFloat(cell, 64)
	if err != nil || number < 1 || number > 2_958_465 { // 31 December 9999
		return cell
	}
	at, err := excelize.CoordinatesToCellName(column, line)
	if err != nil {
		return cell
	}
	style, err := d.file.GetCellStyle(sheet, at)
	if err != nil || !d.isDate(style) {
		return cell
	}
	moment, err := excelize.ExcelDateToTime(number, false)
	if err != nil {
		return cell
	}
	moment = moment.Round(time.Second)
	if moment.Hour() == 0 && moment.Minute() == 0 && moment.Second() == 0 {
		return moment.Format(time.DateOnly)
	}
	return moment.Format("2006-01-02T15:04")
}

func (d dateStyles) isDate(style int) bool {
	known, ok := d.known[style]
	if ok {
		return known
	}
	s, err := d.file.GetStyle(style)
	is := err == nil && (s.NumFmt >= 14 && s.NumFmt <= 17 || s.NumFmt == 22 || s.CustomNumFmt != nil && datePattern(*s.CustomNumFmt))
	d.known[style] = is
	return is
}

// datePattern reports whether a number format of one's own writes years or days (ECMA-376
// part 1, 18.8.31): texts in quotes and conditions in brackets aside.
func datePattern(format string) bool {
	quoted, bracket := false, false
	for _, c := range strings.ToLower(format) {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !bracket && (c == 'y' || c == 'd'):
			return true
		}
	}
	return false
}
