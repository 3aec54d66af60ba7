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

// StampPoint sums the sessions of one step. Its medians are those of the sessions'
// medians, the delays those of packets that came back.
type StampPoint struct {
	At             time.Time
	Sent, Received int
	// Two-way delays in microseconds, without the reflector's own time but for
	// Uncorrected of them; none when nothing was received.
	MinMicros, MedianMicros, MaxMicros int64
	Uncorrected                        int
	// Synchronised says that a session of the step knew each way, to ErrorMicros at worst.
	Synchronised                            bool
	ForwardMicros, BackMicros, ErrorMicros  int64
	ForwardLost, BackLost, UncountedWayLost int // of those lost: by the way, where the reflector counts
	Simulated                               bool
}

// Lost is how many packets did not come back.
func (p StampPoint) Lost() int { return p.Sent - p.Received }

// StampSeries is what the sessions to the reflector of a link found in a window.
type StampSeries struct {
	Window Window
	Points []StampPoint // in order; a step without a session has none
	Latest StampMinute  // without a session in the window, of no prober
}
