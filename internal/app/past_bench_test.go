package app

import (
	"fmt"
	"testing"
	"time"

	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/view"
)

// BenchmarkHistory writes the whole past of a demonstration of 180 links and reads a
// year of one, and prints the figures as make bench-history does: name, value, unit,
// goal, ok or short.
func BenchmarkHistory(b *testing.B) {
	db := storetest.New(b)
	past := pastOf(b, db, 180)
	for b.Loop() {
		began := time.Now()
		if _, err := past.Fill(b.Context()); err != nil {
			b.Fatal(err)
		}
		figure("history_write", time.Since(began).Seconds(), "s", 60)
		year := view.Window{From: pastNow.AddDate(-1, -1, 0), To: pastNow}
		const link = 17
		figure("history_read_hours", best(b, func() error {
			_, err := store.NewView(db).Hours(b.Context(), link, year)
			return err
		}), "ms", 50)
		figure("history_read_load", best(b, func() error {
			_, err := store.NewView(db).Carried(b.Context(), link, year)
			return err
		}), "ms", 50)
		without, with := octetsPerMinute(b, db)
		figure("history_minute_octets", without, "octets", 12)
		figure("history_minute_octets_with_distribution", with, "octets", 12)
	}
}

// octetsPerMinute tells what a minute of a link costs once its day is packed, indexes
// included, without the distributions of delays and with them.
func octetsPerMinute(b *testing.B, db *store.DB) (without, with float64) {
	b.Helper()
	err := db.Pool().QueryRow(b.Context(), `
		SELECT (octets - delays) / minutes, octets / minutes FROM
			(SELECT sum(pg_total_relation_size(name))::float8 AS octets FROM unnest('{link_hours,link_day,utilisation_day}'::regclass[]) name) o,
			(SELECT sum(pg_column_size(delays))::float8 AS delays, count(*) * 1440::float8 AS minutes FROM link_hours) d`).Scan(&without, &with)
	if err != nil {
		b.Fatal(err)
	}
	return without, with
}

// best is the shortest of some runs, in milliseconds.
func best(b *testing.B, run func() error) float64 {
	b.Helper()
	least := time.Hour
	for range 5 {
		began := time.Now()
		if err := run(); err != nil {
			b.Fatal(err)
		}
		least = min(least, time.Since(began))
	}
	return float64(least.Microseconds()) / 1000
}

func figure(name string, value float64, unit string, goal float64) {
	verdict := "ok"
	if value > goal {
		verdict = "short"
	}
	fmt.Printf("%s\t%.1f\t%s\t%.0f\t%s\n", name, value, unit, goal, verdict)
}
