package lab

import (
	"net/netip"
	"time"
)

// Baseline is what each address suffers when nothing is broken.
type Baseline map[netip.Addr]Impairment

// NewBaseline draws a plausible base line: a round trip of 2 to 14 ms by the
// distance of the POP, up to 1.2 ms of jitter, on a few links a tiny loss, the rate that
// was bought, and on a few links less.
// The router of a POP is as far as the POP, and loses nothing. Canaries are near and lose
// nothing.
func NewBaseline(topology Topology, seed uint64) Baseline {
	baseline := make(Baseline, 3*len(topology.Links)+len(topology.Canaries))
	for _, link := range topology.Links {
		// All stand at the two ends of one line.
		for _, addr := range link.addrs() {
			baseline[addr] = linkBaseline(link, seed)
		}
	}
	for key, addr := range topology.popRouters() {
		baseline[addr] = Impairment{Delay: popDelay(key, seed), Jitter: jitterLeast}
	}
	for _, addr := range topology.Canaries {
		baseline[addr] = Impairment{Delay: time.Millisecond, Jitter: 200 * time.Microsecond}
	}
	return baseline
}

// jitterLeast is that of the steadiest line.
const jitterLeast = 200 * time.Microsecond

// popDelay draws the round trip to a POP.
func popDelay(key string, seed uint64) time.Duration {
	const (
		nearest = 2 * time.Millisecond
		spread  = 10 * time.Millisecond // farthest POP less the nearest
	)
	return nearest + newDice(seed, "distance", key).duration(spread)
}

// linkBaseline draws the base line of one link, which depends on no other.
func linkBaseline(link Link, seed uint64) Impairment {
	const (
		lineSpread = 2 * time.Millisecond // longest access line
		jitterMore = time.Millisecond
		lossyOneIn = 25    // links
		lossLeast  = 200   // per million
		lossMore   = 1_300 // per million
		shortOneIn = 12    // links that carry less than was bought
		shortLeast = 600   // thousandths of it
		shortMore  = 250
	)
	line := newDice(seed, "baseline", link.Ref)
	base := Impairment{
		Delay:  popDelay(link.POP, seed) + line.duration(lineSpread),
		Jitter: jitterLeast + line.duration(jitterMore),
	}
	if line.one(lossyOneIn) {
		base.LossPerMillion = uint32(lossLeast + line.below(lossMore))
	}
	base.DownBits, base.UpBits = link.DownKbps*1000, link.UpKbps*1000
	if rate := newDice(seed, "rate", link.Ref); rate.one(shortOneIn) {
		part := int64(shortLeast + rate.below(shortMore))
		base.DownBits, base.UpBits = link.DownKbps*part, link.UpKbps*part
	}
	return base
}
