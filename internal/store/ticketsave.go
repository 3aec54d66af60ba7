package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"vigie/internal/ticket"
)

var (
	sqlTicketSave = query("ticket.save", `
		INSERT INTO ticket (id, incident_id, number, kind, addressee, operator, channel, mode, status, opened_at, resolved_at, related)
		VALUES (@id, @incident, @number, @kind, @addressee, nullif(@operator, ''), @channel, @mode, @status, @opened, @resolved, nullif(@related, 0))
		ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, mode = excluded.mode, status = excluded.status, resolved_at = excluded.resolved_at`)
	sqlTicketLinkSave = query("ticket_link.save", `
		INSERT INTO ticket_link (ticket_id, link_id, ordinal) SELECT @id, link, place FROM unnest(@links::bigint[]) WITH ORDINALITY AS l (link, place)
		ON CONFLICT DO NOTHING`)
	sqlPeriodSave = query("ticket_period.save", `
		INSERT INTO ticket_period (ticket_id, ordinal, since, opened_at, sent_at, delivered_at, restored_at, ack_reference, ack_at, ack_by, claimed_at)
		VALUES (@id, @ordinal, @since, @opened, @sent, @delivered, @restored, nullif(@reference, ''), @ack_at, nullif(@ack_by, 0), @claimed)
		ON CONFLICT (ticket_id, ordinal) DO UPDATE SET sent_at = excluded.sent_at, delivered_at = excluded.delivered_at, restored_at = excluded.restored_at,
			ack_reference = excluded.ack_reference, ack_at = excluded.ack_at, ack_by = excluded.ack_by, claimed_at = excluded.claimed_at`)
	sqlMessageSave = query("message.save", `
		INSERT INTO message (ticket_id, number, kind, level, state, recipient, message_id, subject, body, created_at, approved_by, approved_at, sent_at, proof, problem)
		VALUES (@id, @number, @kind, @level, @state, @recipient, @message_id, @subject, @body, @created, nullif(@approved_by, 0), @approved_at, @sent, @proof, @problem)
		ON CONFLICT (ticket_id, number) DO UPDATE SET state = excluded.state, approved_by = excluded.approved_by, approved_at = excluded.approved_at,
			sent_at = excluded.sent_at, proof = excluded.proof, problem = excluded.problem`)
	sqlModes = query("sending.modes", `
		SELECT key, sending_mode FROM operator`)
	sqlStopped = query("sending.stopped", `
		SELECT coalesce((SELECT stopped FROM sending), false)`)
	sqlSetStopped = query("sending.set_stopped", `
		INSERT INTO sending (id, stopped, changed_at, changed_by) VALUES (true, @stopped, @at, nullif(@by, 0))
		ON CONFLICT (id) DO UPDATE SET stopped = excluded.stopped, changed_at = excluded.changed_at, changed_by = excluded.changed_by`)
)

// SaveDecision writes the ticket and enqueues its jobs.
func (t conversationTx) SaveDecision(ctx context.Context, d ticket.Decision) error {
	batch := &pgx.Batch{}
	k := d.Ticket
	batch.Queue(sqlTicketSave, pgx.NamedArgs{
		"id": k.ID, "incident": k.Incident, "number": k.Number, "kind": string(k.Kind), "addressee": string(k.Addressee), "operator": k.Operator,
		"channel": string(k.Channel), "mode": string(k.Mode), "status": string(k.Status), "opened": k.OpenedAt, "resolved": nullable(k.ResolvedAt), "related": k.Related,
	})
	batch.Queue(sqlTicketLinkSave, pgx.NamedArgs{"id": k.ID, "links": k.Links})
	for i, p := range k.Periods {
		batch.Queue(sqlPeriodSave, pgx.NamedArgs{
			"id": k.ID, "ordinal": i, "since": p.Since, "opened": p.OpenedAt, "sent": nullable(p.SentAt), "delivered": nullable(p.DeliveredAt),
			"restored": nullable(p.RestoredAt), "reference": p.Ack.Reference, "ack_at": nullable(p.Ack.At), "ack_by": p.Ack.By, "claimed": nullable(p.ClaimedAt),
		})
	}
	for _, m := range k.Messages {
		batch.Queue(sqlMessageSave, pgx.NamedArgs{
			"id": k.ID, "number": m.Number, "kind": string(m.Kind), "level": m.Level, "state": string(m.State), "recipient": m.Recipient,
			"message_id": m.MessageID, "subject": m.Subject, "body": m.Body, "created": m.CreatedAt, "approved_by": m.ApprovedBy,
			"approved_at": nullable(m.ApprovedAt), "sent": nullable(m.SentAt), "proof": m.Proof, "problem": m.Problem,
		})
	}
	queueHeard(batch, d)
	if err := t.tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("save ticket %s: %w", k.Number, err)
	}
	return t.enqueue(ctx, d)
}

// jobAttempts is never reached: a message waits for days of our own trouble, and
// is not thrown away.
const jobAttempts = 10_000

// enqueue inserts the jobs of a decision in its transaction. Each follows from a
// step that a ticket takes once, under its lock, so none is refused as a
// duplicate: one approved again right after it was put back would be lost.
func (t conversationTx) enqueue(ctx context.Context, d ticket.Decision) error {
	for _, s := range d.Sends {
		if _, err := t.jobs.InsertTx(ctx, t.tx, s, &river.InsertOpts{MaxAttempts: jobAttempts}); err != nil {
			return fmt.Errorf("enqueue message %d of ticket %s: %w", s.Number, d.Ticket.Number, err)
		}
	}
	for _, r := range d.Remind {
		opts := &river.InsertOpts{MaxAttempts: jobAttempts, ScheduledAt: r.At}
		if _, err := t.jobs.InsertTx(ctx, t.tx, r.Remind, opts); err != nil {
			return fmt.Errorf("schedule the reminder of ticket %s: %w", d.Ticket.Number, err)
		}
	}
	for _, l := range d.Looks {
		opts := &river.InsertOpts{MaxAttempts: jobAttempts, ScheduledAt: l.At, Queue: ticket.LookQueue}
		if _, err := t.jobs.InsertTx(ctx, t.tx, l.Look, opts); err != nil {
			return fmt.Errorf("schedule the look at ticket %s: %w", d.Ticket.Number, err)
		}
	}
	return nil
}

// Modes returns how freely each operator is spoken to at this moment.
func (t conversationTx) Modes(ctx context.Context) (ticket.Modes, error) {
	m := ticket.Modes{Operators: map[string]ticket.Mode{}}
	if err := t.tx.QueryRow(ctx, sqlStopped).Scan(&m.Stopped); err != nil {
		return m, fmt.Errorf("read the sending switch: %w", err)
	}
	rows, err := t.tx.Query(ctx, sqlModes)
	if err != nil {
		return m, fmt.Errorf("read the sending modes: %w", err)
	}
	var key, mode string
	_, err = pgx.ForEachRow(rows, []any{&key, &mode}, func() error {
		m.Operators[key] = ticket.Mode(mode)
		return nil
	})
	if err != nil {
		return m, fmt.Errorf("read the sending modes: %w", err)
	}
	return m, nil
}
