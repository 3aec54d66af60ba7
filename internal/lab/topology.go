package lab

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// Addresses of the lab.
var (
	// OperatorNetwork is the network that the simulated operator answers for:
	// the benchmarking addresses of RFC 2544, which no real network carries.
	OperatorNetwork = netip.MustParsePrefix("198.18.0.0/15")
	// ProberAddress is the address of the prober's side: one of the
	// documentation addresses of RFC 5737, outside OperatorNetwork.
	ProberAddress = netip.MustParseAddr("192.0.2.1")
)

// Link is one access of the simulated operator network.
type Link struct {
	Ref      string     // service reference, unique
	Addr     netip.Addr // answers to probes, unique, inside OperatorNetwork
	POP      string     // key of the aggregation point, "" when unknown
	Sites    []string   // sites served: one, or several for a grappe; the access ends at the first
	Operator string
	// DownKbps and UpKbps are contracted, in kilobits per second, Down towards
	// the site.
	DownKbps, UpKbps int64
	// Demarcation is the operator's equipment in front of the router, Router an
	// address of the router itself. Each is unique, inside OperatorNetwork, and
	// answers echoes like Addr; the zero value says that there is none.
	Demarcation, Router netip.Addr
	// Firewall is the outer address of what stands behind the router, reached by the same
	// line; the zero value says that none is known.
	Firewall netip.Addr
}

// endsAt returns the site where the access ends, "" when it serves none.
func (l Link) endsAt() string {
	if len(l.Sites) == 0 {
		return ""
	}
	return l.Sites[0]
}

// addrs returns the addresses of the link that answer.
func (l Link) addrs() []netip.Addr {
	addrs := []netip.Addr{l.Addr}
	for _, addr := range []netip.Addr{l.Demarcation, l.Router, l.Firewall} {
		if addr.IsValid() {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// Topology is what the simulated network is made of.
type Topology struct {
	Links    []Link
	Canaries []netip.Addr // no link's; only an uplink fault reaches them
}

// addrs returns the addresses that answer: the routers of the POPs, every link's, then the
// canaries.
func (t Topology) addrs() []netip.Addr {
	addrs := slices.Collect(maps.Values(t.popRouters()))
	for _, link := range t.Links {
		addrs = append(addrs, link.addrs()...)
	}
	return append(addrs, t.Canaries...)
}

// validate returns an error that names the first reference or address that is
// empty, outside OperatorNetwork, of POPNetwork or used twice.
func (t Topology) validate() error {
	if err := t.validatePOPs(); err != nil {
		return err
	}
	refs := make(map[string]bool, len(t.Links))
	addrs := make(map[netip.Addr]string, 3*len(t.Links)+len(t.Canaries))
	claim := func(addr netip.Addr, owner string) error {
		if !OperatorNetwork.Contains(addr) {
			return fmt.Errorf("lab: %s has address %v, want one inside %v", owner, addr, OperatorNetwork)
		}
		if POPNetwork.Contains(addr) {
			return fmt.Errorf("lab: %s has address %v, want one outside %v, which is that of the POPs", owner, addr, POPNetwork)
		}
		if former, taken := addrs[addr]; taken {
			return fmt.Errorf("lab: %s and %s share address %v", former, owner, addr)
		}
		addrs[addr] = owner
		return nil
	}
	for _, link := range t.Links {
		if link.Ref == "" || refs[link.Ref] {
			return fmt.Errorf("lab: link reference %q at %v, want a reference used once", link.Ref, link.Addr)
		}
		refs[link.Ref] = true
		if err := claim(link.Addr, "link "+link.Ref); err != nil {
			return err
		}
		for _, part := range []struct {
			name string
			addr netip.Addr
		}{{"demarcation", link.Demarcation}, {"router", link.Router}, {"firewall", link.Firewall}} {
			if !part.addr.IsValid() {
				continue
			}
			if err := claim(part.addr, part.name+" of link "+link.Ref); err != nil {
				return err
			}
		}
	}
	for i, addr := range t.Canaries {
		if err := claim(addr, fmt.Sprintf("canary %d", i+1)); err != nil {
			return err
		}
	}
	return nil
}

// accesses are the links that end at each site, as places in Topology.Links.
type accesses map[string][]int

func (t Topology) accesses() accesses {
	all := make(accesses)
	for i, link := range t.Links {
		if site := link.endsAt(); site != "" {
			all[site] = append(all[site], i)
		}
	}
	return all
}

// beside returns the links that end at the same site as a link, itself included.
func (a accesses) beside(link Link) []int { return a[link.endsAt()] }

// pop is an aggregation point and the links that hang on it.
type pop struct {
	key   string
	links []Link
}

// pops returns the known aggregation points, fewest links first, then by key.
// Links whose POP is unknown are in none.
func (t Topology) pops() []pop {
	byKey := make(map[string][]Link)
	for _, link := range t.Links {
		if link.POP != "" {
			byKey[link.POP] = append(byKey[link.POP], link)
		}
	}
	pops := make([]pop, 0, len(byKey))
	for key, links := range byKey {
		pops = append(pops, pop{key: key, links: links})
	}
	slices.SortFunc(pops, func(a, b pop) int {
		return cmp.Or(cmp.Compare(len(a.links), len(b.links)), cmp.Compare(a.key, b.key))
	})
	return pops
}
