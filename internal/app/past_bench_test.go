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
		if _, err := past.fill(b.Context()); err != nil {
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
	}
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
