package view

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/ipam"
	"vigie/internal/org"
)

// townPlan gives the two sites of the town prefixes, one of Alsace inside a block of
// the Meuse.
func townPlan() ipam.Plan {
	cidr, addr := netip.MustParsePrefix, netip.MustParseAddr
	return ipam.Plan{
		VRFs:       []ipam.VRF{{Name: "invites", EnforceUnique: true}, {Name: "vide", EnforceUnique: true}},
		Aggregates: []ipam.Aggregate{{CIDR: cidr("10.0.0.0/8"), RIR: "RFC 1918"}},
		Groups:     []ipam.VLANGroup{{Name: "salles", Ranges: []ipam.VIDRange{{First: 100, Last: 101}}}},
		VLANs: []ipam.VLAN{
			{Site: "bar", VID: 10, Name: "Administratif", Status: ipam.Active},
			{Site: "stras", Group: "salles", VID: 100, Name: "Salle", Status: ipam.Active},
		},
		Prefixes: []ipam.Prefix{
			{CIDR: cidr("10.0.0.0/8"), Status: ipam.Container},
			{CIDR: cidr("10.1.0.0/16"), Status: ipam.Container, Site: "bar"},
			{CIDR: cidr("10.1.0.0/24"), Status: ipam.Active, Site: "stras", Assigned: true, VLAN: ipam.VLANKey{Group: "salles", VID: 100}},
			{CIDR: cidr("10.1.1.0/24"), Status: ipam.Active, Site: "bar", Assigned: true, VLAN: ipam.VLANKey{Site: "bar", VID: 10}, Role: "Administratif"},
			{CIDR: cidr("10.2.0.0/16"), Status: ipam.Active, Site: "stras"},
			{CIDR: cidr("10.1.1.0/24"), VRF: "invites", Status: ipam.Active, Site: "stras"},
		},
		Ranges: []ipam.Range{
			{Start: addr("10.1.0.10"), End: addr("10.1.0.20"), Status: ipam.Active},
			{Start: addr("10.1.1.10"), End: addr("10.1.1.20"), Status: ipam.Active},
		},
		Addresses: []ipam.Address{
			{Address: cidr("10.1.0.1/24"), Status: ipam.Active, Device: "r-stras"},
			{Address: cidr("10.1.1.1/24"), Status: ipam.Active, Device: "r-bar"},
			{Address: cidr("192.0.2.1/24"), Status: ipam.Active, Device: "nowhere"},
		},
	}
}

func planService() *Service {
	return New(fixed{index: town(), plan: ipam.NewIndex(townPlan())}, 0, nil)
}

func of(member string) org.User {
	t := org.Territory{Organisations: []string{member}}
	if member == "" {
		t = org.Territory{All: true}
	}
	return org.User{ID: 1, Role: org.Network, Territory: t}
}

// sketch writes nodes on one line each: what is hidden with !, what is free with -.
func sketch(nodes []PlanNode, indent string) []string {
	var lines []string
	for _, n := range nodes {
		mark := ""
		switch {
		case n.Gap:
			mark = "-"
		case n.Hidden:
			mark = "!"
		}
		lines = append(lines, indent+mark+n.CIDR.String())
		lines = append(lines, sketch(n.Children, indent+" ")...)
	}
	return lines
}

func TestAPlanShowsTheTerritoryAndOnlyThatItsRestIsTaken(t *testing.T) {
	t.Parallel()
	for member, want := range map[string][]string{
		"": {
			"10.0.0.0/8", " -10.0.0.0/16", " 10.1.0.0/16", "  10.1.0.0/24", "  10.1.1.0/24", "  -10.1.2.0/23", "  -10.1.4.0/22", "  -10.1.8.0/21",
			"  -10.1.16.0/20", "  -10.1.32.0/19", "  -10.1.64.0/18", "  -10.1.128.0/17", " 10.2.0.0/16", " -10.3.0.0/16", " -10.4.0.0/14",
			" -10.8.0.0/13", " -10.16.0.0/12", " -10.32.0.0/11", " -10.64.0.0/10", " -10.128.0.0/9",
		},
		"meuse": {
			"10.1.0.0/16", " !10.1.0.0/24", " 10.1.1.0/24", " -10.1.2.0/23", " -10.1.4.0/22", " -10.1.8.0/21",
			" -10.1.16.0/20", " -10.1.32.0/19", " -10.1.64.0/18", " -10.1.128.0/17",
		},
		"cea":    {"10.1.0.0/24", "10.2.0.0/16"},
		"nobody": nil,
	} {
		page, err := planService().Plan(t.Context(), of(member), PlanQuestion{}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, sketch(page.Nodes, "")); diff != "" {
			t.Errorf("tree for %q (-want +got):\n%s", member, diff)
		}
		if member != "" && len(page.Aggregates) > 0 {
			t.Errorf("%s sees aggregates, which belong to nobody", member)
		}
	}
}

func TestATableOutsideTheTerritoryIsNotFound(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		member, vrf string
		want        fault.Kind
	}{
		{"", "vide", fault.Internal}, {"cea", "invites", fault.Internal}, {"meuse", "invites", fault.NotFound}, {"cea", "vide", fault.NotFound}, {"", "none", fault.NotFound},
	} {
		_, err := planService().Plan(t.Context(), of(row.member), PlanQuestion{VRF: row.vrf}, noon)
		if (row.want == fault.Internal) != (err == nil) || err != nil && fault.KindOf(err) != row.want {
			t.Errorf("VRF %s for %q: error %v", row.vrf, row.member, err)
		}
	}
	if _, err := planService().Plan(t.Context(), org.User{Role: org.Finance, Territory: org.Territory{All: true}}, PlanQuestion{}, noon); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("the plan for finance: error %v, want forbidden", err)
	}
}

func TestABlockIsSeenAsTheSmallestPrefixAroundIt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		member, cidr string
		seen         bool
	}{
		{"", "10.0.0.0/8", true},
		{"", "192.168.0.0/16", true},
		{"meuse", "10.0.0.0/8", false},
		{"meuse", "10.1.0.0/16", true},
		{"meuse", "10.1.2.0/24", true},     // free space of its own block
		{"meuse", "10.1.0.0/25", false},    // inside a prefix of another site
		{"meuse", "10.2.0.0/16", false},    // of another site
		{"meuse", "192.168.0.0/16", false}, // of nobody
		{"cea", "10.2.3.0/24", true},
	} {
		page, err := planService().Prefix(t.Context(), of(row.member), PrefixQuestion{CIDR: netip.MustParsePrefix(row.cidr)}, noon)
		if row.seen != (err == nil) || err != nil && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s for %q: error %v, want it seen: %t", row.cidr, row.member, err, row.seen)
		}
		for _, host := range page.Hosts {
			if row.member == "meuse" && host.Device != "r-bar" {
				t.Errorf("%s shows %s to the Meuse", row.cidr, host.Device)
			}
		}
		if row.member == "meuse" && row.cidr == "10.1.0.0/16" && (len(page.Ranges) != 1 || len(page.Hosts) != 1 || len(page.Around) != 0) {
			t.Errorf("%s shows %d ranges, %d hosts and %d prefixes around, want 1, 1 and 0", row.cidr, len(page.Ranges), len(page.Hosts), len(page.Around))
		}
	}
}

func TestRoomIsWhereNothingStandsNotEvenWhatIsHidden(t *testing.T) {
	t.Parallel()
	ask := func(cidr string, q RoomQuestion) *Room {
		page, err := planService().Prefix(t.Context(), of("meuse"), PrefixQuestion{CIDR: netip.MustParsePrefix(cidr), Room: &q}, noon)
		if err != nil {
			t.Fatal(err)
		}
		return page.Room
	}
	if got := fmt.Sprint(ask("10.1.0.0/16", RoomQuestion{Length: 24, Count: 2}).Free); got != "[10.1.2.0/24 10.1.3.0/24]" {
		t.Errorf("two /24 are free at %s", got)
	}
	if got := fmt.Sprint(ask("10.1.1.0/24", RoomQuestion{Count: 2}).Free); got != "[10.1.1.2/24 10.1.1.3/24]" {
		t.Errorf("two addresses are free at %s", got)
	}
	if r := ask("10.1.0.0/16", RoomQuestion{Length: 17, Count: 5}); !r.Full || r.Refused || len(r.Free) > 0 {
		t.Errorf("five /17 in a /16: %+v, want full", r)
	}
	if r := ask("10.1.0.0/16", RoomQuestion{Length: 8, Count: 1}); r.Full || !r.Refused {
		t.Errorf("a /8 in a /16: %+v, want refused", r)
	}
	if r := ask("10.1.1.0/24", RoomQuestion{Length: 30, Count: 1_000_000}); r.Count != maxRoom {
		t.Errorf("a million times over becomes %d, want %d", r.Count, maxRoom)
	}
}

func TestASearchFindsTheLongestMatchWithinTheTerritory(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ member, text, want string }{
		{"", "10.1.1.1", "10.0.0.0/8 10.1.0.0/16 10.1.1.0/24 10.1.1.0/24@invites; r-bar"},
		{"meuse", "10.1.1.1", "10.1.0.0/16 10.1.1.0/24; r-bar"},
		{"meuse", "10.1.0.1", "10.1.0.0/16;"},
		{"meuse", "::ffff:10.1.1.1", "10.1.0.0/16 10.1.1.0/24; r-bar"},
		{"cea", "10.1.1.0/24", "10.1.1.0/24@invites;"},
		{"cea", "192.0.2.1", ";"},
		{"", "192.0.2.1", "; nowhere"},
		{"", "administratif bar-le-duc", "10.1.1.0/24;"},
		{"meuse", "Écluse", ";"},
		{"cea", "ecluse", "10.1.0.0/24 10.2.0.0/16 10.1.1.0/24@invites;"},
		{"", "r-stras", "; r-stras"},
		{"meuse", "r-stras", ";"},
	} {
		page, err := planService().Plan(t.Context(), of(row.member), PlanQuestion{Text: row.text}, noon)
		if err != nil {
			t.Fatal(err)
		}
		var prefixes, hosts []string
		for _, p := range page.Found.Prefixes {
			prefixes = append(prefixes, strings.TrimSuffix(p.CIDR.String()+"@"+p.VRF, "@"))
		}
		for _, h := range page.Found.Hosts {
			hosts = append(hosts, " "+h.Device)
		}
		if got := strings.Join(prefixes, " ") + ";" + strings.Join(hosts, ""); got != row.want {
			t.Errorf("%q for %q finds %q, want %q", row.text, row.member, got, row.want)
		}
	}
}

func TestASiteHasItsPartOfThePlan(t *testing.T) {
	t.Parallel()
	page, err := planService().SitePlan(t.Context(), of("meuse"), 1, 1, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Prefixes) != 2 || len(page.VLANs) != 1 || len(page.Hosts) != 1 || page.Name != "Collège de Bar" {
		t.Errorf("site plan %+v", page)
	}
	if _, err := planService().SitePlan(t.Context(), of("meuse"), 2, 1, noon); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another's site plan: error %v, want not found", err)
	}
	empty := New(fixed{index: town(), plan: ipam.NewIndex(ipam.Plan{})}, 0, nil)
	if page, err := empty.SitePlan(t.Context(), of("meuse"), 1, 1, noon); err != nil || len(page.Prefixes) != 0 {
		t.Errorf("a site that the plan does not name: %+v, %v", page, err)
	}
}

func TestVLANsAreFilteredWithinTheTerritory(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		member string
		filter VLANFilter
		want   []int
	}{
		{"", VLANFilter{}, []int{10, 100}},
		{"meuse", VLANFilter{}, []int{10}},
		{"", VLANFilter{Group: "salles"}, []int{100}},
		{"", VLANFilter{Text: "ecluse 100"}, []int{100}},
		{"meuse", VLANFilter{Text: "salle"}, nil},
	} {
		page, err := planService().VLANs(t.Context(), of(row.member), row.filter, 1, noon)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, v := range page.VLANs {
			got = append(got, v.VID)
			if len(v.Prefixes) != 1 {
				t.Errorf("VLAN %d carries %v, want one prefix", v.VID, v.Prefixes)
			}
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%+v for %q (-want +got):\n%s", row.filter, row.member, diff)
		}
		if row.member == "meuse" && len(page.Groups) != 0 {
			t.Errorf("the Meuse sees the group %+v of another", page.Groups)
		}
	}
}

func TestATreeIsUnfoldedLevelByLevelUpToItsRows(t *testing.T) {
	t.Parallel()
	tree := func() []PlanNode {
		leaf := func(n int) []PlanNode { return slices.Repeat([]PlanNode{{}}, n) }
		return []PlanNode{
			{Inside: 3, Children: []PlanNode{{Inside: 2, Children: leaf(2)}}},
			{Inside: 5, Children: leaf(5)},
		}
	}
	for rows, want := range map[int]string{2: "- -", 3: "1 -", 8: "1 5", 9: "1 5", 10: "1+2 5"} {
		nodes := tree()
		unfold(nodes, rows)
		got := make([]string, len(nodes))
		for i, n := range nodes {
			got[i] = "-"
			if !n.Folded() {
				got[i] = fmt.Sprint(len(n.Children))
				if inner := n.Children[0].Children; len(inner) > 0 {
					got[i] += fmt.Sprintf("+%d", len(inner))
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d rows show %q, want %q", rows, strings.Join(got, " "), want)
		}
	}
}

func TestALongListComesInParts(t *testing.T) {
	t.Parallel()
	rows := make([]int, 2*pieceRows+1)
	for number, want := range map[int]int{-3: pieceRows, 1: pieceRows, 3: 1, 99: 1} {
		if got, p := piece(rows, number); len(got) != want || p.Of != 3 || p.Total != len(rows) {
			t.Errorf("part %d has %d rows of %+v, want %d", number, len(got), p, want)
		}
	}
	if got, p := piece([]int{}, 2); len(got) != 0 || p.Number != 1 || p.Of != 1 {
		t.Errorf("an empty list: %+v", p)
	}
}

// BenchmarkPlanOf5000Prefixes is the whole page of one flat table.
func BenchmarkPlanOf5000Prefixes(b *testing.B) {
	plan := ipam.Plan{Prefixes: []ipam.Prefix{{CIDR: netip.MustParsePrefix("10.0.0.0/8"), Status: ipam.Container}}}
	for i := range 5000 {
		plan.Prefixes = append(plan.Prefixes, ipam.Prefix{CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24), Status: ipam.Active, Site: "bar"})
	}
	s := New(fixed{index: town(), plan: ipam.NewIndex(plan)}, 0, nil)
	for b.Loop() {
		if _, err := s.Plan(b.Context(), of(""), PlanQuestion{}, noon); err != nil {
			b.Fatal(err)
		}
	}
}
