package incident

import (
	"time"

	"vigie/internal/linkstate"
)

// wakeAt returns the earliest later time at which a delay, a hold, a stable
// time, a flapping period or the patience with a silent link runs out.
func (e *engine) wakeAt() time.Time {
	var first time.Time
	consider := func(at time.Time) {
		if at.After(e.cycle.At) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for i := range e.links {
		row := &e.links[i]
		if row.Flapping && len(row.Transitions) > 0 {
			consider(row.Transitions[0].Add(e.policy.FlapExit))
		}
		if !row.State.LastValid.IsZero() && row.State.Status != linkstate.Unknown {
			consider(row.State.LastValid.Add(e.policy.Link.UnknownAfter))
		}
	}
	for _, inc := range e.incidents {
		if inc.Ticket == 0 {
			consider(inc.Hold.Until)
		}
		if s := e.standing(inc); s.up > 0 {
			consider(s.lastGood.Add(e.policy.ResolveAfter))
		}
	}
	return first
}
