package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// POPNetwork is the part of OperatorNetwork for the routers of the POPs, one address each;
// nothing else has an address of it.
var POPNetwork = netip.MustParsePrefix("198.19.248.0/22")

// mostPOPs is how many have a router of their own.
const mostPOPs = 1<<(32-22) - 2

// popRouters gives each POP its router: the addresses of POPNetwork in the order of the
// keys.
func (t Topology) popRouters() map[string]netip.Addr {
	keys := make(map[string]bool)
	for _, link := range t.Links {
		if link.POP != "" {
			keys[link.POP] = true
		}
	}
	routers := make(map[string]netip.Addr, len(keys))
	addr := POPNetwork.Addr()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		addr = addr.Next()
		routers[key] = addr
	}
	return routers
}

// validatePOPs refuses more POPs than there are addresses for.
func (t Topology) validatePOPs() error {
	if n := len(t.popRouters()); n > mostPOPs {
		return fmt.Errorf("lab: %d POPs, want %d at most", n, mostPOPs)
	}
	return nil
}

// ways returns the routers before each address, in the order in which a packet of the
// prober meets them: that of the POP, then the operator's equipment, then for what stands
// behind the router the router itself. A canary has none before it.
func (t Topology) ways() map[netip.Addr][]netip.Addr {
	pops := t.popRouters()
	ways := make(map[netip.Addr][]netip.Addr, 4*len(t.Links))
	for _, link := range t.Links {
		var before []netip.Addr
		for _, next := range []netip.Addr{pops[link.POP], link.Demarcation, link.Addr, link.Firewall} {
			if !next.IsValid() {
				continue
			}
			ways[next] = before
			if next == link.Addr && link.Router.IsValid() {
				ways[link.Router] = before
			}
			before = append(slices.Clone(before), next)
		}
	}
	return ways
}

const (
	// exceededEvery is how often a router says to one address that a packet ended at it,
	// and exceededAtOnce how often in a row after a silence: what Linux comes with
	// (icmp_ratelimit of 1,000 ms).
	exceededEvery  = time.Second
	exceededAtOnce = 6
)

// voice limits what a router says of packets that ended at it.
type voice struct {
	saved time.Duration
	last  time.Duration // on the emulator's clock
	spoke bool
}

// speak reports whether the router says one thing more.
func (v *voice) speak(now time.Duration) bool {
	if !v.spoke {
		v.spoke, v.saved = true, exceededAtOnce*exceededEvery
	}
	v.saved = min(exceededAtOnce*exceededEvery, v.saved+now-v.last)
	v.last = now
	if v.saved < exceededEvery {
		return false
	}
	v.saved -= exceededEvery
	return true
}

// router returns the router on the way at which a packet from the prober ends because of
// its hop limit; false when it goes on to its address.
func (p *path) router(h header) (netip.Addr, bool) {
	if h.hops == 0 || int(h.hops) > len(p.before) {
		return netip.Addr{}, false
	}
	return p.before[h.hops-1], true
}

// expire replaces a packet that ends at a router on its way by what that router says of
// it, and returns when that is back at the prober; lost when the packet does not come so
// far, or the router has said enough. What is lost is drawn from the packet's own flow,
// by what the way to the router suffers. The caller holds the mutex.
func (e *emulator) expire(packet *buffer, header header, router netip.Addr, flow Flow, n uint64, arrived time.Duration) Fate {
	hop := e.paths[router]
	there := hop.impairment.Fate(e.seed, flow, n)
	if there.Lost {
		e.counters.Lost++
		return there
	}
	wait, fits := hop.ways[proberSide].carry(arrived, packet.length, hop.impairment.DownBits)
	if !fits {
		e.counters.Queued++
		return Fate{Lost: true}
	}
	e.counters.Expired++
	if !hop.voice.speak(arrived) {
		return Fate{Lost: true}
	}
	var room [mostOfExceeded]byte
	packet.length = copy(packet.bytes[:], appendExceeded(room[:0], packet.bytes[:packet.length], router, header.src))
	flow.Back = true
	return Fate{Delay: there.Delay + wait + hop.impairment.Fate(e.seed, flow, n).Delay}
}
