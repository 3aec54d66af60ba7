package probe

import (
	"fmt"
	"time"
)

// Look is a closer look at a link that began to lose echoes: further ones, in quick
// succession. It says since when and how much; it decides nothing.
type Look struct {
	// From is when the first echo that was lost had left, Until when the look ended.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Sent and Lost count the echoes of the look.
	Sent int `json:"sent"`
	Lost int `json:"lost"`
}

// Kind is look.
func (*Look) Kind() string { return "look" }

// Validate refuses a look that ends before it begins or lost more than it sent.
func (l *Look) Validate() error {
	switch {
	case l.From.IsZero():
		return errNoTime
	case l.Until.Before(l.From):
		return fmt.Errorf("until %s, expected not before its beginning %s", l.Until, l.From)
	case l.Lost < 0 || l.Lost > l.Sent || l.Sent > maxObservations:
		return fmt.Errorf("%d of %d echoes lost, expected 0 to all of at most %d", l.Lost, l.Sent, maxObservations)
	}
	return nil
}
