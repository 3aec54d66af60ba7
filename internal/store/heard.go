package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/sla"
	"vigie/internal/ticket"
)

var (
	sqlHeard = query("operator_ticket.of", `
		SELECT reference, status, raw, reason, expected_at, read_at, failing_since, problem FROM operator_ticket WHERE ticket_id = @id`)
	sqlRemarks = query("remark.of", `
		SELECT number, kind, at, said_at, author, status, text FROM remark WHERE ticket_id = @id ORDER BY number`)
	sqlGels = query("gel.of", `
		SELECT id, from_at, to_at, cause, declared_by, accepted, reason, coalesce(decided_by, 0) AS decided_by, decided_at
		FROM gel WHERE ticket_id = @id ORDER BY from_at, id`)
	sqlHeardSave = query("operator_ticket.save", `
		INSERT INTO operator_ticket (ticket_id, reference, status, raw, reason, expected_at, read_at, failing_since, problem)
		VALUES (@id, @reference, @status, @raw, @reason, @expected, @read, @failing, @problem)
		ON CONFLICT (ticket_id) DO UPDATE SET reference = excluded.reference, status = excluded.status, raw = excluded.raw, reason = excluded.reason,
			expected_at = excluded.expected_at, read_at = excluded.read_at, failing_since = excluded.failing_since, problem = excluded.problem`)
	sqlRemarkSave = query("remark.save", `
		INSERT INTO remark (ticket_id, number, kind, at, said_at, author, status, text)
		VALUES (@id, @number, @kind, @at, @said, @author, @status, @text)`)
	sqlGelAdd = query("gel.add", `
		INSERT INTO gel (ticket_id, from_at, to_at, cause, declared_by, accepted, reason)
		VALUES (@id, @from, @to, @cause, @declared, @accepted, @reason)`)
	sqlGelSave = query("gel.save", `
		UPDATE gel SET to_at = @to, cause = @cause, accepted = @accepted, decided_by = @by, decided_at = @decided WHERE id = @gel`)
)

type heardRow struct {
	Reference, Status, Raw, Reason   string
	ExpectedAt, ReadAt, FailingSince *time.Time
	Problem                          string
}

func (r heardRow) heard() ticket.Heard {
	return ticket.Heard{
		Reference: r.Reference, Status: ticket.Word(r.Status), Raw: r.Raw, Reason: r.Reason,
		ExpectedAt: instant(r.ExpectedAt), ReadAt: instant(r.ReadAt), FailingSince: instant(r.FailingSince), Problem: r.Problem,
	}
}

type remarkRow struct {
	Number               int
	Kind                 string
	At                   time.Time
	SaidAt               *time.Time
	Author, Status, Text string
}

func (r remarkRow) remark() ticket.Remark {
	return ticket.Remark{
		Number: r.Number, Kind: ticket.RemarkKind(r.Kind), At: r.At.UTC(), SaidAt: instant(r.SaidAt),
		Author: r.Author, Status: ticket.Word(r.Status), Text: r.Text,
	}
}

type declaredRow struct {
	ID int64
	gelRow
	Reason    string
	DecidedBy int64
	DecidedAt *time.Time
}

func (r declaredRow) declared() ticket.Gel {
	return ticket.Gel{ID: r.ID, Gel: r.gel(), Reason: r.Reason, DecidedBy: r.DecidedBy, DecidedAt: instant(r.DecidedAt)}
}

// loadHeard reads what the operator's system told, and what suspends the clock.
func loadHeard(ctx context.Context, tx pgx.Tx, t *ticket.Ticket) error {
	args := pgx.NamedArgs{"id": t.ID}
	row, err := one[heardRow](ctx, tx, sqlHeard, args)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	t.Heard = row.heard()
	if t.Remarks, err = many(ctx, tx, sqlRemarks, args, remarkRow.remark); err != nil {
		return err
	}
	t.Gels, err = many(ctx, tx, sqlGels, args, declaredRow.declared)
	return err
}

// queueHeard saves it. A remark never changes, so only those that are new are written.
func queueHeard(batch *pgx.Batch, d ticket.Decision) {
	t := d.Ticket
	if h := t.Heard; h != (ticket.Heard{}) {
		batch.Queue(sqlHeardSave, pgx.NamedArgs{
			"id": t.ID, "reference": h.Reference, "status": string(h.Status), "raw": h.Raw, "reason": h.Reason, "expected": nullable(h.ExpectedAt),
			"read": nullable(h.ReadAt), "failing": nullable(h.FailingSince), "problem": h.Problem,
		})
	}
	for _, r := range d.Said {
		batch.Queue(sqlRemarkSave, pgx.NamedArgs{
			"id": t.ID, "number": r.Number, "kind": string(r.Kind), "at": r.At, "said": nullable(r.SaidAt),
			"author": r.Author, "status": string(r.Status), "text": r.Text,
		})
	}
	for _, g := range t.Gels {
		args := pgx.NamedArgs{"id": t.ID, "to": nullable(g.To), "cause": string(g.Cause), "accepted": g.Accepted}
		if g.ID == 0 {
			args["from"], args["declared"], args["reason"] = g.From, g.DeclaredBy, g.Reason
			batch.Queue(sqlGelAdd, args)
			continue
		}
		args["gel"], args["by"], args["decided"] = g.ID, zeroNull(g.DecidedBy), nullable(g.DecidedAt)
		batch.Queue(sqlGelSave, args)
	}
}

// gels are the suspensions as the clock takes them.
func gels(declared []ticket.Gel) []sla.Gel {
	out := make([]sla.Gel, len(declared))
	for i, g := range declared {
		out[i] = g.Gel
	}
	return out
}
