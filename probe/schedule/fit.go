package schedule

import (
	"cmp"
	"math"
	"slices"
	"time"

	"vigie/probe"
)

// Key identifies a target, whatever its address is at the moment.
type Key struct {
	Kind probe.Kind
	ID   int64
}

// KeyOf returns the key of a target.
func KeyOf(t probe.Target) Key { return Key{t.Kind, t.ID} }

// Need is what may bring a target forward when not all of them fit in a cycle.
type Need struct {
	// Urgent holds the links whose state hangs on the next rounds: an incident is open
	// over them, or their last round was lost.
	Urgent map[int64]bool
	// Waited counts, for a target left out of the cycles just before, how many.
	Waited map[Key]int
}

// patience is how many cycles left out bring a target forward by one class.
const patience = 8

// The classes, the first served first.
const (
	classCanary = iota // without them nothing else can be believed
	classUrgent
	classLink
	classDemarcation
	classRouter
)

// Starved bounds how many cycles in a row a target is left out: none but a canary
// passes it any more after that many, and of n targets of which some room fits in a
// cycle each is due within n/room cycles.
const Starved = patience * classRouter

// Fit chooses the targets of a cycle that holds room rounds. Canaries come first, then
// urgent links, links, demarcations, routers; each eight cycles in which a target was
// left out bring it forward by a class, so that what is left out takes turns and none
// is forgotten. The choice depends on the arguments only; taken keeps their order.
func Fit(targets []probe.Target, room int, need Need) (taken, left []probe.Target) {
	if room >= len(targets) {
		return targets, nil
	}
	order := make([]int, len(targets))
	for i := range order {
		order[i] = i
	}
	rank := make([]int, len(targets))
	for i, t := range targets {
		rank[i] = need.rank(t)
	}
	slices.SortFunc(order, func(a, b int) int {
		ta, tb := targets[a], targets[b]
		return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(ta.Kind, tb.Kind),
			cmp.Compare(mix(uint64(ta.ID)), mix(uint64(tb.ID))))
	})
	chosen := make([]bool, len(targets))
	for _, i := range order[:max(room, 0)] {
		chosen[i] = true
	}
	for i, t := range targets {
		if chosen[i] {
			taken = append(taken, t)
		} else {
			left = append(left, t)
		}
	}
	return taken, left
}

// rank is lower for what is served earlier.
func (n Need) rank(t probe.Target) int {
	class := classRouter
	switch t.Kind {
	case probe.Canary:
		return math.MinInt32 // before whatever waited: they are few
	case probe.Link:
		class = classLink
		if n.Urgent[t.ID] {
			class = classUrgent
		}
	case probe.Demarcation:
		class = classDemarcation
	}
	return class*patience - n.Waited[KeyOf(t)]
}

// jitterShare is the part of a cycle over which a target's rounds move about.
const jitterShare = 10

// Plan gives each target its slot in the cycle that starts at cycle, in order of time.
// A target stays near its own place, as by Spread, and moves about it from cycle to
// cycle by a tenth of the cycle, as drawn by hash: traffic that returns on the minute,
// such as a poll or a backup, does not meet the same target each time. Every round is
// whole within its cycle. The shape must be valid.
func Plan(targets []probe.Target, shape Shape, phase uint64, cycle time.Time) []Slot {
	width := shape.window() / jitterShare
	home := shape
	home.Cycle -= width // its window is nine tenths of the whole one
	slots := make([]Slot, len(targets))
	moved := mix(phase ^ uint64(cycle.UnixNano()))
	for i, target := range targets {
		slots[i] = Slot{Target: target, Offset: home.offset(target, phase) + scale(mix(moved^draw(target, phase)), width)}
	}
	inOrder(slots)
	return slots
}

// Room is how many rounds of a cycle an engine takes that is to send at most rate
// echoes a second, averaged over the cycle; at least one.
func (s Shape) Room(rate int) int {
	return max(1, int(s.Cycle.Seconds()*float64(rate))/s.Echoes)
}
