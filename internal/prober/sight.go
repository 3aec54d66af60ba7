package prober

import (
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
)

// sight is what the last rounds tell of our own uplink and of the links. While no canary
// answers, what links lose is ours. A run tells it, traces ask it.
type sight struct {
	mu       sync.Mutex
	canaries map[int64]bool // whether something of the last round was answered
	links    map[int64]bool // whether all of it was
	lost     bool           // the uplink: no canary answered
	heard    time.Time      // when the last round that a canary answered began
	back     time.Time      // when the uplink that was lost was found to be there again
}

func newSight() *sight {
	return &sight{canaries: map[int64]bool{}, links: map[int64]bool{}}
}

// planned forgets all but these targets.
func (s *sight) planned(targets []probe.Target, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	canaries, links := make(map[int64]bool), make(map[int64]bool, len(s.links))
	for _, t := range targets {
		switch t.Kind {
		case probe.Canary:
			keep(canaries, s.canaries, t.ID)
		case probe.Link:
			keep(links, s.links, t.ID)
		}
	}
	s.canaries, s.links = canaries, links
	s.judge(now)
}

// keep copies what is known of one.
func keep(to, from map[int64]bool, id int64) {
	if known, ok := from[id]; ok {
		to[id] = known
	}
}

// saw takes a finished round and reports whether the uplink turns out to be lost with it.
// A round that did not leave this machine is as good as lost.
func (s *sight) saw(r icmp.Result, now time.Time) (lost bool) {
	o := r.Observation
	if o.Sent() == 0 && r.Unsent == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch o.Kind {
	case probe.Link:
		s.links[o.Target] = o.Sent() > 0 && o.Received() == o.Sent()
	case probe.Canary:
		s.canaries[o.Target] = o.Received() > 0
		if o.Received() > 0 && r.Start.After(s.heard) {
			s.heard = r.Start
		}
		before := s.lost
		s.judge(now)
		return s.lost && !before
	}
	return false
}

// judge finds out whether any canary answers. Without one nothing can be told.
func (s *sight) judge(now time.Time) {
	lost := len(s.canaries) > 0
	for _, answered := range s.canaries {
		lost = lost && !answered
	}
	if s.lost && !lost {
		s.back = now
	}
	s.lost = lost
}

// clear reports whether a round that began then, and is finished, tells of its link and
// not of our uplink.
func (s *sight) clear(start time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.lost && !start.Before(s.back)
}

// blind reports whether our uplink is lost.
func (s *sight) blind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// since is after which time what links lost may have been ours, when the uplink is lost.
func (s *sight) since() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard
}

// there reports whether our uplink was there after a time: a canary answered a round that
// began later. Without any canary nothing speaks against it.
func (s *sight) there(after time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.canaries) == 0 || s.heard.After(after)
}

// whole reports whether all is well with a link, as far as its last round tells.
func (s *sight) whole(link int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.lost && s.links[link]
}
