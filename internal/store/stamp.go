package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/view"
	"vigie/probe"
)

var (
	// Two sessions may end in one minute: the first stands.
	sqlStampAdd = query("stamp_minute.add", `
		INSERT INTO stamp_minute (link_id, at, prober, sent, received, min_micros, median_micros, max_micros, uncorrected,
			forward_micros, back_micros, error_micros, forward_lost, simulated)
		SELECT link, at, @prober, sent, received, low, median, high, uncorrected, forward, back, error, lost, @simulated
		FROM unnest(@links::bigint[], @at::timestamptz[], @sent::int[], @received::int[], @lows::bigint[], @medians::bigint[], @highs::bigint[],
			@uncorrected::int[], @forward::bigint[], @back::bigint[], @errors::bigint[], @lost::int[])
			AS row (link, at, sent, received, low, median, high, uncorrected, forward, back, error, lost)
		ON CONFLICT DO NOTHING`)
	sqlStampDrop = query("stamp_minute.drop", `DELETE FROM stamp_minute WHERE at < @before`)
	sqlViewStamp = query("view.stamp", `
		SELECT (@steps::timestamptz[])[width_bucket(at, @steps::timestamptz[])] AS at, sum(sent)::int AS sent, sum(received)::int AS received,
			coalesce(min(min_micros), 0) AS min_micros, coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY median_micros), 0) AS median_micros,
			coalesce(max(max_micros), 0) AS max_micros, sum(uncorrected)::int AS uncorrected,
			percentile_disc(0.5) WITHIN GROUP (ORDER BY forward_micros) AS forward_micros, percentile_disc(0.5) WITHIN GROUP (ORDER BY back_micros) AS back_micros,
			max(error_micros) AS error_micros, coalesce(sum(forward_lost), 0)::int AS forward_lost,
			coalesce(sum(sent - received - forward_lost), 0)::int AS back_lost, coalesce(sum(sent - received) FILTER (WHERE forward_lost IS NULL), 0)::int AS uncounted_way_lost,
			bool_or(simulated) AS simulated
		FROM stamp_minute WHERE link_id = @link AND at >= @from AND at < @to GROUP BY 1 ORDER BY 1`)
	sqlViewStampLatest = query("view.stamp_latest", `
		SELECT at, prober, sent, received, coalesce(min_micros, 0) AS min_micros, coalesce(median_micros, 0) AS median_micros, coalesce(max_micros, 0) AS max_micros,
			uncorrected, forward_micros, back_micros, error_micros, forward_lost
		FROM stamp_minute WHERE link_id = @link AND at >= @from AND at < @to ORDER BY at DESC LIMIT 1`)
)

// SaveStamp stores what sessions found, each by its minute.
func (t watchTx) SaveStamp(ctx context.Context, prober string, reports []probe.Report) error {
	var sessions stampColumns
	for _, r := range reports {
		if s, ok := r.Finding.(*probe.Stamp); ok && s.Sent > 0 {
			sessions.add(r.Link, r.At.Truncate(time.Minute), s)
		}
	}
	if len(sessions.links) == 0 {
		return nil
	}
	if _, err := t.tx.Exec(ctx, sqlStampAdd, sessions.args(prober, t.simulated)); err != nil {
		return fmt.Errorf("store the sessions to %d reflectors: %w", len(sessions.links), err)
	}
	return nil
}

// stampColumns are sessions column by column, as one statement takes them.
type stampColumns struct {
	links                       []int64
	at                          []time.Time
	sent, received, uncorrected []int
	lows, medians, highs        []*int64
	forward, back, errors       []*int64
	lost                        []*int
}

func (c *stampColumns) add(link int64, at time.Time, s *probe.Stamp) {
	c.links, c.at = append(c.links, link), append(c.at, at)
	c.sent, c.received, c.uncorrected = append(c.sent, s.Sent), append(c.received, s.Received), append(c.uncorrected, s.Uncorrected)
	answered, synchronised := s.Received > 0, s.Synchronised
	c.lows, c.medians = append(c.lows, known(answered, s.MinMicros)), append(c.medians, known(answered, s.MedianMicros))
	c.highs = append(c.highs, known(answered, s.MaxMicros))
	c.forward, c.back = append(c.forward, known(synchronised, s.ForwardMicros)), append(c.back, known(synchronised, s.BackMicros))
	c.errors, c.lost = append(c.errors, known(synchronised, s.ErrorMicros)), append(c.lost, known(s.Counted, s.ForwardLost))
}

func (c *stampColumns) args(prober string, simulated bool) pgx.NamedArgs {
	return pgx.NamedArgs{
		"links": c.links, "at": c.at, "prober": prober, "sent": c.sent, "received": c.received, "uncorrected": c.uncorrected,
		"lows": c.lows, "medians": c.medians, "highs": c.highs, "forward": c.forward, "back": c.back, "errors": c.errors, "lost": c.lost,
		"simulated": simulated,
	}
}

// known is a value as a column that may be NULL.
func known[T any](is bool, v T) *T {
	if !is {
		return nil
	}
	return &v
}

type stampRow struct {
	At                                 time.Time
	Prober                             string
	Sent, Received                     int
	MinMicros, MedianMicros, MaxMicros int64
	Uncorrected                        int
	ForwardMicros, BackMicros          *int64
	ErrorMicros                        *int64
	ForwardLost                        *int
}

func (r stampRow) minute() view.StampMinute {
	m := view.StampMinute{At: r.At.UTC(), Prober: r.Prober, Stamp: probe.Stamp{
		Sent: r.Sent, Received: r.Received, MinMicros: r.MinMicros, MedianMicros: r.MedianMicros, MaxMicros: r.MaxMicros, Uncorrected: r.Uncorrected,
	}}
	if r.ForwardMicros != nil {
		m.Synchronised, m.ForwardMicros, m.BackMicros, m.ErrorMicros = true, *r.ForwardMicros, nullZero(r.BackMicros), nullZero(r.ErrorMicros)
	}
	if r.ForwardLost != nil {
		m.Counted, m.ForwardLost = true, *r.ForwardLost
	}
	return m
}

type stampPointRow struct {
	At                                      time.Time
	Sent, Received                          int
	MinMicros, MedianMicros, MaxMicros      int64
	Uncorrected                             int
	ForwardMicros, BackMicros               *int64
	ErrorMicros                             *int64
	ForwardLost, BackLost, UncountedWayLost int
	Simulated                               bool
}

func (r stampPointRow) point() view.StampPoint {
	return view.StampPoint{
		At: r.At.UTC(), Sent: r.Sent, Received: r.Received, MinMicros: r.MinMicros, MedianMicros: r.MedianMicros, MaxMicros: r.MaxMicros, Uncorrected: r.Uncorrected,
		Synchronised: r.ForwardMicros != nil, ForwardMicros: nullZero(r.ForwardMicros), BackMicros: nullZero(r.BackMicros), ErrorMicros: nullZero(r.ErrorMicros),
		ForwardLost: r.ForwardLost, BackLost: r.BackLost, UncountedWayLost: r.UncountedWayLost, Simulated: r.Simulated,
	}
}

// Stamp gives the sessions to the reflector of a link in a window, by its steps.
func (v *View) Stamp(ctx context.Context, link int64, w view.Window) (view.StampSeries, error) {
	series := view.StampSeries{Window: w}
	err := v.read(ctx, func(tx pgx.Tx) (err error) {
		args := pgx.NamedArgs{"link": link, "from": w.From, "to": w.To, "steps": w.Steps()}
		if series.Points, err = many(ctx, tx, sqlViewStamp, args, stampPointRow.point); err != nil || len(series.Points) == 0 {
			return err
		}
		latest, err := one[stampRow](ctx, tx, sqlViewStampLatest, pgx.NamedArgs{"link": link, "from": w.From, "to": w.To})
		series.Latest = latest.minute()
		return err
	})
	if err != nil {
		return view.StampSeries{}, fmt.Errorf("read the sessions to the reflector of link %d: %w", link, err)
	}
	return series, nil
}
