package httpd_test

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/httpd"
)

// contains checks that a page says each of the texts.
func (a answer) contains(t *testing.T, texts ...string) {
	t.Helper()
	said := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(a.text())
	for _, text := range texts {
		if !strings.Contains(said, text) {
			t.Errorf("the page does not say %q:\n%s", text, said)
		}
	}
}

func TestTheBoardCountsLinksByStateAndNamesWhatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	board := w.signIn(t, "reseau").get("/")
	board.contains(t, "4 coupés", "1 dégradé", "1 inconnu", "145 en service", "CIG-1001 Collège Paul Wernert Achenheim",
		"Panne de POP VIGIE-2026-000001", "Bas-Rhin (67)", "2 liens sur 151 mesurés ces dix dernières minutes (1,3 %)",
		"Mesures simulées", "opérateurs, liens, prix et contrats fictifs", "Dernier cycle décidé : 24/11/2026 14:05:00")
}

func TestTheBoardIsFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	for query, want := range map[string]string{
		"q=BARR+Heiligenstein":              "1 lien trouvé",
		"q=COLLEGE+emilie+carles":           "1 lien trouvé", // accents and case do not matter
		"state=down":                        "4 liens trouvés",
		"state=degraded&operator=mirabelle": "0 lien trouvé",
		"departement=55&state=down":         "3 liens trouvés",
		"operator=cigogne&by=pop&q=1001":    "1 lien trouvé",
	} {
		b.get("/?"+query).contains(t, want)
	}
}

func TestTheLivePartOfAPageIsServedAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	part := w.signIn(t, "reseau").get("/", "Vigie-Part", "live")
	if part.header.Get("Vigie-Part") != "live" || strings.Contains(part.body, "<html") || !strings.Contains(part.body, "CIG-1001") {
		t.Errorf("live part with header %q:\n%.300s", part.header.Get("Vigie-Part"), part.body)
	}
	if got := w.visit(t).get("/", "Vigie-Part", "live").status; got != http.StatusUnauthorized {
		t.Errorf("live part for nobody: status %d, want 401", got)
	}
}

func TestALinkShowsItsContractItsMeasuresAndTheirCoverage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := fmt.Sprintf("/links/%d?range=1h", w.id(t, "link", "BRE-1001"))
	w.signIn(t, "admin").get(path).contains(t, "Lien BRE-1001", "En service", "5,2 ms", "Lot 2 : Bas-Rhin, centre et sud", "GTR 1 min",
		"24 h/24, 7 j/7", "non mesuré", "Mesuré 91,7 % du temps", "24/11/2026 13:14:00 4 min", "247,20 € HT par mois", "mesures simulées",
		"Du 24/11/2026 13:05 au 24/11/2026 14:05 : délai médian de 5,2 ms à 5,2 ms, perte 0 %, 1 coupure confirmée")
	if text := w.signIn(t, "reseau").get(path).text(); strings.Contains(text, "HT par mois") {
		t.Error("the network team sees a price, which its role does not allow")
	}
}

func TestASiteShowsSchoolsContactsAndItsSplitKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := fmt.Sprintf("/sites/%d", w.id(t, "site", "bar-le-duc-cite-raymond-poincare"))
	w.signIn(t, "admin").get(path).contains(t, "Cité scolaire Raymond Poincaré", "Lycée Raymond Poincaré 0550002D 977 2021 Région Grand Est",
		"Clé de répartition depuis le 01/09/2025", "Département de la Meuse poids 335 (effectifs)", "lun.–mar., jeu.–ven. 07:45–17:15", "MIR-1003")
}

func TestATicketShowsClockMessagesAndProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	ticket := b.get("/tickets/1")
	ticket.contains(t, "VIGIE-2026-000001 Actualiser", "Panne de POP", "GTR dépassée de 11 min", "1 heure commencée", "Départ 24/11/2026 13:53:02",
		"Échéance 24/11/2026 13:54:02", "Contesté 3 min", "accès refusé", "250 2.0.0 OK: queued as 4F2A", "Trois accès <b>coupés</b> & rien d'autre.")
	if strings.Contains(ticket.body, "<b>coupés</b>") {
		t.Error("the text of a message is not escaped")
	}
	b.get("/tickets/2").contains(t, "1 message à approuver", "Approuver et envoyer", "CIG-4711", "1 entrée, chaîne vérifiée", "Rémi Réseau accusé de réception saisi",
		"l’événement prévu au contrat manque")
}

func TestAnActionComesBackAndSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	for _, step := range []struct {
		path   string
		form   form
		back   string
		says   string
		twice  int // status of the same action again
		reason string
	}{
		{"/tickets/2/messages/2/approval", form{}, "/tickets/2", "Message approuvé : il part.", 409, "somebody was quicker"},
		{"/tickets/1/acknowledgement", form{"reference": {"MIR-77"}, "at": {"2026-11-24T14:01:30"}}, "/tickets/1", "Accusé de réception enregistré.", 303, ""},
		{"/sending", form{"stop": {"yes"}, "next": {"/tickets?which=all"}}, "/tickets?which=all", "Tous les envois sont arrêtés.", 303, ""},
		{"/operators/bretzel/mode", form{"mode": {"automatic"}, "next": {"/tickets"}}, "/tickets", "Mode d’envoi changé.", 303, ""},
	} {
		done := b.post(step.path, step.form)
		if done.status != http.StatusSeeOther || done.header.Get("Location") != step.back {
			t.Fatalf("%s: status %d to %q, want 303 to %q", step.path, done.status, done.header.Get("Location"), step.back)
		}
		b.get(step.back).contains(t, step.says)
		if text := b.get(step.back).text(); strings.Contains(text, step.says) {
			t.Errorf("%s: %q is said twice", step.path, step.says)
		}
		if again := b.post(step.path, step.form); again.status != step.twice {
			t.Errorf("%s again: status %d, want %d %s", step.path, again.status, step.twice, step.reason)
		}
	}
	b.get("/tickets/1").contains(t, "MIR-77 · 24/11/2026 14:01:30", "Envois arrêtés.")
}

func TestAStatementAddsUpAndDownloads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	b.get("/statements?month=2026-11").contains(t, "Relevé de novembre 2026", "Brouillon", "Total 47 488,02 € 9 497,60 € 56 985,62 €", "part 335/1312")
	file := b.get("/statements.csv?month=2026-11")
	if got := file.header.Get("Content-Disposition"); got != `attachment; filename="vigie-2026-11.csv"` {
		t.Errorf("the file is offered as %q", got)
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff")))
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	cents := int64(0)
	for _, row := range rows[1:] {
		var euros, rest int64
		if _, err := fmt.Sscanf(row[10], "%d,%d", &euros, &rest); err != nil {
			t.Fatalf("amount %q: %v", row[10], err)
		}
		cents += 100*euros + rest
	}
	if cents != 5698562 {
		t.Errorf("the lines of the file add up to %d cents, want the 5698562 of the page", cents)
	}
	b.get("/statements?month=2000-01").contains(t, "Aucune ligne pour ce mois.")
}

func TestTheLanguageFollowsTheBrowserUntilSomebodyChooses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	b.get("/", "Accept-Language", "en-GB,fr;q=0.5").contains(t, "Board of links", "4 down")
	b.post("/language", form{"lang": {"fr"}, "next": {"/"}})
	b.get("/", "Accept-Language", "en-GB").contains(t, "Tableau des liens")
	b.post("/language", form{"lang": {"xx"}, "next": {"/"}})
	b.get("/").contains(t, "Tableau des liens")
}

func TestEveryPageIsWholeInEachLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, plan)
	w.exec(t, carried)
	w.exec(t, packed)
	b := w.signIn(t, "admin")
	// A key that no catalogue holds shows as itself.
	key := regexp.MustCompile(`\b(board|map|plan|link|site|ticket|incident|statement|prober|clock|message|state|kind|mode|action|error|notice|layout|token|api|load|range|outage|chart)\.[a-z-]+\b`)
	for _, lang := range []string{"fr", "en"} {
		b.post("/language", form{"lang": {lang}})
		for _, path := range []string{"/", "/map", "/map?departement=55", "/plan?q=10.55.1.9", "/plan?q=achenheim", "/plan/prefix?cidr=10.55.1.0/24&free=26", "/plan/prefix?cidr=10.0.0.0/8&free=4", "/plan/vlans", "/sites/1/plan", "/links/1", "/links/2?range=7d", "/links/2?range=1y", "/links/1/device", "/sites/1", "/sites/1?range=30d", "/incidents?which=all", "/tickets?which=all", "/tickets/1", "/tickets/2", "/probers", "/statements", "/tokens", "/nowhere"} {
			page := b.get(path)
			if found := key.FindString(page.text()); found != "" {
				t.Errorf("%s in %s shows the key %q", path, lang, found)
			}
			if !strings.Contains(page.body, `<html lang="`+lang+`">`) || strings.Contains(page.body, "ZgotmplZ") || strings.Count(page.body, "<h1") != 1 {
				t.Errorf("%s in %s is not a sound page", path, lang)
			}
			if strings.Contains(page.body, " style=") || strings.Contains(page.body, "onclick") || strings.Contains(page.body, "<style") {
				t.Errorf("%s in %s needs an inline style or script, which the policy forbids", path, lang)
			}
		}
	}
}

func TestThePageCarriesTheWordsItsScriptSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.signIn(t, "admin").get("/").body
	for _, want := range []string{`data-live="En direct" data-lost="Direct interrompu"`, "data-say=\"Coupés\u00a0: 4, dégradés\u00a0: 1, inconnus\u00a0: 1\""} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
}

func TestAChangeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := b.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	deadline := time.AfterFunc(10*time.Second, func() { stream.Body.Close() })
	defer deadline.Stop()
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() {
		if lines.Text() == "retry: 3000" {
			w.changes.ring()
		}
		if lines.Text() == "event: changed" {
			return
		}
	}
	t.Fatalf("the stream ended without a change: %v", lines.Err())
}

func TestHealthNamesWhatIsNotWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visit(t)
	for _, row := range []struct {
		parts  []httpd.Part
		status int
		body   string
	}{
		{[]httpd.Part{{Name: "database", Healthy: true, Essential: true}}, 200, `{"status":"ok","degraded":[]}`},
		{[]httpd.Part{{Name: "lab"}}, 200, `{"status":"degraded","degraded":["lab"]}`},
		{[]httpd.Part{{Name: "lab"}, {Name: "database", Essential: true}}, 503, `{"status":"degraded","degraded":["lab","database"]}`},
	} {
		w.health.list = row.parts
		got := b.get("/healthz")
		if diff := cmp.Diff(row.body, strings.TrimSpace(got.body)); got.status != row.status || diff != "" {
			t.Errorf("health of %v: status %d, want %d; body (-want +got):\n%s", row.parts, got.status, row.status, diff)
		}
	}
}
