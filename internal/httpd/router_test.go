package httpd_test

import (
	"fmt"
	"strings"
	"testing"

	"vigie/internal/org"
)

// polled is a router that answered half a minute ago, one that is silent, and a link
// of the mass and one alone whose outages were told.
const polled = `
INSERT INTO router_poll (link_id, asked_at, problem, doubt, answered_at, state)
	SELECT id, '2026-11-24 13:04:30Z', '', '', '2026-11-24 13:04:30Z',
		'{"uptime_us": 90000000000, "boots": 3, "index": 2, "name": "wan0", "alias": "BRE-1001", "up": true, "speed_bits": 1000000000, "in_octets": 1, "out_octets": 1, "counted": true,
			"further": [{"index": 3, "name": "lan0", "alias": "salle serveurs", "up": false, "speed_bits": 100000000, "in_octets": 0, "out_octets": 0, "counted": false}],
			"health": {"profile": "OneAccess OneOS", "cpu": {"value": 71, "told": true}, "temperature": {"value": 455, "told": true}, "on_battery": 2,
				"battery": {"value": 75, "told": true}, "failed_supplies": {"value": 1, "told": true}, "restart_cause": "Power Off"}}'
	FROM link WHERE ref = 'BRE-1001';
INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated)
	SELECT id, '2026-11-24 13:00:00Z', 3000000000, 150000000, 240000, false FROM link WHERE ref = 'BRE-1001';
INSERT INTO router_poll (link_id, asked_at, problem) SELECT id, '2026-11-24 13:04:31Z', 'no answer' FROM link WHERE ref = 'BRE-1002';
UPDATE outage SET cause = 'line', told_at = '2026-11-24 12:14:20Z', router_started = '2026-11-23 06:00:00Z' WHERE incident_id = 3;
UPDATE outage SET to_at = '2026-11-24 13:03:00Z', cause = 'power', told_at = '2026-11-24 13:03:20Z', router_started = '2026-11-24 13:02:50Z'
	WHERE incident_id = 1 AND link_id = (SELECT min(link_id) FROM incident_link WHERE incident_id = 1);
`

func TestALinkShowsItsRouterAndWhatItCarriesNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, polled)
	b := w.signIn(t, "reseau")
	b.get(fmt.Sprintf("/links/%d?range=1h", w.id(t, "link", "BRE-1001"))).contains(t,
		"Démarcation de l’opérateur 198.18.208.1", "En marche depuis 1 j 01 h", "démarré 23/11/2026 13:04:30", "wan0", "active",
		"100 Mbit/s vers le site, 5 Mbit/s depuis le site", "moyenne sur 4 min mesurées depuis 14:00:00",
		"lan0 inactive salle serveurs", "Processeur 71 %", "Mémoire non communiqué", "Température 45,5 °C", "Alimentations 1 alimentation en panne", "Alimentation sur batterie",
		"tiendrait encore 1 h 15 min", "cause du démarrage selon lui : Power Off", "profil SNMP « OneAccess OneOS »",
		"ligne le routeur, interrogé 24/11/2026 13:14:20, marchait depuis 23/11/2026 07:00:00")
	silent := b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1002")))
	silent.contains(t, "Sans réponse : silence (communauté ou mot de passe inexacts compris).")
	if strings.Contains(silent.text(), "En marche depuis") {
		t.Error("a router that never answered has an uptime")
	}
	token := w.token(t, "audit", org.Auditor)
	program := w.visit(t).get(fmt.Sprintf("/api/v1/links/%d?range=1h", w.id(t, "link", "BRE-1001")), "Authorization", "Bearer "+token)
	for _, want := range []string{
		`"started_at":"2026-11-23T12:04:30Z"`, `"down_bits_per_second":100000000,"up_bits_per_second":5000000}`, `"covered_seconds":240`,
		`"health":{"profile":"OneAccess OneOS","cpu_percent":71,"memory_percent":null,"temperature_celsius":45.5,"on_battery":true,"battery_minutes":75,"failed_power_supplies":1,"restart_cause":"Power Off"}`,
		`"cause":"line","cause_told_at":"2026-11-24T12:14:20Z","router_started_at":"2026-11-23T06:00:00Z"`,
	} {
		if !strings.Contains(program.body, want) {
			t.Errorf("the API does not say %s:\n%s", want, program.body)
		}
	}
	b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1003"))).contains(t, "Ce routeur n’a jamais été interrogé")
}

// What our own prober could not hear is said to be that, for as long as nobody answered.
func TestSilenceWhileOurProberWasCutOffAccusesNoRouter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		gap, prober string
		ours        bool
	}{
		"cut off":                          {"('13:04:00Z', '13:05:00Z', 'isolated')", "sonde-1", true},
		"its uplink in doubt":              {"('13:04:00Z', '13:04:32Z', 'doubtful')", "sonde-1", true},
		"a cut that ended while it waited": {"('13:03:00Z', '13:04:26Z', 'isolated')", "sonde-1", true},
		"a cut long before":                {"('13:01:00Z', '13:03:00Z', 'isolated')", "sonde-1", false},
		"nothing came from the prober":     {"('13:04:00Z', '13:05:00Z', 'stopped')", "sonde-1", false},
		"another prober was cut off":       {"('13:04:00Z', '13:05:00Z', 'isolated')", "sonde-2", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.exec(t, polled+`
				INSERT INTO prober (name) VALUES ('sonde-2');
				UPDATE router_poll SET prober = (SELECT id FROM prober WHERE name = 'sonde-1');
				INSERT INTO gap (prober, from_at, to_at, reason)
					SELECT p.id, ('2026-11-24 ' || a)::timestamptz, ('2026-11-24 ' || b)::timestamptz, reason
					FROM prober p, (VALUES `+test.gap+`) AS g (a, b, reason) WHERE p.name = '`+test.prober+`'`)
			b := w.signIn(t, "reseau")
			page := b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1002"))).text()
			if got := strings.Contains(page, "notre sonde était alors coupée de tout"); got != test.ours {
				t.Errorf("the page says that the prober was cut off: %t, want %t", got, test.ours)
			}
			if got := strings.Contains(page, "Sans réponse : silence"); got == test.ours {
				t.Errorf("the page says that the router is silent: %t, want %t", got, !test.ours)
			}
			answered := b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001"))).text()
			if strings.Contains(answered, "notre sonde était alors coupée de tout") {
				t.Error("a router that answered is said not to have been heard")
			}
		})
	}
}

func TestAPowerCutToldAfterwardsIsShownWithItsEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, polled)
	b := w.signIn(t, "reseau")
	b.get("/tickets/1").contains(t, "Cause selon le routeur", "coupure électrique ou redémarrage le routeur, interrogé 24/11/2026 14:03:20, avait démarré 24/11/2026 14:02:50",
		"requalifiée : sans pénalité", "la coupure n’entre ni dans l’horloge")
	b.get("/incidents?which=all").contains(t, "1 coupure requalifiée", "Ce qu’en dit le routeur (1 coupure)")
	w.exec(t, `
		INSERT INTO incident_link (incident_id, link_id) SELECT 1, id FROM link WHERE ref = 'BRE-1001';
		INSERT INTO outage (link_id, from_at, to_at, incident_id, cause, told_at, router_started)
			SELECT id, '2026-11-24 12:51:00Z', '2026-11-24 13:01:00Z', 1, 'power', '2026-11-24 13:02:00Z', '2026-11-24 13:00:30Z' FROM link WHERE ref = 'BRE-1001'`)
	b.get("/incidents?which=all").contains(t, "2 coupures requalifiées", "Ce qu’en disent les routeurs (2 coupures)")
	elsewhere := w.signIn(t, "reseau55").get("/incidents?which=all")
	elsewhere.contains(t, "1 coupure requalifiée")
	if strings.Contains(elsewhere.text(), "BRE-1001") {
		t.Error("a member sees what a router outside its territory told")
	}
}
