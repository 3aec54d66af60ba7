package tabular_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"vigie/internal/tabular"
)

func TestEncodingsAndSeparatorsAreDetected(t *testing.T) {
	t.Parallel()
	want := tabular.Table{
		Header: []string{"Nom", "Élèves"},
		Rows:   []tabular.Row{{2, []string{"L'Œuvre d'été", "1 234,5"}}, {4, []string{"", "2"}}},
	}
	for name, content := range map[string]string{
		"UTF-8 with commas":          "Nom,Élèves\nL'Œuvre d'été,\"1 234,5\"\n\n,2\n",
		"UTF-8 with mark and CRLF":   "\uFEFFNom;Élèves\r\nL'Œuvre d'été;1 234,5\r\n\r\n;2\r\n",
		"Windows-1252":               "Nom;\xc9l\xe8ves\nL'\x8cuvre d'\xe9t\xe9;1 234,5\n;;;\n;2\n",
		"tabs":                       "Nom\tÉlèves\nL'Œuvre d'été\t1 234,5\n\n\t2\n",
		"bars, quoted semicolons on": "\"Nom\"|Élèves\nL'Œuvre d'été|1 234,5\n\n|2\n",
	} {
		got, problems := tabular.Read("x.csv", []byte(content), tabular.Options{})
		if len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}

func TestWhatIsGivenIsNotDetected(t *testing.T) {
	t.Parallel()
	_, problems := tabular.Read("x.csv", []byte("a;b\n\xe9;1\n"), tabular.Options{Encoding: tabular.UTF8})
	if diff := cmp.Diff(problems, []tabular.Problem{{Line: 2, Expected: "is not UTF-8 text"}}); diff != "" {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
	got, problems := tabular.Read("x.csv", []byte("Extraction du 1er;octobre\n\na,b;c\n1,2;3\n"), tabular.Options{Comma: ',', Header: 2})
	if len(problems) > 0 || len(got.Header) != 2 || got.Header[1] != "b;c" || got.Rows[0].Line != 4 {
		t.Errorf("table %+v, problems %v", got, problems)
	}
}

func TestALineWithANULIsNotRead(t *testing.T) {
	t.Parallel()
	got, problems := tabular.Read("x.csv", []byte("a,b\n1,\x00\n3,4\n"), tabular.Options{})
	if len(problems) != 1 || problems[0].Line != 2 || len(got.Rows) != 1 || got.Rows[0].Cells[0] != "3" {
		t.Errorf("rows %+v, problems %v: want line 2 refused and line 3 read", got.Rows, problems)
	}
}

func TestABadLineIsNamedAndTheOthersAreRead(t *testing.T) {
	t.Parallel()
	got, problems := tabular.Read("x.csv", []byte("a,b\n1,2,3\n4,\"5\"6\n7,8\n"), tabular.Options{})
	var said []string
	for _, p := range problems {
		said = append(said, p.Error())
	}
	want := []string{
		"line 2: has 3 cells where the header has 2",
		"line 3: has a stray quote: a cell with a quote is quoted, and the quote doubled",
	}
	if diff := cmp.Diff(said, want); diff != "" {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
	if len(got.Rows) != 1 || got.Rows[0].Cells[0] != "7" {
		t.Errorf("rows %+v, want the last only", got.Rows)
	}
}

// workbook writes cells as a spreadsheet would, from A1 on.
func workbook(t testing.TB, sheets map[string][][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for name, rows := range sheets {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			at, err := excelize.CoordinatesToCellName(1, i+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetSheetRow(name, at, &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAWorkbookGivesWhatItStoresNotWhatItShows(t *testing.T) {
	t.Parallel()
	content := workbook(t, map[string][][]any{"Sites": {
		{"nom", "date", "nombre", "code", "fin"},
		{"Collège", time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), 1234.5, "01004"},
		{},
		{"Lycée", "", 46266, "x"},
		{"CFA", "inconnue", -3, time.Date(2026, 9, 1, 8, 30, 0, 0, time.UTC), time.Date(2027, 7, 2, 0, 0, 0, 0, time.UTC)},
	}})
	got, problems := tabular.Read("x.XLSX", content, tabular.Options{})
	want := tabular.Table{Sheet: "Sites", Header: []string{"nom", "date", "nombre", "code", "fin"}, Rows: []tabular.Row{
		{2, []string{"Collège", "2026-09-01", "1234.5", "01004", ""}},
		{4, []string{"Lycée", "", "46266", "x", ""}},
		{5, []string{"CFA", "inconnue", "-3", "2026-09-01T08:30", "2027-07-02"}},
	}}
	if diff := cmp.Diff(got, want); diff != "" || len(problems) > 0 {
		t.Errorf("problems %v, table (-got +want):\n%s", problems, diff)
	}
	_, problems = tabular.Read("x.xlsx", content, tabular.Options{Sheet: "Liens"})
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), `"Liens" is not a worksheet of the file; it has Sites`) {
		t.Errorf("problems %v", problems)
	}
	names, err := tabular.Sheets(content)
	if diff := cmp.Diff(names, []string{"Sites"}); diff != "" || err != nil {
		t.Errorf("error %v, worksheets (-got +want):\n%s", err, diff)
	}
}

func TestWhatIsNoWorkbookIsRefused(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{"text": []byte("a,b\n"), "nothing": nil, "too large": make([]byte, tabular.MaxBytes+1)} {
		if got, problems := tabular.Read("x.xlsx", content, tabular.Options{}); len(problems) != 1 || got.Header != nil {
			t.Errorf("%s: table %+v, problems %v", name, got, problems)
		}
	}
}

// FuzzCSV gives any bytes as CSV: whatever is read has whole rows in the order of their lines.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("a;b\n1;2\n"), "")
	f.Add([]byte("\uFEFF\"a\n\",b\r\n\xe9,2\r\n"), "windows-1252")
	f.Fuzz(func(t *testing.T, content []byte, encoding string) {
		whole(t, "x.csv", content, tabular.Encoding(encoding))
	})
}

// FuzzWorkbook gives any bytes as a workbook.
func FuzzWorkbook(f *testing.F) {
	f.Add(workbook(f, map[string][][]any{"A": {{"a", "b"}, {1, "x"}}}))
	f.Fuzz(func(t *testing.T, content []byte) { whole(t, "x.xlsx", content, tabular.Detect) })
}

func whole(t *testing.T, name string, content []byte, e tabular.Encoding) {
	t.Helper()
	table, problems := tabular.Read(name, content, tabular.Options{Encoding: e})
	if table.Header == nil && len(problems) == 0 {
		t.Fatal("no header and no problem")
	}
	last := 0
	for _, row := range table.Rows {
		if len(row.Cells) != len(table.Header) || row.Line <= last {
			t.Fatalf("row %+v after line %d under %d columns", row, last, len(table.Header))
		}
		last = row.Line
	}
}
