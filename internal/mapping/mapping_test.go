package mapping_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/mapping"
)

var update = flag.Bool("update", false, "write the expected files")

var schema = mapping.Schema{
	"sites":          {"key", "name", "kind", "commune", "ends", "source"},
	"establishments": {"uai", "name", "site", "pupils"},
}

func show(problems []mapping.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s:%d: %s%q %s\n", p.File, p.Line, p.Column, p.Value, p.Expected)
	}
	return b.String()
}

// TestAWrongMappingIsRefusedWithItsLine reads every mapping of testdata/invalid: beside it
// stands what a person is told.
func TestAWrongMappingIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no mapping found: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, problems := mapping.Parse(filepath.Base(file), content, schema)
		got, golden := show(problems), strings.TrimSuffix(file, ".yaml")+".txt"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, string(want)); diff != "" || got == "" {
			t.Errorf("%s (-got +want):\n%s", file, diff)
		}
	}
}

const whole = `
files:
  - name: "sites*.csv"
    delimiter: ";"
    encoding: windows-1252
    header: 2
    decimal: comma
    dates: [dd.mm.yyyy]
    keep: [{column: Etat, not: [fermé, ""]}]
    tables:
      sites:
        existing: keep
        columns:
          key: {first_of: [{stored: {column: establishments.site, by: UAI}}, {key_of: [Ville, Nom]}]}
          name: nom
          kind: {from: Type, translate: {CLG: college}, else: lycee}
          commune: {from: Code, form: insee}
          ends: {from: Fin, form: date}
          source: {value: essai}
  - tables:
      establishments:
        columns:
          uai: {match: {among: establishments, name: Nom, commune: Ville}}
          pupils: {from: [Effectif], form: number, default: "1"}
`

func parsed(t testing.TB, text string) mapping.Mapping {
	t.Helper()
	m, problems := mapping.Parse("m.yaml", []byte(text), schema)
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	return m
}

func stored(table, column, key string) string {
	if table == "establishments" && column == "site" && key == "0670001A" {
		return "cite-a"
	}
	return ""
}

func TestAFileBecomesRowsOfOurTables(t *testing.T) {
	t.Parallel()
	content := "Extraction\nUAI;Ville;Nom;Type;Code;Fin;Etat\n" +
		"0670001A;B\xe2le;Coll\xe8ge A;CLG;1004;31.08.2027;ouvert\n" +
		"0670002B;Saint-L\xf4;L'\x8cuvre;LYC;67482;;ouvert\n" +
		"0670003C;Metz;C;CLG;57463;1.9.27;ouvert\n" +
		"0670004D;Nancy;D;CLG;54395;;ferm\xe9\n"
	a := parsed(t, whole).Apply("dossier/sites-2026.csv", []byte(content), stored)
	if a.Rows != 4 || a.PassedOver != 1 || len(a.Problems) > 0 || len(a.Targets) != 1 {
		t.Fatalf("applied %+v", a)
	}
	var got []string
	for _, r := range a.Targets[0].Rows {
		line := fmt.Sprint(r.Line)
		for _, c := range r.Cells {
			line += "|" + c.Text
			if c.Wrong != "" {
				line += " (" + c.Wrong + ")"
			}
		}
		got = append(got, line)
	}
	want := []string{
		"3|cite-a|Collège A|college|01004|2027-08-31|essai",
		"4|saint-lo-l-oeuvre|L'Œuvre|lycee|67482||essai",
		"5|metz-c|C|college|57463|1.9.27 (is not a date of the form dd.mm.yyyy)|essai",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("rows (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(a.Targets[0].Sources, []string{"UAI, Ville, Nom", "nom", "Type", "Code", "Fin", ""}); diff != "" {
		t.Errorf("sources (-got +want):\n%s", diff)
	}
}

func TestARowThatOnlyDescribesAsksAPerson(t *testing.T) {
	t.Parallel()
	a := parsed(t, whole).Apply("effectifs.csv", []byte("Nom,Ville,Effectif\nClg A,Metz,\"1 234\"\n,Metz,2\nClg A,Metz,\n"), stored)
	rows := a.Targets[0].Rows
	if len(rows) != 3 || len(a.Problems) > 0 {
		t.Fatalf("applied %+v", a)
	}
	want := mapping.Question{Column: "uai", Among: "establishments", Name: "Clg A", Commune: "Metz"}
	if rows[0].Question == nil || *rows[0].Question != want || rows[0].Cells[1].Text != "1234" {
		t.Errorf("row %+v asks %+v, want %+v", rows[0], rows[0].Question, want)
	}
	if rows[1].Question != nil || rows[1].Cells[0].Text != "" {
		t.Errorf("a row without a name asks %+v", rows[1].Question)
	}
	if rows[2].Cells[1].Text != "1" {
		t.Errorf("default gives %q", rows[2].Cells[1].Text)
	}
}

func TestAColumnThatTheFileDoesNotHaveIsNamed(t *testing.T) {
	t.Parallel()
	m := parsed(t, whole)
	a := m.Apply("effectifs.csv", []byte("Nom,nom,Effectif\nA,B,1\n"), stored)
	want := `effectifs.csv:0: "Nom" is named by the mapping and stands twice in the header
effectifs.csv:0: "Ville" is named by the mapping and is not a column of the file; it has Nom, nom, Effectif
`
	if diff := cmp.Diff(show(a.Problems), want); diff != "" || len(a.Targets) > 0 {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
	strict := parsed(t, "files: [{name: x.csv, tables: {sites: {columns: {name: Nom}}}}]")
	if a := strict.Apply("y.csv", []byte("Nom\nA\n"), stored); show(a.Problems) != "y.csv:0: \"\" fits no file of the mapping m.yaml\n" {
		t.Errorf("problems %s", show(a.Problems))
	}
}

func TestNumbersAreReadAsTheirCountryWritesThem(t *testing.T) {
	t.Parallel()
	const one = `files: [{%s tables: {establishments: {columns: {pupils: {from: n, form: number}}}}}]`
	for decimal, rows := range map[string]map[string]string{
		"":                {"1 234,5": "1234.5", "1\u202f234": "1234", "412,50 €": "412.50", "7.25": "7.25", "1.234,5": "wrong", "x": "wrong", "-3": "-3"},
		"decimal: comma,": {"1.234,5": "1234.5", "1.234": "1234"},
		"decimal: point,": {"1,234.5": "1234.5", "1'234": "1234"},
	} {
		m := parsed(t, fmt.Sprintf(one, decimal))
		for text, want := range rows {
			cell := m.Apply("x.csv", []byte("n;m\n\""+text+"\";\n"), stored).Targets[0].Rows[0].Cells[0]
			got := cell.Text
			if cell.Wrong != "" {
				got = "wrong"
			}
			if got != want {
				t.Errorf("%q with %q: %q, want %q", text, decimal, got, want)
			}
		}
	}
}

func TestCodesGetBackTheirZero(t *testing.T) {
	t.Parallel()
	const one = `files: [{tables: {sites: {columns: {key: {from: c, form: departement-of-insee}, name: {from: c, form: insee}, commune: {from: c, form: departement}}}}}]`
	m := parsed(t, one)
	for code, want := range map[string]string{
		"1004": "01|01004|1004", "67482": "67|67482|67482", "2A004": "2A|2A004|2A004", "97411": "974|97411|97411",
		"067": "06|067|67", "02B": "02|02B|2B", "7": "7|7|07", "é": "é|é|é",
	} {
		cells := m.Apply("x.csv", []byte("c\n"+code+"\n"), stored).Targets[0].Rows[0].Cells
		if got := cells[0].Text + "|" + cells[1].Text + "|" + cells[2].Text; got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

func TestAKeyIsStableAndNeverTooLong(t *testing.T) {
	t.Parallel()
	if got := mapping.Slug("Bar-le-Duc", "Cité scolaire Raymond Poincaré"); got != "bar-le-duc-cite-scolaire-raymond-poincare" {
		t.Errorf("key %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		key := mapping.Slug(text)
		if len(key) > 64 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || key != mapping.Slug(strings.ToUpper(strings.ToLower(text))) && !strings.ContainsAny(text, "ßſıİ") {
			t.Errorf("key of %q is %q", text, key)
		}
	})
	long := strings.Repeat("lycée ", 30)
	if mapping.Slug(long+"a") == mapping.Slug(long+"b") {
		t.Error("two long names have one key")
	}
}

// FuzzParse gives any bytes as a mapping, and applies what is accepted to a file.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole), []byte("UAI;Ville\n1;2\n"))
	f.Add([]byte("files: [{tables: {sites: {columns: {key: a}}}}]"), []byte("a\nb\n"))
	f.Add([]byte("a: &x [*x]"), []byte(""))
	f.Fuzz(func(t *testing.T, text, content []byte) {
		m, problems := mapping.Parse("m.yaml", text, schema)
		if len(problems) > 0 {
			return
		}
		for _, target := range m.Apply("x.csv", content, stored).Targets {
			for _, r := range target.Rows {
				if len(r.Cells) != len(target.Columns) {
					t.Fatalf("row %+v for columns %v", r, target.Columns)
				}
			}
		}
	})
}

func TestNamesAreWrittenAsFrenchWritesThem(t *testing.T) {
	t.Parallel()
	m := parsed(t, `files: [{tables: {establishments: {columns: {name: {first_of: [
		{from: n, blank: Collège, form: name}, {from: [n, c], join: " de ", form: name}]}}}}}]`)
	for given, want := range map[string]string{
		"Collège de L'Argonne;Clermont":      "Collège de l'Argonne",
		"Collège Des Racines et des Ailes;X": "Collège des Racines et des Ailes",
		"Collège Charles De Gaulle;X":        "Collège Charles de Gaulle",
		"Collège Jean de La Fontaine;X":      "Collège Jean de La Fontaine",
		"Collège Les Indes;X":                "Collège Les Indes",
		"Collège Jean d'Allamont;X":          "Collège Jean d'Allamont",
		"Des Tilleuls;X":                     "Des Tilleuls",
		"Collège;Barr":                       "Collège de Barr",
		"COLLÈGE;Ancerville":                 "COLLÈGE d'Ancerville",
		"Collège;Le Ban-Saint-Martin":        "Collège du Ban-Saint-Martin",
		"Collège;Les Islettes":               "Collège des Islettes",
		"Collège;La Wantzenau":               "Collège de La Wantzenau",
	} {
		if got := m.Apply("x.csv", []byte("n;c\n"+given+"\n"), stored).Targets[0].Rows[0].Cells[0].Text; got != want {
			t.Errorf("%s gives %q, want %q", given, got, want)
		}
	}
}
