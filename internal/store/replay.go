package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/incident"
	"vigie/internal/watch"
	"vigie/probe"
)

// Past gives f what is stored of the live chain, as it is at one moment.
func (w *Watch) Past(ctx context.Context, f func(watch.Past) error) error {
	return w.db.snapshot(ctx, func(tx pgx.Tx) error { return f(watchPast{watchTx{conversationTx: w.bind(tx)}}) })
}

// watchPast is watch.Past. It only reads.
type watchPast struct{ watchTx }

var (
	sqlReplaySpan = query("replay.span", `
		SELECT (SELECT min(cycle) FROM batch WHERE NOT late), (SELECT decided FROM engine)`)
	sqlReplayTimely = query("replay.timely", `
		SELECT body FROM batch WHERE cycle >= @from AND cycle < @to AND NOT late ORDER BY cycle, prober, seq`)
	sqlReplayTransitions = query("replay.transitions", `
		SELECT link_id, at, since, before, after FROM transition WHERE at >= @from AND at < @to ORDER BY at, id`)
	// An entry bears the time of its decision, which comes after the cycle in its body.
	sqlReplayChanges = query("replay.changes", `
		SELECT body FROM journal_entry WHERE chain_kind = 'incident' AND at >= @from ORDER BY at, chain_id, seq`)
	// A period that another one follows was resolved before that one began.
	sqlReplayTickets = query("replay.tickets", `
		WITH moves AS (
			SELECT p.opened_at AS at, CASE WHEN p.ordinal = 0 THEN 'open' ELSE 'reopen' END AS action, p.since, p.ticket_id, p.opened_at AS earliest
			FROM ticket_period p
			UNION ALL
			SELECT coalesce(lead(p.opened_at) OVER (PARTITION BY p.ticket_id ORDER BY p.ordinal), t.resolved_at), 'resolve', p.restored_at, p.ticket_id, p.restored_at
			FROM ticket_period p JOIN ticket t ON t.id = p.ticket_id)
		SELECT m.at, m.action, t.addressee, m.since, l.link_id
		FROM moves m JOIN ticket t ON t.id = m.ticket_id
		JOIN LATERAL (SELECT link_id FROM ticket_link k WHERE k.ticket_id = t.id ORDER BY ordinal LIMIT 1) l ON true
		WHERE m.at >= @from AND m.earliest < @to AND m.since IS NOT NULL ORDER BY m.at, m.ticket_id`)
)

// Span returns the oldest cycle kept and the last decided one.
func (p watchPast) Span(ctx context.Context) (oldest, decided time.Time, err error) {
	var o, d *time.Time
	if err := p.tx.QueryRow(ctx, sqlReplaySpan).Scan(&o, &d); err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("look for the rounds that are kept: %w", err)
	}
	return instant(o), instant(d), nil
}

// TimelyBetween returns the batches that came in time.
func (p watchPast) TimelyBetween(ctx context.Context, from, to time.Time) ([]probe.Batch, error) {
	batches, err := p.batches(ctx, sqlReplayTimely, pgx.NamedArgs{"from": from, "to": to})
	if err != nil {
		return nil, fmt.Errorf("load the batches from %s: %w", from.Format(time.RFC3339), err)
	}
	return batches, nil
}

// Transitions returns the transitions of links.
func (p watchPast) Transitions(ctx context.Context, from, to time.Time) ([]watch.DecidedTransition, error) {
	rows, err := p.tx.Query(ctx, sqlReplayTransitions, pgx.NamedArgs{"from": from, "to": to})
	if err != nil {
		return nil, fmt.Errorf("load the transitions: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t watch.DecidedTransition, err error) {
		var before, after string
		if err := row.Scan(&t.Link, &t.At, &t.Since, &before, &after); err != nil {
			return t, err
		}
		if err := t.From.UnmarshalText([]byte(before)); err != nil {
			return t, err
		}
		return t, t.To.UnmarshalText([]byte(after))
	})
}

// Changes returns the changes of incidents, of the cycles in [from, to).
func (p watchPast) Changes(ctx context.Context, from, to time.Time) ([]incident.Change, error) {
	rows, err := p.tx.Query(ctx, sqlReplayChanges, pgx.NamedArgs{"from": from})
	if err != nil {
		return nil, fmt.Errorf("load the changes of incidents: %w", err)
	}
	var list []incident.Change
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&body}, func() error {
		var c incident.Change
		if err := json.Unmarshal(body, &c); err != nil {
			return err
		}
		if !c.At.Before(from) && c.At.Before(to) {
			list = append(list, c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the changes of incidents: %w", err)
	}
	return list, nil
}

// Tickets returns what became of tickets.
func (p watchPast) Tickets(ctx context.Context, from, to time.Time) ([]watch.TicketMove, error) {
	rows, err := p.tx.Query(ctx, sqlReplayTickets, pgx.NamedArgs{"from": from, "to": to})
	if err != nil {
		return nil, fmt.Errorf("load the moves of tickets: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[watch.TicketMove])
}
