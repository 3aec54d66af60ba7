package httpd_test

import (
	"strings"
	"testing"

	"vigie/internal/org"
)

// quality is a prober that measured well until noon, and since with a clock that nobody
// keeps and more to do than it can.
const quality = `
INSERT INTO prober (name, last_seen) VALUES ('metz', '2026-11-24 13:05:05Z');
INSERT INTO prober_quality (prober, at, span_millis, rounds, echoes, unsent, void, dropped, unstamped, malformed, forged, duplicate, late, overrun, lost_batches,
		worst_lag_micros, lag95_micros, clock_source, clock_synchronised, clock_offset_micros, clock_error_micros, arrival_micros, received)
	SELECT (SELECT id FROM prober WHERE name = 'metz'), at, 60000, 200, 1000, 0, 0, 0, 1, 0, 0, 1, 2, CASE WHEN at < '2026-11-24 12:00Z' THEN 0 ELSE 50 END, 0,
		8000, 3000, CASE WHEN at < '2026-11-24 12:00Z' THEN 'ntp.example' ELSE 'kernel' END, at < '2026-11-24 12:00Z', 1500, 20000, 900000, at + interval '61 s'
	FROM generate_series('2026-11-24 08:00Z'::timestamptz, '2026-11-24 13:03Z', '1 minute') AS at`

func TestTheTableOfCanariesSaysWhichAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, `
		INSERT INTO canary (key, name, address, path, source) SELECT k, k, a::inet, 'transit', 'test'
			FROM (VALUES ('one', '192.0.2.1'), ('two', '192.0.2.2'), ('three', '192.0.2.3'), ('four', '192.0.2.4')) AS c (k, a);
		INSERT INTO canary_round (prober, canary, at, sent, received)
			SELECT p.id, c.id, at::timestamptz, 5, received FROM prober p, canary c JOIN (VALUES ('one', '2026-11-24 13:04:55Z', 5), ('two', '2026-11-24 13:04:55Z', 4),
				('three', '2026-11-24 13:04:55Z', 0), ('four', '2026-11-24 12:55Z', 5)) AS v (key, at, received) USING (key) WHERE p.name = 'sonde-1'`)
	w.signIn(t, "reseau").get("/probers").contains(t, "one 192.0.2.1 transit répond à sonde-1", "two 192.0.2.2 transit perd 20 % des échos de sonde-1",
		"three 192.0.2.3 transit ne répond pas à sonde-1", "four 192.0.2.4 transit inconnu : pas interrogé")
}

func TestAProbersPageShowsHowWellItMeasures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, quality)
	b := w.signIn(t, "reseau")
	page := b.get("/probers")
	page.contains(t, "metz", "80 % de ce qui était prévu ; le reste est inconnu, pas perdu", "3 000 mesures de la dernière heure ont été laissées de côté",
		"Aucun serveur de temps ne règle son horloge", "8 ms 95e centile 3 ms", "60 délais mesurés trop longs", "120 tardives, 60 en double", "1,5 ms", "24/11/2026 12:45")
	if !strings.Contains(page.body, `<a href="/probers?range=24h" aria-current="true">`) {
		t.Error("a day is not the range chosen")
	}
	token := "Bearer " + w.token(t, "audit", org.Auditor)
	program := w.visit(t).get("/api/v1/probers", "Authorization", token)
	for _, want := range []string{`"name":"metz"`, `"troubles":["clock-free","coverage","overrun"]`, `"due_minutes":60,"measured_minutes":48`, `"overrun":3000`, `"clock_offset_us":null`, `"arrival_us":900000`} {
		if !strings.Contains(program.body, want) {
			t.Errorf("the API does not say %s:\n%s", want, program.body)
		}
	}
	b.get("/probers?range=7d").contains(t, "24/11/2026 09:00")
	if got := b.get("/probers?range=2d"); got.status != 400 && got.status != 422 {
		t.Errorf("a range that is none is answered %d", got.status)
	}
	w.exec(t, `UPDATE prober_quality SET overrun = 0, errands = 1`)
	b.get("/probers").contains(t, "0 mesures ; 60 tâches annexes", "60 tâches annexes de la dernière heure ont été laissées de côté (interrogations de routeurs")
	if page := b.get("/probers"); strings.Contains(page.body, "prober, rate") {
		t.Error("errands that were left out are told as rounds beyond the rate")
	}
	w.exec(t, `UPDATE prober_quality SET errands = 0, clock_source = 'ntp.example', clock_synchronised = true WHERE clock_source = 'kernel'`)
	w.exec(t, `INSERT INTO gap (prober, from_at, to_at, reason) SELECT id, a::timestamptz, b::timestamptz, reason FROM prober,
		(VALUES ('2026-11-24 12:10:30Z', '2026-11-24 12:22:30Z', 'isolated'), ('2026-11-24 12:22:30Z', '2026-11-24 12:23:00Z', 'doubtful')) AS g (a, b, reason) WHERE name = 'metz'`)
	b.get("/probers").contains(t, "Mesuré, dernière heure 79,2 %", "Coupée de tout 12 min dans la dernière heure")
	program = w.visit(t).get("/api/v1/probers", "Authorization", token)
	for _, want := range []string{`"troubles":["isolated","coverage"]`, `"measured_minutes":47.5`, `"isolated_minutes":12,"isolated_since":null`} {
		if !strings.Contains(program.body, want) {
			t.Errorf("the API does not say %s:\n%s", want, program.body)
		}
	}
	w.exec(t, `UPDATE gap SET to_at = '2026-11-24 13:05:30Z' WHERE reason = 'isolated'; DELETE FROM gap WHERE reason = 'doubtful'`)
	b.get("/probers").contains(t, "Coupée de tout depuis le 24/11/2026 13:10:30")
	w.exec(t, `DELETE FROM gap`)
	english := w.signIn(t, "reseau").get("/probers")
	english.contains(t, "Cette sonde mesure bien : ses chiffres de la dernière heure reposent sur 100 % de ce qui était prévu", "en avance de 1,5 ms à 20 ms près, selon ntp.example")
}
