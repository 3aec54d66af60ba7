package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"vigie/internal/audit"
	"vigie/internal/inventory"
	"vigie/internal/measure"
)

// Audit gives the facts of the yearly audit.
type Audit struct {
	db        *DB
	inventory indexCache
}

// NewAudit returns the audit's store in db.
func NewAudit(db *DB) *Audit { return &Audit{db: db} }

// read runs f on one snapshot of the database, which f cannot change.
func (a *Audit) read(ctx context.Context, f func(tx pgx.Tx) error) error {
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return classify(pgx.BeginTxFunc(ctx, a.db.pool, snapshot, f))
}

// Inventory gives the whole inventory; it is shared and read only.
func (a *Audit) Inventory(ctx context.Context) (index *inventory.Index, err error) {
	err = a.read(ctx, func(tx pgx.Tx) error {
		index, err = a.inventory.get(ctx, tx)
		return err
	})
	return index, err
}

var (
	sqlAuditPacked = query("audit.packed", `
		SELECT link_id, day, body, simulated FROM utilisation_day
		WHERE link_id = ANY (@links::bigint[]) AND day >= @from::date AND day < @to::date AND day <> ALL (@unpacked::date[])
		ORDER BY link_id, day`)
	sqlAuditRecent = query("audit.recent", `
		SELECT link_id, at, down_octets, up_octets, covered_millis, simulated FROM utilisation
		WHERE link_id = ANY (@links::bigint[]) AND at >= @first AND at < @last AND (at AT TIME ZONE 'UTC')::date = ANY (@unpacked::date[])
		ORDER BY link_id, at`)
)

// Utilisation calls each for every UTC day of [from, to) of the links, link after link
// in rising order of their ids; every day once. As on the pages, a day is read from its
// packed form where that holds all that was measured, else from its rows.
func (a *Audit) Utilisation(ctx context.Context, links []int64, from, to time.Time, each func(audit.Day) error) error {
	err := a.read(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"links": links, "from": from, "to": to}
		unpacked, err := scalars[time.Time](ctx, tx, sqlViewUnpacked, args)
		if err != nil {
			return err
		}
		args["unpacked"] = unpacked
		recent, err := recentDays(ctx, tx, args, unpacked)
		if err != nil {
			return err
		}
		return packedDays(ctx, tx, args, recent, each)
	})
	if err != nil {
		return fmt.Errorf("load what links carried: %w", err)
	}
	return nil
}

// recentDays gathers the days that are not packed as they are, by link and day.
func recentDays(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, unpacked []time.Time) ([]audit.Day, error) {
	if len(unpacked) == 0 {
		return nil, nil
	}
	args["first"], args["last"] = unpacked[0], unpacked[len(unpacked)-1].Add(24*time.Hour)
	rows, err := tx.Query(ctx, sqlAuditRecent, args)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var days []audit.Day
	for rows.Next() {
		var link int64
		var c measure.Carried
		var simulated bool
		if err := rows.Scan(&link, &c.At, &c.DownOctets, &c.UpOctets, &c.CoveredMillis, &simulated); err != nil {
			return nil, err
		}
		day := c.At.UTC().Truncate(24 * time.Hour)
		if n := len(days); n == 0 || days[n-1].Link != link || !days[n-1].Day.Equal(day) {
			rates := measure.NewUtilisationDay()
			days = append(days, audit.Day{Link: link, Day: day, Rates: &rates})
		}
		last := &days[len(days)-1]
		last.Rates.Put(day, c)
		last.Simulated = last.Simulated || simulated
	}
	return days, rows.Err()
}

// packedDays reads the packed days and calls each for them and, after those of the
// same link, for its recent ones.
func packedDays(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, recent []audit.Day, each func(audit.Day) error) error {
	rows, err := tx.Query(ctx, sqlAuditPacked, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	upTo := func(link int64) error { // the recent days of links before it
		for len(recent) > 0 && recent[0].Link < link {
			if err := each(recent[0]); err != nil {
				return err
			}
			recent = recent[1:]
		}
		return nil
	}
	var rates measure.UtilisationDay
	for rows.Next() {
		d := audit.Day{Rates: &rates}
		var body pgtype.DriverBytes // decoded before the next row
		if err := rows.Scan(&d.Link, &d.Day, &body, &d.Simulated); err != nil {
			return err
		}
		if err := rates.UnmarshalBinary(body); err != nil {
			return fmt.Errorf("link %d, %s: %w", d.Link, d.Day.Format(time.DateOnly), err)
		}
		if err := upTo(d.Link); err != nil {
			return err
		}
		if err := each(d); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, d := range recent {
		if err := each(d); err != nil {
			return err
		}
	}
	return nil
}
