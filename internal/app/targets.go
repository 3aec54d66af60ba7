package app

import (
	"net/netip"
	"time"

	"vigie/internal/inventory"
	"vigie/probe"
)

// targets are what is sent echoes on a day: the links in force with what stands
// beside them, and the canaries. A router is a target of its own only where
// another address than the link's reaches it.
func targets(x *inventory.Index, day time.Time) []probe.Target {
	var out []probe.Target
	add := func(kind probe.Kind, id int64, addr netip.Addr) {
		if addr.Is4() {
			out = append(out, probe.Target{ID: id, Kind: kind, Addr: addr})
		}
	}
	for _, l := range x.Links {
		if !inventory.InForce(l.Starts, l.Ends, day) || !l.ProbeAddress.Is4() {
			continue
		}
		add(probe.Link, l.ID, l.ProbeAddress)
		add(probe.Demarcation, l.ID, l.Demarcation)
		if r, ok := x.RouterOfLink(l.Ref, day); ok && r.Address != l.ProbeAddress {
			add(probe.Router, l.ID, r.Address)
		}
	}
	for _, c := range x.Canaries {
		if inventory.InForce(time.Time{}, c.Ends, day) {
			add(probe.Canary, c.ID, c.Address)
		}
	}
	return out
}
