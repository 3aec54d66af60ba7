package prober

import (
	"hash/fnv"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/snmp"
)

const (
	// walkAgain is when a walk that failed is tried again, and how long a router that
	// says again and again that it changed is left alone after a walk.
	walkAgain = 10 * time.Minute
	// settle is how long a router that restarted is given before it is walked: its
	// ports come up one after the other.
	settle = time.Minute
)

// agenda says when which router is walked next. It may be used from several goroutines.
type agenda struct {
	name   string
	every  time.Duration
	within time.Duration // the first walks are spread over

	mu      sync.Mutex
	entries map[int64]*entry // by link
}

// entry is what is known of one router.
type entry struct {
	due    time.Time
	last   time.Time // when its last walk ended; zero before
	busy   bool
	boots  int64
	uptime time.Duration
}

// follow takes up the routers that are new, each at its own moment, and forgets those
// that are no longer there.
func (a *agenda) follow(routers []snmp.Router, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := make(map[int64]*entry, len(routers))
	for _, r := range routers {
		if r.Credential == (snmp.Credential{}) {
			continue // it is not configured: there is nothing to ask with
		}
		if known[r.Link] = a.entries[r.Link]; known[r.Link] == nil {
			known[r.Link] = &entry{due: now.Add(share(a.name, r.Link, a.within))}
		}
	}
	a.entries = known
}

// share is a part of a span that is a link's own.
func share(name string, link int64, span time.Duration) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	for shift := 0; shift < 64; shift += 8 {
		_, _ = h.Write([]byte{byte(link >> shift)})
	}
	return time.Duration(float64(span) * float64(h.Sum32()) / (1 << 32))
}

// begin reports whether a router is due, and if so takes it for under way.
func (a *agenda) begin(link int64, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[link]
	if e == nil || e.busy || now.Before(e.due) {
		return false
	}
	e.busy = true
	return true
}

// putOff gives back a router whose walk could not begin yet: it stays due.
func (a *agenda) putOff(link int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.entries[link]; e != nil {
		e.busy = false
	}
}

// end sets the next walk of a router whose walk ended.
func (a *agenda) end(link int64, whole bool, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[link]
	if e == nil {
		return
	}
	e.busy, e.last, e.due = false, now, now.Add(walkAgain)
	if whole {
		e.due = now.Add(a.every)
	}
}

// hasten brings the next walk forward.
func (e *entry) hasten(now time.Time) {
	soon := now.Add(settle)
	if again := e.last.Add(walkAgain); !e.last.IsZero() && again.After(soon) {
		soon = again
	}
	if soon.Before(e.due) {
		e.due = soon
	}
}

// changed brings the walk of a router forward that told of an interface which came or
// went: its ports may have changed. However often it tells, it is not walked before
// walkAgain is over.
func (a *agenda) changed(link int64, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.entries[link]; e != nil {
		e.hasten(now)
	}
}

// polled brings the walk of a router forward that restarted since the poll before.
func (a *agenda) polled(p probe.Poll, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[p.Link]
	if e == nil || p.Problem != "" {
		return
	}
	if e.boots != 0 && p.Boots != e.boots || p.Uptime < e.uptime { // a wrap of sysUpTime costs one walk
		e.hasten(now)
	}
	e.boots, e.uptime = p.Boots, p.Uptime
}
