package prober

import (
	"math/bits"
	"time"

	"vigie/probe"
)

const (
	// onsetRounds is of how many last rounds of a link onsetLossy lose a part of their
	// echoes where the line fails in part: a little sooner than it is called degraded (4 of
	// 6, linkstate.DefaultPolicy), since the way is to be found while it is so.
	onsetRounds = 6
	onsetLossy  = 3
)

// onsets tells at which round of a link the way to it is to be looked for: the first of
// which nothing is answered, and the one that makes it a line that fails in part. It
// belongs to the goroutine of a run.
type onsets map[int64]*onset

// onset is what the last rounds of a link were.
type onset struct {
	answered bool      // at all, in some round
	lossy    uint8     // a bit for each of the last rounds: a part of it was lost
	whole    int       // rounds in a row of which nothing was lost
	silent   time.Time // when it fell silent; zero while something is answered
	failing  time.Time // when it was found to fail in part; zero until onsetRounds are whole
}

// planned forgets all but these targets.
func (o *onsets) planned(targets []probe.Target) {
	present := make(onsets, len(*o))
	for _, t := range targets {
		if known, ok := (*o)[t.ID]; ok && t.Kind == probe.Link {
			present[t.ID] = known
		}
	}
	*o = present
}

// saw takes a finished round and reports whether the way is to be looked for, and whether
// because nothing was answered.
func (o onsets) saw(of probe.Observation, start time.Time) (due, total bool) {
	if of.Kind != probe.Link || of.Sent() == 0 {
		return false, false
	}
	line := o[of.Target]
	if line == nil {
		line = &onset{}
		o[of.Target] = line
	}
	line.lossy = line.lossy << 1 & (1<<onsetRounds - 1)
	switch of.Received() {
	case 0:
		line.whole = 0
		if !line.answered || !line.silent.IsZero() {
			return false, false
		}
		line.silent = start
		return true, true
	case of.Sent():
		line.whole++
	default:
		line.whole = 0
		line.lossy |= 1
	}
	line.answered, line.silent = true, time.Time{}
	if line.whole >= onsetRounds {
		line.failing = time.Time{}
	}
	if bits.OnesCount8(line.lossy) < onsetLossy || !line.failing.IsZero() {
		return false, false
	}
	line.failing = start
	return true, false
}

// forget takes back what was told of rounds after a time: what they lost was ours.
func (o onsets) forget(since time.Time) {
	for _, line := range o {
		line.lossy = 0
		if line.silent.After(since) {
			line.silent = time.Time{}
		}
		if line.failing.After(since) {
			line.failing = time.Time{}
		}
	}
}
