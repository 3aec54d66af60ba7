package probe

import (
	"fmt"
	"time"
)

// LookEnd says how a closer look ended.
type LookEnd string

const (
	// LookRecovered is the end of a look after enough echoes in a row were answered.
	LookRecovered LookEnd = "recovered"
	// LookLasting is that of a look whose time was over before.
	LookLasting LookEnd = "lasting"
	// LookPassed says that there was none, because too many links began to lose echoes
	// at a time: some of them were looked at instead.
	LookPassed LookEnd = "passed"
)

// Look is a closer look at a link that began to lose echoes: further ones, in quick
// succession. It says since when and how much; it decides nothing, and its echoes
// are part of no round.
type Look struct {
	// From is when the first echo that was lost had left, in the round that caused the
	// look; LastLost when the last one had, of the round or the look; Until when the
	// look ended.
	From     time.Time `json:"from"`
	LastLost time.Time `json:"last_lost"`
	Until    time.Time `json:"until"`
	End      LookEnd   `json:"end"`
	// RoundSent and RoundLost count the echoes of the round that caused the look.
	RoundSent int `json:"round_sent"`
	RoundLost int `json:"round_lost"`
	// Gap is the time between two echoes of the look.
	Gap time.Duration `json:"gap_nanos,omitempty"`
	// RTTMicros are those of the look in the order of sending, as in Observation.
	RTTMicros []int32 `json:"rtt_micros"`
	// Together is how many links began to lose echoes in the same cycle, as far as known
	// at the end: this one among them.
	Together int `json:"together"`
}

// Sent returns how many echoes of the look left and had a known outcome.
func (l *Look) Sent() int { return len(l.RTTMicros) }

// Lost returns how many of them were not answered in time.
func (l *Look) Lost() int {
	return len(l.RTTMicros) - Observation{RTTMicros: l.RTTMicros}.Received()
}

// Total reports whether nothing at all was answered, neither in the round nor in the
// look.
func (l *Look) Total() bool { return l.RoundLost == l.RoundSent && l.Lost() == l.Sent() }

// Kind is look.
func (*Look) Kind() string { return "look" }

// Validate refuses a look without a loss that caused it, one that ends before it begins,
// and figures out of their range.
func (l *Look) Validate() error {
	switch {
	case l.From.IsZero():
		return errNoTime
	case l.LastLost.Before(l.From) || l.Until.Before(l.From):
		return fmt.Errorf("last lost %s, until %s, expected neither before its beginning %s", l.LastLost, l.Until, l.From)
	case l.End != LookRecovered && l.End != LookLasting && l.End != LookPassed:
		return fmt.Errorf("end %q, expected %s, %s or %s", l.End, LookRecovered, LookLasting, LookPassed)
	case l.RoundLost < 1 || l.RoundLost > l.RoundSent || l.RoundSent > maxEchoes:
		return fmt.Errorf("%d of %d echoes of the round lost, expected 1 to all of at most %d", l.RoundLost, l.RoundSent, maxEchoes)
	case l.Gap < 0 || l.Gap > time.Minute:
		return fmt.Errorf("gap %s, expected 0 to 1m0s", l.Gap)
	case len(l.RTTMicros) > maxEchoes:
		return fmt.Errorf("%d echoes, expected at most %d", len(l.RTTMicros), maxEchoes)
	case l.Together < 1 || l.Together > maxObservations:
		return fmt.Errorf("%d links together, expected 1 to %d", l.Together, maxObservations)
	}
	for _, rtt := range l.RTTMicros {
		if rtt < Lost {
			return fmt.Errorf("round-trip time of %d µs, expected at least %d", rtt, Lost)
		}
	}
	return nil
}
