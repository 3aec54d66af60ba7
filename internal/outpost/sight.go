package outpost

import (
	"sync"

	"vigie/probe"
)

// downAfter is how many rounds in a row without any answer make a link look down from
// here, as they do for the core (rule R1).
const downAfter = 3

// sight is what a prober sees of its links by itself: no decision, but what it can say
// while nobody decides.
type sight struct {
	mu    sync.Mutex
	fails map[int64]int // rounds in a row without an answer
	// Of the cycle that is being measured:
	silent, heard []int64
	canaries      int
	connected     bool // a canary answered
}

func newSight() *sight { return &sight{fails: map[int64]int{}} }

// note looks at a batch on its way into the stream.
func (s *sight) note(b probe.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range b.Observations {
		switch {
		case o.Sent() == 0 || o.Loaded:
		case o.Kind == probe.Canary:
			s.canaries++
			s.connected = s.connected || o.Received() > 0
		case o.Kind == probe.Link && o.Received() == 0:
			s.silent = append(s.silent, o.Target)
		case o.Kind == probe.Link:
			s.heard = append(s.heard, o.Target)
		}
	}
	if !b.Last {
		return
	}
	if s.canaries == 0 || s.connected { // else it is our own uplink
		for _, link := range s.silent {
			s.fails[link]++
		}
	}
	for _, link := range s.heard {
		delete(s.fails, link)
	}
	s.silent, s.heard, s.canaries, s.connected = nil, nil, 0, false
}

// down are the links that look down now.
func (s *sight) down() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []int64
	for link, n := range s.fails {
		if n >= downAfter {
			out = append(out, link)
		}
	}
	return out
}

// keep drops what is known of links that are not this prober's any more.
func (s *sight) keep(targets []probe.Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := make(map[int64]bool, len(targets))
	for _, t := range targets {
		own[t.ID] = own[t.ID] || t.Kind == probe.Link
	}
	for link := range s.fails {
		if !own[link] {
			delete(s.fails, link)
		}
	}
}
