//go:build linux

package main

import (
	"context"
	"time"
)

const (
	pairGoal   = 10 // octets
	minuteGoal = 12 // octets
	// A day is packed in the night after it, and again in the hour after something came
	// late for it: a hundredth of that hour should do.
	packGoal = 36 // s
)

// disk tells what is stored costs, indexes included.
func disk(ctx context.Context, o options) error {
	return withPast(ctx, o, func(p *past) error {
		var pair, without, with, row float64
		err := p.db.Pool().QueryRow(ctx, `
			SELECT pg_total_relation_size('utilisation_day')::float8 / (SELECT 288 * count(*) FROM utilisation_day),
				(octets - delays) / minutes, octets / minutes,
				(SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'minute'::regclass)::float8 / (SELECT count(*) FROM minute)
			FROM (SELECT sum(pg_total_relation_size(name))::float8 AS octets FROM unnest('{link_hours,link_day,utilisation_day}'::regclass[]) name) o,
				(SELECT sum(pg_column_size(delays))::float8 AS delays, count(*) * 1440::float8 AS minutes FROM link_hours) d`).Scan(&pair, &without, &with, &row)
		if err != nil {
			return err
		}
		lines.AtMost("disk_five_minute_pair", pair, "octets", pairGoal)
		lines.AtMost("disk_link_minute", without, "octets", minuteGoal)
		lines.Tell("disk_link_minute_with_distribution", with, "octets")
		lines.Tell("disk_link_minute_as_row", row, "octets")
		return nil
	})
}

// packing measures how long a day of 1,500 links takes to pack again, as after a
// measurement that came late.
func packing(ctx context.Context, o options) error {
	return withPast(ctx, o, func(p *past) error {
		day := historyEnd.Truncate(24*time.Hour).AddDate(0, 0, -1)
		if _, err := p.db.Pool().Exec(ctx, `UPDATE packing SET changes = changes + 1 WHERE day = $1`, day); err != nil {
			return err
		}
		took, err := each([]int64{0}, func(int64) error { return p.pack(ctx) })
		if err != nil {
			return err
		}
		lines.AtMost("packing_day_1500_links", took.took[0]/1000, "s", packGoal)
		lines.Tell("packing_day_1500_links_cpu", took.cpu/1000, "s")
		return nil
	})
}
