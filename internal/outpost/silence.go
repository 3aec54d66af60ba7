package outpost

import (
	"maps"
	"slices"
	"time"
)

// silence is what a prober knows of its core's silences, and whom it told. It decides
// what is to be told; it is kept on disk so that a restart repeats nothing.
type silence struct {
	// Since is when the core answered last; zero while it answers.
	Since time.Time `json:"since,omitzero"`
	// Told is, for each way, the beginning of the silence that it was told of and whose end
	// it was not.
	Told map[string]time.Time `json:"told,omitempty"`
	// Back is when the core answered again, while somebody is still to be told.
	Back time.Time `json:"back,omitzero"`
	// Down are the links that were seen down from here meanwhile, by ID.
	Down []int64 `json:"down,omitempty"`
}

// call is one thing to tell by one way.
type call struct {
	way   string
	ended bool
	since time.Time // when the core answered last before
	back  time.Time // when it answered again; zero of a silence that lasts
}

// doubt notes that the core did not answer when it should have; former answered last at
// that time. It reports whether that is new.
func (s *silence) doubt(answered time.Time) bool {
	if !s.Since.IsZero() {
		return false
	}
	s.Since = answered
	return true
}

// answered notes that the core answers, and reports whether that is new.
func (s *silence) answered(now time.Time) bool {
	if s.Since.IsZero() {
		return false
	}
	s.Since = time.Time{}
	if len(s.Told) > 0 && s.Back.IsZero() {
		s.Back = now
	}
	s.forget()
	return true
}

// saw notes links that are down now, and reports whether one is new.
func (s *silence) saw(down []int64) bool {
	if s.Since.IsZero() {
		return false
	}
	before := len(s.Down)
	s.Down = slices.Compact(slices.Sorted(slices.Values(append(s.Down, down...))))
	return len(s.Down) > before
}

// due is what is to be told now, by the ways that there are: the beginning of a silence
// once it has lasted for after, and its end to whoever was told the beginning.
func (s *silence) due(now time.Time, after time.Duration, ways []string) []call {
	var out []call
	for _, way := range ways {
		told, open := s.Told[way]
		switch {
		case open && !s.Since.Equal(told): // it answered meanwhile
			out = append(out, call{way: way, ended: true, since: told, back: s.Back})
		case !open && !s.Since.IsZero() && now.Sub(s.Since) >= after:
			out = append(out, call{way: way, since: s.Since})
		}
	}
	return out
}

// told notes that something was told.
func (s *silence) told(c call) {
	if s.Told = maps.Clone(s.Told); s.Told == nil {
		s.Told = map[string]time.Time{}
	}
	if c.ended {
		delete(s.Told, c.way)
	} else {
		s.Told[c.way] = c.since
	}
	s.forget()
}

// forget drops what nobody will be told any more.
func (s *silence) forget() {
	if len(s.Told) == 0 {
		s.Back = time.Time{}
	}
	if len(s.Told) == 0 && s.Since.IsZero() {
		s.Down = nil
	}
}
