package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"vigie/internal/i18n"
)

// Book is a workbook.
type Book struct {
	Title  string
	Made   time.Time
	Tables []Table
}

// headingRow, columnRow and firstRow are the rows of a sheet.
const (
	headingRow = 1
	columnRow  = 3
	firstRow   = 4
)

// styles are the looks of cells, by number.
type styles struct {
	heading, column, figures, text, passage, missing, date int
	numbers, sums                                          map[string]int
}

// WriteXLSX writes the workbook. The same book gives the same octets.
func WriteXLSX(w io.Writer, b Book, p i18n.Printer) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	made := b.Made.UTC().Format(time.RFC3339)
	if err := f.SetDocProps(&excelize.DocProperties{
		Title: b.Title, Creator: "Vigie", LastModifiedBy: "Vigie", Created: made, Modified: made, Language: string(p.Lang()),
	}); err != nil {
		return fmt.Errorf("workbook %q: %w", b.Title, err)
	}
	looks, err := newStyles(f, p)
	if err != nil {
		return fmt.Errorf("workbook %q: %w", b.Title, err)
	}
	for i, t := range b.Tables {
		if i == 0 {
			err = f.SetSheetName(f.GetSheetName(0), t.Name)
		} else {
			_, err = f.NewSheet(t.Name)
		}
		if err == nil {
			err = sheet{f, t, looks}.write()
		}
		if err != nil {
			return fmt.Errorf("workbook %q, sheet %q: %w", b.Title, t.Name, err)
		}
	}
	if _, err := f.WriteTo(w); err != nil {
		return fmt.Errorf("workbook %q: %w", b.Title, err)
	}
	return nil
}

// The forms of numbers: a spreadsheet writes their marks in its own language.
const (
	wholeForm = "#,##0"
	euroForm  = `#,##0.00\ "€"`
)

func formOf(c Cell) string {
	if c.kind == euros {
		return euroForm
	}
	if c.decimals == 0 {
		return wholeForm
	}
	return wholeForm + "." + "000000"[:min(c.decimals, 6)]
}

func newStyles(f *excelize.File, p i18n.Printer) (styles, error) {
	s := styles{numbers: map[string]int{}, sums: map[string]int{}}
	dateForm := "dd/mm/yyyy"
	if p.Lang() == i18n.English {
		dateForm = "yyyy-mm-dd"
	}
	top := &excelize.Alignment{Vertical: "top"}
	var errs []error
	add := func(style excelize.Style) int {
		number, err := f.NewStyle(&style)
		errs = append(errs, err)
		return number
	}
	s.heading = add(excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}})
	title := func(side string) int {
		return add(excelize.Style{
			Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE5EE"}},
			Alignment: &excelize.Alignment{Vertical: "center", Horizontal: side, WrapText: true},
			Border:    []excelize.Border{{Type: "bottom", Color: "44546A", Style: 1}},
		})
	}
	s.column, s.figures = title("left"), title("right")
	s.text = add(excelize.Style{Alignment: top})
	s.passage = add(excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	s.missing = add(excelize.Style{Font: &excelize.Font{Italic: true, Color: "666666"}, Alignment: top})
	s.date = add(excelize.Style{CustomNumFmt: &dateForm, Alignment: top})
	for _, c := range []Cell{Number(0, 0), Number(0, 1), Number(0, 2), Number(0, 3), Euros(0)} {
		form := formOf(c)
		s.numbers[form] = add(excelize.Style{CustomNumFmt: &form, Alignment: top})
		s.sums[form] = add(excelize.Style{CustomNumFmt: &form, Font: &excelize.Font{Bold: true}, Border: []excelize.Border{{Type: "top", Color: "44546A", Style: 1}}})
	}
	s.sums[""] = add(excelize.Style{Font: &excelize.Font{Bold: true}, Border: []excelize.Border{{Type: "top", Color: "44546A", Style: 1}}})
	return s, errors.Join(errs...)
}

// sheet is one table on its way into a workbook.
type sheet struct {
	file  *excelize.File
	table Table
	looks styles
}

func (s sheet) write() error {
	name := s.table.Name
	errs := []error{s.put(1, headingRow, Text(s.table.Heading), s.looks.heading)}
	for i, c := range s.table.Columns {
		letter, err := excelize.ColumnNumberToName(i + 1)
		look := s.looks.column
		if rows := s.table.Rows; len(rows) > 0 && isFigure(rows[0][i]) {
			look = s.looks.figures
		}
		errs = append(errs, err, s.put(i+1, columnRow, Text(c.Title), look), s.file.SetColWidth(name, letter, letter, cmp.Or(c.Width, 12)))
	}
	tall := 1
	for _, c := range s.table.Columns {
		tall = max(tall, linesOf(c.Title, cmp.Or(c.Width, 12)-2))
	}
	errs = append(errs, s.file.SetRowHeight(name, columnRow, float64(tall)*lineHeight))
	row := firstRow
	for _, cells := range s.table.Rows {
		lines := 1
		for i, c := range cells {
			if c.kind == passage {
				lines = max(lines, linesOf(c.words, s.table.Columns[i].Width))
			}
			errs = append(errs, s.put(i+1, row, c, s.lookOf(c)))
		}
		if lines > 1 {
			errs = append(errs, s.file.SetRowHeight(name, row, float64(lines)*lineHeight))
		}
		row++
	}
	for i, c := range s.table.Sum {
		look := s.looks.sums[""]
		if c.kind == number || c.kind == euros {
			look = s.looks.sums[formOf(c)]
		}
		errs = append(errs, s.put(i+1, row, c, look))
	}
	return errors.Join(append(errs, s.dress())...)
}

// lineHeight is that of a line of the standard font, in points.
const lineHeight = 15

// linesOf is how many lines a text takes in a column; what has room for it on one
// line takes one.
func linesOf(words string, width float64) int {
	return int(math.Ceil(float64(utf8.RuneCountInString(words)) / width))
}

func isFigure(c Cell) bool { return c.kind == number || c.kind == euros || c.kind == date }

func (s sheet) lookOf(c Cell) int {
	switch c.kind {
	case number, euros:
		return s.looks.numbers[formOf(c)]
	case date:
		return s.looks.date
	case passage:
		return s.looks.passage
	case empty:
		return s.looks.missing
	}
	return s.looks.text
}

// put writes one cell. A text goes in as a string cell, which no spreadsheet reads as
// a formula.
func (s sheet) put(column, row int, c Cell, look int) error {
	at, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return err
	}
	name := s.table.Name
	switch c.kind {
	case number, euros:
		err = s.file.SetCellFloat(name, at, float64(c.scaled)/math.Pow10(c.decimals), c.decimals, 64)
	case date:
		err = s.file.SetCellValue(name, at, c.day)
	default:
		if c.words != "" {
			err = s.file.SetCellStr(name, at, c.words)
		}
	}
	if err != nil {
		return err
	}
	return s.file.SetCellStyle(name, at, at, look)
}

// The paper sizes of ECMA-376, 18.3.1.63. A table of more columns than wideTable is
// printed on two pages side by side of the larger one.
const (
	paperA3, paperA4 = 8, 9
	wideTable        = 16
)

// dress freezes the columns' titles, lets them filter, and prepares the print: on its
// side, as wide as the paper, the titles and the first column on every page.
func (s sheet) dress() error {
	name := s.table.Name
	last, err := excelize.ColumnNumberToName(len(s.table.Columns))
	if err != nil {
		return err
	}
	across, paper, wide, tall := "landscape", paperA4, 1, 0
	if len(s.table.Columns) > wideTable {
		paper, wide = paperA3, 2
	}
	fit := true
	errs := []error{
		s.file.SetPanes(name, &excelize.Panes{
			Freeze: true, XSplit: 1, YSplit: columnRow, TopLeftCell: fmt.Sprintf("B%d", firstRow), ActivePane: "bottomRight",
		}),
		s.file.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &across, Size: &paper, FitToWidth: &wide, FitToHeight: &tall}),
		s.file.SetDefinedName(&excelize.DefinedName{
			Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$A:$A,'%s'!$%d:$%d", name, name, columnRow, columnRow), Scope: name,
		}),
	}
	if rows := len(s.table.Rows); rows > 0 {
		errs = append(errs, s.file.AutoFilter(name, fmt.Sprintf("A%d:%s%d", columnRow, last, columnRow+rows), nil))
	}
	// The filter writes the sheet's properties anew, so this comes after it.
	errs = append(errs, s.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}))
	return errors.Join(errs...)
}
