package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/ticket"
)

// conversation is what the live chain and the desk share: tickets, their jobs,
// the sending modes and the inventory.
type conversation struct {
	db        *DB
	jobs      *river.Client[pgx.Tx] // inserts only; workers are registered elsewhere
	inventory *indexCache
	simulated bool
}

func newConversation(db *DB) (conversation, error) {
	jobs, err := river.NewClient(riverpgxv5.New(nil), &river.Config{})
	if err != nil {
		return conversation{}, fmt.Errorf("prepare the job queue: %w", err)
	}
	return conversation{db: db, jobs: jobs, inventory: &indexCache{}}, nil
}

// Simulated marks every minute written from now on as simulated.
func (c *conversation) Simulated() { c.simulated = true }

func (c conversation) bind(tx pgx.Tx) conversationTx { return conversationTx{conversation: c, tx: tx} }

type conversationTx struct {
	conversation
	tx pgx.Tx
}

func (t conversationTx) Inventory(ctx context.Context) (*inventory.Index, error) {
	return t.inventory.get(ctx, t.tx)
}

var (
	sqlTicketHold = query("ticket.hold", `SELECT id FROM ticket WHERE id = @id FOR UPDATE`)
	sqlTicketLoad = query("ticket.load", `
		SELECT id, incident_id, number, kind, addressee, coalesce(operator, '') AS operator, channel, mode, status, opened_at, resolved_at, coalesce(related, 0) AS related
		FROM ticket WHERE id = @id`)
	sqlTicketLinks   = query("ticket.links", `SELECT link_id FROM ticket_link WHERE ticket_id = @id ORDER BY ordinal`)
	sqlTicketPeriods = query("ticket.periods", `
		SELECT since, opened_at, sent_at, delivered_at, restored_at, coalesce(ack_reference, '') AS ack_reference, ack_at, coalesce(ack_by, 0) AS ack_by, claimed_at
		FROM ticket_period WHERE ticket_id = @id ORDER BY ordinal`)
	sqlTicketMessages = query("ticket.messages", `
		SELECT number, kind, level, state, recipient, message_id, subject, body, created_at, coalesce(approved_by, 0) AS approved_by,
			approved_at, sent_at, proof, problem
		FROM message WHERE ticket_id = @id ORDER BY number`)
	sqlMessageOf = query("message.of", `SELECT ticket_id, number FROM message WHERE id = @id`)
)

type ticketRow struct {
	ID         int64
	IncidentID int64
	Number     string
	Kind       string
	Addressee  string
	Operator   string
	Channel    string
	Mode       string
	Status     string
	OpenedAt   time.Time
	ResolvedAt *time.Time
	Related    int64
}

type periodRow struct {
	Since        time.Time
	OpenedAt     time.Time
	SentAt       *time.Time
	DeliveredAt  *time.Time
	RestoredAt   *time.Time
	AckReference string
	AckAt        *time.Time
	AckBy        int64
	ClaimedAt    *time.Time
}

type messageRow struct {
	Number     int
	Kind       string
	Level      int
	State      string
	Recipient  string
	MessageID  string
	Subject    string
	Body       string
	CreatedAt  time.Time
	ApprovedBy int64
	ApprovedAt *time.Time
	SentAt     *time.Time
	Proof      string
	Problem    string
}

// Ticket loads a ticket and holds it until the end of the transaction.
func (t conversationTx) Ticket(ctx context.Context, id int64) (ticket.Ticket, error) {
	if _, err := t.tx.Exec(ctx, sqlTicketHold, pgx.NamedArgs{"id": id}); err != nil {
		return ticket.Ticket{}, fmt.Errorf("hold ticket %d: %w", id, err)
	}
	return loadTicket(ctx, t.tx, id)
}

// loadTicket reads a ticket whole.
func loadTicket(ctx context.Context, tx pgx.Tx, id int64) (ticket.Ticket, error) {
	args := pgx.NamedArgs{"id": id}
	row, err := one[ticketRow](ctx, tx, sqlTicketLoad, args)
	if errors.Is(err, pgx.ErrNoRows) {
		return ticket.Ticket{}, fault.Errorf(fault.NotFound, "ticket %d does not exist", id)
	}
	if err != nil {
		return ticket.Ticket{}, fmt.Errorf("load ticket %d: %w", id, err)
	}
	out := row.ticket()
	links, err := tx.Query(ctx, sqlTicketLinks, args)
	if err != nil {
		return ticket.Ticket{}, fmt.Errorf("load the links of ticket %d: %w", id, err)
	}
	if out.Links, err = pgx.CollectRows(links, pgx.RowTo[int64]); err != nil {
		return ticket.Ticket{}, fmt.Errorf("load the links of ticket %d: %w", id, err)
	}
	if out.Periods, err = many(ctx, tx, sqlTicketPeriods, args, periodRow.period); err != nil {
		return ticket.Ticket{}, fmt.Errorf("load the periods of ticket %d: %w", id, err)
	}
	if out.Messages, err = many(ctx, tx, sqlTicketMessages, args, messageRow.message); err != nil {
		return ticket.Ticket{}, fmt.Errorf("load the messages of ticket %d: %w", id, err)
	}
	if err := loadHeard(ctx, tx, &out); err != nil {
		return ticket.Ticket{}, fmt.Errorf("load what the operator said of ticket %d: %w", id, err)
	}
	return out, nil
}

func one[T any](ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) (T, error) {
	rows, err := tx.Query(ctx, sql, args)
	if err != nil {
		var none T
		return none, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
}

func many[R, T any](ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs, convert func(R) T) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) {
		r, err := pgx.RowToStructByName[R](row)
		return convert(r), err
	})
}

func (r periodRow) period() ticket.Period {
	return ticket.Period{
		Since: r.Since.UTC(), OpenedAt: r.OpenedAt.UTC(), SentAt: instant(r.SentAt), DeliveredAt: instant(r.DeliveredAt), RestoredAt: instant(r.RestoredAt),
		Ack: ticket.Ack{Reference: r.AckReference, At: instant(r.AckAt), By: r.AckBy}, ClaimedAt: instant(r.ClaimedAt),
	}
}

func (r messageRow) message() ticket.Message {
	return ticket.Message{
		Number: r.Number, Kind: ticket.MessageKind(r.Kind), Level: r.Level, State: ticket.MessageState(r.State), Recipient: r.Recipient,
		MessageID: r.MessageID, Subject: r.Subject, Body: r.Body, CreatedAt: r.CreatedAt.UTC(),
		ApprovedBy: r.ApprovedBy, ApprovedAt: instant(r.ApprovedAt), SentAt: instant(r.SentAt), Proof: r.Proof, Problem: r.Problem,
	}
}

// MessageOf tells which ticket a message belongs to, and its number there.
func (t conversationTx) MessageOf(ctx context.Context, message int64) (id int64, number int, err error) {
	err = t.tx.QueryRow(ctx, sqlMessageOf, pgx.NamedArgs{"id": message}).Scan(&id, &number)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, fault.Errorf(fault.NotFound, "message %d does not exist", message)
	}
	return id, number, err
}
