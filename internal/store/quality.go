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
	sqlQualityAdd = query("quality.add", `
		INSERT INTO prober_quality AS q (prober, at, span_millis, rounds, echoes, unsent, void, dropped, unstamped, malformed, forged, duplicate, late,
			overrun, errands, lost_batches, worst_lag_micros, lag95_micros, clock_source, clock_synchronised, clock_offset_micros, clock_error_micros,
			arrival_micros, received)
		SELECT id, @at, @span, @rounds, @echoes, @unsent, @void, @dropped, @unstamped, @malformed, @forged, @duplicate, @late,
			@overrun, @errands, @lost, @worst, @lag95, @source, @synchronised, @offset, @error, @arrival, @now
		FROM prober WHERE name = @prober
		ON CONFLICT (prober, at) DO UPDATE SET span_millis = q.span_millis + excluded.span_millis, rounds = q.rounds + excluded.rounds,
			echoes = q.echoes + excluded.echoes, unsent = q.unsent + excluded.unsent, void = q.void + excluded.void,
			dropped = q.dropped + excluded.dropped, unstamped = q.unstamped + excluded.unstamped, malformed = q.malformed + excluded.malformed, forged = q.forged + excluded.forged,
			duplicate = q.duplicate + excluded.duplicate, late = q.late + excluded.late, overrun = q.overrun + excluded.overrun, errands = q.errands + excluded.errands,
			lost_batches = q.lost_batches + excluded.lost_batches, worst_lag_micros = greatest(q.worst_lag_micros, excluded.worst_lag_micros),
			lag95_micros = greatest(q.lag95_micros, excluded.lag95_micros),
			clock_source = CASE WHEN @last THEN excluded.clock_source ELSE q.clock_source END,
			clock_synchronised = CASE WHEN @last THEN excluded.clock_synchronised ELSE q.clock_synchronised END,
			clock_offset_micros = CASE WHEN @last THEN excluded.clock_offset_micros ELSE q.clock_offset_micros END,
			clock_error_micros = CASE WHEN @last THEN excluded.clock_error_micros ELSE q.clock_error_micros END,
			arrival_micros = least(q.arrival_micros, excluded.arrival_micros), received = greatest(q.received, excluded.received)`)
	sqlQualityDrop = query("quality.drop", `DELETE FROM prober_quality WHERE at < @before`)
	// Time in which the prober was isolated or in doubt is not measured, whatever it sent.
	sqlQualitySteps = query("quality.steps", `
		SELECT date_bin(@step::interval, at, @from::timestamptz) AS at,
			sum(greatest(span_millis - away_millis, 0) * share)::bigint AS measured_millis, sum(rounds)::bigint AS rounds, sum(unsent)::bigint AS unsent,
			sum(void)::bigint AS void, sum(dropped)::bigint AS dropped, sum(unstamped)::bigint AS unstamped, sum(malformed)::bigint AS malformed, sum(forged)::bigint AS forged,
			sum(duplicate)::bigint AS duplicate, sum(late)::bigint AS late, sum(overrun)::bigint AS overrun, sum(errands)::bigint AS errands, sum(lost_batches)::bigint AS lost_batches,
			max(worst_lag_micros) AS worst_lag_micros, max(lag95_micros) AS lag95_micros,
			(array_agg(clock_offset_micros ORDER BY abs(clock_offset_micros) DESC) FILTER (WHERE clock_synchronised))[1] AS clock_offset_micros
		FROM (
			SELECT *, CASE WHEN rounds + overrun = 0 THEN 1 ELSE rounds::numeric / (rounds + overrun) END
				* CASE WHEN echoes + unsent + void = 0 THEN (rounds = 0)::int ELSE echoes::numeric / (echoes + unsent + void) END AS share,
				(SELECT coalesce(sum(extract(epoch FROM least(g.to_at, q.ends) - greatest(g.from_at, q.at)) * 1000), 0)
					FROM gap g WHERE g.prober = q.prober AND g.reason IN ('isolated', 'doubtful') AND g.to_at > q.at AND g.from_at < q.ends) AS away_millis
			FROM (SELECT *, at + greatest(span_millis, 60000) * interval '1 ms' AS ends FROM prober_quality) AS q
			WHERE prober = @prober AND at >= @from AND at < @to
		) AS minute
		GROUP BY 1 ORDER BY 1`)
	// The newest minute by arrival tells the clock; the shortest way of the last ones how
	// far the times of prober and core are apart.
	sqlQualityNow = query("quality.now", `
		SELECT (SELECT min(at) FROM prober_quality WHERE prober = @prober) AS first, clock_source, clock_synchronised, clock_offset_micros, clock_error_micros, received,
			(SELECT min(arrival_micros) FROM prober_quality WHERE prober = @prober AND received >= @since) AS arrival_micros
		FROM prober_quality WHERE prober = @prober AND received >= @since ORDER BY received DESC, at DESC LIMIT 1`)
)

// SaveQuality adds to the prober's minute how well it measured, and when the batch came.
func (t watchTx) SaveQuality(ctx context.Context, b probe.Batch, now time.Time) error {
	q := b.Quality
	echoes := 0
	for _, o := range b.Observations {
		echoes += o.Sent()
	}
	args := pgx.NamedArgs{
		"prober": b.Prober, "at": b.Cycle.Truncate(time.Minute), "span": int64(0), "rounds": b.Planned, "echoes": echoes,
		"unsent": q.Unsent, "void": q.Void, "dropped": q.Dropped, "unstamped": q.Unstamped, "malformed": q.Malformed, "forged": q.Forged,
		"duplicate": q.Duplicate, "late": q.Late, "overrun": q.Overrun, "errands": q.Errands, "lost": q.Gap,
		"worst": q.WorstLag.Microseconds(), "lag95": q.Lag95.Microseconds(),
		"source": q.Clock.Source, "synchronised": q.Clock.Synchronised, "offset": q.Clock.Offset.Microseconds(),
		"error": q.Clock.MaxError.Microseconds(), "arrival": nil, "now": now, "last": b.Last,
	}
	if b.Last {
		args["span"] = b.CycleLength.Milliseconds()
		args["arrival"] = now.Sub(b.Cycle.Add(b.CycleLength)).Microseconds()
	}
	if _, err := t.tx.Exec(ctx, sqlQualityAdd, args); err != nil {
		return fmt.Errorf("store the quality of prober %s: %w", b.Prober, err)
	}
	return nil
}

type qualityRow struct {
	At                                            time.Time
	MeasuredMillis, Rounds, Unsent, Void, Dropped int64
	Malformed, Forged, Duplicate, Late, Overrun   int64
	Errands, LostBatches, Unstamped               int64
	WorstLagMicros, Lag95Micros                   int64
	ClockOffsetMicros                             *int64
}

func (r qualityRow) point() view.QualityPoint {
	p := view.QualityPoint{
		At: r.At.UTC(), Measured: time.Duration(r.MeasuredMillis) * time.Millisecond,
		WorstLag: micros(r.WorstLagMicros), Lag95: micros(r.Lag95Micros),
		Counts: view.QualityCounts{
			Unsent: r.Unsent, Void: r.Void, Dropped: r.Dropped, Overrun: r.Overrun, Errands: r.Errands, LostBatches: r.LostBatches, Unstamped: r.Unstamped,
			Malformed: r.Malformed, Forged: r.Forged, Duplicate: r.Duplicate, Late: r.Late,
		},
	}
	if r.ClockOffsetMicros != nil {
		p.Offset, p.OffsetKnown = micros(*r.ClockOffsetMicros), true
	}
	return p
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

type qualityNowRow struct {
	First                               time.Time
	ClockSource                         string
	ClockSynchronised                   bool
	ClockOffsetMicros, ClockErrorMicros int64
	Received                            time.Time
	ArrivalMicros                       *int64
}

func (r qualityNowRow) now() view.ProberNow {
	now := view.ProberNow{
		At: r.Received.UTC(), First: r.First.UTC(),
		Clock: probe.Clock{
			Source: r.ClockSource, Synchronised: r.ClockSynchronised, Offset: micros(r.ClockOffsetMicros), MaxError: micros(r.ClockErrorMicros),
		},
	}
	if r.ArrivalMicros != nil {
		now.Arrival, now.Arrived = micros(*r.ArrivalMicros), true
	}
	return now
}

// Quality gives how well a prober measured in the steps of a window, and what it told
// since a time; the zero ProberNow for one that told nothing.
func (v *View) Quality(ctx context.Context, prober string, w view.Window, since time.Time) (points []view.QualityPoint, now view.ProberNow, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		var id int16
		if err := tx.QueryRow(ctx, sqlProberID, pgx.NamedArgs{"name": prober}).Scan(&id); err != nil {
			return err
		}
		points, err = many(ctx, tx, sqlQualitySteps, pgx.NamedArgs{"prober": id, "from": w.From, "to": w.To, "step": w.Step}, qualityRow.point)
		if err != nil {
			return err
		}
		last, err := many(ctx, tx, sqlQualityNow, pgx.NamedArgs{"prober": id, "since": since}, qualityNowRow.now)
		if len(last) > 0 {
			now = last[0]
		}
		return err
	})
	if err != nil {
		return nil, view.ProberNow{}, fmt.Errorf("read the quality of prober %s: %w", prober, err)
	}
	return points, now, nil
}
