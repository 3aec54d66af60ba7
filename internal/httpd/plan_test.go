package httpd_test

import (
	"fmt"
	"strings"
	"testing"
)

// planVLANs adds to the plan a VLAN of the site of the Meuse, its gateway and a range.
const planVLANs = `
INSERT INTO vlan (site, vid, name, status, role) VALUES ('ancemont-college-louis-de-broglie', 10, 'Administratif', 'active', 'Administratif');
UPDATE prefix SET vlan = (SELECT id FROM vlan), role = 'Administratif' WHERE cidr = '10.55.1.0/24' AND vrf IS NULL;
INSERT INTO ip_address (address, status, role, device, interface) VALUES ('10.55.1.1/24', 'active', '', 'r-mir-1001', 'vlan10');
INSERT INTO ip_range (start_address, end_address, status, mark_populated, mark_utilized, role) VALUES ('10.55.1.128', '10.55.1.199', 'active', true, true, 'DHCP');
`

func TestThePlanIsSeenFromTheTreeTheBlockTheSiteAndTheVLAN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, plan)
	w.exec(t, planVLANs)
	b := w.signIn(t, "reseau")
	site := w.id(t, "site", "ancemont-college-louis-de-broglie")
	b.get("/plan").contains(t, "Table globale (3)", "pedagogique (2)", "10.0.0.0/8 conteneur < 0,1 %", "2 préfixes à l’intérieur", "10.56.0.0/13 libre", "Collège Louis de Broglie Ancemont", "VLAN 10")
	b.get("/plan?vrf=pedagogique").contains(t, "VRF pedagogique", "10.55.1.0/24 réservé")
	b.get("/plan?q=10.55.1.1").contains(t, "Résultat pour « 10.55.1.1 »", "10.55.1.0/24 pedagogique", "r-mir-1001 vlan10")
	b.get("/plan?q=nulle+part").contains(t, "Rien ne correspond")
	b.get("/plan/prefix?cidr=10.55.1.7/24&free=/26&count=2").contains(t, "10.55.1.0/24", "28,7 %", "Adresses libres 181", "porte un VLAN ou une interface",
		"Libres : 10.55.1.0/26 10.55.1.64/26", "10.55.1.128 10.55.1.199 actif", "Mêmes adresses ailleurs 10.55.1.0/24 pedagogique")
	b.get("/plan/prefix?cidr=10.55.1.0/24&free=0").contains(t, "Libres : 10.55.1.2/24")
	b.get("/plan/prefix?cidr=10.55.1.0/24&free=20").contains(t, "Cette longueur ne tient pas dans le bloc.")
	b.get("/plan/prefix?cidr=10.55.1.0/24&free=25&count=3").contains(t, "Il n’y a pas assez de place.")
	b.get(fmt.Sprintf("/sites/%d/plan", site)).contains(t, "Plan d’adressage : Collège Louis de Broglie", "10.55.1.0/24 Administratif 10", "10.55.1.1/24 actif r-mir-1001 vlan10", "r-mir-1001 Routeur fictif")
	b.get(fmt.Sprintf("/sites/%d", site)).contains(t, "Plan d’adressage du site")
	b.get("/plan/vlans?q=ancemont").contains(t, "1 VLAN", "10 Administratif", "10.55.1.0/24")
	b.get("/plan/vlans?q=nowhere").contains(t, "Aucun VLAN.")
}

func TestAQuestionToThePlanThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	for path, want := range map[string]int{
		"/plan/prefix":                                422,
		"/plan/prefix?cidr=10.0.0.0":                  422,
		"/plan/prefix?cidr=0.0.0.0/0":                 422,
		"/plan/prefix?cidr=10.0.0.0/8&free=x":         422,
		"/plan/prefix?cidr=10.0.0.0/8&free=129":       422,
		"/plan/prefix?cidr=10.0.0.0/8&free=9&count=x": 200,
		"/plan/prefix?cidr=2001:db8::/32&free=48":     200,
		"/plan/prefix?cidr=10.0.0.0/8&vrf=none":       404,
		"/plan?vrf=none":                              404,
		"/plan?part=99999999999999":                   200,
		"/plan?q=" + strings.Repeat("x", 101):         422,
	} {
		if got := b.get(path).status; got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
}

func TestThePlanOfOthersIsNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, plan)
	w.exec(t, planVLANs)
	b := w.signIn(t, "reseau55")
	for _, path := range []string{"/plan", "/plan?q=10.67.1.9", "/plan?q=achenheim", "/plan/vlans", "/plan?vrf=pedagogique", "/plan/prefix?cidr=10.55.1.0/24"} {
		page := b.get(path)
		if page.status != 200 {
			t.Errorf("%s: status %d, want 200", path, page.status)
		}
		for _, foreign := range []string{"10.67.1.0", "Achenheim", "10.0.0.0/8"} {
			if strings.Contains(page.text(), foreign) {
				t.Errorf("%s shows %q to somebody of the Meuse", path, foreign)
			}
		}
	}
	b.get("/plan").contains(t, "10.55.1.0/24")
	if got := b.get("/plan/prefix?cidr=10.67.1.0/24").status; got != 404 {
		t.Errorf("the prefix of another: status %d, want 404", got)
	}
	if strings.Contains(w.signIn(t, "meuse").get("/").body, `href="/plan"`) {
		t.Error("finance is offered the plan, which its role does not see")
	}
}
