package ipam

import (
	"cmp"
	"math/big"
	"net/netip"
	"slices"

	"vigie/internal/fault"
)

// Node is a prefix with what is inside it, or a gap: a block that nothing stands on.
type Node struct {
	Prefix
	Gap      bool    `json:"free,omitempty"`     // only CIDR and VRF are set
	Used     float64 `json:"used_percent"`       // percent, 0 for a gap
	Children []Node  `json:"children,omitempty"` // in address order, gaps between prefixes included
}

// Tree gives the prefixes of a VRF ("" = global table) that lie in no other, each with what is
// inside. There are gaps only inside a prefix that is divided, or is a container. The error,
// fault.NotFound, is a VRF that the plan does not know.
func (x *Index) Tree(vrf string) ([]Node, error) {
	t, err := x.known(vrf)
	if err != nil {
		return nil, err
	}
	return x.nodes(t.prefixes), nil
}

// nodes makes the nodes of rows in address order, which lie in one parent.
func (x *Index) nodes(rows []Prefix) []Node {
	var nodes []Node
	for len(rows) > 0 {
		node, took := x.node(rows)
		nodes, rows = append(nodes, node), rows[took:]
	}
	return nodes
}

// node makes the node of the first row, and says how many rows it took.
func (x *Index) node(rows []Prefix) (Node, int) {
	n := Node{Prefix: rows[0], Used: x.Utilisation(rows[0])}
	inside := 1
	for inside < len(rows) && rows[inside].CIDR != n.CIDR && n.CIDR.Overlaps(rows[inside].CIDR) {
		inside++
	}
	n.Children = x.divided(n.Prefix, rows[1:inside])
	return n, inside
}

// divided gives what is inside a block: the prefixes, and the gaps between them.
func (x *Index) divided(block Prefix, inside []Prefix) []Node {
	if len(inside) == 0 && block.Status != Container {
		return nil
	}
	nodes := x.nodes(inside)
	for _, gap := range gaps(spanOf(block.CIDR), inside) {
		for _, cidr := range gap.cidrs() {
			nodes = append(nodes, Node{Prefix: Prefix{CIDR: cidr, VRF: block.VRF}, Gap: true})
		}
	}
	slices.SortStableFunc(nodes, func(a, b Node) int { return compareCIDR(a.CIDR, b.CIDR) })
	return nodes
}

// Detail is what the plan says of one block.
type Detail struct {
	Node
	Known     bool      `json:"in_plan"`             // the plan holds a prefix with this CIDR
	Aggregate string    `json:"aggregate,omitempty"` // registry of the aggregate that it lies in, if any
	Covering  []Prefix  `json:"covering,omitempty"`  // around it, the widest first
	Elsewhere []Prefix  `json:"elsewhere,omitempty"` // of other VRFs, on the same addresses
	Ranges    []Range   `json:"ranges,omitempty"`
	Hosts     []Address `json:"addresses,omitempty"`
	FreeHosts *big.Int  `json:"free_addresses"`
}

// Detail describes a block of a VRF, whether the plan holds it or not. The error is that of Block.
func (x *Index) Detail(vrf string, cidr netip.Prefix) (Detail, error) {
	block, known, err := x.Block(vrf, cidr)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{
		Node:  Node{Prefix: block, Used: x.Utilisation(block), Children: x.divided(block, x.Covered(block))},
		Known: known, Covering: x.Covering(block), FreeHosts: x.Hosts(block).Count(),
	}
	for _, a := range x.Aggregates {
		if a.CIDR.Overlaps(cidr) && a.CIDR.Bits() <= cidr.Bits() {
			d.Aggregate = a.RIR
		}
	}
	for _, p := range Overlapping(x.Plan.Prefixes, cidr) {
		if p.VRF != vrf {
			d.Elsewhere = append(d.Elsewhere, p)
		}
	}
	for _, r := range x.Plan.Ranges {
		if _, meet := (span{r.Start, r.End}).meets(spanOf(cidr)); r.VRF == vrf && meet {
			d.Ranges = append(d.Ranges, r)
		}
	}
	for _, a := range x.Addresses {
		if a.VRF == vrf && cidr.Contains(a.Address.Addr()) {
			d.Hosts = append(d.Hosts, a)
		}
	}
	return d, nil
}

// Carried is what the plan gives a site.
type Carried struct {
	Site     string     `json:"site"`
	VLANs    []VLAN     `json:"vlans,omitempty"`
	Groups   []GroupUse `json:"groups,omitempty"`    // of its VLANs
	Prefixes []Node     `json:"prefixes,omitempty"`  // by VRF and address, without children
	Hosts    []Address  `json:"addresses,omitempty"` // inside its prefixes that are no container
}

// GroupUse is a VLAN group with what is free of it.
type GroupUse struct {
	Name string `json:"name"`
	Free int    `json:"free"`
	Next int    `json:"next,omitempty"` // lowest free VID, 0 for none
}

// Use says what is free of a group.
func (x *Index) Use(g VLANGroup) GroupUse {
	use := GroupUse{Name: g.Name}
	if free := x.FreeVIDs(g); len(free) > 0 {
		use.Free, use.Next = len(free), free[0]
	}
	return use
}

// Carried gives what a site carries. The error, fault.NotFound, is a site that the plan does not name.
func (x *Index) Carried(site string) (Carried, error) {
	c := Carried{Site: site}
	var groups []string
	for _, v := range x.VLANs {
		if v.Site == site {
			c.VLANs = append(c.VLANs, v)
			groups = append(groups, v.Group)
		}
	}
	for _, g := range x.Groups {
		if !slices.Contains(groups, g.Name) {
			continue
		}
		c.Groups = append(c.Groups, x.Use(g))
	}
	for _, p := range x.Plan.Prefixes {
		if p.Site == site {
			c.Prefixes = append(c.Prefixes, Node{Prefix: p, Used: x.Utilisation(p)})
		}
	}
	for _, a := range x.Addresses {
		holds := func(n Node) bool {
			return n.Status != Container && n.VRF == a.VRF && n.CIDR.Contains(a.Address.Addr())
		}
		if slices.ContainsFunc(c.Prefixes, holds) {
			c.Hosts = append(c.Hosts, a)
		}
	}
	if len(c.VLANs)+len(c.Prefixes) == 0 {
		return Carried{}, fault.Errorf(fault.NotFound, "no prefix and no VLAN of a site %q in the plan", site)
	}
	slices.SortFunc(c.VLANs, func(a, b VLAN) int { return cmp.Or(cmp.Compare(a.VID, b.VID), cmp.Compare(a.Group, b.Group)) })
	slices.SortStableFunc(c.Prefixes, func(a, b Node) int { return cmp.Or(cmp.Compare(a.VRF, b.VRF), compareCIDR(a.CIDR, b.CIDR)) })
	return c, nil
}
