package sla

import (
	"math/big"
	"time"

	"vigie/internal/calendar"
)

// Uptime is the availability of one period, as exact durations.
type Uptime struct {
	Owed  time.Duration // the period without exclusions
	Known time.Duration // the part of Owed in which the state is known
	Down  time.Duration // the part of Known in a confirmed outage
}

// Availability measures a period from confirmed outages [first fail, first good).
// Exclusions (announced works in notice, accepted gels, site power) leave the
// period; unknown time is neither up nor down and lowers the coverage, even inside
// an outage. The sets may overlap and pass the period's ends.
func Availability(period calendar.Interval, outages, exclusions, unknown []calendar.Interval) Uptime {
	owed := calendar.Difference([]calendar.Interval{period}, exclusions)
	known := calendar.Difference(owed, unknown)
	return Uptime{
		Owed:  calendar.Total(owed),
		Known: calendar.Total(known),
		Down:  calendar.Total(calendar.Intersection(known, outages)),
	}
}

// Ratio is 1 - Down/Known, exact, from 0 to 1; false when nothing is known.
func (u Uptime) Ratio() (*big.Rat, bool) {
	if u.Known <= 0 {
		return nil, false
	}
	return big.NewRat(int64(u.Known-u.Down), int64(u.Known)), true
}

// Coverage is Known/Owed, exact, from 0 to 1; 1 when nothing was owed.
func (u Uptime) Coverage() *big.Rat {
	if u.Owed <= 0 {
		return big.NewRat(1, 1)
	}
	return big.NewRat(int64(u.Known), int64(u.Owed))
}
