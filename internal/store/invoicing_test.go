package store_test

import (
	"context"
	"testing"
	"time"

	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func TestTheMeasurementsBeganWithTheEarliestTrace(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	started := func() time.Time {
		t.Helper()
		_, events, err := store.NewInvoicing(db).Month(ctx, date("2026-11-01"), date("2026-12-01"))
		if err != nil {
			t.Fatal(err)
		}
		return events.Started
	}
	if got := started(); !got.IsZero() {
		t.Errorf("nothing was measured, and it began %s", got)
	}
	// A link's first state is left for another one, so its beginning is not known.
	for _, step := range []struct{ statement, want string }{
		{`INSERT INTO transition (link_id, at, since, before, after) VALUES (1, '2026-11-20 10:00Z', '0001-01-01 00:00Z', 'unknown', 'up')`, "2026-11-20T10:00:00Z"},
		{`INSERT INTO outage (link_id, from_at, to_at) VALUES (1, '2026-11-19 08:00Z', '2026-11-19 09:00Z')`, "2026-11-19T08:00:00Z"},
	} {
		if _, err := db.Pool().Exec(ctx, step.statement); err != nil {
			t.Fatal(err)
		}
		if got := started().Format(time.RFC3339); got != step.want {
			t.Errorf("it began %s, want %s", got, step.want)
		}
	}
}
