package httpd_test

import (
	"fmt"
	"strings"
	"testing"
)

// lookedAt has closer looks at the three links of the mass ticket: one that stayed
// silent, one that was passed over, one of an hour before; and one at a healthy link.
const lookedAt = `
INSERT INTO finding (link_id, kind, at, prober, body)
	SELECT link_id, 'look', '2026-11-24 12:50:12Z', 'sonde-1', '{"from": "2026-11-24T12:49:58.48Z", "last_lost": "2026-11-24T12:50:09.9Z", "until": "2026-11-24T12:50:11Z",
		"end": "lasting", "round_sent": 5, "round_lost": 3, "gap_nanos": 100000000, "rtt_micros": [-1, -1, -1, -1], "together": 3}'
	FROM incident_link WHERE incident_id = 1 ORDER BY link_id LIMIT 1;
INSERT INTO finding (link_id, kind, at, prober, body)
	SELECT link_id, 'look', '2026-11-24 12:50:02Z', 'sonde-1', '{"from": "2026-11-24T12:50:01Z", "last_lost": "2026-11-24T12:50:02Z", "until": "2026-11-24T12:50:02Z",
		"end": "passed", "round_sent": 5, "round_lost": 5, "rtt_micros": null, "together": 3}'
	FROM incident_link WHERE incident_id = 1 ORDER BY link_id OFFSET 1 LIMIT 1;
INSERT INTO finding (link_id, kind, at, prober, body)
	SELECT link_id, 'look', '2026-11-24 11:50:02Z', 'sonde-1', '{"from": "2026-11-24T11:50:01Z", "last_lost": "2026-11-24T11:50:02Z", "until": "2026-11-24T11:50:04Z",
		"end": "recovered", "round_sent": 5, "round_lost": 1, "gap_nanos": 100000000, "rtt_micros": [9000, 9000], "together": 1}'
	FROM incident_link WHERE incident_id = 1 ORDER BY link_id OFFSET 2 LIMIT 1;
INSERT INTO finding (link_id, kind, at, prober, body)
	SELECT id, 'look', '2026-11-24 12:40:12Z', 'sonde-1', '{"from": "2026-11-24T12:40:01.2Z", "last_lost": "2026-11-24T12:40:04Z", "until": "2026-11-24T12:40:08Z",
		"end": "recovered", "round_sent": 5, "round_lost": 1, "gap_nanos": 100000000, "rtt_micros": [9000, -1, 9000], "together": 1}'
	FROM link WHERE ref = 'BRE-1001';
`

func TestATicketShowsHowItsLinksBeganToFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, lookedAt)
	b := w.signIn(t, "reseau")
	page := b.get("/tickets/1")
	page.contains(t, "Comment cela a commencé", "Premier écho perdu le 24/11/2026 13:49:58,4", "échos perdus dans ce tour : 3 sur 5",
		"aucun des 4 échos suivants n’a reçu de réponse, le dernier envoyé à 13:50:09,9", "3 liens ont commencé à perdre des échos dans le même cycle",
		"1 lien de ce ticket n’a pas été examiné de plus près", "(sonde sonde-1)")
	if text := page.text(); strings.Contains(text, "12:50:01") {
		t.Error("a look of an hour before is shown as the beginning")
	}
	if bars := strings.Count(page.body, `class="lost"`); bars != 4 {
		t.Errorf("%d echoes drawn as lost, want 4", bars)
	}
	w.exec(t, `INSERT INTO finding (link_id, kind, at, prober, body) SELECT link_id, kind, at, 'sonde-2', body FROM finding WHERE kind = 'look'`)
	b.get("/tickets/1").contains(t, "1 autre examen rapproché", "(sonde sonde-2)")
	w.exec(t, `INSERT INTO gap (prober, from_at, to_at, reason) SELECT id, '2026-11-24 12:50:00Z', '2026-11-24 12:50:30Z', 'isolated' FROM prober WHERE name = 'sonde-1'`)
	page = b.get("/tickets/1")
	if page.contains(t, "(sonde sonde-2)"); strings.Contains(page.text(), "(sonde sonde-1)") {
		t.Error("what a prober saw while its own uplink was lost is shown as the beginning")
	}
	w.exec(t, `UPDATE gap SET reason = 'doubtful'`)
	if strings.Contains(b.get("/tickets/1").text(), "(sonde sonde-1)") {
		t.Error("what a prober saw as its own uplink went is shown as the beginning")
	}
	w.exec(t, `DELETE FROM gap`)
	b.post("/language", form{"lang": {"en"}})
	b.get("/tickets/1").contains(t, "How it began", "First echo lost on 2026-11-24 13:49:58.4")
}

func TestALinkShowsTheCloserLooksOfItsRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, lookedAt)
	b := w.signIn(t, "reseau")
	address := fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001"))
	b.get(address+"?range=1h").contains(t, "Comment les pertes ont commencé", "Premier écho perdu le 24/11/2026 13:40:01,2",
		"échos perdus : 1 sur 3, le dernier à 13:40:04,0 ; le lien répondait ensuite", "Dix échos par seconde")
	if strings.Contains(b.get(fmt.Sprintf("/links/%d?range=1h", w.id(t, "link", "BRE-1003"))).text(), "Comment les pertes") {
		t.Error("another link shows looks")
	}
}
