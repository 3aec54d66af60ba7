package ipam_test

import (
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/ipam"
)

// prefixes makes active prefixes of the global table; a leading "+" is a container, "!" an
// assigned one.
func prefixes(t testing.TB, list ...string) []ipam.Prefix {
	t.Helper()
	var rows []ipam.Prefix
	for _, text := range list {
		p := ipam.Prefix{Status: ipam.Active, Assigned: strings.HasPrefix(text, "!")}
		if strings.HasPrefix(text, "+") {
			p.Status = ipam.Container
		}
		p.CIDR = cidr(t, strings.TrimLeft(text, "+!"))
		rows = append(rows, p)
	}
	return rows
}

func addresses(t testing.TB, list ...string) []ipam.Address {
	t.Helper()
	var rows []ipam.Address
	for _, text := range list {
		a, err := ipam.ParseAddress(text)
		if err != nil {
			t.Fatalf("%q %v", text, err)
		}
		rows = append(rows, ipam.Address{Address: a})
	}
	return rows
}

func block(t testing.TB, x *ipam.Index, text string) ipam.Prefix {
	t.Helper()
	p, _, err := x.Block("", cidr(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRefusalsNameWhatIsLeft(t *testing.T) {
	t.Parallel()
	x := ipam.NewIndex(ipam.Plan{Prefixes: prefixes(t,
		"192.168.0.0/20", "192.168.0.0/21", "192.168.8.0/22", "10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31")})
	for _, c := range []struct {
		parent  string
		lengths []int
		kind    fault.Kind
		want    string
	}{
		{"192.168.0.0/20", []int{21}, fault.Conflict, "no free /21 in 192.168.0.0/20; 192.168.12.0/22 is free"},
		{"192.168.0.0/20", []int{23, 22}, fault.Conflict, "no free /22 in 192.168.0.0/20; 192.168.14.0/23 is free"},
		{"10.0.0.0/30", []int{32}, fault.Conflict, "no free /32 in 10.0.0.0/30; nothing is free"},
		{"10.0.0.0/30", []int{30}, fault.Invalid, "/30 is not a length inside 10.0.0.0/30 (/31 to /32)"},
		{"10.0.0.0/30", []int{33}, fault.Invalid, "/33 is not a length inside 10.0.0.0/30 (/31 to /32)"},
	} {
		got, err := x.Allocate(block(t, x, c.parent), c.lengths...)
		if got != nil || err == nil || err.Error() != c.want || fault.KindOf(err) != c.kind {
			t.Errorf("%s %v gives %v, %v (%v); want %q (%v)", c.parent, c.lengths, got, err, fault.KindOf(err), c.want, c.kind)
		}
	}
	if _, _, err := x.Block("nowhere", cidr(t, "10.0.0.0/8")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown VRF gives %v", err)
	}
}

func TestRoomInsideContainersIsNamedAndNotGiven(t *testing.T) {
	t.Parallel()
	x := ipam.NewIndex(ipam.Plan{Prefixes: prefixes(t,
		"+10.0.0.0/8", "+10.0.0.0/9", "+10.0.0.0/10", "+10.128.0.0/9", "+10.128.0.0/10", "10.128.0.0/16")})
	const inside = "no free /%d in 10.0.0.0/8 outside its containers, where nothing is free; inside them the largest free are 10.64.0.0/10 of 10.0.0.0/9, 10.0.0.0/10 of 10.0.0.0/10, 10.192.0.0/10 of 10.128.0.0/9"
	for length, ask := range map[int]string{24: ": ask for /24 in 10.0.0.0/9", 9: ""} {
		if _, err := x.Allocate(block(t, x, "10.0.0.0/8"), length); err == nil || err.Error() != fmt.Sprintf(inside, length)+ask || fault.KindOf(err) != fault.Conflict {
			t.Errorf("/%d: %v", length, err)
		}
	}
}

func TestMixedLengthsAreCarvedInTheOrderAsked(t *testing.T) {
	t.Parallel()
	x := ipam.NewIndex(ipam.Plan{Prefixes: prefixes(t, "10.0.0.0/16", "10.0.0.0/24")})
	got, err := x.Allocate(block(t, x, "10.0.0.0/16"), 26, 24, 26, 24)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"10.0.1.0/26", "10.0.2.0/24", "10.0.1.64/26", "10.0.3.0/24"}
	if diff := cmp.Diff(texts(got), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestHostsAreRefusedWholly(t *testing.T) {
	t.Parallel()
	x := ipam.NewIndex(ipam.Plan{Addresses: addresses(t, "10.0.0.1/29", "10.0.0.2/32", "10.0.0.2/29")})
	for _, c := range []struct {
		count, length int
		kind          fault.Kind
		want          string
	}{
		{5, 0, fault.Conflict, "4 addresses are free in 10.0.0.0/29, fewer than the 5 asked"},
		{0, 0, fault.Invalid, "0 is not a number of addresses: 1 or more"},
		{1, 28, fault.Invalid, "/28 is not a mask inside 10.0.0.0/29 (/29 to /32)"},
	} {
		got, err := x.AllocateHosts(block(t, x, "10.0.0.0/29"), c.count, c.length)
		if got != nil || err == nil || err.Error() != c.want || fault.KindOf(err) != c.kind {
			t.Errorf("%d of /%d gives %v, %v (%v); want %q", c.count, c.length, got, err, fault.KindOf(err), c.want)
		}
	}
	got, err := x.AllocateHosts(block(t, x, "10.0.0.0/29"), 2, 32)
	if diff := cmp.Diff(texts(got), []string{"10.0.0.3/32", "10.0.0.4/32"}); err != nil || diff != "" {
		t.Errorf("%v (-got +want):\n%s", err, diff)
	}
}

func TestTheLargestBlocksOfAFamilyDoNotOverflow(t *testing.T) {
	t.Parallel()
	x := ipam.NewIndex(ipam.Plan{Prefixes: prefixes(t, "8000::/1", "ffff:ffff:ffff:ffff::/64", "128.0.0.0/1", "255.0.0.0/8")})
	six := block(t, x, "8000::/1")
	if got := x.Free(six); len(got) != 63 || got[0].String() != "8000::/2" {
		t.Errorf("%d free prefixes, from %v", len(got), got[0])
	}
	want := new(big.Int).Lsh(big.NewInt(1), 127)
	if got := x.Hosts(six).Count(); got.Cmp(want.Sub(want, big.NewInt(1))) != 0 {
		t.Errorf("%v free hosts in 8000::/1, want 2^127-1", got)
	}
	if got := texts(x.Free(block(t, x, "128.0.0.0/1"))); len(got) != 7 || got[6] != "254.0.0.0/8" {
		t.Errorf("free of 128.0.0.0/1: %v", got)
	}
	last, err := x.AllocateHosts(ipam.Prefix{CIDR: cidr(t, "255.255.255.254/31")}, 2, 0)
	if diff := cmp.Diff(texts(last), []string{"255.255.255.254/31", "255.255.255.255/31"}); err != nil || diff != "" {
		t.Errorf("%v (-got +want):\n%s", err, diff)
	}
}

func TestAContainerOfTheGlobalTableSeesTheHostsOfEveryVRF(t *testing.T) {
	t.Parallel()
	plan := ipam.Plan{
		VRFs:      []ipam.VRF{{Name: "A"}, {Name: "B"}},
		Prefixes:  prefixes(t, "+192.0.2.0/24"),
		Addresses: addresses(t, "192.0.2.1/24", "192.0.2.1/24", "192.0.2.2/24"),
	}
	plan.Addresses[0].VRF, plan.Addresses[1].VRF, plan.Addresses[2].VRF = "A", "B", "B"
	for vrf, want := range map[string]string{"": "252", "A": "253", "B": "252"} {
		plan.Prefixes[0].VRF = vrf
		x := ipam.NewIndex(plan)
		if got := x.Hosts(plan.Prefixes[0]).Count().String(); got != want {
			t.Errorf("a container of %q has %s free hosts, want %s", vrf, got, want)
		}
	}
}

func TestRulesNameTheLaterRow(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr
	onInterface := addresses(t, "10.0.0.0/24", "10.0.0.255/24", "10.1.0.0/31", "2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff/64", "10.2.0.0/32")
	for i := range onInterface {
		onInterface[i].Interface = "eth0"
	}
	shared := addresses(t, "10.0.0.1/24", "10.0.0.1/32", "10.0.0.1/24", "10.0.0.2/24", "10.0.0.2/24")
	shared[0].Role, shared[1].Role, shared[3].VRF, shared[4].VRF = ipam.VIP, ipam.Anycast, "loose", "loose"
	for name, c := range map[string]struct {
		plan ipam.Plan
		want []string
	}{
		"a block twice, in the global table and in a VRF that enforces": {
			ipam.Plan{
				VRFs:     []ipam.VRF{{Name: "strict", EnforceUnique: true}, {Name: "loose"}},
				Prefixes: inVRFs(prefixes(t, "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"), "", "", "strict", "loose", "strict", "loose"),
			},
			[]string{"prefixes 1 prefix: is already in the global table", "prefixes 4 prefix: is already in VRF strict"},
		},
		"assigned prefixes in each other, in one VRF": {
			ipam.Plan{Prefixes: append(prefixes(t, "!10.0.1.0/24", "10.0.0.0/16", "!10.0.0.0/8", "!10.0.2.0/24", "!11.0.0.0/8"), inVRFs(prefixes(t, "!10.0.1.0/24"), "other")...)},
			[]string{
				"prefixes 2 prefix: overlaps 10.0.1.0/24, which carries a VLAN or an interface too, in the global table",
				"prefixes 3 prefix: overlaps 10.0.0.0/8, which carries a VLAN or an interface too, in the global table",
			},
		},
		"aggregates in each other": {
			ipam.Plan{Aggregates: []ipam.Aggregate{{CIDR: cidr(t, "10.1.0.0/16")}, {CIDR: cidr(t, "10.0.0.0/8")}, {CIDR: cidr(t, "11.0.0.0/8")}}},
			[]string{"aggregates 1 prefix: overlaps aggregate 10.1.0.0/16"},
		},
		"ranges in each other, backwards, of two families, too long": {
			ipam.Plan{Ranges: []ipam.Range{
				{Start: addr("10.0.0.10"), End: addr("10.0.0.19")},
				{Start: addr("10.0.0.20"), End: addr("10.0.0.20")},
				{Start: addr("10.0.0.12"), End: addr("10.0.0.13")},
				{Start: addr("10.0.0.12"), End: addr("10.0.0.13"), VRF: "other"},
				{Start: addr("10.0.1.9"), End: addr("10.0.1.8")},
				{Start: addr("10.0.1.9"), End: addr("2001:db8::")},
				{Start: addr("2001:db8::"), End: addr("2001:db8::ffff:ffff")},
				{Start: addr("2001:db9::"), End: addr("2001:db9::ffff:fffe")},
			}},
			[]string{
				"ip_ranges 2 start_address: overlaps the range 10.0.0.10 to 10.0.0.19 of the global table",
				"ip_ranges 4 end_address: is before the start 10.0.1.9",
				"ip_ranges 5 end_address: is not of the family of 10.0.1.9",
				"ip_ranges 6 end_address: is more than 2^32-1 addresses after 2001:db8::",
			},
		},
		"hosts that share an address": {
			ipam.Plan{VRFs: []ipam.VRF{{Name: "loose"}}, Addresses: shared},
			[]string{"ip_addresses 2 address: is already in the global table"},
		},
		"network and broadcast on an interface": {
			ipam.Plan{Addresses: onInterface},
			[]string{
				"ip_addresses 0 address: is the network address of 10.0.0.0/24: no interface may have it",
				"ip_addresses 1 address: is the broadcast address of 10.0.0.0/24: no interface may have it",
				"ip_addresses 3 address: is the network address of 2001:db8::/64: no interface may have it",
			},
		},
		"VLANs of a group and of a site": {
			ipam.Plan{
				Groups: []ipam.VLANGroup{{Name: "G", Ranges: []ipam.VIDRange{{First: 100, Last: 199}}}, {Name: "H", Ranges: []ipam.VIDRange{{First: 2, Last: 4}, {First: 3, Last: 5}}}},
				VLANs: []ipam.VLAN{
					vlan("G", "a", 100), vlan("G", "b", 100), vlan("G", "a", 200), vlan("", "a", 100), vlan("", "a", 100),
					vlan("", "b", 100), vlan("", "", 100), vlan("", "", 100), vlan("", "a", 4095),
				},
			},
			[]string{
				"vlan_groups 1 vid_ranges: holds 2-4 and 3-5, which overlap",
				"vlans 1 vid: is already in group G",
				"vlans 2 vid: is outside 100-199 of group G",
				"vlans 4 vid: is already at site a",
				"vlans 8 vid: is not within 1-4094",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range ipam.Check(c.plan) {
				got = append(got, fmt.Sprintf("%s %d %s: %s", f.Table, f.Row, f.Field, f.Expected))
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("findings (-got +want):\n%s", diff)
			}
		})
	}
}

func inVRFs(rows []ipam.Prefix, vrfs ...string) []ipam.Prefix {
	for i := range rows {
		rows[i].VRF = vrfs[i]
	}
	return rows
}

func vlan(group, site string, vid int) ipam.VLAN {
	return ipam.VLAN{Group: group, Site: site, VID: vid}
}

// drawn writes a tree as indented lines.
func drawn(nodes []ipam.Node, indent string) []string {
	var lines []string
	for _, n := range nodes {
		line := fmt.Sprintf("%s%s %s %.2f", indent, n.CIDR, n.Status, n.Used)
		if n.Gap {
			line = fmt.Sprintf("%s%s free", indent, n.CIDR)
		}
		lines = append(append(lines, line), drawn(n.Children, indent+"  ")...)
	}
	return lines
}

func TestATreeShowsWhatIsInsideAndWhatIsFree(t *testing.T) {
	t.Parallel()
	x := ipam.NewIndex(ipam.Plan{
		Prefixes: append(prefixes(t, "+10.0.0.0/22", "10.0.1.0/24", "10.0.1.0/25", "+172.16.0.0/30", "10.9.0.0/24"), inVRFs(prefixes(t, "10.0.2.0/24"), "other")...),
		Ranges:   []ipam.Range{{Start: host(t, "10.9.0.10"), End: host(t, "10.9.0.136"), Utilised: true}},
	})
	want := []string{
		"10.0.0.0/22 container 25.00",
		"  10.0.0.0/24 free",
		"  10.0.1.0/24 active 0.00",
		"    10.0.1.0/25 active 0.00",
		"    10.0.1.128/25 free",
		"  10.0.2.0/23 free",
		"10.9.0.0/24 active 50.00",
		"172.16.0.0/30 container 0.00",
		"  172.16.0.0/30 free",
	}
	for vrf, want := range map[string][]string{"": want, "other": {"10.0.2.0/24 active 0.00"}} {
		tree, err := x.Tree(vrf)
		if diff := cmp.Diff(drawn(tree, ""), want); err != nil || diff != "" {
			t.Errorf("tree of VRF %q: %v (-got +want):\n%s", vrf, err, diff)
		}
	}
	if _, err := x.Tree("nowhere"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the tree of an unknown VRF gives %v", err)
	}
	d, err := x.Detail("", cidr(t, "10.0.0.0/23"))
	if err != nil || d.Known || len(d.Covering) != 1 || len(d.Elsewhere) != 0 || d.FreeHosts.String() != "510" {
		t.Errorf("10.0.0.0/23 is %+v, %v", d, err)
	}
	if diff := cmp.Diff(drawn(d.Children, ""), want[1:5], cmp.Transformer("indent", strings.TrimSpace)); diff != "" {
		t.Errorf("inside 10.0.0.0/23 (-got +want):\n%s", diff)
	}
	if d, err = x.Detail("", cidr(t, "10.9.0.0/28")); err != nil || len(d.Ranges) != 1 {
		t.Errorf("ranges of 10.9.0.0/28: %+v, %v", d.Ranges, err)
	}
	if d, err = x.Detail("", cidr(t, "10.0.2.0/23")); err != nil || len(d.Elsewhere) != 1 {
		t.Errorf("another VRF's prefix on 10.0.2.0/23: %+v, %v", d.Elsewhere, err)
	}
}

func TestASiteCarriesItsVLANsPrefixesAndHosts(t *testing.T) {
	t.Parallel()
	plan := ipam.Plan{
		Groups:    []ipam.VLANGroup{{Name: "G", Ranges: []ipam.VIDRange{{First: 100, Last: 101}}}, {Name: "H"}},
		VLANs:     []ipam.VLAN{vlan("", "a", 200), vlan("G", "a", 100), vlan("G", "b", 101)},
		Prefixes:  prefixes(t, "+10.0.0.0/22", "10.0.1.0/24", "10.0.2.0/24"),
		Addresses: addresses(t, "10.0.1.1/24", "10.0.2.1/24"),
	}
	plan.Prefixes[0].Site, plan.Prefixes[1].Site, plan.Prefixes[2].Site = "a", "a", "b"
	x := ipam.NewIndex(plan)
	c, err := x.Carried("a")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.VLANs) != 2 || c.VLANs[0].VID != 100 || len(c.Prefixes) != 2 {
		t.Errorf("site a carries %+v", c)
	}
	if diff := cmp.Diff(c.Groups, []ipam.GroupUse{{Name: "G"}}); diff != "" {
		t.Errorf("groups (-got +want):\n%s", diff)
	}
	if len(c.Hosts) != 1 || c.Hosts[0].Address.String() != "10.0.1.1/24" {
		t.Errorf("hosts of site a: %v", c.Hosts)
	}
	if _, err := x.Carried("nowhere"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown site gives %v", err)
	}
}
