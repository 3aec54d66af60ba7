package prober

import (
	"context"
	"slices"
	"sync"
	"time"

	"vigie/probe/schedule"
)

// heavy is what heavy probes hold (tests of throughput, traces, walks of large tables), so
// that no two meet on a link, and what tests have filled lately, so that the rounds beside
// them are marked.
type heavy struct {
	mu     sync.Mutex
	held   []*holding
	filled []filling
}

// filling is the time in which a test filled a link; until is zero while it does.
type filling struct {
	link        int64
	from, until time.Time
}

// fillingsKept is how long a test is remembered: a round that met it is finished by then.
const fillingsKept = 10 * time.Minute

// holding is what one heavy probe holds.
type holding struct {
	schedule.Occupied
	stop  func()        // asks it to end; nil = it is not to be stopped
	ended chan struct{} // closed when it has
}

// take holds what a probe needs until the function returned is called; it is false, and
// holds nothing, when another has the link. Whoever needs a site or a POP too has asked
// the plan for it. The holder ends soon once stop was called, more than once perhaps.
func (h *heavy) take(o schedule.Occupied, stop func()) (release func(), ok bool) {
	release, other := h.hold(o, stop)
	return release, other == nil
}

// await is take that waits until the link is free; false when ctx ends before.
func (h *heavy) await(ctx context.Context, o schedule.Occupied, stop func()) (release func(), ok bool) {
	return h.waitFor(ctx, o, stop, func(*holding) {})
}

// seize takes a link for evidence that cannot wait: whoever else has it is stopped, and
// nobody stops the one who seized it.
func (h *heavy) seize(ctx context.Context, o schedule.Occupied) (release func(), ok bool) {
	return h.waitFor(ctx, o, nil, func(other *holding) {
		if other.stop != nil {
			other.stop()
		}
	})
}

func (h *heavy) waitFor(ctx context.Context, o schedule.Occupied, stop func(), meets func(*holding)) (release func(), ok bool) {
	for {
		release, other := h.hold(o, stop)
		if other == nil {
			return release, true
		}
		meets(other)
		select {
		case <-other.ended:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// hold holds a link, or returns who has it.
func (h *heavy) hold(o schedule.Occupied, stop func()) (release func(), other *holding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := slices.IndexFunc(h.held, func(other *holding) bool { return other.Link == o.Link }); at >= 0 {
		return nil, h.held[at]
	}
	mine := &holding{Occupied: o, stop: stop, ended: make(chan struct{})}
	h.held = append(h.held, mine)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.held = slices.DeleteFunc(h.held, func(other *holding) bool { return other == mine })
		close(mine.ended)
	}, nil
}

// occupied is what is held now.
func (h *heavy) occupied() []schedule.Occupied {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]schedule.Occupied, len(h.held))
	for i, held := range h.held {
		all[i] = held.Occupied
	}
	return all
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
