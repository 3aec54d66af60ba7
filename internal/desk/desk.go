package desk

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/org"
	"vigie/internal/ticket"
)

// Tx is what one transaction of the desk can do.
type Tx interface {
	// Ticket loads a ticket and holds it until the end of the transaction.
	Ticket(ctx context.Context, id int64) (ticket.Ticket, error)
	// MessageOf tells which ticket a message belongs to, and its number there.
	MessageOf(ctx context.Context, message int64) (ticketID int64, number int, err error)
	// SaveDecision writes the ticket and enqueues its jobs.
	SaveDecision(ctx context.Context, d ticket.Decision) error
	Inventory(ctx context.Context) (*inventory.Index, error)
	Modes(ctx context.Context) (ticket.Modes, error)
	SetStopped(ctx context.Context, stopped bool, by int64, at time.Time) error
	SetMode(ctx context.Context, operator string, m ticket.Mode) error
	Journal(ctx context.Context, entries ...journal.Entry) error
}

// Store opens transactions.
type Store interface {
	InTx(ctx context.Context, f func(context.Context, Tx) error) error
}

// Service is the desk.
type Service struct {
	store    Store
	channels ticket.Channels
	policy   ticket.Policy
}

// New returns the desk of the ways to the operators.
func New(store Store, channels ticket.Channels, policy ticket.Policy) *Service {
	return &Service{store: store, channels: channels, policy: policy}
}

// Approve lets a waiting message go. The user must be allowed to on one of the
// organisations that the ticket touches: a failure common to several members has
// one ticket, and any of them may speak for it.
func (s *Service) Approve(ctx context.Context, u org.User, message int64, now time.Time) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		id, number, err := tx.MessageOf(ctx, message)
		if err != nil {
			return err
		}
		t, err := s.ticketFor(ctx, tx, u, org.ApproveMessage, id, now)
		if fault.KindOf(err) == fault.NotFound {
			return fault.Errorf(fault.NotFound, "message %d does not exist", message)
		}
		if err != nil {
			return err
		}
		d, err := ticket.Approve(t, number, u.ID, now)
		if err != nil {
			return fault.Errorf(fault.Conflict, "%w", err)
		}
		return save(ctx, tx, d, person(u), now)
	})
}

// Acknowledge records the operator's reference and the time it was given.
func (s *Service) Acknowledge(ctx context.Context, u org.User, id int64, reference string, at, now time.Time) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		t, err := s.ticketFor(ctx, tx, u, org.Acknowledge, id, now)
		if err != nil {
			return err
		}
		d, err := ticket.Acknowledge(t, ticket.Ack{Reference: reference, At: at, By: u.ID}, now)
		if err != nil {
			return fault.Errorf(fault.Invalid, "%w", err)
		}
		return save(ctx, tx, d, person(u), now)
	})
}

// Judge accepts or refuses a suspension of the clock that the operator claims. The
// same persons may as record an acknowledgement.
func (s *Service) Judge(ctx context.Context, u org.User, id, gel int64, v ticket.Verdict, now time.Time) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		t, err := s.ticketFor(ctx, tx, u, org.Acknowledge, id, now)
		if err != nil {
			return err
		}
		v.By = u.ID
		d, err := ticket.Judge(t, gel, v, now)
		if err != nil {
			return fault.Errorf(fault.Invalid, "%w", err)
		}
		return save(ctx, tx, d, person(u), now)
	})
}

// ticketFor loads a ticket that the user may act on. Outside the territory it
// does not exist.
func (s *Service) ticketFor(ctx context.Context, tx Tx, u org.User, a org.Action, id int64, now time.Time) (ticket.Ticket, error) {
	t, err := tx.Ticket(ctx, id)
	if err != nil {
		return ticket.Ticket{}, err
	}
	x, err := tx.Inventory(ctx)
	if err != nil {
		return ticket.Ticket{}, err
	}
	owners := ownersOf(x, t.Links, now)
	nobodys := len(owners) == 0 && !u.Territory.All
	if nobodys || !org.Allowed(u, org.SeeTickets, owners...) {
		return ticket.Ticket{}, fault.Errorf(fault.NotFound, "ticket %d does not exist", id)
	}
	if !org.Allowed(u, a, owners...) {
		return ticket.Ticket{}, fault.Errorf(fault.Forbidden, "role %s may not %s", u.Role, a)
	}
	return t, nil
}

// ownersOf are all those in whose territory one of the links lies.
func ownersOf(x *inventory.Index, links []int64, now time.Time) []string {
	day := calendar.Day(now)
	var owners []string
	for _, id := range links {
		if l, ok := x.LinkByID(id); ok {
			owners = append(owners, x.OwnersOfLink(l, day)...)
		}
	}
	return owners
}

// StopSending turns the one switch: while stopped nothing leaves, and what was
// decided waits.
func (s *Service) StopSending(ctx context.Context, u org.User, stop bool, now time.Time) error {
	if !org.Allowed(u, org.StopSending) {
		return fault.Errorf(fault.Forbidden, "role %s may not %s", u.Role, org.StopSending)
	}
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.SetStopped(ctx, stop, u.ID, now); err != nil {
			return err
		}
		action := "sending.resume"
		if stop {
			action = "sending.stop"
		}
		return tx.Journal(ctx, settingEntry(action, person(u), "", now))
	})
}

// SetMode sets an operator's sending mode. Tickets that are open never become
// freer than they began.
func (s *Service) SetMode(ctx context.Context, u org.User, operator string, m ticket.Mode, now time.Time) error {
	if !org.Allowed(u, org.StopSending) {
		return fault.Errorf(fault.Forbidden, "role %s may not %s", u.Role, org.StopSending)
	}
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.SetMode(ctx, operator, m); err != nil {
			return err
		}
		return tx.Journal(ctx, settingEntry("sending.mode", person(u), operator+"="+string(m), now))
	})
}

func settingEntry(action, actor, value string, now time.Time) journal.Entry {
	return journal.Entry{
		Chain: journal.Chain{Kind: "setting", ID: "sending"},
		At:    now, Actor: actor, Action: action, Body: []byte(value),
	}
}

// save writes a decision with its journal entry, unless there is nothing to do. A
// look that found nothing new is no entry.
func save(ctx context.Context, tx Tx, d ticket.Decision, actor string, now time.Time) error {
	if d.Reason == ticket.NothingToDo {
		return nil
	}
	if err := tx.SaveDecision(ctx, d); err != nil {
		return fmt.Errorf("save ticket %s: %w", d.Ticket.Number, err)
	}
	if d.Reason == ticket.Looked {
		return nil
	}
	e, err := d.Entry(actor, now)
	if err != nil {
		return err
	}
	return tx.Journal(ctx, e)
}

func person(u org.User) string { return "user:" + strconv.FormatInt(u.ID, 10) }
