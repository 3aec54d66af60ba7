package httpd_test

import (
	"fmt"
	"testing"
)

// traced are the way to a link of the mass when it fell silent, and the day before.
const traced = `
INSERT INTO finding (link_id, kind, at, prober, body)
	SELECT min(link_id), 'trace', '2026-11-23 12:00:05Z', 'sonde-1', '{"cause": "reference", "begun": "2026-11-23T12:00:00Z", "method": "icmp", "to": "198.18.12.1", "reached": true,
		"hops": [{"number": 1, "from": ["192.0.2.11"], "sent": 3, "received": 3, "median_us": 900}, {"number": 2, "from": ["192.0.2.12"], "sent": 3, "received": 3, "median_us": 2100},
			{"number": 3, "from": ["198.18.12.1"], "sent": 3, "received": 3, "median_us": 4200}]}' FROM incident_link WHERE incident_id = 1;
INSERT INTO finding (link_id, kind, at, prober, body)
	SELECT min(link_id), 'trace', '2026-11-24 12:50:09Z', 'sonde-1', '{"cause": "suspect", "begun": "2026-11-24T12:50:03Z", "method": "icmp", "to": "198.18.12.1", "reached": false,
		"hops": [{"number": 1, "from": ["192.0.2.11"], "sent": 3, "received": 3, "median_us": 900}, {"number": 2, "sent": 3, "received": 0}]}' FROM incident_link WHERE incident_id = 1;
`

func TestTheWayToASilentLinkStandsOnItsPageAndItsTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, traced)
	b := w.signIn(t, "reseau")
	told := []string{"dernier saut qui répond : n° 1, 192.0.2.11", "à côté du dernier bon chemin, du 23/11/2026 13:00:05", "192.0.2.12", "0 / 3"}
	b.get("/tickets/1").contains(t, told...)
	link := b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "MIR-1001")))
	link.contains(t, append(told, "Dernier bon chemin", "le chemin va jusqu’au lien", "4,2 ms")...)
}
