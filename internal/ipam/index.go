package ipam

import (
	"cmp"
	"net/netip"
	"slices"

	"vigie/internal/fault"
)

// Index answers questions about a plan. It is read only, and safe for concurrent use.
type Index struct {
	Plan
	tables map[string]*table
	hosts  []netip.Addr // of every VRF
}

// table is one VRF, or the global table, in address order.
type table struct {
	prefixes  []Prefix
	hosts     []netip.Addr // distinct
	populated []span
	utilised  []span
}

// NewIndex puts a plan in order. Rows that contradict each other are taken as they are; a range that
// is none, because its ends are of two families or the wrong way round, holds nothing.
func NewIndex(p Plan) *Index {
	x := &Index{Plan: p, tables: map[string]*table{"": {}}}
	for _, v := range p.VRFs {
		x.table(v.Name)
	}
	for _, row := range p.Prefixes {
		t := x.table(row.VRF)
		t.prefixes = append(t.prefixes, row)
	}
	for _, row := range p.Addresses {
		t := x.table(row.VRF)
		t.hosts = append(t.hosts, row.Address.Addr())
		x.hosts = append(x.hosts, row.Address.Addr())
	}
	for _, row := range p.Ranges {
		t := x.table(row.VRF)
		s, ok := row.span()
		if !ok {
			continue
		}
		if row.Populated {
			t.populated = append(t.populated, s)
		}
		if row.Utilised {
			t.utilised = append(t.utilised, s)
		}
	}
	for _, t := range x.tables {
		slices.SortStableFunc(t.prefixes, func(a, b Prefix) int { return compareCIDR(a.CIDR, b.CIDR) })
		t.hosts = distinct(t.hosts)
		t.populated, t.utilised = merged(t.populated), merged(t.utilised)
	}
	x.hosts = distinct(x.hosts)
	return x
}

func (x *Index) table(vrf string) *table {
	if x.tables[vrf] == nil {
		x.tables[vrf] = &table{}
	}
	return x.tables[vrf]
}

// known is the table of a VRF that the plan knows.
func (x *Index) known(vrf string) (*table, error) {
	if t := x.tables[vrf]; t != nil {
		return t, nil
	}
	return nil, fault.Errorf(fault.NotFound, "no VRF %q in the plan", vrf)
}

// find is the table of a VRF, an empty one for a VRF that the plan does not know.
func (x *Index) find(vrf string) *table {
	if t := x.tables[vrf]; t != nil {
		return t
	}
	return &table{}
}

func distinct(hosts []netip.Addr) []netip.Addr {
	slices.SortFunc(hosts, netip.Addr.Compare)
	return slices.Compact(hosts)
}

// Block gives the prefix of a VRF ("" = global table) with this CIDR, or an active one that the
// plan does not hold and that stands for the same addresses. The error, fault.NotFound, is a VRF
// that the plan does not know.
func (x *Index) Block(vrf string, cidr netip.Prefix) (p Prefix, known bool, err error) {
	t, err := x.known(vrf)
	if err != nil {
		return Prefix{}, false, err
	}
	at, known := slices.BinarySearchFunc(t.prefixes, cidr, func(p Prefix, c netip.Prefix) int { return compareCIDR(p.CIDR, c) })
	if known {
		return t.prefixes[at], true, nil
	}
	return Prefix{CIDR: cidr, VRF: vrf, Status: Active}, false, nil
}

// Covered gives every prefix strictly inside one in its VRF, in address order, a prefix before
// what is inside it. The slice is shared and read only.
func (x *Index) Covered(p Prefix) []Prefix {
	rows := x.find(p.VRF).prefixes
	last := spanOf(p.CIDR).last
	// What follows the block and its duplicates, up to its last address, is inside it.
	from, _ := slices.BinarySearchFunc(rows, p.CIDR, func(row Prefix, c netip.Prefix) int {
		return cmp.Or(compareCIDR(row.CIDR, c), -1)
	})
	length, _ := slices.BinarySearchFunc(rows[from:], last, func(row Prefix, a netip.Addr) int {
		return cmp.Or(row.CIDR.Addr().Compare(a), -1)
	})
	return rows[from : from+length]
}

// Covering gives the distinct prefixes strictly around one in its VRF, the widest first.
func (x *Index) Covering(p Prefix) []Prefix {
	var out []Prefix
	for length := 1; length < p.CIDR.Bits(); length++ {
		around := netip.PrefixFrom(p.CIDR.Addr(), length).Masked()
		if row, known, err := x.Block(p.VRF, around); err == nil && known {
			out = append(out, row)
		}
	}
	return out
}

// Overlapping gives the prefixes that share an address with a block.
func Overlapping(rows []Prefix, with netip.Prefix) []Prefix {
	var out []Prefix
	for _, p := range rows {
		if p.CIDR.Overlaps(with) {
			out = append(out, p)
		}
	}
	return out
}

// between is the part of sorted addresses inside a span.
func between(hosts []netip.Addr, s span) []netip.Addr {
	from, _ := slices.BinarySearchFunc(hosts, s.first, netip.Addr.Compare)
	to, last := slices.BinarySearchFunc(hosts, s.last, netip.Addr.Compare)
	if last {
		to++
	}
	return hosts[from:to]
}
