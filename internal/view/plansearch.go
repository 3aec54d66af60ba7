package view

import (
	"net/netip"
	"slices"
	"strings"

	"vigie/internal/ipam"
)

// PlanFinding is what a search of the plan finds.
type PlanFinding struct {
	Text     string
	Exact    bool           // an address or a prefix was asked for
	Prefixes []PlanNode     // of an address: around it, the widest first
	Hosts    []ipam.Address // that stand on the address, or whose names match
	More     bool           // there are more than are given
}

// find looks for an address or a prefix, the longest match last, in every VRF; for
// anything else as words in prefixes and names of hosts.
func (r planReach) find(text string) *PlanFinding {
	found := &PlanFinding{Text: text}
	block, err := ipam.ParseCIDR(text)
	if host, hostErr := netip.ParseAddr(text); hostErr == nil {
		host = host.Unmap().WithZone("")
		block, err = netip.PrefixFrom(host, host.BitLen()), nil
	}
	if err == nil {
		found.Exact = true
		r.around(found, block)
		return found
	}
	words := strings.Fields(fold(text))
	holds := func(of string) bool {
		of = fold(of)
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(of, word) })
	}
	for _, p := range r.plan.Plan.Prefixes {
		if !r.seesSite(p.Site) {
			continue
		}
		place := r.place(p.Site)
		if !holds(p.CIDR.String() + " " + p.VRF + " " + p.Role + " " + p.Tenant + " " + p.Description + " " + p.Site + " " + place.Name + " " + place.Commune) {
			continue
		}
		if found.More = len(found.Prefixes) == pieceRows; found.More {
			break
		}
		found.Prefixes = append(found.Prefixes, r.node(p))
	}
	for _, a := range r.plan.Addresses {
		if !holds(a.Address.String()+" "+a.Device+" "+a.DNSName+" "+a.Description) || !r.seesHost(a.VRF, a.Address.Addr()) {
			continue
		}
		if len(found.Hosts) == pieceRows {
			found.More = true
			break
		}
		found.Hosts = append(found.Hosts, a)
	}
	return found
}

// around finds the prefixes around a block with itself, table by table, and the hosts
// on it when it is one address.
func (r planReach) around(found *PlanFinding, block netip.Prefix) {
	tables := []string{""}
	for _, v := range r.plan.VRFs {
		tables = append(tables, v.Name)
	}
	for _, vrf := range tables {
		itself, known, err := r.plan.Block(vrf, block)
		if err != nil {
			continue
		}
		rows := r.plan.Covering(itself)
		if known {
			rows = append(rows, itself)
		}
		found.Prefixes = append(found.Prefixes, r.seen(rows)...)
	}
	if !block.IsSingleIP() {
		return
	}
	for _, a := range r.plan.Addresses {
		if a.Address.Addr() == block.Addr() && r.seesHost(a.VRF, a.Address.Addr()) {
			found.Hosts = append(found.Hosts, a)
		}
	}
}
