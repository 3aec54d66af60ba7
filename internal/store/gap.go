package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/watch"
)

var (
	sqlGapTake = query("gap.take", `
		DELETE FROM gap WHERE prober = (SELECT id FROM prober WHERE name = @prober) AND reason = @reason AND from_at < @to AND to_at > @from
		RETURNING from_at, to_at`)
	sqlGapPut = query("gap.put", `
		INSERT INTO gap (prober, from_at, to_at, reason) SELECT id, @from, @to, @reason FROM prober WHERE name = @prober`)
)

// FillGap takes a span out of the gaps of its prober and reason; what is left of them on
// either side stays.
func (t watchTx) FillGap(ctx context.Context, g watch.Gap) error {
	args := func(from, to time.Time) pgx.NamedArgs {
		return pgx.NamedArgs{"prober": g.Prober, "from": from, "to": to, "reason": string(g.Reason)}
	}
	taken, err := many(ctx, t.tx, sqlGapTake, args(g.From, g.To), func(r gapSpan) gapSpan { return r })
	if err != nil {
		return fmt.Errorf("fill the gap of prober %s from %s: %w", g.Prober, g.From.Format(time.RFC3339), err)
	}
	for _, span := range taken {
		for _, left := range []gapSpan{{span.FromAt, g.From}, {g.To, span.ToAt}} {
			if !left.FromAt.Before(left.ToAt) {
				continue
			}
			if _, err := t.tx.Exec(ctx, sqlGapPut, args(left.FromAt, left.ToAt)); err != nil {
				return fmt.Errorf("fill the gap of prober %s from %s: %w", g.Prober, g.From.Format(time.RFC3339), err)
			}
		}
	}
	return nil
}

type gapSpan struct {
	FromAt time.Time
	ToAt   time.Time
}
