//go:build linux

package main

import (
	"context"
	"time"

	"vigie/internal/measure"
	"vigie/internal/store"
	"vigie/internal/watch"
)

const (
	backfillLinks   = 20_000
	backfillMinutes = 20
	backfillGoal    = 150_000 // rows a second
)

// backfill measures how fast the minutes of a prober that was cut off are written: each
// in a transaction of its own, by the path of the live chain, with the database as durable
// as ever.
func backfill(ctx context.Context, _ options) error {
	return withDatabase(ctx, func(db *store.DB) error {
		live, err := store.NewWatch(db)
		if err != nil {
			return err
		}
		if err := live.Station(ctx, "p1", ""); err != nil {
			return err
		}
		start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		minutes := measured(start)
		began := time.Now()
		for range backfillMinutes {
			err := live.InTx(ctx, func(ctx context.Context, tx watch.Tx) error { return tx.SaveMinutes(ctx, "p1", minutes) })
			if err != nil {
				return err
			}
			for i := range minutes {
				minutes[i].At = minutes[i].At.Add(time.Minute)
			}
		}
		lines.AtLeast("backfill_minute_rows", backfillLinks*backfillMinutes/time.Since(began).Seconds(), "rows/s", backfillGoal)
		return nil
	})
}

// measured is a minute of many links.
func measured(at time.Time) []measure.Minute {
	minutes := make([]measure.Minute, backfillLinks)
	const cycles = int(time.Minute / loadCycle)
	for i := range minutes {
		link := int64(i + 1)
		rounds := make([]measure.Round, cycles)
		for c := range rounds {
			rounds[c].Observation = round(link, at.Add(time.Duration(c)*loadCycle), 0)
		}
		minutes[i] = measure.Summarise(link, at, cycles*loadEchoes, rounds)
	}
	return minutes
}
