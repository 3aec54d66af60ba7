package probe

import (
	"fmt"
	"net/netip"
	"time"
)

// TraceCause says why a trace was made.
type TraceCause string

const (
	// TraceSuspect is a trace at the start of what may be an outage: nothing of a round was
	// answered, or several rounds lost a part.
	TraceSuspect TraceCause = "suspect"
	// TraceReference is one while all is well, to be held against the former.
	TraceReference TraceCause = "reference"
)

// Trace is the way to a link, hop by hop: up to where it still goes. Only loss that goes
// on to the last hop is loss of the line; a router may answer little and pass all on.
type Trace struct {
	Cause  TraceCause `json:"cause"`
	Begun  time.Time  `json:"begun"`
	Method string     `json:"method"` // icmp or udp
	To     netip.Addr `json:"to"`
	// Reached says that the address itself answered.
	Reached bool  `json:"reached"`
	Hops    []Hop `json:"hops"`
}

// Hop is one router on the way, or several that share its place.
type Hop struct {
	Number   int          `json:"number"` // from 1
	From     []netip.Addr `json:"from,omitempty"`
	Sent     int          `json:"sent"`
	Received int          `json:"received"`
	// MedianMicros is the lower median of the round trips that came back, 0 without one.
	MedianMicros int64 `json:"median_us,omitzero"`
	// Refused says that who answered says that it goes no further.
	Refused bool `json:"refused,omitzero"`
}

// Kind is trace.
func (*Trace) Kind() string { return "trace" }

// Last is the last hop that answered; false when none did.
func (t *Trace) Last() (Hop, bool) {
	for i := len(t.Hops) - 1; i >= 0; i-- {
		if t.Hops[i].Received > 0 {
			return t.Hops[i], true
		}
	}
	return Hop{}, false
}

// Whole reports whether the address itself answered every probe that went so far.
func (t *Trace) Whole() bool {
	if !t.Reached || len(t.Hops) == 0 {
		return false
	}
	end := t.Hops[len(t.Hops)-1]
	return end.Received == end.Sent
}

const (
	maxHops     = 64
	maxOfHop    = 16 // routers at one place
	maxOfRounds = 1_000
)

// Validate refuses hops out of order and counts that contradict each other.
func (t *Trace) Validate() error {
	switch {
	case t.Begun.IsZero():
		return errNoTime
	case t.Cause != TraceSuspect && t.Cause != TraceReference:
		return fmt.Errorf("cause: %q, expected suspect or reference", t.Cause)
	case t.Method != "icmp" && t.Method != "udp":
		return fmt.Errorf("method: %q, expected icmp or udp", t.Method)
	case !t.To.IsValid():
		return fmt.Errorf("to: no address")
	case len(t.Hops) > maxHops:
		return fmt.Errorf("%d hops, expected at most %d", len(t.Hops), maxHops)
	}
	for i, h := range t.Hops {
		switch {
		case h.Number != i+1:
			return fmt.Errorf("hop %d in place %d", h.Number, i+1)
		case h.Received < 0 || h.Received > h.Sent || h.Sent > maxOfRounds:
			return fmt.Errorf("hop %d: %d of %d answered, expected 0 to all of at most %d", h.Number, h.Received, h.Sent, maxOfRounds)
		case len(h.From) > maxOfHop || (h.Received > 0) != (len(h.From) > 0):
			return fmt.Errorf("hop %d: %d addresses for %d answers", h.Number, len(h.From), h.Received)
		case h.MedianMicros < 0 || h.MedianMicros > maxPhase:
			return fmt.Errorf("hop %d: %d µs, expected 0 to %d", h.Number, h.MedianMicros, int64(maxPhase))
		}
	}
	return nil
}
