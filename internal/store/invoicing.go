package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/calendar"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/invoicing"
	"vigie/internal/sla"
	"vigie/internal/view"
)

// Invoicing gives the facts of a month's bill.
type Invoicing struct {
	db *DB
}

// NewInvoicing returns the facts kept in db.
func NewInvoicing(db *DB) *Invoicing { return &Invoicing{db: db} }

var (
	// Minutes and batches are dropped after some weeks, so the first of them tells
	// the beginning only of a young installation; the other traces stay. A transition
	// counts when it was decided: it may have begun before anything was known.
	sqlMonthStarted = query("month.started", `
		SELECT least((SELECT min(at) FROM minute), (SELECT min(cycle) FROM batch), (SELECT min(from_at) FROM gap),
			(SELECT min(at) FROM transition), (SELECT min(from_at) FROM outage),
			(SELECT min(day)::timestamp AT TIME ZONE 'UTC' FROM link_day))`)
	sqlMonthTickets = query("month.tickets", `
		SELECT id, incident_id, number, kind, addressee, coalesce(operator, '') AS operator, channel, mode, status, opened_at, resolved_at, coalesce(related, 0) AS related
		FROM ticket t WHERE addressee = 'operator' AND EXISTS (
			SELECT FROM ticket_period p WHERE p.ticket_id = t.id AND p.since < @to AND (p.restored_at IS NULL OR p.restored_at >= @from))
		ORDER BY id`)
	// The outages of the tickets are needed beyond the month: a ticket that was
	// opened again has its restoration in the month of the last one.
	sqlMonthOutages = query("month.outages", `
		SELECT o.link_id, o.from_at, o.to_at, coalesce(i.kind, '') AS kind, coalesce(o.cause, '') AS cause
		FROM outage o LEFT JOIN incident i ON i.id = o.incident_id
		WHERE (o.from_at < @to AND (o.to_at IS NULL OR o.to_at > @from))
			OR EXISTS (
				SELECT FROM ticket_link l JOIN ticket_period p USING (ticket_id)
				WHERE l.link_id = o.link_id AND l.ticket_id = ANY (@tickets::bigint[])
					AND o.from_at >= p.since AND (p.restored_at IS NULL OR o.from_at < p.restored_at))
		ORDER BY o.link_id, o.from_at`)
	// Time is unknown while every prober that looks at links has a gap, other than a mere
	// doubt about what it lost.
	sqlMonthUnknown = query("month.unknown", `
		SELECT lower(span) AS from_at, upper(span) AS to_at FROM (
			SELECT unnest(range_intersect_agg(gaps)) AS span FROM (
				SELECT coalesce(range_agg(tstzrange(g.from_at, g.to_at)) FILTER (WHERE g.id IS NOT NULL), '{}') AS gaps
				FROM prober p LEFT JOIN gap g ON g.prober = p.id AND g.from_at < @to AND g.to_at > @from AND g.reason <> 'doubtful'
				WHERE p.site IS NULL GROUP BY p.id) AS one) AS every
		ORDER BY from_at`)
)

// Month gives the inventory and the events of the local month [from, to), as of
// one moment.
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
	if e.Unknown, err = many(ctx, tx, sqlMonthUnknown, args, spanRow.interval); err != nil {
		return e, err
	}
	var ids []int64
	if e.Cases, ids, err = monthCases(ctx, tx, args); err != nil {
		return e, err
	}
	args["tickets"] = ids
	e.Outages, err = many(ctx, tx, sqlMonthOutages, args, outageRow.outage)
	return e, err
}

// monthCases gives the tickets of the month, and their ids.
func monthCases(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) ([]invoicing.Case, []int64, error) {
	tickets, err := many(ctx, tx, sqlMonthTickets, args, ticketRow.ticket)
	if err != nil {
		return nil, nil, err
	}
	files := make([]view.TicketFile, len(tickets))
	places := make(map[int64]*view.TicketFile, len(tickets))
	ids := make([]int64, len(tickets))
	for i, t := range tickets {
		files[i].Ticket, ids[i], places[t.ID] = t, t.ID, &files[i]
	}
	if err := fillTickets(ctx, tx, ids, places); err != nil {
		return nil, nil, err
	}
	cases := make([]invoicing.Case, len(files))
	for i, file := range files {
		cases[i] = invoicing.Case{Ticket: file.Ticket, Gels: file.Gels}
	}
	return cases, ids, nil
}

type outageRow struct {
	LinkID int64
	FromAt time.Time
	ToAt   *time.Time
	Kind   string
	Cause  string
}

func (r outageRow) outage() invoicing.Outage {
	return invoicing.Outage{
		Link: r.LinkID, From: r.FromAt.UTC(), To: instant(r.ToAt), Kind: incident.Kind(r.Kind), Origin: sla.Origin(r.Cause),
	}
}

type spanRow struct{ FromAt, ToAt time.Time }

func (r spanRow) interval() calendar.Interval {
	return calendar.Interval{From: r.FromAt.UTC(), To: r.ToAt.UTC()}
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
