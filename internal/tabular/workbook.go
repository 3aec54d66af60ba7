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
	dated, err := datedRows(f, name)
	if err != nil {
		return Table{}, []Problem{{Value: name, Expected: "cannot be read: " + err.Error()}}
	}
	defer dated.close()
	b := builder{table: Table{Sheet: name}, options: o}
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns()
		if err != nil {
			b.problems = append(b.problems, Problem{Line: line, Expected: "cannot be read: " + err.Error()})
			break
		}
		for _, i := range dated.next() {
			if i < len(cells) {
				cells[i] = shown(cells[i])
			}
		}
		if !b.add(line, cells) {
			break
		}
	}
	return b.done()
}

// dates goes through the lines of a worksheet beside another reader and tells which cells
// have a style that shows a date: to ask for the style of a cell would keep the whole
// worksheet in memory, at fifty times its size.
type dates struct{ rows *excelize.Rows }

// dateMark is what a date's style shows in place of any number.
const dateMark = "\u0001"

// datedRows gives every style of the file a format of ours: those of dates show the mark,
// the others what is stored.
func datedRows(f *excelize.File, sheet string) (dates, error) {
	if _, err := f.GetStyle(0); err != nil || f.Styles == nil || f.Styles.CellXfs == nil {
		return dates{}, nil // without styles there are no dates
	}
	marked := make([]bool, len(f.Styles.CellXfs.Xf))
	for style := range marked {
		marked[style] = isDate(f, style)
	}
	if !slices.Contains(marked, true) {
		return dates{}, nil
	}
	form := `"` + dateMark + `"`
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &form})
	if err != nil {
		return dates{}, err
	}
	const none = -1 // no format has this number
	id, plain := *f.Styles.CellXfs.Xf[style].NumFmtID, none
	for i := range marked {
		f.Styles.CellXfs.Xf[i].NumFmtID = &plain
		if marked[i] {
			f.Styles.CellXfs.Xf[i].NumFmtID = &id
		}
	}
	rows, err := f.Rows(sheet)
	return dates{rows}, err
}

// next gives the places of the dates in the next line.
func (d dates) next() []int {
	if d.rows == nil || !d.rows.Next() {
		return nil
	}
	cells, err := d.rows.Columns(excelize.Options{RawCellValue: false})
	if err != nil {
		return nil // the other reader meets the same error, and says it
	}
	var places []int
	for i, cell := range cells {
		if cell == dateMark {
			places = append(places, i)
		}
	}
	return places
}

func (d dates) close() {
	if d.rows != nil {
		// What was opened is in memory.
		_ = d.rows.Close()
	}
}

// shown writes the stored number of a date or of a moment as intake reads it; any other
// text stays as it is. Days count from 1900, the reckoning of every current spreadsheet.
func shown(cell string) string {
	number, err := strconv.ParseFloat(cell, 64)
	if err != nil || number < 1 || number > 2_958_465 { // 31 December 9999
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

// isDate reports whether a style shows a number as a date.
func isDate(f *excelize.File, style int) bool {
	s, err := f.GetStyle(style)
	return err == nil && (s.NumFmt >= 14 && s.NumFmt <= 17 || s.NumFmt == 22 || s.CustomNumFmt != nil && datePattern(*s.CustomNumFmt))
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
