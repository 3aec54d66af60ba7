package audit

import (
	"encoding/json"
	"time"
)

// Share is a part of a whole, in the same unit; a whole of 0 has no share.
type Share struct{ Part, Whole int64 }

// Rate is a figure in bits per second, or none because too little was measured. In
// JSON it is a number or null.
type Rate struct {
	BitsPerSecond int64
	Known         bool
}

// MarshalJSON writes the number, or null.
func (r Rate) MarshalJSON() ([]byte, error) {
	if !r.Known {
		return []byte("null"), nil
	}
	return json.Marshal(r.BitsPerSecond)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Rate) UnmarshalJSON(data []byte) error {
	*r = Rate{}
	if string(data) == "null" {
		return nil
	}
	r.Known = true
	return json.Unmarshal(data, &r.BitsPerSecond)
}

// reaches reports whether the rate is at least percent of a guaranteed one.
func (r Rate) reaches(percent, kbps int64) bool {
	return r.Known && r.BitsPerSecond*100 >= percent*kbps*1000
}

// permille is the rate as a part of a guaranteed one, rounded down, 0 without
// either.
func (r Rate) permille(kbps int64) int64 {
	if !r.Known || kbps <= 0 {
		return 0
	}
	return r.BitsPerSecond / kbps
}

// Direction is what one direction of a link carried over the period.
type Direction struct {
	// P95 is the nearest rank over every five-minute average, School over those of
	// school time.
	P95, School Rate
	// Peak is the highest five-minute average, Busy the highest mean of a clock hour
	// that was measured whole; each with the beginning of its interval.
	Peak, Busy     Rate
	PeakAt, BusyAt time.Time
}

// Month is the school time of one month.
type Month struct {
	First    time.Time // its first day, midnight UTC
	Down, Up Rate      // p95 of school time
	Coverage Share     // five-minute intervals of school time, measured of all
}

// usage is the highest p95 of the month as a part of the guaranteed rate, per
// mille.
func (m Month) usage(downKbps, upKbps int64) int64 {
	return max(m.Down.permille(downKbps), m.Up.permille(upKbps))
}

// Carried is what a link carried over the period, and how well that is known.
type Carried struct {
	Down, Up Direction
	// Coverage and School count five-minute intervals, measured of all; Calendar those
	// of school time that lie on days the school calendar knows.
	Coverage, School, Calendar Share
	// Saturated and NearFull are the parts of the measured school time, in intervals,
	// in which either direction reached the policy's part of the guaranteed rate; their
	// whole is 0 where School is too low for a figure.
	Saturated, NearFull Share
	Months              []Month
	Simulated           bool
}
