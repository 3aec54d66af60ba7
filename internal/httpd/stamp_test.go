package httpd_test

import (
	"fmt"
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
