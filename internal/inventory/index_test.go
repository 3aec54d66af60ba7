package inventory_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/contract"
	"vigie/internal/inventory"
	"vigie/internal/org"
)

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

// index holds a cité scolaire, a grappe of it with a collège, and a data room.
func index() *inventory.Index {
	return inventory.NewIndex(inventory.Snapshot{
		Organisations: []org.Organisation{{Key: "region"}, {Key: "cea"}},
		Communes:      []inventory.Commune{{INSEE: "67482", Temple: true}},
		Sites: []inventory.Site{
			{Key: "cite", Organisation: "region"}, {Key: "college", Organisation: "cea"}, {Key: "room", Organisation: "region"},
		},
		Establishments: []inventory.Establishment{
			{UAI: "2", Site: "cite", Organisation: "region"},
			{UAI: "1", Site: "cite", Organisation: "cea", Ends: day("2026-09-01")},
			{UAI: "3", Site: "college", Organisation: "cea"},
		},
		Contacts:  []inventory.Contact{{Key: "c-1", Site: "cite"}},
		Operators: []inventory.Operator{{Key: "op"}},
		POPs:      []inventory.POP{{Key: "pop", Operator: "op"}},
		Lots:      []contract.Lot{{Key: "lot", Operator: "op"}},
		Clauses:   []contract.Clause{{Lot: "lot", From: day("2026-09-01"), VATPercent: "10"}, {Lot: "lot", From: day("2025-09-01"), VATPercent: "20"}},
		Prices: []contract.Price{
			{Lot: "lot", Item: "100M", From: day("2026-09-01"), Monthly: 2},
			{Lot: "lot", Item: "100M", From: day("2025-09-01"), To: day("2026-06-01"), Monthly: 1},
			{Lot: "lot", Item: "200M", From: day("2025-09-01"), Monthly: 3},
		},
		Links: []inventory.Link{
			{ID: 8, Ref: "grappe", Sites: []string{"college", "cite"}},
			{ID: 9, Ref: "alone", Sites: []string{"cite"}},
			{ID: 7, Ref: "room", Sites: []string{"room"}},
		},
		Keys: []inventory.KeyShare{
			{Subject: "cite", From: day("2026-01-01"), Organisation: "region", Weight: "2"},
			{Subject: "cite", From: day("2025-01-01"), To: day("2026-01-01"), Organisation: "region", Weight: "9"},
			{Subject: "cite", From: day("2026-01-01"), Organisation: "cea", Weight: "1"},
		},
	})
}

func TestThingsAreFoundByTheirKeys(t *testing.T) {
	t.Parallel()
	x := index()
	for name, found := range map[string]func(string) bool{
		"region": func(key string) bool { v, ok := x.Organisation(key); return ok && v.Key == key },
		"67482":  func(key string) bool { v, ok := x.Commune(key); return ok && v.INSEE == key },
		"cite":   func(key string) bool { v, ok := x.Site(key); return ok && v.Key == key },
		"op":     func(key string) bool { v, ok := x.Operator(key); return ok && v.Key == key },
		"pop":    func(key string) bool { v, ok := x.POP(key); return ok && v.Key == key },
		"lot":    func(key string) bool { v, ok := x.Lot(key); return ok && v.Key == key },
		"grappe": func(key string) bool { v, ok := x.Link(key); return ok && v.Ref == key },
	} {
		if !found(name) {
			t.Errorf("%s is not found", name)
		}
		if found("nowhere") {
			t.Errorf("beside %s, something is found that does not exist", name)
		}
	}
	if l, ok := x.LinkByID(9); !ok || l.Ref != "alone" {
		t.Errorf("link 9 is %+v", l)
	}
	if _, ok := x.LinkByID(1); ok {
		t.Error("link 1 is found and does not exist")
	}
}

func TestALinkKnowsItsSitesAndASiteItsLinks(t *testing.T) {
	t.Parallel()
	x := index()
	grappe, _ := x.Link("grappe")
	var sites []string
	for _, s := range x.SitesOfLink(grappe) {
		sites = append(sites, s.Key)
	}
	if diff := cmp.Diff(sites, []string{"college", "cite"}); diff != "" {
		t.Errorf("sites, the carrying one first (-got +want):\n%s", diff)
	}
	var links []string
	for _, l := range x.LinksOfSite("cite") {
		links = append(links, l.Ref)
	}
	if diff := cmp.Diff(links, []string{"alone", "grappe"}); diff != "" {
		t.Errorf("links (-got +want):\n%s", diff)
	}
	if n := len(x.ContactsOfSite("cite")); n != 1 {
		t.Errorf("%d contacts, want 1", n)
	}
}

func TestTheRouterOfALinkIsOneThatCanBeAsked(t *testing.T) {
	t.Parallel()
	address := netip.MustParseAddr("192.0.2.1")
	x := inventory.NewIndex(inventory.Snapshot{Routers: []inventory.Router{
		{Key: "a", Link: "L", SNMP: "access"}, // without address
		{Key: "b", Link: "L", Address: address},
		{Key: "c", Link: "L", Address: address, SNMP: "access", Ends: day("2026-09-01")},
		{Key: "d", Link: "L", Address: address, SNMP: "access"},
	}})
	for on, want := range map[string]string{"2026-08-31": "c", "2026-09-01": "d"} {
		if r, ok := x.RouterOfLink("L", day(on)); !ok || r.Key != want {
			t.Errorf("on %s the router is %q, want %s", on, r.Key, want)
		}
	}
	if r, ok := x.RouterOfLink("M", day("2026-09-01")); ok {
		t.Errorf("a link without router has %+v", r)
	}
}

func TestPayersAreTheMembersOfTheEstablishmentsOfTheDay(t *testing.T) {
	t.Parallel()
	x := index()
	for name, c := range map[string]struct {
		link string
		day  string
		want []string
	}{
		"a cité scolaire has two":              {"alone", "2026-08-31", []string{"cea", "region"}},
		"and one after its collège has closed": {"alone", "2026-09-01", []string{"region"}},
		"a grappe has those of all its sites":  {"grappe", "2026-09-01", []string{"cea", "region"}},
		"a site without school is its owner's": {"room", "2026-09-01", []string{"region"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := x.Link(c.link)
			if diff := cmp.Diff(x.OrganisationsOfLink(l, day(c.day)), c.want); diff != "" {
				t.Errorf("payers (-got +want):\n%s", diff)
			}
		})
	}
}

func TestTheSubjectOfAKeyIsTheSiteOrTheGrappe(t *testing.T) {
	t.Parallel()
	x := index()
	for ref, want := range map[string]string{"alone": "cite", "grappe": "grappe"} {
		l, _ := x.Link(ref)
		if got := inventory.PayerSubject(l); got != want {
			t.Errorf("the subject of %s is %s, want %s", ref, got, want)
		}
	}
}

func TestVersionsAreThoseOfTheDay(t *testing.T) {
	t.Parallel()
	x := index()
	if got := x.KeyAt("cite", day("2025-12-31")); len(got) != 1 || got[0].Weight != "9" {
		t.Errorf("the key of 2025 is %+v", got)
	}
	if got := x.KeyAt("cite", day("2026-01-01")); len(got) != 2 || got[0].Organisation != "cea" {
		t.Errorf("the key of 2026 is %+v", got)
	}
	if got := x.KeyAt("grappe", day("2026-01-01")); len(got) != 0 {
		t.Errorf("the grappe has a key: %+v", got)
	}
	for date, want := range map[string]string{"2025-08-31": "", "2025-09-01": "20", "2026-08-31": "20", "2026-09-01": "10"} {
		if got, _ := x.ClauseAt("lot", day(date)); got.VATPercent != want {
			t.Errorf("the clause of %s has a VAT of %q, want %q", date, got.VATPercent, want)
		}
	}
	for date, want := range map[string]int64{"2025-09-01": 1, "2026-06-01": 0, "2026-09-01": 2} {
		if got, _ := x.PriceAt("lot", "100M", day(date)); int64(got.Monthly) != want {
			t.Errorf("the price of %s is %d, want %d", date, got.Monthly, want)
		}
	}
}

func TestASnapshotSortsByNaturalKey(t *testing.T) {
	t.Parallel()
	s := inventory.Snapshot{
		Routers:      []inventory.Router{{Key: "b"}, {Key: "a"}},
		Canaries:     []inventory.Canary{{Key: "b"}, {Key: "a"}},
		Markets:      []contract.Market{{Key: "b"}, {Key: "a"}},
		Maintenances: []inventory.Maintenance{{Key: "b"}, {Key: "a"}},
	}
	s.Sort()
	want := inventory.Snapshot{
		Routers:      []inventory.Router{{Key: "a"}, {Key: "b"}},
		Canaries:     []inventory.Canary{{Key: "a"}, {Key: "b"}},
		Markets:      []contract.Market{{Key: "a"}, {Key: "b"}},
		Maintenances: []inventory.Maintenance{{Key: "a"}, {Key: "b"}},
	}
	if diff := cmp.Diff(s, want, cmpopts.EquateComparable(inventory.Router{}, inventory.Canary{})); diff != "" {
		t.Errorf("sorted (-got +want):\n%s", diff)
	}
}

func TestAnEndIsTheFirstDayWithout(t *testing.T) {
	t.Parallel()
	starts, ends := day("2026-01-01"), day("2026-02-01")
	for date, want := range map[string]bool{"2025-12-31": false, "2026-01-01": true, "2026-01-31": true, "2026-02-01": false} {
		if got := inventory.InForce(starts, ends, day(date)); got != want {
			t.Errorf("in force on %s is %v, want %v", date, got, want)
		}
	}
	if !inventory.InForce(time.Time{}, time.Time{}, starts) {
		t.Error("a thing without dates is not in force")
	}
}
