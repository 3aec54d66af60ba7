package schedule

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/bits"
	"slices"
	"time"

	"vigie/probe"
)

// Shape is the form of a cycle: each target gets one round of Echoes echoes,
// Gap apart, in every Cycle.
type Shape struct {
	Cycle  time.Duration
	Echoes int
	Gap    time.Duration
}

// Validate refuses a shape whose rounds do not fit in their cycle.
func (s Shape) Validate() error {
	switch {
	case s.Echoes < 1:
		return fmt.Errorf("echoes: %d, expected at least 1", s.Echoes)
	case s.Gap <= 0:
		return fmt.Errorf("gap: %s, expected more than 0", s.Gap)
	case s.window() <= 0:
		return fmt.Errorf("cycle: %s, expected more than the %s from the first to the last of %d echoes %s apart",
			s.Cycle, s.span(), s.Echoes, s.Gap)
	}
	return nil
}

// span is the time from the first to the last echo of a round.
func (s Shape) span() time.Duration { return time.Duration(s.Echoes-1) * s.Gap }

// window is the part of the cycle in which a round may begin and still send
// its last echo before the cycle ends.
func (s Shape) window() time.Duration { return s.Cycle - s.span() }

// Slot is the place of one target in every cycle.
type Slot struct {
	Target probe.Target
	// Offset is when the first echo is due after the start of the cycle.
	Offset time.Duration
}

// Spread gives each target its slot, in order of time. The offset depends on
// the target, the shape and the phase only, never on the other targets. Probers
// of different phase reach a target at different moments of the cycle. The
// shape must be valid.
func Spread(targets []probe.Target, shape Shape, phase uint64) []Slot {
	slots := make([]Slot, len(targets))
	for i, target := range targets {
		slots[i] = Slot{Target: target, Offset: shape.offset(target, phase)}
	}
	inOrder(slots)
	return slots
}

// inOrder sorts slots by time; of one moment in an order that is always the same.
func inOrder(slots []Slot) {
	slices.SortFunc(slots, func(a, b Slot) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Target.Kind, b.Target.Kind), cmp.Compare(a.Target.ID, b.Target.ID))
	})
}

// offset is the place of the target in the window.
func (s Shape) offset(target probe.Target, phase uint64) time.Duration {
	return scale(draw(target, phase), s.window())
}

// draw is the hash of the target at the prober of that phase.
func draw(target probe.Target, phase uint64) uint64 {
	return mix(uint64(target.ID) ^ mix(phase^uint64(target.Kind)<<56))
}

// scale brings a hash from [0, 2^64) to [0, width).
func scale(hash uint64, width time.Duration) time.Duration {
	high, _ := bits.Mul64(hash, uint64(width))
	return time.Duration(high)
}

// mix is the finalizer of the SplitMix64 generator (Steele, Lea, Flood 2014):
// consecutive numbers come out evenly and without pattern.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Phase returns the phase of the prober of that name.
func Phase(prober string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(prober)) // a hash never fails to write (hash.Hash)
	return hash.Sum64()
}

// Start returns the start of the cycle that holds now, in UTC: the latest
// multiple of cycle since the Unix epoch that is not after now. The cycle must
// be positive, now between the years 1678 and 2262.
func Start(now time.Time, cycle time.Duration) time.Time {
	since := now.UnixNano()
	into := since % int64(cycle)
	if into < 0 {
		into += int64(cycle)
	}
	return time.Unix(0, since-into).UTC()
}

// maxRewind is how far the clock may be set back before measuring goes back
// with it; see Next.
const maxRewind = 10 * time.Minute

// Next returns the start of the next cycle to measure: the first boundary at or
// after now. A cycle is not measured twice when the clock is set back a little:
// up to ten minutes, the answer is then the cycle after last. Set back further,
// the clock was plainly wrong before, and waiting for it would blind the prober
// for as long. The zero last means that no cycle was measured yet.
func Next(now, last time.Time, cycle time.Duration) time.Time {
	next := Start(now.Add(cycle-1), cycle)
	if rewind := last.Sub(next); !last.IsZero() && rewind >= 0 && rewind <= maxRewind {
		return last.Add(cycle)
	}
	return next
}
