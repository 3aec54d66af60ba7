package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/invoicing"
	"vigie/internal/sla"
)

// Invoicing gives the facts of a month's bill.
type Invoicing struct {
	db *DB
}

// NewInvoicing returns the facts kept in db.
func NewInvoicing(db *DB) *Invoicing { return &Invoicing{db: db} }

var (
	sqlMonthStarted = query("month.started", `
		SELECT least((SELECT min(at) FROM minute), (SELECT min(cycle) FROM batch), (SELECT min(from_at) FROM gap))`)
	sqlMonthOutages = query("month.outages", `
		SELECT link_id, from_at, to_at FROM outage
		WHERE from_at < @to AND (to_at IS NULL OR to_at > @from::timestamptz - interval '1 month') ORDER BY link_id, from_at`)
	sqlMonthTickets = query("month.tickets", `
		SELECT id FROM ticket t WHERE addressee = 'operator' AND EXISTS (
			SELECT FROM ticket_period p WHERE p.ticket_id = t.id AND p.since < @to AND (p.restored_at IS NULL OR p.restored_at >= @from))
		ORDER BY id`)
	sqlMonthGels = query("month.gels", `
		SELECT from_at, to_at, cause, declared_by, accepted FROM gel WHERE ticket_id = @id ORDER BY from_at`)
	// Time is unknown when every prober has a gap: with one prober, its gaps.
	sqlMonthUnknown = query("month.unknown", `
		SELECT lower(span), upper(span) FROM (
			SELECT unnest(range_agg(tstzrange(from_at, to_at))) AS span FROM gap
			WHERE from_at < @to AND to_at > @from AND (SELECT count(*) FROM prober) = 1) AS merged`)
)

// Month gives the inventory and the events of the local month [from, to), as of
// one moment. Outages that began up to a month before are included, since an
// absence restored in this month may have begun in the last.
func (i *Invoicing) Month(ctx context.Context, from, to time.Time) (*inventory.Index, invoicing.Events, error) {
	var index *inventory.Index
	var events invoicing.Events
	err := i.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlInventorySteady); err != nil {
			return err
		}
		snapshot, err := loadInventory(ctx, tx)
		if err != nil {
			return err
		}
		index = inventory.NewIndex(snapshot)
		events, err = monthEvents(ctx, tx, pgx.NamedArgs{"from": from, "to": to})
		return err
	})
	if err != nil {
		return nil, invoicing.Events{}, fmt.Errorf("load the events from %s: %w", from.Format(time.DateOnly), err)
	}
	return index, events, nil
}

func monthEvents(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (invoicing.Events, error) {
	var e invoicing.Events
	var started *time.Time
	if err := tx.QueryRow(ctx, sqlMonthStarted).Scan(&started); err != nil {
		return e, err
	}
	e.Started = instant(started)
	var err error
	if e.Outages, err = many(ctx, tx, sqlMonthOutages, args, outageRow.outage); err != nil {
		return e, err
	}
	if e.Unknown, err = many(ctx, tx, sqlMonthUnknown, args, spanRow.interval); err != nil {
		return e, err
	}
	rows, err := tx.Query(ctx, sqlMonthTickets, args)
	if err != nil {
		return e, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return e, err
	}
	for _, id := range ids {
		t, err := loadTicket(ctx, tx, id)
		if err != nil {
			return e, err
		}
		gels, err := many(ctx, tx, sqlMonthGels, pgx.NamedArgs{"id": id}, gelRow.gel)
		if err != nil {
			return e, err
		}
		e.Cases = append(e.Cases, invoicing.Case{Ticket: t, Gels: gels})
	}
	return e, nil
}

type outageRow struct {
	LinkID int64
	FromAt time.Time
	ToAt   *time.Time
}

func (r outageRow) outage() invoicing.Outage {
	return invoicing.Outage{Link: r.LinkID, From: r.FromAt.UTC(), To: instant(r.ToAt)}
}

type spanRow struct{ Lower, Upper time.Time }

func (r spanRow) interval() calendar.Interval {
	return calendar.Interval{From: r.Lower.UTC(), To: r.Upper.UTC()}
}

type gelRow struct {
	FromAt     time.Time
	ToAt       *time.Time
	Cause      string
	DeclaredBy string
	Accepted   bool
}

func (r gelRow) gel() sla.Gel {
	return sla.Gel{From: r.FromAt.UTC(), To: instant(r.ToAt), Cause: sla.Cause(r.Cause), DeclaredBy: r.DeclaredBy, Accepted: r.Accepted}
}
