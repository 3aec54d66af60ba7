package view

import (
	"time"

	"vigie/probe"
)

// StampMinute is what a minute's session to the reflector of a link found, beside the
// echoes.
type StampMinute struct {
	At     time.Time
	Prober string
	probe.Stamp
}

// Lost is how many packets did not come back.
func (m StampMinute) Lost() int { return m.Sent - m.Received }

// BackLost is how many of them the reflector answered, where it counts.
func (m StampMinute) BackLost() int { return m.Lost() - m.ForwardLost }

// stampsShown bounds the minutes that a page shows.
const stampsShown = 60
