package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"vigie/internal/history"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func TestPackedDaysAreKeptAsLongAsTheyAreMeantTo(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	for _, day := range []string{"2016-11-23", "2016-11-24", "2025-10-23", "2025-10-24", "2026-11-23"} {
		exec(t, db, fmt.Sprintf(`INSERT INTO link_hours (link_id, day, body, simulated) VALUES (1, '%s', '', false)`, day))
		exec(t, db, fmt.Sprintf(`INSERT INTO utilisation_day (link_id, day, body, simulated) VALUES (1, '%s', '', false)`, day))
		exec(t, db, fmt.Sprintf(`INSERT INTO link_day (link_id, day, planned, sent, received, covered_millis, simulated) VALUES (1, '%s', 0, 0, 0, 0, false)`, day))
	}
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	keep := history.DefaultRetention()
	kept := func(table string) []time.Time {
		t.Helper()
		rows, err := db.Pool().Query(t.Context(), `SELECT day FROM `+table+` ORDER BY day`)
		if err != nil {
			t.Fatal(err)
		}
		days, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
		if err != nil {
			t.Fatal(err)
		}
		return days
	}
	date := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	days := []time.Time{date(2016, 11, 24), date(2025, 10, 23), date(2025, 10, 24), date(2026, 11, 23)}
	for _, hours := range [][]time.Time{
		days[1:], // a week at once, so that a shorter retention holds nothing up
		days[2:],
		days[2:],
	} {
		if err := store.NewUpkeep(db, keep).Run(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		got := [][]time.Time{kept("link_hours"), kept("utilisation_day"), kept("link_day")}
		if diff := cmp.Diff([][]time.Time{hours, hours, days}, got); diff != "" {
			t.Fatalf("days kept of hours, five minutes and days (-want +got):\n%s", diff)
		}
	}
}
