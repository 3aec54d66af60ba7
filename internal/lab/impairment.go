package lab

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"time"
)

// million is the denominator of LossPerMillion.
const million = 1_000_000

// Impairment is what a link does to its packets. The zero value carries
// everything at once.
//
// All figures are of the round trip. Half of the delay is spent in each
// direction. A jittered packet is never early: each direction adds between
// nothing and half of Jitter, and packets may overtake each other. Loss is
// drawn once per round trip, on the way to the link: the way back loses
// nothing. A cut stops both directions, from the moment it is set; packets
// already on their way arrive.
type Impairment struct {
	Delay          time.Duration // 0 or more
	Jitter         time.Duration // 0 or more
	LossPerMillion uint32        // 0 to 1,000,000
	Cut            bool
	// DoublesPerMillion is the share of packets that arrive twice, drawn in each
	// direction: 0 to 1,000,000.
	DoublesPerMillion uint32
	// DownBits and UpBits are what the address carries each way, in bits per second of IP
	// packets; 0 = without a limit. More waits in a queue, and is lost behind it.
	DownBits, UpBits int64 // 0 or more
}

// Worst returns, figure by figure, the worse of two impairments.
func (i Impairment) Worst(other Impairment) Impairment {
	return Impairment{
		Delay:          max(i.Delay, other.Delay),
		Jitter:         max(i.Jitter, other.Jitter),
		LossPerMillion: max(i.LossPerMillion, other.LossPerMillion),
		Cut:            i.Cut || other.Cut,

		DoublesPerMillion: max(i.DoublesPerMillion, other.DoublesPerMillion),

		DownBits: slower(i.DownBits, other.DownBits),
		UpBits:   slower(i.UpBits, other.UpBits),
	}
}

// slower is the smaller of two rates, of which 0 has no limit.
func slower(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// validate returns an error that names the figure out of its range.
func (i Impairment) validate() error {
	switch {
	case i.Delay < 0:
		return fmt.Errorf("delay %v, want 0 or more", i.Delay)
	case i.Jitter < 0:
		return fmt.Errorf("jitter %v, want 0 or more", i.Jitter)
	case i.LossPerMillion > million:
		return fmt.Errorf("loss of %d per million, want %d at most", i.LossPerMillion, million)
	case i.DoublesPerMillion > million:
		return fmt.Errorf("doubles of %d per million, want %d at most", i.DoublesPerMillion, million)
	case i.DownBits < 0 || i.UpBits < 0:
		return fmt.Errorf("rates of %d and %d bit/s, want 0 or more", i.DownBits, i.UpBits)
	}
	return nil
}

// Flow names the packets that are numbered together: those of one address of
// the operator's side, of one IP protocol, in one direction.
type Flow struct {
	Addr     netip.Addr
	Protocol uint8 // IANA protocol number, 1 for ICMP
	Back     bool  // from the operator's side to the prober
}

// Fate is what happens to one packet.
type Fate struct {
	Lost  bool
	Twice bool          // it arrives a second time, right behind itself
	Delay time.Duration // in this direction; 0 when lost
}

// Fate returns what happens to packet number n of the flow, the first being 0.
// Every packet that reaches the emulator is counted, lost or not, so its fate
// depends neither on time nor on what befell the packets before it.
func (i Impairment) Fate(seed uint64, flow Flow, n uint64) Fate {
	if i.Cut {
		return Fate{Lost: true}
	}
	if !flow.Back && below(draw(seed, flow, n, drawLoss), million) < uint64(i.LossPerMillion) {
		return Fate{Lost: true}
	}
	extra := below(draw(seed, flow, n, drawJitter), uint64(i.Jitter/2)+1)
	twice := below(draw(seed, flow, n, drawDouble), million) < uint64(i.DoublesPerMillion)
	return Fate{Twice: twice, Delay: i.Delay/2 + time.Duration(extra)}
}

// One packet needs three draws that have nothing to do with each other.
const (
	drawLoss uint64 = iota
	drawJitter
	drawDouble
)

// draw returns 64 even bits that depend on its arguments only.
func draw(seed uint64, flow Flow, n, purpose uint64) uint64 {
	addr := flow.Addr.As4()
	name := uint64(binary.BigEndian.Uint32(addr[:]))<<16 | uint64(flow.Protocol)<<8
	if flow.Back {
		name |= 1
	}
	return mix(mix(mix(mix(seed)^name)^n) ^ purpose)
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): each
// bit of the argument flips half of the bits of the result.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below maps 64 even bits to 0 <= result < n.
func below(evenBits, n uint64) uint64 {
	hi, _ := bits.Mul64(evenBits, n)
	return hi
}
