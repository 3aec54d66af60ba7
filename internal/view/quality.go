package view

import (
	"context"
	"time"

	"vigie/internal/calendar"
	"vigie/probe"
)

// QualityCounts are what a prober itself failed to do, or refused, over some time. None
// of it is loss of a line. Unsent, Void, Unstamped and the refused replies count echoes, Dropped
// messages, Overrun rounds, Errands what is done beside them, LostBatches batches.
type QualityCounts struct {
	Unsent, Void, Dropped, Overrun, LostBatches int64
	Unstamped, Errands                          int64
	Malformed, Forged, Duplicate, Late          int64
}

// Refused is the number of replies that answered none of our echoes in time.
func (c QualityCounts) Refused() int64 { return c.Malformed + c.Forged + c.Duplicate + c.Late }

// QualityPoint is how well a prober measured in one step of its own time.
type QualityPoint struct {
	At time.Time
	// Measured is the time of the cycles delivered, each counted by the part of what was
	// due in it that has a known outcome; without time in which the prober was isolated
	// or in doubt.
	Measured time.Duration
	// WorstLag is the longest delay of an echo to its plan, Lag95 the largest of the
	// cycles' 95th percentiles.
	WorstLag, Lag95 time.Duration
	Counts          QualityCounts
	// Offset is the largest distance of the clock to the right time in the step, ahead of
	// it positive; OffsetKnown unless no source kept the clock.
	Offset      time.Duration
	OffsetKnown bool
}

// ProberNow is what a prober told last.
type ProberNow struct {
	At    time.Time // when it came; zero when nothing came lately
	First time.Time // the minute of its first batch that is kept
	Clock probe.Clock
	// Arrival is the shortest time lately from the end of a cycle, by the prober's clock,
	// to its arrival by ours; Arrived unless no cycle was whole.
	Arrival time.Duration
	Arrived bool
}

// Trouble is a reason not to take the figures of a prober as they are.
type Trouble string

// The troubles, the gravest first.
const (
	TroubleSilent   Trouble = "silent"        // nothing came lately
	TroubleIsolated Trouble = "isolated"      // its own uplink was lost: it reached no canary
	TroubleAhead    Trouble = "clock-ahead"   // its batches come before their time
	TroubleBehind   Trouble = "clock-behind"  // they come long after it, all of them
	TroubleOffset   Trouble = "clock-offset"  // its clock is wrong, by its own source
	TroubleFree     Trouble = "clock-free"    // nothing keeps its clock
	TroubleUnknown  Trouble = "clock-unknown" // it cannot tell
	TroubleCoverage Trouble = "coverage"      // a part of what was due is not known
	TroubleLost     Trouble = "lost"          // batches were given up
	TroubleOverrun  Trouble = "overrun"       // more was due than a cycle holds
	TroubleDropped  Trouble = "dropped"       // the kernel had no room for what came
	TroubleLag      Trouble = "lag"           // echoes leave late
	TroubleErrands  Trouble = "errands"       // polls, traces, checks were left out
)

const (
	// arrivalWithin is how far back arrivals are compared.
	arrivalWithin = 10 * time.Minute
	// earliestArrival is how long before the end of its cycle, by our clock, a batch may
	// come; latestArrival how long after it: timeouts and a slow way are shorter, a queue
	// that is worked off gets shorter.
	earliestArrival = -time.Second
	latestArrival   = 2 * time.Minute
	// wrongClock is beyond what a dispute about minutes of an outage can bear.
	wrongClock = time.Second
	// lateEchoes is when the spread of the echoes over the cycle is no longer as planned.
	lateEchoes = 100 * time.Millisecond
	// enoughMeasured is the share of an hour, in thousandths, below which it is said.
	enoughMeasured = 990
)

// ProberQuality is how well a prober measures.
type ProberQuality struct {
	Range  Range
	Window Window
	Points []QualityPoint // the steps that have one, in order of time
	Hour   QualityPoint   // the last hour together, without the minute of the first batch
	// HourCoverage is that of the last hour, or of the whole minutes since the first batch.
	HourCoverage Coverage
	Now          ProberNow
	// Isolated is for how long, in the hour until now, it reached none of its canaries;
	// IsolatedSince since when it has not, zero when it does.
	Isolated      time.Duration
	IsolatedSince time.Time
	Troubles      []Trouble // the gravest first; none when it measures well
}

// qualityWindow is the window of a range: a day, or a week.
func (g Range) qualityWindow(until time.Time) Window {
	w := Window{To: until, Step: 15 * time.Minute, From: until.Add(-24 * time.Hour)}
	if g == Week {
		w.Step, w.From = time.Hour, until.Add(-7*24*time.Hour)
	}
	w.From = w.From.Truncate(w.Step)
	return w
}

// quality answers for one prober.
func (s *Service) quality(ctx context.Context, p Prober, g Range, decided, now time.Time) (ProberQuality, error) {
	until := now.UTC().Add(-s.staleAfter).Truncate(time.Minute) // what is younger may be on its way
	q := ProberQuality{Range: g, Window: g.qualityWindow(until)}
	var err error
	if q.Points, q.Now, err = s.store.Quality(ctx, p.Name, q.Window, now.Add(-arrivalWithin)); err != nil {
		return ProberQuality{}, err
	}
	hour := Window{From: until.Add(-time.Hour), To: until, Step: time.Hour}
	// It began within its first minute, of which is not known how much was due: what was
	// measured in it must not stand for what is missing later.
	hour.From = calendar.Later(hour.From, q.Now.First.Add(time.Minute))
	due := hour.To.Sub(hour.From)
	if due > 0 {
		points, _, err := s.store.Quality(ctx, p.Name, hour, now)
		if err != nil {
			return ProberQuality{}, err
		}
		if len(points) > 0 {
			q.Hour = points[0]
		}
	}
	due = max(0, due)
	q.HourCoverage = Coverage{CoveredMillis: thousandths(min(q.Hour.Measured, due)), Expected: thousandths(due)}
	q.isolation(p.Gaps, decided, now)
	q.Troubles = q.troubles(p.LastSeen, s.staleAfter, now)
	return q, nil
}

// isolation tells from the gaps of the prober, the latest first, when it was isolated, and
// whether it was in the cycle decided last.
func (q *ProberQuality) isolation(gaps []Gap, decided, now time.Time) {
	hour := now.Add(-time.Hour)
	for _, gap := range gaps {
		if gap.Reason != isolated || !gap.To.After(hour) {
			continue
		}
		q.Isolated += gap.To.Sub(calendar.Later(gap.From, hour))
		if !decided.Before(gap.From) && decided.Before(gap.To) {
			q.IsolatedSince = gap.From
		}
	}
}

// thousandths is a time in thousandths of a minute.
func thousandths(d time.Duration) int64 { return int64(d / (time.Minute / 1000)) }

// troubles judges; a prober that is silent is not judged further, since nothing it told
// is of now.
func (q ProberQuality) troubles(seen time.Time, staleAfter time.Duration, now time.Time) []Trouble {
	if now.Sub(seen) > staleAfter+time.Minute {
		return []Trouble{TroubleSilent}
	}
	var all []Trouble
	for _, t := range []struct {
		found   bool
		trouble Trouble
	}{
		{q.Isolated > 0, TroubleIsolated},
		{q.Now.Arrived && q.Now.Arrival < earliestArrival, TroubleAhead},
		{q.Now.Arrived && q.Now.Arrival > latestArrival, TroubleBehind},
		{q.Now.Clock.Synchronised && q.Now.Clock.Offset.Abs() > wrongClock, TroubleOffset},
		{q.Now.Clock.Source != "" && !q.Now.Clock.Synchronised, TroubleFree},
		{q.Now.Clock.Source == "", TroubleUnknown},
		{1000*q.HourCoverage.CoveredMillis < enoughMeasured*q.HourCoverage.Expected, TroubleCoverage},
		{q.Hour.Counts.LostBatches > 0, TroubleLost},
		{q.Hour.Counts.Overrun > 0, TroubleOverrun},
		{q.Hour.Counts.Dropped > 0, TroubleDropped},
		{q.Hour.Lag95 > lateEchoes, TroubleLag},
		{q.Hour.Counts.Errands > 0, TroubleErrands},
	} {
		if t.found {
			all = append(all, t.trouble)
		}
	}
	return all
}
