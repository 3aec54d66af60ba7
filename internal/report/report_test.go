package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"vigie/internal/i18n"
	"vigie/internal/report"
)

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

var made = time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)

func sample() report.Table {
	return report.Table{
		Name: "Liens", Heading: "Un essai",
		Columns: []report.Column{{Key: "site", Title: "Site", Width: 30}, {Key: "ht", Title: "HT"}, {Key: "from", Title: "Du"}, {Key: "rate", Title: "=Débit"}},
		Rows: [][]report.Cell{
			{report.Text("=1+1"), report.Euros(-41250), report.Day(day("2026-03-29")), report.Number(12345, 2)},
			{report.Text("-cmd|' /C calc'!A0"), report.Euros(5), report.Day(time.Time{}), report.Missing("données insuffisantes")},
			{report.Passage("Collège « É »"), report.Euros(123456789), {}, report.Number(-5, 3)},
		},
		Sum: []report.Cell{report.Text("Total"), report.Euros(123415544)},
	}
}

func workbook(t *testing.T, lang i18n.Lang, tables ...report.Table) (*excelize.File, []byte) {
	t.Helper()
	var out bytes.Buffer
	if err := report.WriteXLSX(&out, report.Book{Title: "Essai", Made: made, Tables: tables}, i18n.For(lang)); err != nil {
		t.Fatal(err)
	}
	written := bytes.Clone(out.Bytes())
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // only read
	return f, written
}

func TestCellsOfAWorkbookHaveTheirTypes(t *testing.T) {
	t.Parallel()
	f, _ := workbook(t, i18n.French, sample())
	for at, want := range map[string]struct {
		kind        excelize.CellType
		raw, format string
	}{
		"A1": {excelize.CellTypeSharedString, "Un essai", ""},
		"D3": {excelize.CellTypeSharedString, "=Débit", ""},
		"A4": {excelize.CellTypeSharedString, "=1+1", ""},
		"A5": {excelize.CellTypeSharedString, "-cmd|' /C calc'!A0", ""},
		"B4": {excelize.CellTypeUnset, "-412.50", `#,##0.00\ "€"`},
		"B5": {excelize.CellTypeUnset, "0.05", `#,##0.00\ "€"`},
		"B6": {excelize.CellTypeUnset, "1234567.89", `#,##0.00\ "€"`},
		"B7": {excelize.CellTypeUnset, "1234155.44", `#,##0.00\ "€"`},
		"C4": {excelize.CellTypeUnset, "46110", "dd/mm/yyyy"},
		"C5": {excelize.CellTypeUnset, "", ""},
		"D4": {excelize.CellTypeUnset, "123.45", "#,##0.00"},
		"D5": {excelize.CellTypeSharedString, "données insuffisantes", ""},
		"D6": {excelize.CellTypeUnset, "-0.005", "#,##0.000"},
	} {
		kind, err := f.GetCellType("Liens", at)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := f.GetCellValue("Liens", at, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		if kind != want.kind || raw != want.raw {
			t.Errorf("%s: type %d, %q; want %d, %q", at, kind, raw, want.kind, want.raw)
		}
		if formula, err := f.GetCellFormula("Liens", at); err != nil || formula != "" {
			t.Errorf("%s is a formula: %q, %v", at, formula, err)
		}
		number, err := f.GetCellStyle("Liens", at)
		if err != nil {
			t.Fatal(err)
		}
		style, err := f.GetStyle(number)
		if err != nil {
			t.Fatal(err)
		}
		format := ""
		if style.CustomNumFmt != nil {
			format = *style.CustomNumFmt
		}
		if format != want.format {
			t.Errorf("%s has the form %q, want %q", at, format, want.format)
		}
	}
}

func TestTheTitlesOfASheetStayInSight(t *testing.T) {
	t.Parallel()
	f, _ := workbook(t, i18n.English, sample())
	panes, err := f.GetPanes("Liens")
	if err != nil || !panes.Freeze || panes.YSplit != 3 || panes.TopLeftCell != "B4" {
		t.Errorf("panes %+v, %v", panes, err)
	}
	if width, err := f.GetColWidth("Liens", "A"); err != nil || width != 30 {
		t.Errorf("column A is %v wide, %v", width, err)
	}
}

func TestASheetPrintsAsWideAsItsPage(t *testing.T) {
	t.Parallel()
	f, _ := workbook(t, i18n.French, sample())
	props, err := f.GetSheetProps("Liens")
	if err != nil || props.FitToPage == nil || !*props.FitToPage {
		t.Errorf("fit to page: %+v, %v", props.FitToPage, err)
	}
	layout, err := f.GetPageLayout("Liens")
	if err != nil || *layout.Orientation != "landscape" || *layout.FitToWidth != 1 || layout.FitToHeight == nil || *layout.FitToHeight != 0 {
		t.Errorf("layout %+v, %v", layout, err)
	}
}

func TestTheSameBookGivesTheSameOctets(t *testing.T) {
	t.Parallel()
	_, one := workbook(t, i18n.French, sample())
	_, two := workbook(t, i18n.French, sample())
	if !bytes.Equal(one, two) {
		t.Error("two workbooks of one book differ")
	}
}

func TestASheetNameThatNoSpreadsheetTakesIsAnError(t *testing.T) {
	t.Parallel()
	table := sample()
	table.Name = "a/b"
	err := report.WriteXLSX(&bytes.Buffer{}, report.Book{Title: "Essai", Made: made, Tables: []report.Table{table}}, i18n.For(i18n.French))
	if err == nil || !strings.Contains(err.Error(), `"a/b"`) {
		t.Errorf("error %v", err)
	}
}

func TestCSVForProgramsAndForSpreadsheets(t *testing.T) {
	t.Parallel()
	var program, spreadsheet bytes.Buffer
	if err := report.WriteCSV(&program, sample()); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteSpreadsheetCSV(&spreadsheet, sample(), i18n.For(i18n.French)); err != nil {
		t.Fatal(err)
	}
	wantProgram := "site,ht,from,rate\n=1+1,-412.50,2026-03-29,123.45\n-cmd|' /C calc'!A0,0.05,,\nCollège « É »,1234567.89,,-0.005\n"
	wantSpreadsheet := "\ufeffsite;ht;from;rate\n'=1+1;-412,50;29/03/2026;123,45\n'-cmd|' /C calc'!A0;0,05;;données insuffisantes\nCollège « É »;1234567,89;;-0,005\n"
	if diff := cmp.Diff(wantProgram, program.String()); diff != "" {
		t.Errorf("for programs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantSpreadsheet, spreadsheet.String()); diff != "" {
		t.Errorf("for spreadsheets (-want +got):\n%s", diff)
	}
}
