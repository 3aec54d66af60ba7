package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
)

// Purpose says what a database is for.
type Purpose string

// The purposes; a database keeps its first one for ever.
const (
	Demo Purpose = "demo"
	Real Purpose = "real"
)

var (
	sqlInstallationClaim = query("installation.claim", `
		INSERT INTO installation (kind, since) VALUES (@kind, @since) ON CONFLICT DO NOTHING`)
	sqlInstallationKind = query("installation.kind", `SELECT kind FROM installation`)
)

// Claim settles what the database is for, the first time; afterwards another purpose is
// fault.Conflict.
func (db *DB) Claim(ctx context.Context, p Purpose, now time.Time) error {
	if _, err := db.pool.Exec(ctx, sqlInstallationClaim, pgx.NamedArgs{"kind": string(p), "since": now}); err != nil {
		return fmt.Errorf("settle what the database is for: %w", classify(err))
	}
	found, err := db.Purpose(ctx)
	if err != nil {
		return err
	}
	if found != p {
		return fault.Errorf(fault.Conflict, "the database holds %s, and is not used for %s: name another data directory or database_url", contents[found], contents[p])
	}
	return nil
}

var contents = map[Purpose]string{Demo: "a demo", Real: "a real installation"}

// Purpose is what the database is for; empty before that is settled.
func (db *DB) Purpose(ctx context.Context) (Purpose, error) { return purposeOf(ctx, db.pool) }

func purposeOf(ctx context.Context, from querier) (Purpose, error) {
	rows, err := from.Query(ctx, sqlInstallationKind)
	if err != nil {
		return "", fmt.Errorf("read what the database is for: %w", classify(err))
	}
	kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(kinds) == 0 {
		return "", classify(err)
	}
	return Purpose(kinds[0]), nil
}
