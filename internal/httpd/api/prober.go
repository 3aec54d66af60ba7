package api

import (
	"context"
	"time"

	"vigie/internal/org"
	"vigie/internal/view"
)

// Prober is one vantage point and how well it measured in the last hour. None of what it
// failed to do is loss of a line.
type Prober struct {
	Name     string     `json:"name"`
	LastSeen *time.Time `json:"last_seen" doc:"Its last batch; null before the first."`
	Troubles []string   `json:"troubles" doc:"Why its figures are not to be taken as they are, the gravest first; empty when it measures well: silent, isolated, clock-ahead, clock-behind, clock-offset, clock-free, clock-unknown, coverage, lost, overrun, dropped, lag, errands."`

	Due      float64 `json:"due_minutes" doc:"Of the last hour, since the first batch."`
	Measured float64 `json:"measured_minutes" doc:"Of these, each counted by the part of what was due in it that has a known outcome; without time in which its own uplink was lost or in doubt."`

	Isolated      float64    `json:"isolated_minutes" doc:"Of the hour until now: it reached none of its canaries, and nothing it lost counts."`
	IsolatedSince *time.Time `json:"isolated_since" doc:"Since when it reaches none; null when it does."`

	WorstLag int64 `json:"worst_lag_us" doc:"Longest delay of an echo to its plan, in microseconds."`
	Lag95    int64 `json:"p95_lag_us" doc:"Largest 95th percentile of a cycle."`

	Unsent      int64 `json:"echoes_unsent"`
	Void        int64 `json:"echoes_void" doc:"Sent, of unknown outcome."`
	Dropped     int64 `json:"messages_dropped" doc:"By the kernel, for want of room."`
	Unstamped   int64 `json:"echoes_unstamped" doc:"Their round trips include what it took to send."`
	Overrun     int64 `json:"overrun" doc:"Rounds left out because a cycle had no room for them."`
	Errands     int64 `json:"errands_left_out" doc:"Polls, traces, checks and the like, left out by bounds of their own."`
	LostBatches int64 `json:"batches_lost"`
	Malformed   int64 `json:"replies_malformed"`
	Forged      int64 `json:"replies_forged"`
	Duplicate   int64 `json:"replies_duplicate"`
	LateReplies int64 `json:"replies_late"`

	ClockSource       *string `json:"clock_source" doc:"Who told of its clock; null when nothing is known."`
	ClockSynchronised bool    `json:"clock_synchronised"`
	ClockOffset       *int64  `json:"clock_offset_us" doc:"How much the clock is ahead; null when nothing keeps it."`
	ClockMaxError     *int64  `json:"clock_max_error_us"`
	Arrival           *int64  `json:"arrival_us" doc:"Shortest time in the last minutes from the end of a cycle, by the prober's clock, to its arrival, by ours; negative when its clock is ahead."`
}

// Probers answers with the vantage points, by name.
func (s *Service) Probers(ctx context.Context, who org.User, q Pieces, now time.Time) (Live[Prober], error) {
	page, err := s.view.Probers(ctx, who, view.Day, now)
	if err != nil {
		return Live[Prober]{}, err
	}
	items, next := piece(each(page.Probers, newProber), func(p Prober) string { return p.Name }, q.After, q.Limit)
	return newLive(items, next, page.Notices), nil
}

func newProber(p view.Prober) Prober {
	q := p.Quality
	c := q.Hour.Counts
	out := Prober{
		Name: p.Name, LastSeen: instant(p.LastSeen), Troubles: []string{},
		Due: float64(q.HourCoverage.Expected) / 1000, Measured: float64(q.HourCoverage.CoveredMillis) / 1000,
		Isolated: q.Isolated.Minutes(), IsolatedSince: instant(q.IsolatedSince),
		WorstLag: q.Hour.WorstLag.Microseconds(), Lag95: q.Hour.Lag95.Microseconds(),
		Unsent: c.Unsent, Void: c.Void, Dropped: c.Dropped, Unstamped: c.Unstamped, Overrun: c.Overrun, Errands: c.Errands, LostBatches: c.LostBatches,
		Malformed: c.Malformed, Forged: c.Forged, Duplicate: c.Duplicate, LateReplies: c.Late,
		ClockSource: known(q.Now.Clock.Source), ClockSynchronised: q.Now.Clock.Synchronised,
	}
	for _, t := range q.Troubles {
		out.Troubles = append(out.Troubles, string(t))
	}
	if q.Now.Clock.Synchronised {
		offset, within := q.Now.Clock.Offset.Microseconds(), q.Now.Clock.MaxError.Microseconds()
		out.ClockOffset, out.ClockMaxError = &offset, &within
	}
	if q.Now.Arrived {
		arrival := q.Now.Arrival.Microseconds()
		out.Arrival = &arrival
	}
	return out
}
