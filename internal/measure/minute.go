package measure

import (
	"math"
	"slices"
	"time"

	"vigie/probe"
)

// Undefined stands for a figure that does not exist: no echo came back for a
// minimum or a maximum, the rank of a percentile fell on a lost echo, no two
// consecutive echoes came back for a jitter.
const Undefined int32 = -1

// Round is one observation of a link, and whether it counts.
type Round struct {
	probe.Observation
	// Void is set when the prober was isolated or its own uplink in doubt, or a test of our
	// own filled the line: its echoes say nothing of the link.
	Void bool
}

// Minute is what was measured of one link in one minute. Times are microseconds of
// round trip, or Undefined.
type Minute struct {
	Link int64
	At   time.Time // its first instant, UTC
	// Planned, Sent and Received count echoes. Void ones are planned, not sent.
	Planned, Sent, Received int
	MinMicros               int32 // of the received
	MedianMicros            int32 // of the sent, a lost echo being infinite
	P95Micros               int32 // likewise
	MaxMicros               int32 // of the received
	JitterMicros            int32 // mean |IPDV| over consecutive received echoes of a round
	// Detailed tells that Extras were looked at; an older version did not, and kept no
	// Delays.
	Detailed bool
	Extras
	Delays Distribution
}

// Extras are what the standards ask for beside loss and delay. All of them add up but
// the longest, of which the longest stands.
type Extras struct {
	// Duplicates are the further valid replies to echoes (RFC 5560).
	Duplicates int64
	// Reordered are the replies that came after the one to a later echo (RFC 4737).
	Reordered int64
	// LossPeriods are the runs of lost echoes, one lost alone being one of them
	// (RFC 3357). A run goes on from one round to the next, but not over a void round,
	// and ends with the minute.
	LossPeriods int64
	LongestLoss int64 // echoes of the longest run
}

// Consecutive is how many of the lost echoes followed another lost one: 0 when losses
// are scattered, nearly all of them when they come in bursts.
func (e Extras) Consecutive(lost int64) int64 { return max(lost-e.LossPeriods, 0) }

func (e *Extras) add(other Extras) {
	e.Duplicates += other.Duplicates
	e.Reordered += other.Reordered
	e.LossPeriods += other.LossPeriods
	e.LongestLoss = max(e.LongestLoss, other.LongestLoss)
}

// PDVMicros is the 95th percentile of the packet delay variation of RFC 5481, the delay
// of an echo less the least of the minute. A lost echo is infinite in it, so that it
// exists where the 95th percentile of the delay does.
func (m Minute) PDVMicros() int32 {
	if m.P95Micros == Undefined {
		return Undefined
	}
	return m.P95Micros - m.MinMicros
}

// Summarise builds the minute of a link that starts at at, from its rounds in any
// order and the echoes that were planned for it.
func Summarise(link int64, at time.Time, planned int, rounds []Round) Minute {
	minute := Minute{Link: link, At: at.UTC(), Planned: planned, Detailed: true}
	echoes := 0
	for _, round := range rounds {
		echoes += round.Sent()
	}
	sorted := make([]int32, 0, echoes)
	var jitter variation
	var run lossRun
	for _, round := range inOrder(rounds) {
		if round.Void {
			run = 0
			continue
		}
		minute.Sent += round.Sent()
		minute.Received += round.Received()
		minute.Duplicates += int64(round.Duplicates)
		minute.Reordered += int64(round.Reordered)
		for _, micros := range round.RTTMicros {
			if micros == probe.Lost {
				micros = infinite
			}
			sorted = append(sorted, micros)
		}
		jitter.add(round.RTTMicros)
		run.add(&minute.Extras, round.RTTMicros)
	}
	slices.Sort(sorted)
	minute.summariseDelays(sorted)
	minute.Delays.addSorted(sorted[:minute.Received])
	minute.Delays.Lost = int64(minute.Sent - minute.Received)
	minute.JitterMicros = jitter.mean()
	return minute
}

// inOrder gives the rounds in order of time.
func inOrder(rounds []Round) []Round {
	byTime := func(a, b Round) int { return a.At.Compare(b.At) }
	if slices.IsSortedFunc(rounds, byTime) {
		return rounds
	}
	rounds = slices.Clone(rounds)
	slices.SortStableFunc(rounds, byTime)
	return rounds
}

// lossRun is how many echoes were lost without one between that came back.
type lossRun int64

// add goes on with the echoes of a round, in the order in which they were sent.
func (r *lossRun) add(extras *Extras, rttMicros []int32) {
	for _, micros := range rttMicros {
		if micros != probe.Lost {
			*r = 0
			continue
		}
		if *r == 0 {
			extras.LossPeriods++
		}
		*r++
		extras.LongestLoss = max(extras.LongestLoss, int64(*r))
	}
}

func (m *Minute) summariseDelays(sorted []int32) {
	m.MinMicros, m.MedianMicros, m.P95Micros, m.MaxMicros = Undefined, Undefined, Undefined, Undefined
	if m.Received == 0 {
		return
	}
	m.MinMicros, m.MaxMicros = sorted[0], sorted[m.Received-1]
	m.MedianMicros = finite(atRank(sorted, Median))
	m.P95Micros = finite(atRank(sorted, P95))
}

// infinite sorts a lost echo after every delay.
const infinite int32 = math.MaxInt32

func finite(micros int32) int32 {
	if micros == infinite {
		return Undefined
	}
	return micros
}

// Loss is the round-trip loss ratio of RFC 6673, from 0 to 1, over the echoes
// sent; false when none was.
func (m Minute) Loss() (float64, bool) {
	if m.Sent == 0 {
		return 0, false
	}
	return float64(m.Sent-m.Received) / float64(m.Sent), true
}

// Coverage is the part of the planned echoes that were sent and count, from 0 to 1.
func (m Minute) Coverage() float64 {
	if m.Planned == 0 {
		return 0
	}
	return min(1, float64(m.Sent)/float64(m.Planned))
}

// variation gathers the IPDV of RFC 3393 over consecutive echoes; a pair of which
// one is lost has none.
type variation struct{ sumMicros, pairs int64 }

func (v *variation) add(rttMicros []int32) {
	for i := 1; i < len(rttMicros); i++ {
		before, after := int64(rttMicros[i-1]), int64(rttMicros[i])
		if before == int64(probe.Lost) || after == int64(probe.Lost) {
			continue
		}
		v.sumMicros += max(after-before, before-after)
		v.pairs++
	}
}

// mean is rounded half up to the microsecond.
func (v *variation) mean() int32 {
	if v.pairs == 0 {
		return Undefined
	}
	return int32((2*v.sumMicros + v.pairs) / (2 * v.pairs))
}
