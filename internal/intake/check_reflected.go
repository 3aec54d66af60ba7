package intake

import (
	"net/netip"
	"time"

	"vigie/internal/inventory"
)

// reflected warns of a reflector that two links name: only one of them leads there, so what
// is shown of the other is not its own.
func (c *checker) reflected(today time.Time) {
	first := map[netip.Addr]string{}
	for _, l := range c.all.Links {
		if !l.ReflectorAddress.IsValid() || !inventory.InForce(l.Starts, l.Ends, today) {
			continue
		}
		other, twice := first[l.ReflectorAddress]
		if !twice {
			first[l.ReflectorAddress] = l.Ref
			continue
		}
		found := func(other string) finding {
			return finding{"reflector_address", l.ReflectorAddress.String(), "is that of link " + other + " too: a reflector measures the one access that leads to it"}
		}
		if !c.doubt(place{linksFile, l.Ref}, found(other)) {
			c.doubt(place{linksFile, other}, found(l.Ref))
		}
	}
}

// ownMachine warns of links that are watched on an address of the prober's own machine,
// which answers whatever becomes of the line.
func (c *checker) ownMachine(today time.Time) {
	for _, l := range c.all.Links {
		if !inventory.InForce(l.Starts, l.Ends, today) {
			continue
		}
		for _, of := range []struct {
			column string
			addr   netip.Addr
		}{{"probe_address", l.ProbeAddress}, {"reflector_address", l.ReflectorAddress}} {
			if of.addr.IsLoopback() {
				c.doubt(place{linksFile, l.Ref}, finding{of.column, of.addr.String(), "is an address of every machine itself: it answers while the access is down"})
			}
		}
	}
}
