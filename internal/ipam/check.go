package ipam

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// Table names a slice of a plan.
type Table string

// The tables of a plan.
const (
	VRFs       Table = "vrfs"
	Aggregates Table = "aggregates"
	Groups     Table = "vlan_groups"
	VLANs      Table = "vlans"
	Prefixes   Table = "prefixes"
	Ranges     Table = "ip_ranges"
	Addresses  Table = "ip_addresses"
)

// Finding is a rule that a row of a plan breaks. Of two rows that may not stand together the later
// in the plan is named.
type Finding struct {
	Table    Table
	Row      int    // its place in the slice
	Field    string // column that is to blame
	Expected string // completes the value: "is already in the global table"
}

// Check gives every rule that a plan breaks, table by table in the order of the rows.
func Check(p Plan) []Finding {
	c := checker{plan: p, index: NewIndex(p)}
	c.aggregates()
	c.groups()
	c.vlans()
	c.prefixes()
	c.assigned()
	c.ranges()
	c.addresses()
	slices.SortStableFunc(c.found, func(a, b Finding) int {
		if a.Table != b.Table {
			return 0
		}
		return cmp.Compare(a.Row, b.Row)
	})
	return c.found
}

type checker struct {
	plan  Plan
	index *Index
	found []Finding
}

func (c *checker) blame(t Table, row int, field, format string, args ...any) {
	c.found = append(c.found, Finding{t, row, field, fmt.Sprintf(format, args...)})
}

// ordered gives the places of rows in the order of a comparison; equal rows keep theirs.
func ordered[T any](rows []T, compare func(a, b T) int) []int {
	places := make([]int, len(rows))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(i, j int) int { return compare(rows[i], rows[j]) })
	return places
}

// unique reports whether a VRF lets nothing stand twice; one that has no row does as a new one would.
func (c *checker) unique(vrf string) bool {
	at := slices.IndexFunc(c.plan.VRFs, func(v VRF) bool { return v.Name == vrf })
	return at < 0 || c.plan.VRFs[at].EnforceUnique
}

func tableName(vrf string) string {
	if vrf == "" {
		return "the global table"
	}
	return "VRF " + vrf
}

// aggregates never overlap: in order, the one to meet is the widest reached so far.
func (c *checker) aggregates() {
	widest := -1
	rows := c.plan.Aggregates
	for _, i := range ordered(rows, func(a, b Aggregate) int { return compareCIDR(a.CIDR, b.CIDR) }) {
		if widest < 0 || !rows[widest].CIDR.Overlaps(rows[i].CIDR) {
			widest = i
			continue
		}
		later, other := max(i, widest), min(i, widest)
		c.blame(Aggregates, later, "prefix", "overlaps aggregate %s", rows[other].CIDR)
	}
}

func (c *checker) groups() {
	for i, g := range c.plan.Groups {
		if err := checkVIDs(g.Ranges); err != nil {
			c.blame(Groups, i, "vid_ranges", "%v", err)
		}
	}
}

func (c *checker) vlans() {
	groups := make(map[string]VLANGroup, len(c.plan.Groups))
	for _, g := range c.plan.Groups {
		groups[g.Name] = g
	}
	seen := map[VLANKey]bool{}
	for i, v := range c.plan.VLANs {
		if v.VID < EveryVID.First || v.VID > EveryVID.Last {
			c.blame(VLANs, i, "vid", "is not within %d-%d", EveryVID.First, EveryVID.Last)
			continue
		}
		group, known := groups[v.Group]
		inside := func(r VIDRange) bool { return r.First <= v.VID && v.VID <= r.Last }
		if known && !slices.ContainsFunc(group.Ranges, inside) {
			c.blame(VLANs, i, "vid", "is outside %s of group %s", FormatVIDs(group.Ranges), v.Group)
		}
		space := v.Key()
		switch {
		case space.Group == "" && space.Site == "": // nothing to be unique in
		case seen[space] && v.Group != "":
			c.blame(VLANs, i, "vid", "is already in group %s", v.Group)
		case seen[space]:
			c.blame(VLANs, i, "vid", "is already at site %s", v.Site)
		}
		seen[space] = true
	}
}

func (c *checker) prefixes() {
	rows := c.plan.Prefixes
	before := -1
	for _, i := range c.prefixesInOrder() {
		p := rows[i]
		if before >= 0 && rows[before].VRF == p.VRF && rows[before].CIDR == p.CIDR && c.unique(p.VRF) {
			c.blame(Prefixes, i, "prefix", "is already in %s", tableName(p.VRF))
		}
		before = i
	}
}

func (c *checker) prefixesInOrder() []int {
	return ordered(c.plan.Prefixes, func(a, b Prefix) int {
		return cmp.Or(cmp.Compare(a.VRF, b.VRF), compareCIDR(a.CIDR, b.CIDR))
	})
}

// assigned prefixes of a VRF never overlap: two routers would answer for one address.
func (c *checker) assigned() {
	rows := c.plan.Prefixes
	widest := -1
	for _, i := range c.prefixesInOrder() {
		switch {
		case !rows[i].Assigned:
		case widest < 0 || rows[widest].VRF != rows[i].VRF || !rows[widest].CIDR.Overlaps(rows[i].CIDR):
			widest = i
		default:
			later, other := max(i, widest), min(i, widest)
			c.blame(Prefixes, later, "prefix", "overlaps %s, which carries a VLAN or an interface too, in %s",
				rows[other].CIDR, tableName(rows[i].VRF))
		}
	}
}

// maxRange bounds a range, in addresses.
var maxRange = number{0, 1<<32 - 1}

func (c *checker) ranges() {
	rows := c.plan.Ranges
	reaches := -1
	for _, i := range ordered(rows, func(a, b Range) int { return cmp.Or(cmp.Compare(a.VRF, b.VRF), a.Start.Compare(b.Start)) }) {
		r := rows[i]
		switch {
		case r.Start.BitLen() != r.End.BitLen():
			c.blame(Ranges, i, "end_address", "is not of the family of %s", r.Start)
			continue
		case r.End.Less(r.Start):
			c.blame(Ranges, i, "end_address", "is before the start %s", r.Start)
			continue
		case maxRange.compare(span{r.Start, r.End}.size()) < 0:
			c.blame(Ranges, i, "end_address", "is more than 2^32-1 addresses after %s", r.Start)
		}
		if reaches >= 0 && rows[reaches].VRF == r.VRF && !rows[reaches].End.Less(r.Start) {
			later, other := max(i, reaches), min(i, reaches)
			c.blame(Ranges, later, "start_address", "overlaps the range %s to %s of %s", rows[other].Start, rows[other].End, tableName(r.VRF))
		}
		if reaches < 0 || rows[reaches].VRF != r.VRF || rows[reaches].End.Less(r.End) {
			reaches = i
		}
	}
}

func (c *checker) addresses() {
	rows := c.plan.Addresses
	var same []int // rows of one host so far
	for _, i := range ordered(rows, func(a, b Address) int {
		return cmp.Or(cmp.Compare(a.VRF, b.VRF), a.Address.Addr().Compare(b.Address.Addr()))
	}) {
		a := rows[i]
		if len(same) > 0 && (rows[same[0]].VRF != a.VRF || rows[same[0]].Address.Addr() != a.Address.Addr()) {
			same = same[:0]
		}
		alone := func(j int) bool { return !a.Role.Shared() || !rows[j].Role.Shared() }
		if c.unique(a.VRF) && slices.ContainsFunc(same, alone) {
			c.blame(Addresses, i, "address", "is already in %s", tableName(a.VRF))
		}
		same = append(same, i)
		host := a.Address.Addr()
		if closed := within(c.index.find(a.VRF).populated, span{host, host}); len(closed) > 0 {
			c.blame(Addresses, i, "address", "is in a range of %s marked populated", tableName(a.VRF))
		}
		if name := unfit(a.Address); a.OnInterface() && name != "" {
			c.blame(Addresses, i, "address", "is the %s of %s: no interface may have it", name, a.Address.Masked())
		}
	}
}

// unfit says which address of its network a host is, when no interface may have that one.
func unfit(a netip.Prefix) string {
	network := spanOf(a.Masked())
	switch {
	case a.Bits() >= a.Addr().BitLen()-1:
		return ""
	case a.Addr() == network.first:
		return "network address"
	case a.Addr().Is4() && a.Addr() == network.last:
		return "broadcast address"
	}
	return ""
}
