package measure

import (
	"math"
	"math/bits"
	"time"

	"vigie/probe"
)

// Doubt says why two polls of a router give no difference of its counters; empty
// when they do. What lies between them is then a gap, never a zero, and the newer
// poll is the base of the next difference.
type Doubt string

// The doubts, in the order in which they are looked for.
const (
	Certain        Doubt = ""
	NoInterface    Doubt = "no-interface"    // the router has none that carries the link
	NotCounted     Doubt = "not-counted"     // it keeps no 64-bit counters (RFC 2863): they would wrap between two polls
	OtherInterface Doubt = "other-interface" // ifIndex or ifName changed: another counter
	Restarted      Doubt = "restarted"       // the counters began anew
	Discontinuity  Doubt = "discontinuity"   // ifCounterDiscontinuityTime changed
	OutOfOrder     Doubt = "out-of-order"    // no time lies between the polls
	TooLong        Doubt = "too-long"        // more than two and a half intervals lie between them
	Reset          Doubt = "reset"           // a 64-bit counter went back: it never wraps
	TooFast        Doubt = "too-fast"        // more than the interface or the contract could carry
)

// CounterLimits bound what two polls may differ by.
type CounterLimits struct {
	// Every is the time planned between two polls of a router.
	Every time.Duration
	// DownBits and UpBits are the contracted rates, in bits per second.
	DownBits, UpBits int64
}

// Flow is what a link carried from From to To, Down towards the site.
type Flow struct {
	From, To             time.Time
	DownOctets, UpOctets uint64
}

// Difference gives what the link carried between two answered polls of its router.
//
// Peers are known to show a dip where a counter went back, a spike where one poll
// was missed, 10^17 bit/s from an unsigned difference, and nothing for ever where
// the base was not renewed: hence every doubt is a gap.
func Difference(before, after probe.Poll, limits CounterLimits) (Flow, Doubt) {
	a, b := before.Access, after.Access
	took := after.At.Sub(before.At)
	switch {
	case a.Name == "" || b.Name == "":
		return Flow{}, NoInterface
	case !a.Counted || !b.Counted:
		return Flow{}, NotCounted
	case a.Index != b.Index || a.Name != b.Name:
		return Flow{}, OtherInterface
	case took <= 0:
		return Flow{}, OutOfOrder
	case HasRestarted(before, after):
		return Flow{}, Restarted
	case a.Discontinuity != b.Discontinuity:
		return Flow{}, Discontinuity
	case 2*took > 5*limits.Every:
		return Flow{}, TooLong
	case b.InOctets < a.InOctets || b.OutOctets < a.OutOctets:
		return Flow{}, Reset
	}
	f := Flow{From: before.At, To: after.At, DownOctets: b.InOctets - a.InOctets, UpOctets: b.OutOctets - a.OutOctets}
	if exceeds(f.DownOctets, took, max(b.SpeedBits, limits.DownBits)) || exceeds(f.UpOctets, took, max(b.SpeedBits, limits.UpBits)) {
		return Flow{}, TooFast
	}
	return f, Certain
}

// exceeds reports whether octets in a time are more than 1.1 times a rate in bits
// per second, exactly: 80 x octets x 10^6 > 11 x rate x microseconds.
func exceeds(octets uint64, took time.Duration, rateBits int64) bool {
	if octets > math.MaxInt64/2 { // beyond what is stored, at any rate
		return true
	}
	overflow, sent := bits.Mul64(octets, 80_000_000)
	high, allowed := bits.Mul64(uint64(rateBits), 11*uint64(took.Microseconds()))
	return overflow > high || overflow == high && sent > allowed
}

const (
	// wrap is when sysUpTime begins anew (RFC 3418): 2^32 hundredths of a second,
	// 497.1 days.
	wrap = (1 << 32) * 10 * time.Millisecond
	// clockSlack is how far the clocks of a router and of a prober may run apart
	// between two polls, beside a hundredth of the time: an engine time counts whole
	// seconds, and an answer takes its time.
	clockSlack = 5 * time.Second
)

// Wrapped reports whether the uptime began anew between two polls only because it
// wraps.
func Wrapped(before, after probe.Poll) bool {
	took := after.At.Sub(before.At)
	apart := before.Uptime + took - wrap - after.Uptime
	return before.Boots == 0 && after.Boots == 0 && apart.Abs() <= clockSlack+took/100
}

// Running is how long the router of a poll has been running, beyond a wrap of its
// uptime since an earlier poll; the zero poll is none.
func Running(before, after probe.Poll) time.Duration {
	if !before.At.IsZero() && Wrapped(before, after) {
		return after.Uptime + wrap
	}
	return after.Uptime
}

// HasRestarted reports whether a router started again between two polls: its count
// of starts changed (snmpEngineBoots, where it is told), or it has run for less
// long than it must have, which a wrap of its uptime does not explain. Some routers
// forget their count, so that the uptime speaks even where the count did not move. Of a
// router that tells neither, only its counters can tell.
func HasRestarted(before, after probe.Poll) bool {
	if before.Boots != after.Boots {
		return true
	}
	if before.Uptime == 0 && after.Uptime == 0 {
		return false
	}
	took := after.At.Sub(before.At)
	behind := before.Uptime + took - after.Uptime
	return behind > clockSlack+took/100 && !Wrapped(before, after)
}

// Apportion spreads a flow over the aligned intervals it touches, by time. The parts
// add up to it, octet by octet, and what several flows in a row cover of one interval
// adds up to no more than the interval.
func (f Flow) Apportion() []Carried {
	var parts []Carried
	var down, up uint64
	for from := f.From; from.Before(f.To); {
		start := from.Truncate(fiveMinutes)
		to := start.Add(fiveMinutes)
		if to.After(f.To) {
			to = f.To
		}
		downTo, upTo := f.until(f.DownOctets, to), f.until(f.UpOctets, to)
		parts = append(parts, Carried{
			At: start.UTC(), DownOctets: int64(downTo - down), UpOctets: int64(upTo - up),
			CoveredMillis: int32(to.UnixMilli() - from.UnixMilli()),
		})
		down, up, from = downTo, upTo, to
	}
	return parts
}

// until is the part of octets that belongs before t, rounded down: all of them at
// the end.
func (f Flow) until(octets uint64, t time.Time) uint64 {
	high, low := bits.Mul64(octets, uint64(t.Sub(f.From).Microseconds()))
	part, _ := bits.Div64(high, low, uint64(f.To.Sub(f.From).Microseconds()))
	return part
}
