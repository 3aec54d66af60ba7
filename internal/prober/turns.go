package prober

import (
	"maps"
	"sync"

	"vigie/probe"
	"vigie/probe/schedule"
)

// turns remembers what decides which targets come first when a cycle has no room for
// all. setUrgent may be called from any goroutine; the rest belongs to that of the
// echoes.
type turns struct {
	waited map[schedule.Key]int // cycles in a row without a round
	lost   map[int64]bool       // links whose last round was lost whole

	mu     sync.Mutex
	urgent map[int64]bool
}

func newTurns() *turns {
	return &turns{waited: map[schedule.Key]int{}, lost: map[int64]bool{}}
}

// choose gives the targets of a cycle with room for so many rounds, and how many are
// left out of it.
func (t *turns) choose(targets []probe.Target, room int) (taken []probe.Target, left int) {
	taken, rest := schedule.Fit(targets, room, schedule.Need{Urgent: t.needed(), Waited: t.waited})
	waited := make(map[schedule.Key]int, len(rest))
	for _, target := range rest {
		key := schedule.KeyOf(target)
		waited[key] = t.waited[key] + 1
	}
	t.waited = waited
	return taken, len(rest)
}

// needed are the links that come first: those that fail here, and those of whom the core
// says so.
func (t *turns) needed() map[int64]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := maps.Clone(t.lost)
	maps.Copy(all, t.urgent)
	return all
}

// saw remembers how a round ended.
func (t *turns) saw(o probe.Observation) {
	if o.Kind != probe.Link || o.Sent() == 0 {
		return
	}
	if o.Received() == 0 {
		t.lost[o.Target] = true
	} else {
		delete(t.lost, o.Target)
	}
}

// setUrgent replaces the links of whom the core says that their next rounds matter.
func (t *turns) setUrgent(links []int64) {
	urgent := make(map[int64]bool, len(links))
	for _, id := range links {
		urgent[id] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.urgent = urgent
}
