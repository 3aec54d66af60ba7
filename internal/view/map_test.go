package view

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/inventory"
	"vigie/internal/ipam"
	"vigie/internal/linkstate"
	"vigie/internal/org"
)

func TestTheStateOfASiteIsThatOfItsLinksTogether(t *testing.T) {
	t.Parallel()
	const up, down, degraded, unknown = linkstate.Up, linkstate.Down, linkstate.Degraded, linkstate.Unknown
	for _, row := range []struct {
		links []linkstate.Status
		want  linkstate.Status
	}{
		{nil, unknown},
		{[]linkstate.Status{up}, up},
		{[]linkstate.Status{down}, down},
		{[]linkstate.Status{degraded}, degraded},
		{[]linkstate.Status{unknown}, unknown},
		{[]linkstate.Status{down, down}, down},
		{[]linkstate.Status{up, down}, degraded},
		{[]linkstate.Status{down, degraded}, degraded},
		{[]linkstate.Status{up, degraded}, degraded},
		{[]linkstate.Status{up, unknown}, unknown},
		{[]linkstate.Status{down, unknown}, unknown},
	} {
		var links []BoardLink
		for _, status := range row.links {
			links = append(links, BoardLink{Status: status})
		}
		if got := siteStatus(links); got != row.want {
			t.Errorf("links %v make a site %v, want %v", row.links, got, row.want)
		}
	}
}

func TestAMapHoldsTheSitesOfTheTerritoryOnly(t *testing.T) {
	t.Parallel()
	states := map[int64]LinkState{1: {Status: linkstate.Down}, 2: {Status: linkstate.Up}, 3: {Status: linkstate.Up}}
	x := town()
	x.Sites[0].Latitude, x.Sites[0].Longitude = 48.77, 5.16
	x.POPs[0].Latitude, x.POPs[0].Longitude = 48.8, 5.2
	for member, want := range map[string]struct {
		sites     []string
		unlocated int
	}{
		"meuse":  {[]string{"Collège de Bar"}, 0},
		"cea":    {[]string{"Cité de l’Écluse"}, 1},
		"nobody": {},
	} {
		who := org.User{ID: 1, Role: org.Network, Territory: org.Territory{Organisations: []string{member}}}
		m, err := New(fixed{index: x, live: Live{States: states}}, 0, nil).Map(t.Context(), who, "", noon)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, site := range m.Sites {
			got = append(got, site.Name)
		}
		if diff := cmp.Diff(want.sites, got); diff != "" {
			t.Errorf("sites for %s (-want +got):\n%s", member, diff)
		}
		if m.Totals.All() != len(got) || len(m.Departements) != len(got) || m.Totals.Unlocated != want.unlocated {
			t.Errorf("totals for %s: %+v in %d départements", member, m.Totals, len(m.Departements))
		}
		if member == "meuse" && (len(m.POPs) != 1 || m.POPs[0].Totals.All() != 2 || m.Sites[0].Status != linkstate.Degraded) {
			t.Errorf("POPs %+v and site %+v, want one POP with the two links of a degraded site", m.POPs, m.Sites[0])
		}
	}
}

// fixed is a store that holds an inventory and what is live, and nothing else.
type fixed struct {
	Store
	index *inventory.Index
	live  Live
	plan  *ipam.Index
}

func (f fixed) Inventory(context.Context) (*inventory.Index, error) { return f.index, nil }

func (f fixed) Plan(context.Context) (*ipam.Index, error) { return f.plan, nil }

func (f fixed) Live(context.Context, time.Time) (Live, error) { return f.live, nil }
