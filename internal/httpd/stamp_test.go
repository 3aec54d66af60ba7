package httpd_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestALinkShowsItsDelayBySTAMPBesideTheEchoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, `INSERT INTO stamp_minute (link_id, at, prober, sent, received, min_micros, median_micros, max_micros, uncorrected, forward_micros, back_micros, error_micros, forward_lost, simulated)
		SELECT id, '2026-11-24 13:04:00Z'::timestamptz, 'sonde-1', 10, 9, 3900, 4400, 7100, 0, 2500, 1900, 800, 1, true FROM link WHERE ref = 'BRE-1002'
		UNION ALL SELECT id, '2026-11-24 13:03:00Z'::timestamptz, 'sonde-1', 10, 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, true FROM link WHERE ref = 'BRE-1002'`)
	w.signIn(t, "reseau").get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1002"))).contains(t,
		"Délai par STAMP (RFC 8762)", "4,4 ms", "aller 2,5 ms, retour 1,9 ms, à 0,80 ms près", "médiane d’au plus 4,4 ms, perte 55 %", "perdus, sens inconnu", "24/11/2026 14:00 3,9 ms 4,4 ms 7,1 ms 2,5 ms 1,9 ms 0,80 ms 55 % –", "ne décide d’aucune coupure")
}

// What our own uplink or our own test lost is nobody's loss, as with the echoes.
func TestASessionThatOurOwnProberSpoiledIsNoLossOfTheLink(t *testing.T) {
	t.Parallel()
	const ours, loaded = "1 session ne compte pas : la liaison de notre sonde", "1 session ne compte pas : un de nos tests de débit"
	for name, test := range map[string]struct {
		gap, loaded string
		says        string // empty = the session counts
	}{
		"cut off":                             {"('sonde-1', '13:03:05Z', '13:03:20Z', 'isolated')", "false", ours},
		"its uplink in doubt":                 {"('sonde-1', '13:03:05Z', '13:03:20Z', 'doubtful')", "false", ours},
		"a cut that ended as it began":        {"('sonde-1', '13:02:00Z', '13:03:00Z', 'isolated')", "false", ours},
		"the uplink goes in the cycle":        {"('sonde-1', '13:04:00Z', '13:04:30Z', 'isolated')", "false", ours},
		"a cut long before":                   {"('sonde-1', '13:01:00Z', '13:02:00Z', 'isolated')", "false", ""},
		"nothing came from the prober":        {"('sonde-1', '13:03:05Z', '13:03:20Z', 'stopped')", "false", ""},
		"another prober was cut off":          {"('sonde-2', '13:03:05Z', '13:03:20Z', 'isolated')", "false", ""},
		"a test filled the link":              {"('sonde-2', '13:03:05Z', '13:03:20Z', 'isolated')", "true", loaded},
		"a test filled the link during a cut": {"('sonde-1', '13:03:05Z', '13:03:20Z', 'isolated')", "true", ours},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.exec(t, `
				INSERT INTO stamp_minute (link_id, at, prober, sent, received, min_micros, median_micros, max_micros, uncorrected, loaded, simulated)
					SELECT id, '2026-11-24 12:55:00Z'::timestamptz, 'sonde-1', 10, 10, 3900, 4400, 7100, 0, false, true FROM link WHERE ref = 'BRE-1002'
					UNION ALL SELECT id, '2026-11-24 13:03:00Z', 'sonde-1', 10, 0, NULL, NULL, NULL, 0, `+test.loaded+`, true FROM link WHERE ref = 'BRE-1002';
				INSERT INTO prober (name) VALUES ('sonde-2');
				INSERT INTO gap (prober, from_at, to_at, reason)
					SELECT p.id, ('2026-11-24 ' || a)::timestamptz, ('2026-11-24 ' || b)::timestamptz, reason
					FROM (VALUES `+test.gap+`) AS g (name, a, b, reason) JOIN prober p USING (name)`)
			page := w.signIn(t, "reseau").get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1002"))).text()
			loss := "perte 50 %"
			if test.says != "" {
				loss = "perte 0 %"
			}
			if !strings.Contains(page, loss) || !strings.Contains(page, test.says) || strings.Contains(page, "ne compte pas") != (test.says != "") {
				t.Errorf("the page does not say %q and %q:\n%s", loss, test.says, page)
			}
		})
	}
}

func TestALinkOfWhichNoSessionCountsSaysWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, `INSERT INTO stamp_minute (link_id, at, prober, sent, received, uncorrected, loaded, simulated)
		SELECT id, '2026-11-24 13:03:00Z', 'sonde-1', 10, 0, 0, true, true FROM link WHERE ref = 'BRE-1002'`)
	page := w.signIn(t, "reseau").get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1002"))).text()
	_, section, _ := strings.Cut(page, "Délai par STAMP (RFC 8762)")
	section, _, _ = strings.Cut(section, "ne décide d’aucune coupure")
	if !strings.Contains(section, "1 session ne compte pas") || strings.Contains(section, "100 %") || strings.Contains(section, "perte 0 %") {
		t.Errorf("the section says:\n%s", section)
	}
}
