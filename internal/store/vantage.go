package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
	"vigie/internal/journal"
	"vigie/internal/vantage"
)

// Vantage keeps the probers elsewhere.
type Vantage struct{ db *DB }

// NewVantage returns the probers kept in db.
func NewVantage(db *DB) *Vantage { return &Vantage{db: db} }

// InTx runs f in one transaction.
func (v *Vantage) InTx(ctx context.Context, f func(context.Context, vantage.Tx) error) error {
	return v.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return f(ctx, vantageTx{tx}) })
}

var (
	sqlProberKeys = query("prober_key.all", `
		SELECT k.name, coalesce(k.site, '') AS site, k.public_key, k.created_at, k.revoked_at, p.last_seen
		FROM prober_key k LEFT JOIN prober p ON p.name = k.name ORDER BY k.name FOR UPDATE OF k`)
	sqlProberKeySave = query("prober_key.save", `
		INSERT INTO prober_key (name, site, public_key, created_at, revoked_at)
		VALUES (@name, nullif(@site, ''), @key, @created, @revoked)
		ON CONFLICT (name) DO UPDATE SET site = excluded.site, public_key = excluded.public_key, created_at = excluded.created_at,
			revoked_at = excluded.revoked_at`)
	sqlProberStands = query("prober.stands", `UPDATE prober SET site = nullif(@site, '') WHERE name = @name`)
	sqlProberSite   = query("prober_key.site", `SELECT EXISTS (SELECT FROM site WHERE key = @key AND (ends IS NULL OR ends > @day::date))`)
)

type proberKeyRow struct {
	Name      string
	Site      string
	PublicKey string
	CreatedAt time.Time
	RevokedAt *time.Time
	LastSeen  *time.Time
}

func (r proberKeyRow) prober() vantage.Prober {
	return vantage.Prober{
		Name: r.Name, Site: r.Site, PublicKey: r.PublicKey, CreatedAt: r.CreatedAt.UTC(),
		RevokedAt: instant(r.RevokedAt), LastSeen: instant(r.LastSeen),
	}
}

// vantageTx is vantage.Tx.
type vantageTx struct{ tx pgx.Tx }

func (t vantageTx) Probers(ctx context.Context) ([]vantage.Prober, error) {
	list, err := many(ctx, t.tx, sqlProberKeys, nil, proberKeyRow.prober)
	if err != nil {
		return nil, fmt.Errorf("list the probers: %w", classify(err))
	}
	return list, nil
}

func (t vantageTx) HasSite(ctx context.Context, key string, day time.Time) (known bool, err error) {
	if err := t.tx.QueryRow(ctx, sqlProberSite, pgx.NamedArgs{"key": key, "day": day}).Scan(&known); err != nil {
		return false, fmt.Errorf("find site %s: %w", key, classify(err))
	}
	return known, nil
}

func (t vantageTx) Save(ctx context.Context, p vantage.Prober) error {
	_, err := t.tx.Exec(ctx, sqlProberKeySave, pgx.NamedArgs{
		"name": p.Name, "site": p.Site, "key": p.PublicKey, "created": p.CreatedAt, "revoked": nullable(p.RevokedAt),
	})
	if err == nil {
		_, err = t.tx.Exec(ctx, sqlProberStands, pgx.NamedArgs{"name": p.Name, "site": p.Site})
	}
	if err != nil {
		return fmt.Errorf("save prober %s: %w", p.Name, classify(err))
	}
	return nil
}

func (t vantageTx) Journal(ctx context.Context, entries ...journal.Entry) error {
	return appendJournal(ctx, t.tx, entries...)
}

var sqlProberBegin = query("prober.begin", `
	INSERT INTO prober (name, site) VALUES (@name, nullif(@site, ''))
	ON CONFLICT (name) DO UPDATE SET site = excluded.site WHERE (prober.site IS NULL) = (excluded.site IS NULL)`)

// Station notes at which site the core's own prober stands, by key, "" for none. One that
// measured before where links are looked at, and now stands at a site, or the reverse, is
// fault.Conflict: what it measured counts by where it stood.
func (w *Watch) Station(ctx context.Context, prober, site string) error {
	noted, err := w.db.pool.Exec(ctx, sqlProberBegin, pgx.NamedArgs{"name": prober, "site": site})
	if err != nil {
		return fmt.Errorf("note where prober %s stands: %w", prober, classify(err))
	}
	if noted.RowsAffected() == 0 {
		return fault.Errorf(fault.Conflict, "prober.site: %q, and prober %s measured elsewhere before: expected another prober.name", site, prober)
	}
	return nil
}
