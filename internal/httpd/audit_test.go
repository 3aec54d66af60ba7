package httpd_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"vigie/internal/measure"
)

// carried gives BRE-1001 the same rate in every five minutes of September 2026, down
// towards the site, in octets per second.
func (w *world) carried(t *testing.T, down, up uint32) {
	t.Helper()
	d := measure.NewUtilisationDay()
	for i := range measure.FiveMinutesADay {
		d.Down[i], d.Up[i] = down, up
	}
	body, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	w.exec(t, `INSERT INTO utilisation_day (link_id, day, body, simulated)
		SELECT l.id, at::date, $1::bytea, true FROM link l, generate_series('2026-08-31'::timestamptz, '2026-09-30', '1 day') AS at WHERE l.ref = 'BRE-1001'`, body)
}

const september = "?period=days&from=2026-09-01&to=2026-09-30"

func TestTheAuditShowsFiguresCostsAndARecommendation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carried(t, 20_000_000, 1_000_000) // 160 of 200 Mbit/s
	admin := w.signIn(t, "admin")
	page := admin.get("/audit" + september)
	page.contains(t, "Audit des débits du 01/09/2026 au 30/09/2026", "160 Mbit/s / 200 Mbit/s", "à 80 %",
		"Hausse", "Strasbourg : connu jusqu’au 31/08/2027, dates annoncées", "du temps de classe à 80 % ou plus, plus que 2,0 % : oui", "données insuffisantes", "Total HT")
	if got := strings.Count(page.body, `class="school full"`); got != 1 {
		t.Errorf("%d directions are drawn as full, want 1", got)
	}
	admin.get("/audit"+september+"&departement=55").contains(t, "MIR-1001")
	if text := admin.get("/audit" + september + "&departement=55").text(); strings.Contains(text, "BRE-1001") {
		t.Error("a link of the Bas-Rhin is shown in Meuse")
	}
	if body := admin.get("/audit" + september + "&sort=usage").body; strings.Index(body, "BRE-1001") > strings.Index(body, "BRE-1002") {
		t.Error("the link that is used most does not come first")
	}
	admin.get("/audit?period=2027").contains(t, "Cette période ne peut pas être auditée", "expected a day before today, 2026-11-24")
	admin.get("/audit?period=days&from=2026-09-01").contains(t, "Cette période ne peut pas être auditée", `to "": expected a day such as 2026-11-24`, "Afficher")
}

func TestDaysThatAreGivenAreTheAuditsPeriod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.signIn(t, "admin")
	for _, query := range []string{"?period=12m&from=2026-09-01&to=2026-10-16", "?from=2026-09-01&to=2026-10-16"} {
		page := admin.get("/audit" + query)
		page.contains(t, "Audit des débits du 01/09/2026 au 16/10/2026")
		if !strings.Contains(page.body, "/audit.csv?period=days&amp;from=2026-09-01&amp;to=2026-10-16") {
			t.Errorf("%s: the file to download is of another period", query)
		}
	}
	for query, want := range map[string]string{
		"?from=x&to=y":                               `from "x": expected a day such as 2026-11-24`,
		"?period=12m&from=2026-09-01&to=":            `to "": expected a day such as 2026-11-24`,
		"?period=2025&from=2026-09-01&to=2026-10-16": `period "2025" with from "2026-09-01" and to "2026-10-16"`,
		"?from=1999-12-31&to=2000-01-31":             "expected days of the years 2000 to 2100",
		"?period=2101":                               "expected days of the years 2000 to 2100",
		"?from=2026-12-01&to=2026-12-31":             "expected a day before today, 2026-11-24",
	} {
		if got := admin.get("/audit" + query); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", query, got.status)
		} else {
			got.contains(t, want)
		}
	}
}

func TestTheNetworkTeamSeesTheAuditWithoutCosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carried(t, 20_000_000, 1_000_000)
	network := w.signIn(t, "reseau")
	if text := network.get("/audit" + september).text(); strings.Contains(text, "€") || !strings.Contains(text, "160 Mbit/s") {
		t.Errorf("no figure, or a cost, in %.400s", text)
	}
	if csv := network.get("/audit.csv" + september).body; strings.Contains(csv, "ht_per_mbps") || !strings.Contains(csv, "160,00") {
		t.Errorf("no figure, or a cost, in %.400s", csv)
	}
}

// opened reads a download as a workbook.
func opened(t *testing.T, got answer) *excelize.File {
	t.Helper()
	if got.status != http.StatusOK || !strings.Contains(got.header.Get("Content-Type"), "spreadsheetml") {
		t.Fatalf("status %d, %s", got.status, got.header.Get("Content-Type"))
	}
	f, err := excelize.OpenReader(bytes.NewReader([]byte(got.body)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // only read
	return f
}

func TestWorkbooksHoldTheAskersPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for login, want := range map[string]bool{"admin": true, "meuse": false} {
		b := w.signIn(t, login)
		rows, err := opened(t, b.get("/statements.xlsx?month=2026-10")).GetRows("Lignes")
		if err != nil {
			t.Fatal(err)
		}
		var foreign, own bool
		for _, row := range rows {
			text := strings.Join(row, " ")
			foreign = foreign || strings.Contains(text, "Collectivité européenne")
			own = own || strings.Contains(text, "Département de la Meuse")
		}
		if foreign != want || !own {
			t.Errorf("%s: own lines %t, foreign lines %t", login, own, foreign)
		}
		rows, err = opened(t, b.get("/audit.xlsx"+september)).GetRows("Liens")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(rows) > 100; got != want || len(rows) < 10 {
			t.Errorf("%s: %d rows of the audit", login, len(rows))
		}
	}
}

func TestTheAuditTellsTheLastTestOfAnAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, `INSERT INTO finding (link_id, kind, at, prober, body)
		SELECT id, 'throughput', '2026-09-15 03:00Z'::timestamptz, 'sonde-1', '{"began":"2026-09-15T03:00:00Z","method":"iperf3","server":"192.0.2.1:5201","load_permille":10,
			"down":{"bits_per_second":120000000,"layer":"tcp-payload","millis":9000,"streams":4,"contract_bits":200000000,"retransmits":3,"host_permille":100}}'::jsonb FROM link WHERE ref = 'BRE-1001'
		UNION ALL SELECT id, 'throughput', '2026-09-15 04:00Z', 'sonde-1', '{"began":"2026-09-15T04:00:00Z","not_run":"no-server","load_permille":-1}' FROM link WHERE ref = 'BRE-1002'`)
	network := w.signIn(t, "reseau")
	network.get("/audit"+september).contains(t, "Dernier test de débit", "desc. 120 Mbit/s 60 % du contrat charge utile TCP (couche 4) 15/09/2026 05:00 · iperf3, sonde sonde-1",
		"sous le contrat", "Pas lancé 15/09/2026 06:00", "aucun test dû")
	if csv := network.get("/audit.csv" + september).body; !strings.Contains(csv, "test_down_mbps") || !strings.Contains(csv, "120,00") {
		t.Errorf("the file has no test: %.600s", csv)
	}
	network.get("/audit?period=days&from=2026-08-01&to=2026-08-31").contains(t, "aucun test dû")
}
