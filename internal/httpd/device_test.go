package httpd_test

import (
	"fmt"
	"strings"
	"testing"

	"vigie/internal/httpd/api"
)

// walkedRouter is a router that was walked twice, with a change in between, by a device
// whose words are not ours.
const walkedRouter = `
INSERT INTO device (link_id, at, since, prober, body)
	SELECT id, '2026-11-24 12:30:00Z', '2026-11-23 12:30:00Z', 'metz', '{
		"system": {"name": "bre-1001-cpe", "vendor": "OneAccess (Ekinops)", "serial": "T2012", "software": "6.4.4", "uptime_seconds": 90000},
		"ports": [
			{"index": 1, "name": "wan0", "alias": "BRE-1001", "type": "ethernetCsmacd", "admin": "up", "oper": "up", "speed_bits": 1000000000, "duplex": "full",
				"in_errors": 12345, "changed": "2026-11-20T06:00:00Z"},
			{"index": 2, "name": "lan0", "alias": "<script>alert(1)</script>", "type": "ethernetCsmacd", "admin": "up", "oper": "down", "pvid": 30},
			{"index": 3, "name": "lan0.30", "type": "l2vlan", "admin": "down", "oper": "down", "over": [2]}],
		"addresses": [{"addr": "198.18.208.2", "bits": 30, "port": 1, "origin": "manual"}, {"addr": "2001:db8::1", "bits": -1, "port": 3}],
		"vlans": [{"id": 30, "name": "pedagogie", "untagged": [2]}],
		"hosts": [{"addr": "10.67.0.9", "mac": "02:00:00:00:00:09", "port": 3}],
		"neighbours": [{"port": 2, "name": "commutateur-a", "chassis": "02:00:00:00:00:ff", "remote_port": "1/1/48", "management": ["10.67.0.20"]}],
		"cut": ["hosts"], "requests": 50}'
	FROM link WHERE ref = 'BRE-1001';
INSERT INTO finding (link_id, kind, at, prober, body)
	SELECT id, 'device', '2026-11-22 12:30:00Z', 'metz', '{
		"system": {"name": "bre-1001-cpe", "vendor": "OneAccess (Ekinops)", "serial": "T2012", "software": "6.4.3"},
		"addresses": [{"addr": "198.18.208.2", "bits": 30}], "requests": 50}'
	FROM link WHERE ref = 'BRE-1001';
`

func TestALinkShowsWhatItsRouterCarries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, walkedRouter)
	b := w.signIn(t, "reseau")
	path := fmt.Sprintf("/links/%d/device", w.id(t, "link", "BRE-1001"))
	link := b.get(strings.TrimSuffix(path, "/device"))
	if !strings.Contains(link.body, `href="`+path+`"`) {
		t.Error("the link's page does not lead to what its router carries")
	}
	page := b.get(path)
	page.contains(t,
		"Ce que porte le routeur de BRE-1001", "Lu le 24/11/2026 13:30:00 par metz.", "Inchangé depuis le 23/11/2026 13:30:00.",
		"Listes incomplètes : machines.", "Constructeur OneAccess (Ekinops)", "Numéro de série T2012", "En marche depuis 1 j 01 h",
		"Par rapport au 22/11/2026 13:30:00", "Logiciel 6.4.3 6.4.4",
		"wan0 BRE-1001 active ethernetCsmacd 1 Gbit/s 1 Gbit/s duplex intégral", "12 345 / 0 20/11/2026 07:00",
		"lan0 <script>alert(1)</script> inactive ethernetCsmacd – 30", "lan0.30 portée par lan0 fermée l2vlan",
		"198.18.208.2/30 wan0 manual", "2001:db8::1 lan0.30", "30 pedagogie lan0 Sans étiquette lan0 –", "lan0 commutateur-a 1/1/48 02:00:00:00:00:ff 10.67.0.20",
		"10.67.0.9 02:00:00:00:00:09 lan0.30")
	if strings.Contains(page.body, "<script>alert") {
		t.Error("a word of a device stands in the page as it came")
	}
	b.get(fmt.Sprintf("/links/%d/device", w.id(t, "link", "BRE-1002"))).contains(t, "Ce routeur n’a pas encore été lu")
	finance := w.signIn(t, "meuse").get(fmt.Sprintf("/links/%d", w.id(t, "link", "MIR-1003")))
	if strings.Contains(finance.body, "/device") {
		t.Error("who does not see the plan is led to a page that is refused")
	}
}

func TestProgramsReadTheRoutersOfASite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, walkedRouter)
	b := w.signIn(t, "reseau")
	one := read[api.Device](t, b.get(fmt.Sprintf("%s/links/%d/device", api.Base, w.id(t, "link", "BRE-1001"))))
	if one.Link.Ref != "BRE-1001" || one.Walk == nil || one.Walk.System.Serial != "T2012" || len(one.Walk.Interfaces) != 3 || one.Walk.Interfaces[2].Over[0] != "lan0" ||
		one.Walk.VLANs[0].Untagged[0] != "lan0" || one.Walk.Neighbours[0].Management[0] != "10.67.0.20" || one.Walk.Cut[0] != "hosts" {
		t.Errorf("the device is %+v with %+v", one, one.Walk)
	}
	site := read[api.List[api.Device]](t, b.get(fmt.Sprintf("%s/sites/%d/devices", api.Base, w.siteOf(t, "BRE-1001"))))
	if len(site.Items) == 0 || site.Items[0].Link.Ref != "BRE-1001" || site.Items[0].Walk == nil {
		t.Errorf("the devices of the site are %+v", site.Items)
	}
	if other := read[api.Device](t, b.get(fmt.Sprintf("%s/links/%d/device", api.Base, w.id(t, "link", "BRE-1002")))); other.Walk != nil || other.Router != nil {
		t.Errorf("a router that nobody asked tells %+v", other)
	}
}
