package prober

import (
	"slices"
	"sync"
	"time"

	"vigie/probe/schedule"
)

// heavy is what heavy probes hold, so that no two meet on a link, and what tests have
// filled lately, so that the rounds beside them are marked.
type heavy struct {
	mu     sync.Mutex
	held   []schedule.Occupied
	filled []filling
}

// filling is the time in which a test filled a link; until is zero while it does.
type filling struct {
	link        int64
	from, until time.Time
}

// fillingsKept is how long a test is remembered: a round that met it is finished by then.
const fillingsKept = 10 * time.Minute

// take holds what a probe needs until the function returned is called; it is false, and
// holds nothing, when another has the link. Whoever needs a site or a POP too has asked
// the plan for it.
func (h *heavy) take(o schedule.Occupied) (release func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.ContainsFunc(h.held, func(other schedule.Occupied) bool { return other.Link == o.Link }) {
		return nil, false
	}
	h.held = append(h.held, o)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.held = slices.DeleteFunc(h.held, func(other schedule.Occupied) bool { return other.Link == o.Link })
	}, true
}

// occupied is what is held now.
func (h *heavy) occupied() []schedule.Occupied {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.held)
}

// fill remembers that a link is filled from now on, until the function returned is called.
func (h *heavy) fill(link int64, now time.Time) (end func(time.Time)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.filled = slices.DeleteFunc(h.filled, func(f filling) bool { return !f.until.IsZero() && now.Sub(f.until) > fillingsKept })
	h.filled = append(h.filled, filling{link: link, from: now})
	return func(now time.Time) {
		h.mu.Lock()
		defer h.mu.Unlock()
		for i := range h.filled {
			if f := &h.filled[i]; f.link == link && f.until.IsZero() {
				f.until = now
			}
		}
	}
}

// loaded reports whether a link was filled at some time between two.
func (h *heavy) loaded(link int64, from, to time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.filled, func(f filling) bool {
		return f.link == link && !f.from.After(to) && (f.until.IsZero() || !f.until.Before(from))
	})
}
