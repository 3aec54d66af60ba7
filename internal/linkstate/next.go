package linkstate

import (
	"math/bits"
	"time"
)

// Sample is what one cycle brings for one link.
type Sample struct {
	// Cycle is the start of the cycle; Previous the start of the one decided
	// before it, zero when there was none.
	Cycle    time.Time
	Previous time.Time
	// Result is the combined result of the connected probers.
	Result Result
	// At is the round's own time, inside the cycle. Unused for None.
	At time.Time
	// Seen are the vantage points behind Result.
	Seen Vantages
	// Isolated are the vantage points cut off in this cycle: an unconfirmed
	// failure that only they saw in the cycle before is void.
	Isolated Vantages
}

// Transition is a change of status. The zero value means that nothing changed.
type Transition struct {
	From Status
	To   Status
	// Former is From, or what From hid when it is Unknown.
	Former Status
	// Since is when the new status began; for Unknown the cycle that noticed.
	Since time.Time
}

// Changed reports whether the status changed at all.
func (t Transition) Changed() bool { return t.From != t.To }

// Fell reports a newly confirmed down; coming back from unknown to the down of
// before is none.
func (t Transition) Fell() bool { return t.To == Down && t.Former != Down }

// Recovered reports a newly confirmed end of a down.
func (t Transition) Recovered() bool { return t.Former == Down && t.To == Up }

// Next applies one cycle to one link (rules R2 to R4). It has no errors: a
// sample without a result only lets time pass.
func Next(prev State, sample Sample, policy Policy) (State, Transition) {
	next := lookBack(prev, sample, policy)
	switch {
	case sample.Result == None:
		next = missing(next, sample, policy)
	case sample.Result == Fail:
		next = failed(received(next), sample, policy)
	case next.Confirmed() == Down:
		next = recovering(received(next), sample, policy)
	default:
		next = answered(received(next), sample, policy)
	}
	if next.Status == prev.Status {
		return next, Transition{}
	}
	since := next.Since
	if next.Status == Unknown {
		since = sample.Cycle
	}
	return next, Transition{From: prev.Status, To: next.Status, Former: prev.Confirmed(), Since: since}
}

// lookBack takes an unconfirmed failure back when every vantage point that saw
// it turns out to be isolated in a cycle that follows closely. The run restarts
// at 0: what it began with can no longer be told from the isolation.
func lookBack(s State, sample Sample, policy Policy) State {
	if s.Fails.Count == 0 || sample.Isolated == 0 || s.FailSeen&^sample.Isolated != 0 {
		return s
	}
	if sample.Cycle.Sub(s.FailCycle) > time.Duration(policy.IsolationLookback)*policy.Cycle {
		return s
	}
	return forgetFails(s)
}

// missing lets a cycle without a valid result pass. Runs neither break nor grow.
func missing(s State, sample Sample, policy Policy) State {
	if !s.Seen {
		return s
	}
	if s.LastValid.IsZero() {
		s.LastValid = stored(sample.Previous)
	}
	if s.Status != Unknown && sample.Cycle.Sub(s.LastValid) >= policy.UnknownAfter {
		s.Former, s.Status = s.Status, Unknown
	}
	return s
}

func received(s State) State {
	s.Seen = true
	s.LastValid = time.Time{}
	return s
}

func failed(s State, sample Sample, policy Policy) State {
	if s.Confirmed() == Down {
		s.Goods = Run{}
		return reveal(s)
	}
	s.Fails = grow(s.Fails, sample.At)
	if s.Fails.Count >= policy.DownAfter {
		return become(Down, s.Fails.First)
	}
	s.FailCycle, s.FailSeen = stored(sample.Cycle), sample.Seen
	return s
}

// recovering applies a non-fail result to a link that is down, or was when it
// became unknown.
func recovering(s State, sample Sample, policy Policy) State {
	s.Goods = grow(s.Goods, sample.At)
	if s.Goods.Count >= policy.UpAfter {
		return become(Up, s.Goods.First)
	}
	return s
}

// answered applies a non-fail result to a link that is up or degraded, or was
// when it became unknown: it agrees, so unknown ends here. A failure breaks a
// run of ok only now, since an isolation could still have made it void.
func answered(s State, sample Sample, policy Policy) State {
	if s.Fails.Count > 0 {
		s.Goods = Run{}
	}
	s = reveal(forgetFails(s))
	if s.Status == Up {
		s.Slow = s.Slow.push(sample, policy.DegradedWindow)
		if bits.OnesCount16(s.Slow.Bits) >= policy.DegradedSlow {
			return become(Degraded, s.Slow.At[0])
		}
		return s
	}
	if sample.Result == Slow {
		s.Goods = Run{}
		return s
	}
	s.Goods = grow(s.Goods, sample.At)
	if s.Goods.Count >= policy.DegradedExit {
		return become(Up, s.Goods.First)
	}
	return s
}

// become starts a status with every run and window empty.
func become(status Status, since time.Time) State {
	return State{Status: status, Since: since, Seen: true}
}

// reveal ends unknown with the status it hid.
func reveal(s State) State {
	s.Status, s.Former = s.Confirmed(), Up
	return s
}

func forgetFails(s State) State {
	s.Fails, s.FailCycle, s.FailSeen = Run{}, time.Time{}, 0
	return s
}

func grow(r Run, at time.Time) Run {
	if r.Count == 0 {
		r.First = stored(at)
	}
	r.Count++
	return r
}

// push shifts one non-fail cycle into the window of the last size ones. While
// all are ok the window stays zero.
func (w Window) push(sample Sample, size int) Window {
	if w.Bits>>(size-1)&1 == 1 {
		copy(w.At[:], w.At[1:])
		w.At[maxSlow-1] = time.Time{}
	}
	w.Bits = w.Bits << 1 & (1<<size - 1)
	if sample.Result == Slow {
		w.At[bits.OnesCount16(w.Bits)] = stored(sample.At)
		w.Bits |= 1
	}
	return w
}

// stored cuts a time to what the database keeps, so that a state loaded again
// equals the one saved.
func stored(t time.Time) time.Time {
	return t.UTC().Truncate(time.Microsecond)
}
