package inventory_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/inventory"
)

func TestAnAddressThatAnotherAccessMayCarryIsDoubted(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	addr := netip.MustParseAddr
	link := func(ref, probed string, sites ...string) inventory.Link {
		return inventory.Link{Ref: ref, ProbeAddress: addr(probed), Sites: sites}
	}
	router := func(key, link, at string) inventory.Router {
		return inventory.Router{Key: key, Link: link, Address: addr(at)}
	}
	a, b := link("A", "192.0.2.1", "site"), link("B", "192.0.2.2", "site")
	doubt := func(kind inventory.DoubtKind, row, other string) []inventory.Doubt {
		return []inventory.Doubt{{Link: "A", Kind: kind, Address: a.ProbeAddress, Row: row, Other: other}}
	}
	ended := func(r inventory.Router) inventory.Router { r.Ends = today; return r }
	guarded := b
	guarded.Demarcation = a.ProbeAddress
	over := b
	over.Ends = today
	tests := map[string]struct {
		links    []inventory.Link
		routers  []inventory.Router
		canaries []inventory.Canary
		want     []inventory.Doubt
	}{
		"an address of its own": {links: []inventory.Link{a, b}},
		"its own router, alone at the site": {
			links: []inventory.Link{a}, routers: []inventory.Router{router("r", "A", "192.0.2.1")},
		},
		"its own router, beside one of the other link": {
			links: []inventory.Link{a, b}, routers: []inventory.Router{router("r", "A", "192.0.2.1"), router("s", "B", "192.0.2.9")},
		},
		"the only router of two links": {
			links: []inventory.Link{a, b}, routers: []inventory.Router{router("r", "A", "192.0.2.1")},
			want: doubt(inventory.OnlyRouter, "r", "B"),
		},
		"the router of another link": {
			links: []inventory.Link{a, b}, routers: []inventory.Router{router("r", "B", "192.0.2.1")},
			want: doubt(inventory.OtherRouter, "r", "B"),
		},
		"a router that is gone":           {links: []inventory.Link{a, b}, routers: []inventory.Router{ended(router("r", "B", "192.0.2.1"))}},
		"the router of a link that ended": {links: []inventory.Link{a, over}, routers: []inventory.Router{router("r", "B", "192.0.2.1")}},
		"the only router, the other link ended": {
			links: []inventory.Link{a, over}, routers: []inventory.Router{router("r", "A", "192.0.2.1")},
		},
		"the equipment before another link": {links: []inventory.Link{a, guarded}, want: doubt(inventory.OtherDemarcation, "", "B")},
		"a canary": {
			links: []inventory.Link{a, b}, canaries: []inventory.Canary{{Key: "c", Address: a.ProbeAddress}},
			want: doubt(inventory.IsCanary, "c", ""),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := inventory.NewIndex(inventory.Snapshot{
				Sites: []inventory.Site{{Key: "site"}}, Links: test.links, Routers: test.routers, Canaries: test.canaries,
			})
			compare := cmpopts.EquateComparable(netip.Addr{})
			if diff := cmp.Diff(test.want, x.Doubts(today, x.Links...), compare); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got := x.Doubts(today, b); len(got) > 0 {
				t.Errorf("of link B alone: %v, want none", got)
			}
		})
	}
}
