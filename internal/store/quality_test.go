package store_test

import (
	"context"
	"testing"
	"time"

	"vigie/internal/history"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func TestTheQualityOfProbersIsKeptThirtyFiveDays(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	now := time.Date(2026, 11, 24, 10, 30, 0, 0, time.UTC)
	for _, statement := range []string{
		`INSERT INTO prober (name) VALUES ('metz')`,
		`INSERT INTO prober_quality (prober, at, span_millis, rounds, echoes, unsent, void, dropped, unstamped, malformed, forged, duplicate, late, overrun,
			lost_batches, worst_lag_micros, lag95_micros, clock_source, clock_synchronised, clock_offset_micros, clock_error_micros, received)
		SELECT 1, at, 60000, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', false, 0, 0, at
		FROM unnest('{2026-10-20 10:29Z,2026-10-20 10:30Z,2026-11-24 10:29Z}'::timestamptz[]) AS at`,
	} {
		if _, err := db.Pool().Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.NewUpkeep(db, history.DefaultRetention()).Run(ctx, now); err != nil {
		t.Fatal(err)
	}
	var kept int
	var oldest time.Time
	if err := db.Pool().QueryRow(ctx, `SELECT count(*), min(at) FROM prober_quality`).Scan(&kept, &oldest); err != nil {
		t.Fatal(err)
	}
	if kept != 2 || !oldest.Equal(now.AddDate(0, 0, -35)) {
		t.Errorf("%d minutes are kept, the oldest %s; want 2 from %s on", kept, oldest, now.AddDate(0, 0, -35))
	}
}
