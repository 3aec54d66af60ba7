package inventory

import (
	"net/netip"
	"time"
)

// DoubtKind says why an address may answer for more than one access.
type DoubtKind string

// The kinds of doubt about the probe address of a link.
const (
	// OtherRouter: a router of another link has the address.
	OtherRouter DoubtKind = "other-router"
	// OnlyRouter: the link's router has the address, and another link of the site has
	// no router of its own: one box that carries both answers by either.
	OnlyRouter DoubtKind = "only-router"
	// OtherDemarcation: the equipment in front of another link has the address.
	OtherDemarcation DoubtKind = "other-demarcation"
	// IsCanary: a canary has the address; its answer says nothing of an access.
	IsCanary DoubtKind = "canary"
)

// Doubt is a reason to doubt that a link is probed on an address that only it carries.
// While one access is down the other would answer for it, and the outage would not be
// seen.
type Doubt struct {
	Link    string // whose probe address it is
	Kind    DoubtKind
	Address netip.Addr
	Row     string // key of the router or canary that has the address; empty for a demarcation
	Other   string // the other link; empty for a canary
}

// Doubts gives what there is about the probe addresses of some links on a day, in the
// order of the links; nothing about those that are not in force.
func (x *Index) Doubts(day time.Time, links ...Link) []Doubt {
	probed := map[netip.Addr]Link{}
	for _, l := range links {
		if InForce(l.Starts, l.Ends, day) && l.ProbeAddress.IsValid() {
			probed[l.ProbeAddress] = l
		}
	}
	found := map[string][]Doubt{}
	add := func(addr netip.Addr, kind DoubtKind, row, other string) {
		l := probed[addr]
		found[l.Ref] = append(found[l.Ref], Doubt{Link: l.Ref, Kind: kind, Address: addr, Row: row, Other: other})
	}
	for _, r := range x.Routers {
		l, ok := probed[r.Address]
		if !ok || !InForce(time.Time{}, r.Ends, day) {
			continue
		}
		if r.Link != l.Ref {
			if other, known := x.Link(r.Link); known && InForce(other.Starts, other.Ends, day) {
				add(r.Address, OtherRouter, r.Key, r.Link)
			}
			continue
		}
		for _, other := range x.routerless(l, day) {
			add(r.Address, OnlyRouter, r.Key, other)
		}
	}
	for _, other := range x.Links {
		if l, ok := probed[other.Demarcation]; ok && l.Ref != other.Ref && InForce(other.Starts, other.Ends, day) {
			add(other.Demarcation, OtherDemarcation, "", other.Ref)
		}
	}
	for _, c := range x.Canaries {
		if _, ok := probed[c.Address]; ok && InForce(time.Time{}, c.Ends, day) {
			add(c.Address, IsCanary, c.Key, "")
		}
	}
	var all []Doubt
	for _, l := range links {
		all = append(all, found[l.Ref]...)
		delete(found, l.Ref) // a link that stands twice is told once
	}
	return all
}

// routerless gives the other links in force at the sites of a link that have no router
// in force, each once.
func (x *Index) routerless(l Link, day time.Time) []string {
	var refs []string
	seen := map[string]bool{l.Ref: true}
	for _, site := range l.Sites {
		for _, other := range x.LinksOfSite(site) {
			if seen[other.Ref] || !InForce(other.Starts, other.Ends, day) {
				continue
			}
			seen[other.Ref] = true
			if _, known := x.RouterOfLink(other.Ref, day); !known {
				refs = append(refs, other.Ref)
			}
		}
	}
	return refs
}
