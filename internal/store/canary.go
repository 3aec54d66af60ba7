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
	// A cycle that the prober measured again, since its clock was set back, is two rounds.
	sqlCanaryPut = query("canary_round.put", `
		INSERT INTO canary_round AS c (prober, canary, at, sent, received)
		SELECT p.id, canary, @at, sum(sent), sum(received)
		FROM unnest(@canaries::bigint[], @sent::int[], @received::int[]) AS row (canary, sent, received), prober p
		WHERE p.name = @prober GROUP BY 1, 2
		ON CONFLICT (prober, canary) DO UPDATE SET at = excluded.at, sent = excluded.sent, received = excluded.received`)
	sqlViewCanaries = query("view.canary_rounds", `
		SELECT c.canary, p.name AS prober, c.at, c.sent, c.received FROM canary_round c JOIN prober p ON p.id = c.prober
		WHERE c.at >= @since ORDER BY c.canary, p.name`)
)

// SaveCanaries stores what the canaries of a prober answered in a cycle.
func (t watchTx) SaveCanaries(ctx context.Context, prober string, cycle time.Time, rounds []probe.Observation) error {
	var canaries []int64
	var sent, received []int
	for _, o := range rounds {
		canaries, sent, received = append(canaries, o.Target), append(sent, o.Sent()), append(received, o.Received())
	}
	_, err := t.tx.Exec(ctx, sqlCanaryPut, pgx.NamedArgs{"prober": prober, "at": cycle, "canaries": canaries, "sent": sent, "received": received})
	if err != nil {
		return fmt.Errorf("store the canaries of prober %s: %w", prober, err)
	}
	return nil
}

type canaryRoundRow struct {
	Canary         int64
	Prober         string
	At             time.Time
	Sent, Received int
}

// CanaryRounds gives the last rounds of the canaries since a time, by the canary's id, in
// the order of the probers.
func (v *View) CanaryRounds(ctx context.Context, since time.Time) (rounds map[int64][]view.CanaryRound, err error) {
	rounds = map[int64][]view.CanaryRound{}
	err = v.read(ctx, func(tx pgx.Tx) error {
		rows, err := many(ctx, tx, sqlViewCanaries, pgx.NamedArgs{"since": since}, same[canaryRoundRow])
		for _, r := range rows {
			rounds[r.Canary] = append(rounds[r.Canary], view.CanaryRound{Prober: r.Prober, At: r.At.UTC(), Sent: r.Sent, Received: r.Received})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the rounds of canaries: %w", err)
	}
	return rounds, nil
}
