package httpd_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestALinkShowsWhatItsRouterNotified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, `INSERT INTO finding (link_id, kind, at, prober, body)
		SELECT id, 'trap', timestamptz '2026-11-24 12:50:01Z', 'sonde-1', '{"name": "1.3.6.1.4.1.2544.1.12.2.2.5", "means": "last-gasp", "repeated": 2}'::jsonb FROM link WHERE ref = 'BRE-1001'
		UNION ALL
		SELECT id, 'trap', timestamptz '2026-11-24 12:58:01Z', 'sonde-1', '{"name": "1.3.6.1.6.3.1.1.5.1", "means": "cold-start", "confirmed": true, "authenticated": true}'::jsonb FROM link WHERE ref = 'BRE-1001'
		UNION ALL
		SELECT id, 'trap', timestamptz '2026-09-24 12:58:01Z', 'sonde-1', '{"name": "1.3.6.1.2.1.33.2.1", "means": "on-battery"}'::jsonb FROM link WHERE ref = 'BRE-1001'`)
	b := w.signIn(t, "reseau")
	page := b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001")))
	page.contains(t, "Ce que le routeur a signalé de lui-même",
		"24/11/2026 13:50:01 · il perd son alimentation (dernier souffle) notification simple, origine non prouvée · répétée 2 fois depuis la précédente · 1.3.6.1.4.1.2544.1.12.2.2.5 · (sonde sonde-1)",
		"24/11/2026 13:58:01 · il a démarré notification avec accusé de réception, origine prouvée · 1.3.6.1.6.3.1.1.5.1", "ne décide de rien")
	if strings.Contains(page.text(), "sur batterie") {
		t.Error("a notification of two months before is shown")
	}
	b.post("/language", form{"lang": {"en"}})
	b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001"))).contains(t, "it is losing its power (last gasp)", "decides nothing")
	if strings.Contains(b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1003"))).text(), "last gasp") {
		t.Error("another link shows it")
	}
}
