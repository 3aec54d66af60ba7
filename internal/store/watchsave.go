package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/incident"
)

var (
	sqlEngineSave = query("engine.save", `
		UPDATE engine SET decided = @decided, state = @state`)
	sqlLinkSave = query("link_state.save", `
		INSERT INTO link_state (link_id, status, since, state) VALUES (@link, @status, @since, @state)
		ON CONFLICT (link_id) DO UPDATE SET status = excluded.status, since = excluded.since, state = excluded.state`)
	sqlLinkForget = query("link_state.forget", `
		DELETE FROM link_state WHERE link_id = ANY (@ids)`)
	sqlTransitionInsert = query("transition.insert", `
		INSERT INTO transition (link_id, at, since, before, after) VALUES (@link, @at, @since, @before, @after)`)
	sqlIncidentSave = query("incident.save", `
		INSERT INTO incident (id, kind, since, opened_at, ticket_id, state) VALUES (@id, @kind, @since, @opened, nullif(@ticket, 0), @state)
		ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, since = excluded.since, ticket_id = excluded.ticket_id, state = excluded.state`)
	sqlIncidentLinks = query("incident.links", `
		INSERT INTO incident_link (incident_id, link_id) SELECT @id, unnest(@links::bigint[]) ON CONFLICT DO NOTHING`)
	sqlIncidentClose = query("incident.close", `
		UPDATE incident SET closed_at = @at, ended_at = @ended, into_id = nullif(@into, 0), reason = @reason WHERE id = @id`)
	sqlMemorySave = query("ticket_memory.save", `
		INSERT INTO ticket_memory (ticket_id, state) VALUES (@id, @state)
		ON CONFLICT (ticket_id) DO UPDATE SET state = excluded.state`)
	sqlMemoryForget = query("ticket_memory.forget", `
		DELETE FROM ticket_memory WHERE ticket_id = ANY (@ids)`)
	sqlOutageSave = query("outage.save", `
		INSERT INTO outage (link_id, from_at, to_at, incident_id, simulated) VALUES (@link, @from, @to, nullif(@incident, 0), @simulated)
		ON CONFLICT (link_id, from_at) DO UPDATE SET to_at = excluded.to_at, incident_id = excluded.incident_id`)
)

// SaveState writes what a decision changed: the rows that differ from prev, the
// transitions, the outages and the ends of incidents.
func (t watchTx) SaveState(ctx context.Context, prev incident.State, d incident.Decision) error {
	w := writer{batch: &pgx.Batch{}}
	diff := incident.Diff(prev, d.State)
	at := d.State.Engine.Cycle
	w.queue(sqlEngineSave, pgx.NamedArgs{"decided": at, "state": w.json(diff.Engine)})
	w.links(diff)
	w.incidents(diff)
	for _, c := range d.Changes {
		if c.Action == incident.Close {
			w.queue(sqlIncidentClose, pgx.NamedArgs{
				"id": c.Incident, "at": c.At, "ended": nullable(c.End), "into": c.Into, "reason": string(c.Reason),
			})
		}
	}
	w.transitions(d.Transitions, at)
	for _, o := range d.Outages {
		w.queue(sqlOutageSave, pgx.NamedArgs{"link": o.Link, "from": o.From, "to": nullable(o.To), "incident": o.Incident, "simulated": t.simulated})
	}
	if w.err != nil {
		return fmt.Errorf("save cycle %s: %w", at.Format(time.RFC3339), w.err)
	}
	if err := t.tx.SendBatch(ctx, w.batch).Close(); err != nil {
		return fmt.Errorf("save cycle %s: %w", at.Format(time.RFC3339), err)
	}
	return nil
}

// writer queues statements of one batch and keeps the first error.
type writer struct {
	batch *pgx.Batch
	err   error
}

func (w *writer) queue(sql string, args pgx.NamedArgs) { w.batch.Queue(sql, args) }

func (w *writer) json(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	return raw
}

func (w *writer) links(diff incident.Difference) {
	for _, l := range diff.Links {
		w.queue(sqlLinkSave, pgx.NamedArgs{
			"link": l.ID, "status": l.State.Status.String(), "since": nullable(l.State.Since), "state": w.json(l),
		})
	}
	if len(diff.LinksRemoved) > 0 {
		w.queue(sqlLinkForget, pgx.NamedArgs{"ids": diff.LinksRemoved})
	}
}

func (w *writer) incidents(diff incident.Difference) {
	for _, i := range diff.Incidents {
		w.queue(sqlIncidentSave, pgx.NamedArgs{
			"id": i.ID, "kind": string(i.Kind), "since": i.Start, "opened": i.Opened, "ticket": i.Ticket, "state": w.json(i),
		})
		if len(i.Links) > 0 {
			w.queue(sqlIncidentLinks, pgx.NamedArgs{"id": i.ID, "links": i.Links})
		}
	}
	for _, t := range diff.Tickets {
		w.queue(sqlMemorySave, pgx.NamedArgs{"id": t.ID, "state": w.json(t)})
	}
	if len(diff.TicketsForgotten) > 0 {
		w.queue(sqlMemoryForget, pgx.NamedArgs{"ids": diff.TicketsForgotten})
	}
}

func (w *writer) transitions(list []incident.Transition, at time.Time) {
	for _, tr := range list {
		w.queue(sqlTransitionInsert, pgx.NamedArgs{
			"link": tr.Link, "at": at, "since": tr.Since,
			"before": tr.From.String(), "after": tr.To.String(),
		})
	}
}
