package httpd_test

import (
	"fmt"
	"strings"
	"testing"
)

// carried is a school day and the evening before it on one link, with a gap of an hour
// while the router did not answer: 20 Mbit/s down and 4 up in the day, a tenth of it
// at night.
const carried = `
INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated)
	SELECT l.id, at, octets * 5, octets, 300000, true
	FROM link l, generate_series('2026-11-23 14:00:00Z'::timestamptz, '2026-11-24 12:55:00Z', '5 minutes') AS at,
		LATERAL (SELECT CASE WHEN at >= '2026-11-24 07:00:00Z' THEN 150000000 ELSE 15000000 END AS octets) o
	WHERE l.ref = 'BRE-1001' AND (at < '2026-11-24 03:00:00Z' OR at >= '2026-11-24 04:00:00Z');
`

// packed is an outage of a past that is written back to May.
const packed = `
INSERT INTO outage (link_id, from_at, to_at, simulated) SELECT id, '2026-03-02 09:00:00Z', '2026-03-02 14:30:00Z', true FROM link WHERE ref = 'BRE-1001';
INSERT INTO simulated_past (since, written, until) VALUES ('2025-11-24Z', '2026-05-26 00:00Z', '2026-11-24Z');
`

func TestALinkShowsWhatItCarriedAgainstItsContract(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, carried)
	path := fmt.Sprintf("/links/%d?range=24h", w.id(t, "link", "BRE-1001"))
	page := w.signIn(t, "admin").get(path)
	page.contains(t, "Débit utilisé", "95e centile scolaire", "20 Mbit/s", "4 Mbit/s", "heures scolaires", "vers le site : garanti", "mesures simulées")
	for class, want := range map[string]int{`class="guaranteed"`: 2, `class="load-mean"`: 2} {
		if got := strings.Count(page.body, class); got != want {
			t.Errorf("%d of %s, want %d", got, class, want)
		}
	}
	w.signIn(t, "admin").get(fmt.Sprintf("/links/%d?range=24h", w.id(t, "link", "BRE-1002"))).contains(t, "Aucun débit n’a été relevé")
	site := w.signIn(t, "admin").get(fmt.Sprintf("/sites/%d?range=7d", w.siteOf(t, "BRE-1001")))
	site.contains(t, "Débit utilisé", "95e centile scolaire", "20 Mbit/s")
}

func TestALinkShowsItsYearAndThatItIsStillBeingWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, carried)
	w.exec(t, packed)
	b := w.signIn(t, "admin")
	page := b.get(fmt.Sprintf("/links/%d?range=1y", w.id(t, "link", "BRE-1001")))
	page.contains(t, "02/03/2026 15:30:00 5 h 30 min simulée", "5,2 ms", "20 Mbit/s",
		"L’historique simulé s’écrit encore : 49 %, jusqu’au 26/05/2026")
	if !strings.Contains(page.body, "24/11/2025") {
		t.Error("the year's table does not begin a year ago")
	}
	w.exec(t, `UPDATE simulated_past SET written = since`)
	if strings.Contains(b.get("/").text(), "historique simulé") {
		t.Error("a past that is whole is still said to be written")
	}
}
