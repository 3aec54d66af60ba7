package report_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"vigie/configs"
	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/i18n"
	"vigie/internal/report"
	"vigie/internal/sla"
	"vigie/probe"
)

func known(bits int64) audit.Rate { return audit.Rate{BitsPerSecond: bits, Known: true} }

func audited() audit.Report {
	year := audit.CivilYear(2026)
	return audit.Report{
		Asked: year, Period: audit.Period{From: year.From, To: day("2026-11-25")}, Made: made, Policy: audit.DefaultPolicy(),
		Lines: []audit.Line{
			{
				Link: "L-1", Sites: []audit.Place{{ID: 1, Key: "a", Name: "=Collège A", Departement: "67"}}, Pupils: 400, Served: year, DownKbps: 100_000, UpKbps: 50_000,
				Carried: audit.Carried{
					Down: audit.Direction{School: known(71_234_567), P95: known(50_000_000)}, Up: audit.Direction{School: known(1_000_000), P95: known(1)},
					Coverage: audit.Share{Part: 999, Whole: 1000}, School: audit.Share{Part: 95, Whole: 100}, Calendar: audit.Share{Part: 100, Whole: 100},
					Saturated: audit.Share{Part: 12, Whole: 95}, NearFull: audit.Share{Whole: 95},
					Months: []audit.Month{{First: day("2026-01-01"), Down: known(70_000_000), Up: known(5), Coverage: audit.Share{Part: 1, Whole: 1}}},
				},
				Test: &audit.Test{At: made.Add(-48 * time.Hour), Prober: "lyon", Throughput: probe.Throughput{
					Method: probe.ByIperf3, Down: &probe.Flow{BitsPerSecond: 94_123_456, Layer: probe.PayloadLayer, ContractBits: 100_000_000, Retransmits: -1},
				}},
				Uptime:         sla.Uptime{Owed: 1000 * time.Hour, Known: 1000 * time.Hour, Down: time.Second},
				Cost:           audit.Cost{Billed: true, HT: 495_000, VAT: 99_000, TTC: 594_000, Penalties: 2063},
				Recommendation: audit.Recommendation{Advice: audit.Raise, Trace: []audit.Finding{{Rule: audit.RuleMonths, Fired: true, Have: 4, Want: 3}}, Tier: audit.Tier{Item: "200M", DownKbps: 200_000}},
			},
			{
				Link: "L-2", Sites: []audit.Place{{ID: 2, Key: "b", Name: "Collège B", Departement: "55"}}, Served: year, DownKbps: 20_000, UpKbps: 20_000,
				Test:           &audit.Test{At: made.Add(-time.Hour), Prober: "lyon", Throughput: probe.Throughput{NotRun: probe.LoadHigh, LoadPerMille: 400}},
				Recommendation: audit.Recommendation{Advice: audit.Insufficient},
			},
		},
	}
}

// row gives the texts of a sheet's row by the titles of its columns.
func row(t *testing.T, f *excelize.File, sheet string, number int) map[string]string {
	t.Helper()
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]string{}
	for i, title := range rows[2] {
		if i < len(rows[number-1]) {
			cells[title] = rows[number-1][i]
		}
	}
	return cells
}

func vacationsOf(t *testing.T) *calendar.Vacations {
	t.Helper()
	vacations, err := calendar.ReadVacations(configs.VacationsName, bytes.NewReader(configs.Vacations))
	if err != nil {
		t.Fatal(err)
	}
	return vacations
}

func auditBook(t *testing.T, r audit.Report, lang i18n.Lang) *excelize.File {
	t.Helper()
	book, err := report.Audit(r, vacationsOf(t), i18n.For(lang))
	if err != nil {
		t.Fatal(err)
	}
	f, _ := workbook(t, lang, book.Tables...)
	return f
}

func TestTheAuditIsAWorkbookOfFiveSheets(t *testing.T) {
	t.Parallel()
	f := auditBook(t, audited(), i18n.French)
	if got := f.GetSheetList(); !slices.Equal(got, []string{"Liens", "Sites", "Mois", "Règles", "Méthode"}) {
		t.Fatalf("sheets %q", got)
	}
	first := row(t, f, "Liens", 4)
	for title, want := range map[string]string{
		"Site": "=Collège A", "Garanti desc. (Mbit/s)": "100.000", "p95 scolaire desc. (Mbit/s)": "71.23", "p95 scolaire / garanti (%)": "71.2",
		"Couverture (%)": "99.9", "Disponibilité (%)": "99.999", "HT": "4950.00", "Pénalités": "-20.63", "HT par Mbit/s": "49.50",
		"kbit/s par élève": "250.0", "Recommandation": "Hausse", "Palier proposé (Mbit/s)": "200.000", "Test vers le site (Mbit/s)": "94.12", "Test depuis le site (Mbit/s)": "pas de chiffre",
		"Couche du test": "charge utile TCP (couche 4)", "Test par": "iperf3, sonde lyon", "Remarque sur le test": "", "Minutes de classe à 80\u00a0% ou plus": "60",
	} {
		if first[title] != want {
			t.Errorf("%s is %q, want %q", title, first[title], want)
		}
	}
	if second := row(t, f, "Liens", 5); second["p95 scolaire desc. (Mbit/s)"] != "données insuffisantes" || second["kbit/s par élève"] != "non connu" || second["HT"] != "" ||
		second["Test par"] != "" || !strings.Contains(second["Remarque sur le test"], "le lien portait 40\u00a0% de son contrat") {
		t.Errorf("the second line: %q", second)
	}
	if sum := row(t, f, "Liens", 6); sum["HT"] != "4950.00" {
		t.Errorf("the sum: %q", sum)
	}
	if month := row(t, f, "Mois", 4); month["p95 scolaire / garanti (%)"] != "70.0" {
		t.Errorf("January: %q", month)
	}
}

func TestTheMethodSaysWhatTheFiguresRestOn(t *testing.T) {
	t.Parallel()
	for lang, wants := range map[i18n.Lang][]string{
		i18n.French:  {"24/11/2026", "90\u00a0%", "1-2,4-5 08:00-18:00; 3 08:00-13:00", "Strasbourg\u00a0: connu jusqu’au 31/08/2027, dates annoncées"},
		i18n.English: {"2026-11-24", "90%", "1-2,4-5 08:00-18:00; 3 08:00-13:00", "Strasbourg: known until 2027-08-31, announced dates"},
	} {
		f := auditBook(t, audited(), lang)
		sheets := f.GetSheetList()
		rows, err := f.GetRows(sheets[4])
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, r := range rows {
			text.WriteString(strings.Join(r, " ") + "\n")
		}
		for _, want := range wants {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s: the method does not say %q:\n%s", lang, want, &text)
			}
		}
	}
}

func TestWithoutCostsThereIsNoColumnOfEuros(t *testing.T) {
	t.Parallel()
	r := audited()
	for i := range r.Lines {
		r.Lines[i].Cost = audit.Cost{Hidden: true}
	}
	links, err := report.AuditLinks(r, i18n.For(i18n.French))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range links.Columns {
		if slices.Contains([]string{"ht", "vat", "ttc", "penalties", "ht_per_mbps", "refused"}, c.Key) {
			t.Errorf("column %q", c.Key)
		}
	}
	if links.Sum != nil {
		t.Error("a sum without costs")
	}
}

func TestColumnsOfTheAuditAreNamedInOneWay(t *testing.T) {
	t.Parallel()
	book, err := report.Audit(audited(), vacationsOf(t), i18n.For(i18n.French))
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range book.Tables {
		for _, c := range table.Columns {
			if strings.Trim(c.Key, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
				t.Errorf("%s: column %q, want lower case and _ between words", table.Name, c.Key)
			}
		}
	}
}
