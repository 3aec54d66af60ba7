package httpd_test

import (
	"fmt"
	"strings"
	"testing"
)

// checked is a firewall that has been silent for twenty minutes behind a good line, one
// that works and whose certificate ends in a fortnight, and one that fails since its line
// is down.
const checked = `
INSERT INTO check_state (check_id, status, since, asked_at, certificate_until, state)
	SELECT id, 'failing', '2026-11-24 12:45:09Z', '2026-11-24 13:05:00Z', NULL,
		'{"status": "failing", "since": "2026-11-24T12:45:09Z", "asked": "2026-11-24T13:05:00Z", "answered": "2026-11-24T13:05:00Z",
			"last": {"id": 1, "reason": "timeout", "known": true, "detail": "dial tcp 198.19.8.1:80: i/o timeout"}}'
	FROM service_check WHERE key = 'amon-bre-1001';
INSERT INTO check_state (check_id, status, since, asked_at, certificate_until, state)
	SELECT id, 'working', '2026-11-20 12:00:00Z', '2026-11-24 13:05:00Z', '2026-12-08 00:00:00Z',
		'{"status": "working", "since": "2026-11-20T12:00:00Z", "asked": "2026-11-24T13:05:00Z", "answered": "2026-11-24T13:05:00Z",
			"last": {"id": 1, "reason": "ok", "known": true, "certificate": {"subject": "AMON", "issuer": "AC", "until": "2026-12-08T00:00:00Z"}}}'
	FROM service_check WHERE key = 'amon-mir-1001';
INSERT INTO check_state (check_id, status, since, asked_at, certificate_until, state)
	SELECT c.id, 'failing', '2026-11-24 12:58:00Z', '2026-11-24 13:05:00Z', NULL,
		'{"status": "failing", "since": "2026-11-24T12:58:00Z", "asked": "2026-11-24T13:05:00Z", "answered": "2026-11-24T13:05:00Z",
			"last": {"id": 1, "reason": "unreachable", "known": true}}'
	FROM service_check c WHERE c.key = 'amon-bre-1006';
UPDATE link_state SET status = 'up', since = '2026-11-20 12:00:00Z' WHERE link_id = (SELECT id FROM link WHERE ref = 'BRE-1001');
UPDATE link_state SET status = 'down', since = '2026-11-24 12:57:00Z' WHERE link_id = (SELECT id FROM link WHERE ref = 'BRE-1006');
INSERT INTO check_hour (check_id, at, asked, failed, resolve_micros, connect_micros, tls_micros, first_micros, whole_micros, whole_max, simulated)
	SELECT id, '2026-11-24 12:00:00Z', 12, 2, 0, 100000, 200000, 50000, 400000, 90000, true FROM service_check WHERE key = 'amon-bre-1001';
INSERT INTO check_transition (check_id, since, at, status, reason) SELECT id, '2026-11-24 12:45:09Z', '2026-11-24 12:45:19Z', 'failing', 'timeout'
	FROM service_check WHERE key = 'amon-bre-1001';
`

func TestAGoodLineWithASilentFirewallIsToldApartFromAFaultOfTheLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, checked)
	b := w.signIn(t, "reseau")
	good := b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001")))
	good.contains(t, "Accès muet (pare-feu ?)", "La ligne est bonne ; l’accès de l’établissement ne répond pas (pare-feu ?).",
		"« Adresse externe de l’AMON » échoue depuis 20 min", "aucun ticket ne lui est adressé", "pas de réponse à temps", "10 ms 20 ms 5 ms 40 ms", "2 échecs sur 12",
		"24/11/2026 13:45:09")
	down := b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1006")))
	down.contains(t, "Cet échec peut n’en être que la suite")
	if text := down.text(); strings.Contains(text, "La ligne est bonne") || strings.Contains(text, "Accès muet") {
		t.Error("a line that is down is called good")
	}
	board := b.get("/")
	board.contains(t, "1 ligne bonne dont l’accès ne répond pas")
	if n := strings.Count(board.body, "i-behind\"/></svg>Accès muet"); n != 2 {
		t.Errorf("%d marks on the board, want one among what needs attention and one in its group", n)
	}
	b.get("/map").contains(t, "accès muet, ligne bonne", "l’accès de l’établissement ne répond pas · BRE-1001")
	b.get(fmt.Sprintf("/sites/%d", w.siteOf(t, "BRE-1001"))).contains(t, "Accès muet (pare-feu ?)")
}

func TestServicesListsWhatFailsAndWhoseCertificateEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, checked)
	all := w.signIn(t, "reseau").get("/services")
	all.contains(t, "2 contrôles échouent sur 31", "Certificats qui finissent bientôt", "08/12/2026", "BRE-1001", "BRE-1006", "MIR-1001")
	if strings.Index(all.body, "BRE-1001") > strings.Index(all.body, "BRE-1006") {
		t.Error("what is behind a good line does not come first")
	}
	if strings.Contains(all.body, "i/o timeout") {
		t.Error("a silence is told in English too, beside the reason")
	}
	meuse := w.signIn(t, "meuse").get("/services")
	meuse.contains(t, "Aucun service en échec", "MIR-1001")
	if strings.Contains(meuse.body, "BRE-") {
		t.Error("checks of another territory are shown")
	}
	w.signIn(t, "nullepart").get("/services").contains(t, "L’inventaire ne nomme aucun contrôle")
}

// inside is what a prober inside a school told: that a service fails, and that it could
// ask the other for nothing, since it was cut off.
const inside = `
INSERT INTO service_check (key, scope, subject, name, direction, service, every_seconds, source)
	SELECT c.key || '-' || way, 'link', 'BRE-1001', 'ENT ' || way, 'from_site', 'tcp://192.0.2.9:443', 60, 's'
	FROM service_check c, unnest(ARRAY['fails', 'apart', 'never']) AS way WHERE c.key = 'amon-bre-1001';
INSERT INTO check_state (check_id, status, since, asked_at, state)
	SELECT id, 'failing', '2026-11-24 13:00:00Z', '2026-11-24 13:05:00Z',
		'{"status": "failing", "since": "2026-11-24T13:00:00Z", "asked": "2026-11-24T13:05:00Z", "answered": "2026-11-24T13:05:00Z",
			"last": {"id": 1, "reason": "timeout", "known": true}}'
	FROM service_check WHERE name = 'ENT fails';
INSERT INTO check_state (check_id, status, since, asked_at, state)
	SELECT id, 'working', '2026-11-24 12:00:00Z', '2026-11-24 13:05:00Z',
		'{"status": "working", "since": "2026-11-24T12:00:00Z", "asked": "2026-11-24T13:05:00Z", "trouble": "isolated"}'
	FROM service_check WHERE name = 'ENT apart';
UPDATE link_state SET status = 'up', since = '2026-11-20 12:00:00Z' WHERE link_id = (SELECT id FROM link WHERE ref = 'BRE-1001');
INSERT INTO prober (name, site, last_seen)
	SELECT 'inside', s.key, '2026-11-24 13:05:00Z' FROM site s WHERE s.id = $SITE;
`

func TestWhatAProberInsideASchoolDoesNotTellIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	site := w.siteOf(t, "BRE-1001")
	w.exec(t, strings.ReplaceAll(inside, "$SITE", fmt.Sprint(site)))
	b := w.signIn(t, "reseau")
	pages := []string{fmt.Sprintf("/sites/%d", site), fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001")), "/services"}
	for _, page := range pages {
		b.get(page).contains(t, "vu du cœur de réseau", "vu depuis l’établissement", "pas de réponse à temps",
			"La sonde qui l’interroge est isolée ; dernière question : ", "jamais interrogé : aucune sonde de l’établissement n’a rien dit")
	}
	b.get(pages[0]).contains(t, "Établissement sans service")
	w.exec(t, `UPDATE check_state SET asked_at = asked_at - interval '1 hour', state = state || '{"asked": "2026-11-24T12:05:00Z"}'`)
	for _, page := range pages {
		silent := b.get(page)
		silent.contains(t, "La sonde qui l’interroge ne dit plus rien depuis 24/11/2026 13:05", "Inconnu")
		if text := silent.text(); strings.Contains(text, "Établissement sans service") || strings.Contains(text, "pas de réponse à temps") {
			t.Errorf("%s: what was found an hour ago is shown as what is", page)
		}
	}
	b.get("/probers").contains(t, "Dans un établissement : elle dit ce que l’école atteint")
}
