package sla

import (
	"time"

	"vigie/internal/calendar"
	"vigie/internal/contract"
)

// State is how a clock stands at the instant of its reading.
type State string

// The states of a clock.
const (
	Pending   State = "pending"   // no event has started it
	Running   State = "running"   // the GTR is not consumed, or exactly; outside service hours too
	Suspended State = "suspended" // the instant lies in an accepted gel or an exclusion
	Overrun   State = "overrun"   // more than the GTR is consumed and the service is still out
	Stopped   State = "stopped"   // restored, in time or not
)

// Reading is a clock at one instant.
type Reading struct {
	State State
	// Event started the clock, at EventAt; it differs from the clause's when that
	// one has not happened (Fallback), and is empty while the clock is pending.
	Event    contract.ClockStart
	EventAt  time.Time
	Fallback bool
	// Start is the contractual start: EventAt, or the next opening after it.
	Start time.Time
	// Deadline is the first instant at which the GTR is consumed, computed also
	// when the service came back before. Zero: no date, because the clock is
	// pending, an open suspension comes first, or the clause has no GTR.
	Deadline  time.Time
	Elapsed   time.Duration // service time from Start, without suspensions
	Remaining time.Duration // of the GTR, never below 0
	Overrun   time.Duration // beyond the GTR, 0 when none
	// Contested is the part of Elapsed that lies in gels we did not accept: what
	// the dispute is worth.
	Contested time.Duration
}

// StartedHours is the overrun in hours, any begun one counted whole.
func (r Reading) StartedHours() int64 { return startedHours(r.Overrun) }

// Clock reads the GTR clock of a ticket at now, under a clause and the service
// hours of the link's site (calendar.Resolve). A restoration after now has not
// happened. Elapsed time is exact, and runs from the request to the restoration
// even where the operator disputes one of them.
func Clock(timeline Timeline, clause contract.Clause, service calendar.Service, now time.Time) Reading {
	if timeline.Restored.After(now) {
		timeline.Restored = time.Time{}
	}
	event, at, start := begin(timeline, clause, service)
	if start.IsZero() {
		return Reading{State: Pending}
	}
	end := now
	if !timeline.Restored.IsZero() {
		end = timeline.Restored
	}
	suspended := timeline.suspensions()
	elapsed := calendar.Elapsed(service, start, end, suspended)
	withContested := append(timeline.gels(false), suspended...)
	reading := Reading{
		Event:     event,
		EventAt:   at,
		Fallback:  event != clause.ClockStart,
		Start:     start,
		Elapsed:   elapsed,
		Contested: elapsed - calendar.Elapsed(service, start, end, withContested),
	}
	if clause.GTR > 0 {
		reading.Deadline, _ = calendar.Add(service, start, clause.GTR, suspended)
		reading.Remaining = max(0, clause.GTR-elapsed)
		reading.Overrun = max(0, elapsed-clause.GTR)
	}
	reading.State = timeline.state(reading.Overrun, suspended, now)
	return reading
}

// Reach is the instant at which the clock has counted consumed: half of the GTR
// for a reminder, the GTR and four hours for the last step of a ladder. It is
// false while the clock is pending or an open suspension comes first.
func Reach(timeline Timeline, clause contract.Clause, service calendar.Service, consumed time.Duration) (time.Time, bool) {
	_, _, start := begin(timeline, clause, service)
	if start.IsZero() {
		return time.Time{}, false
	}
	return calendar.Add(service, start, consumed, timeline.suspensions())
}

// begin gives the starting event, its time, and the contractual start, zero when
// the clock is pending.
func begin(timeline Timeline, clause contract.Clause, service calendar.Service) (contract.ClockStart, time.Time, time.Time) {
	event, at := timeline.started(clause.ClockStart)
	if at.IsZero() {
		return "", time.Time{}, time.Time{}
	}
	start, _ := calendar.NextOpening(service, at)
	return event, at, start
}

func (t Timeline) state(overrun time.Duration, suspended []calendar.Interval, now time.Time) State {
	if !t.Restored.IsZero() {
		return Stopped
	}
	if overrun > 0 {
		return Overrun
	}
	for _, interval := range suspended {
		if interval.Contains(now) {
			return Suspended
		}
	}
	return Running
}

func startedHours(overrun time.Duration) int64 {
	if overrun <= 0 {
		return 0
	}
	return int64((overrun-1)/time.Hour) + 1
}
