package store

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/view"
	"vigie/probe"
)

var (
	// Two sessions may end in one minute: the first stands.
	sqlStampAdd = query("stamp_minute.add", `
		INSERT INTO stamp_minute (link_id, at, prober, sent, received, min_micros, median_micros, max_micros, uncorrected,
			forward_micros, back_micros, error_micros, forward_lost, loaded, simulated)
		SELECT link, at, @prober, sent, received, low, median, high, uncorrected, forward, back, error, lost, loaded, @simulated
		FROM unnest(@links::bigint[], @at::timestamptz[], @sent::int[], @received::int[], @lows::bigint[], @medians::bigint[], @highs::bigint[],
			@uncorrected::int[], @forward::bigint[], @back::bigint[], @errors::bigint[], @lost::int[], @loaded::boolean[])
			AS row (link, at, sent, received, low, median, high, uncorrected, forward, back, error, lost, loaded)
		ON CONFLICT DO NOTHING`)
	sqlStampDrop = query("stamp_minute.drop", `DELETE FROM stamp_minute WHERE at < @before`)
	sqlViewStamp = query("view.stamp", `WITH `+stampCounted+`
		SELECT (@steps::timestamptz[])[width_bucket(at, @steps::timestamptz[])] AS at, sum(sent)::int AS sent, sum(received)::int AS received,
			coalesce(min(min_micros), 0) AS min_micros, coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY median_micros), 0) AS median_micros,
			coalesce(max(max_micros), 0) AS max_micros, sum(uncorrected)::int AS uncorrected,
			percentile_disc(0.5) WITHIN GROUP (ORDER BY forward_micros) AS forward_micros, percentile_disc(0.5) WITHIN GROUP (ORDER BY back_micros) AS back_micros,
			max(error_micros) AS error_micros, coalesce(sum(forward_lost), 0)::int AS forward_lost,
			coalesce(sum(sent - received - forward_lost), 0)::int AS back_lost, coalesce(sum(sent - received) FILTER (WHERE forward_lost IS NULL), 0)::int AS uncounted_way_lost,
			bool_or(simulated) AS simulated
		FROM session WHERE NOT ours AND NOT loaded GROUP BY 1 ORDER BY 1`)
	sqlViewStampLatest = query("view.stamp_latest", `WITH `+stampCounted+`
		SELECT at, prober, sent, received, coalesce(min_micros, 0) AS min_micros, coalesce(median_micros, 0) AS median_micros, coalesce(max_micros, 0) AS max_micros,
			uncorrected, forward_micros, back_micros, error_micros, forward_lost
		FROM session WHERE NOT ours AND NOT loaded ORDER BY at DESC LIMIT 1`)
	sqlViewStampVoid = query("view.stamp_void", `WITH `+stampCounted+`
		SELECT count(*) FILTER (WHERE ours) AS ours, count(*) FILTER (WHERE loaded AND NOT ours) AS loaded FROM session`)
)

// stampCounted are the sessions to the reflector of a link, and whether their prober's own
// uplink was lost or in doubt beside them, or a test of ours.
const stampCounted = `
		away AS MATERIALIZED (
			SELECT p.name, g.from_at, g.to_at FROM gap g JOIN prober p ON p.id = g.prober
			WHERE g.reason IN ('isolated', 'doubtful') AND g.to_at > @from::timestamptz - @beside::interval AND g.from_at < @to::timestamptz + @beside::interval),
		session AS (
			SELECT s.*, EXISTS (SELECT FROM away WHERE name = s.prober
				AND to_at > s.at - @beside::interval AND from_at < s.at + interval '1 minute' + @beside::interval) AS ours
			FROM stamp_minute s WHERE link_id = @link AND at >= @from AND at < @to)`

// besideUplink is how near to a cut of the prober's own uplink a session counts no more: it
// may have begun before its minute, and the uplink goes within the cycle before the first
// in which no canary answers.
const besideUplink = 30 * time.Second

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
	loaded                      []bool
}

func (c *stampColumns) add(link int64, at time.Time, s *probe.Stamp) {
	c.links, c.at = append(c.links, link), append(c.at, at)
	c.sent, c.received, c.uncorrected = append(c.sent, s.Sent), append(c.received, s.Received), append(c.uncorrected, s.Uncorrected)
	answered, synchronised := s.Received > 0, s.Synchronised
	c.lows, c.medians = append(c.lows, known(answered, s.MinMicros)), append(c.medians, known(answered, s.MedianMicros))
	c.highs = append(c.highs, known(answered, s.MaxMicros))
	c.forward, c.back = append(c.forward, known(synchronised, s.ForwardMicros)), append(c.back, known(synchronised, s.BackMicros))
	c.errors, c.lost = append(c.errors, known(synchronised, s.ErrorMicros)), append(c.lost, known(s.Counted, s.ForwardLost))
	c.loaded = append(c.loaded, s.Loaded)
}

func (c *stampColumns) args(prober string, simulated bool) pgx.NamedArgs {
	return pgx.NamedArgs{
		"links": c.links, "at": c.at, "prober": prober, "sent": c.sent, "received": c.received, "uncorrected": c.uncorrected,
		"lows": c.lows, "medians": c.medians, "highs": c.highs, "forward": c.forward, "back": c.back, "errors": c.errors, "lost": c.lost,
		"loaded": c.loaded, "simulated": simulated,
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
		args := pgx.NamedArgs{"link": link, "from": w.From, "to": w.To, "beside": besideUplink}
		if series.Void, err = one[view.StampVoid](ctx, tx, sqlViewStampVoid, args); err != nil {
			return err
		}
		bySteps := maps.Clone(args)
		bySteps["steps"] = w.Steps()
		if series.Points, err = many(ctx, tx, sqlViewStamp, bySteps, stampPointRow.point); err != nil || len(series.Points) == 0 {
			return err
		}
		latest, err := one[stampRow](ctx, tx, sqlViewStampLatest, args)
		series.Latest = latest.minute()
		return err
	})
	if err != nil {
		return view.StampSeries{}, fmt.Errorf("read the sessions to the reflector of link %d: %w", link, err)
	}
	return series, nil
}
