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
		VALUES (@link, @at, @prober, @sent, @received, @min, @median, @max, @uncorrected, @forward, @back, @error, @lost, @simulated)
		ON CONFLICT DO NOTHING`)
	sqlStampDrop = query("stamp_minute.drop", `DELETE FROM stamp_minute WHERE at < @before`)
	sqlViewStamp = query("view.stamp", `
		SELECT at, prober, sent, received, coalesce(min_micros, 0) AS min_micros, coalesce(median_micros, 0) AS median_micros, coalesce(max_micros, 0) AS max_micros,
			uncorrected, forward_micros, back_micros, error_micros, forward_lost
		FROM stamp_minute WHERE link_id = @link AND at >= @from AND at < @to ORDER BY at DESC LIMIT @most`)
)

// SaveStamp stores what sessions found, each by its minute.
func (t watchTx) SaveStamp(ctx context.Context, prober string, reports []probe.Report) error {
	w := writer{batch: &pgx.Batch{}}
	for _, r := range reports {
		s, ok := r.Finding.(*probe.Stamp)
		if !ok || s.Sent == 0 {
			continue
		}
		args := pgx.NamedArgs{
			"link": r.Link, "at": r.At.Truncate(time.Minute), "prober": prober, "sent": s.Sent, "received": s.Received,
			"min": nil, "median": nil, "max": nil, "uncorrected": s.Uncorrected,
			"forward": nil, "back": nil, "error": nil, "lost": nil, "simulated": t.simulated,
		}
		if s.Received > 0 {
			args["min"], args["median"], args["max"] = s.MinMicros, s.MedianMicros, s.MaxMicros
		}
		if s.Synchronised {
			args["forward"], args["back"], args["error"] = s.ForwardMicros, s.BackMicros, s.ErrorMicros
		}
		if s.Counted {
			args["lost"] = s.ForwardLost
		}
		w.queue(sqlStampAdd, args)
	}
	if err := t.tx.SendBatch(ctx, w.batch).Close(); err != nil {
		return fmt.Errorf("store the sessions to %d reflectors: %w", len(reports), err)
	}
	return nil
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

// Stamp gives the minutes of a link in a window, the latest first, at most so many.
func (v *View) Stamp(ctx context.Context, link int64, w view.Window, most int) (list []view.StampMinute, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		list, err = many(ctx, tx, sqlViewStamp, pgx.NamedArgs{"link": link, "from": w.From, "to": w.To, "most": most}, stampRow.minute)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the sessions to the reflector of link %d: %w", link, err)
	}
	return list, nil
}
