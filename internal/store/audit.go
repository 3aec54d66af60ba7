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
	"vigie/probe"
)

// Audit gives the facts of the yearly audit.
type Audit struct {
	db        *DB
	inventory indexCache
}

// NewAudit returns the audit's store in db.
func NewAudit(db *DB) *Audit { return &Audit{db: db} }

// Inventory gives the whole inventory; it is shared and read only.
func (a *Audit) Inventory(ctx context.Context) (index *inventory.Index, err error) {
	err = a.db.snapshot(ctx, func(tx pgx.Tx) error {
		index, err = a.inventory.get(ctx, tx)
		return err
	})
	return index, err
}

var (
	// In no order: the rows lie day by day, and a year's do not sort in memory.
	sqlAuditPacked = query("audit.packed", `
		SELECT link_id, day, body, simulated FROM utilisation_day
		WHERE link_id = ANY (@links::bigint[]) AND day >= @from::date AND day < @to::date AND day <> ALL (@unpacked::date[])`)
	sqlAuditRecent = query("audit.recent", `
		SELECT link_id, at, down_octets, up_octets, covered_millis, simulated FROM utilisation
		WHERE link_id = ANY (@links::bigint[]) AND at >= @first AND at < @last AND (at AT TIME ZONE 'UTC')::date = ANY (@unpacked::date[])
		ORDER BY link_id, at`)
)

// Utilisation calls each for every UTC day of [from, to) of the links; every day of a
// link once, in any order. As on the pages, a day is read from its packed form where
// that holds all that was measured, else from its rows.
func (a *Audit) Utilisation(ctx context.Context, links []int64, from, to time.Time, each func(audit.Day) error) error {
	err := a.db.snapshot(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"links": links, "from": from, "to": to}
		unpacked, err := scalars[time.Time](ctx, tx, sqlViewUnpacked, args)
		if err != nil {
			return err
		}
		args["unpacked"] = unpacked
		if err := recentDays(ctx, tx, args, unpacked, each); err != nil {
			return err
		}
		return packedDays(ctx, tx, args, each)
	})
	if err != nil {
		return fmt.Errorf("load what links carried: %w", err)
	}
	return nil
}

// Changes are counted by day; the past of a demonstration is written without, from its
// end back, so its beginning moves.
var sqlAuditVersion = query("audit.version", `
	SELECT (SELECT coalesce(sum(changes + packed), 0) FROM packing WHERE day >= @from::date AND day < @to::date)::bigint
		- coalesce((SELECT extract(epoch FROM written) FROM simulated_past), 0)::bigint`)

// UtilisationVersion only rises while rows are written or packed, and so is another
// value whenever Utilisation may give something else.
func (a *Audit) UtilisationVersion(ctx context.Context, from, to time.Time) (version int64, err error) {
	err = a.db.pool.QueryRow(ctx, sqlAuditVersion, pgx.NamedArgs{"from": from, "to": to}).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("load the version of what links carried: %w", classify(err))
	}
	return version, nil
}

// The figures have an index of their own: of a link that is never tested, a year of
// reasons would be read to find none.
var sqlAuditTests = query("audit.tests", `
	SELECT l.link AS link_id, t.at, t.prober, t.body
	FROM unnest(@links::bigint[]) AS l (link) CROSS JOIN LATERAL (
		(SELECT at, prober, body, 0 AS rank FROM finding
			WHERE link_id = l.link AND kind = 'throughput' AND NOT body ? 'not_run' AND at >= @from AND at < @to ORDER BY at DESC LIMIT 1)
		UNION ALL
		(SELECT at, prober, body, 1 FROM finding
			WHERE link_id = l.link AND kind = 'throughput' AND at >= @from AND at < @to ORDER BY at DESC LIMIT 1)
		ORDER BY rank LIMIT 1) t`)

// Tests gives of each link the last test in [from, to) that has a figure, else the last
// that was due.
func (a *Audit) Tests(ctx context.Context, links []int64, from, to time.Time) (map[int64]audit.Test, error) {
	rows, err := a.db.pool.Query(ctx, sqlAuditTests, pgx.NamedArgs{"links": links, "from": from, "to": to})
	if err != nil {
		return nil, fmt.Errorf("load the tests of links: %w", classify(err))
	}
	tests := map[int64]audit.Test{}
	var link int64
	var r reportRow
	_, err = pgx.ForEachRow(rows, []any{&link, &r.At, &r.Prober, &r.Body}, func() error {
		found, err := r.finding((*probe.Throughput)(nil).Kind())
		if test, ok := found.Finding.(*probe.Throughput); ok {
			tests[link] = audit.Test{At: found.At, Prober: found.Prober, Throughput: *test}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load the tests of links: %w", classify(err))
	}
	return tests, nil
}

// recentDays calls each for the days that are not packed as they are.
func recentDays(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, unpacked []time.Time, each func(audit.Day) error) error {
	if len(unpacked) == 0 {
		return nil
	}
	args["first"], args["last"] = unpacked[0], unpacked[len(unpacked)-1].Add(24*time.Hour)
	rows, err := tx.Query(ctx, sqlAuditRecent, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	var rates measure.UtilisationDay
	var d audit.Day // the one that is gathered; of link 0 before the first
	for rows.Next() {
		var link int64
		var c measure.Carried
		var simulated bool
		if err := rows.Scan(&link, &c.At, &c.DownOctets, &c.UpOctets, &c.CoveredMillis, &simulated); err != nil {
			return err
		}
		if day := c.At.UTC().Truncate(24 * time.Hour); d.Link != link || !d.Day.Equal(day) {
			if d.Link != 0 {
				if err := each(d); err != nil {
					return err
				}
			}
			rates = measure.NewUtilisationDay()
			d = audit.Day{Link: link, Day: day, Rates: &rates}
		}
		rates.Put(d.Day, c)
		d.Simulated = d.Simulated || simulated
	}
	if err := rows.Err(); err != nil || d.Link == 0 {
		return err
	}
	return each(d)
}

// packedDays calls each for the packed days.
func packedDays(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, each func(audit.Day) error) error {
	rows, err := tx.Query(ctx, sqlAuditPacked, args)
	if err != nil {
		return err
	}
	defer rows.Close()
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
		if err := each(d); err != nil {
			return err
		}
	}
	return rows.Err()
}
