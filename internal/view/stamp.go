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
	Points []StampPoint // in order; a step without a session that counts has none
	Latest StampMinute  // that counts; without one in the window, of no prober
	Void   StampVoid
}

// Measured reports whether a session ended in the window, be it one that does not count.
func (s StampSeries) Measured() bool { return len(s.Points) > 0 || s.Void != StampVoid{} }

// StampVoid counts the sessions that say nothing of the line: they stand in no point.
type StampVoid struct {
	Ours   int // our own uplink was lost, or in doubt, beside them
	Loaded int // a throughput test of ours filled the link meanwhile
}
