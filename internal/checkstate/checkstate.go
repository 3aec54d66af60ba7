package checkstate

import (
	"time"

	"vigie/probe"
)

// Status is whether a service works.
type Status string

// The statuses.
const (
	Unknown Status = "unknown" // nothing was found yet
	Working Status = "working"
	Failing Status = "failing"
)

// ConfirmAfter is how many failures in a row make a service failing: one may be a packet
// lost, or a firewall that restarts.
const ConfirmAfter = 2

// State is what is known of one check. The zero value is that of one never asked.
type State struct {
	Status Status    `json:"status"`
	Since  time.Time `json:"since,omitzero"` // of the status: the first result that showed it
	// Asked is when it was asked last.
	Asked time.Time `json:"asked"`
	// Last is the last result that says something of the service, Answered when it was
	// found; nil before the first.
	Last     *probe.Check `json:"last,omitempty"`
	Answered time.Time    `json:"answered,omitzero"`
	// Trouble is why the last question says nothing of the service; empty where it does.
	Trouble string `json:"trouble,omitzero"`
	// Failures counts those in a row, and FailedFrom is the first of them.
	Failures   int       `json:"failures,omitzero"`
	FailedFrom time.Time `json:"failed_from,omitzero"`
}

// Transition is a confirmed change.
type Transition struct {
	Since  time.Time // of the first result that showed it
	At     time.Time // of the one that confirmed it
	Status Status
	Reason string // why it fails; ok
	Detail string
}

// Isolated is the trouble of a result of a prober that reached none of its canaries.
const Isolated = "isolated"

// Result is one result as a prober reports it.
type Result struct {
	At    time.Time
	Check *probe.Check
	// Isolated says that the prober reached none of its canaries meanwhile.
	Isolated bool
}

// Next gives the state after a result, and the transition that it confirms, if any. One
// that is not newer than the last changes nothing.
func Next(s State, r Result) (State, *Transition) {
	if !r.At.After(s.Asked) {
		return s, nil
	}
	if s.Status == "" {
		s.Status = Unknown
	}
	s.Asked, s.Trouble = r.At, ""
	switch {
	case r.Isolated && !r.Check.OK():
		s.Trouble, s.Failures = Isolated, 0
		return s, nil
	case !r.Check.Known:
		s.Trouble, s.Failures = r.Check.Reason, 0
		return s, nil
	}
	s.Last, s.Answered = r.Check, r.At
	if r.Check.OK() {
		s.Failures, s.FailedFrom = 0, time.Time{}
		return s.become(Working, r.At, r)
	}
	if s.Failures++; s.Failures == 1 {
		s.FailedFrom = r.At
	}
	if s.Failures < ConfirmAfter {
		return s, nil
	}
	return s.become(Failing, s.FailedFrom, r)
}

// become changes the status. That a service works when it is asked for the first time is
// no change.
func (s State) become(status Status, since time.Time, r Result) (State, *Transition) {
	if s.Status == status {
		return s, nil
	}
	first := s.Status == Unknown
	s.Status, s.Since = status, since
	if first && status == Working {
		return s, nil
	}
	return s, &Transition{Since: since, At: r.At, Status: status, Reason: r.Check.Reason, Detail: r.Check.Detail}
}
