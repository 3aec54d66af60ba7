package desk

import (
	"context"
	"time"

	"vigie/internal/ticket"
)

const (
	actor = "vigie"
	// laterAfter spaces the looks at a message that must wait: the switch is off,
	// or an earlier message is on its way.
	laterAfter = 5 * time.Second
	// retryAtMost bounds the wait while the channel is away: a tenth of the
	// message's age, so that a server is not hammered for a day.
	retryAtMost = time.Minute
	// settleWithin bounds the saving of what a channel answered, which the end of
	// the job must not cut short.
	settleWithin = 8 * time.Second
)

// Send carries one message and returns 0 when nothing more is to do, or after
// how long to call again. An error is our own trouble (the database): call again
// too.
func (s *Service) Send(ctx context.Context, job ticket.Send, now func() time.Time) (again time.Duration, err error) {
	letter, turn, err := s.begin(ctx, job, now())
	if err != nil || turn == ticket.Over {
		return 0, err
	}
	if turn == ticket.Later {
		return laterAfter, nil
	}
	a := ticket.Attempt{Number: job.Number, Turn: turn, Outcome: s.channels.Send(ctx, letter)}
	if err := s.settle(ctx, job.Ticket, a, now()); err != nil {
		return 0, err
	}
	if a.Outcome.Kind == ticket.Retry || a.Outcome.Kind == ticket.Unsure {
		age := now().Sub(letter.Date)
		return min(max(age/10, laterAfter), retryAtMost), nil
	}
	return 0, nil
}

// begin commits that the letter may leave, before it does.
func (s *Service) begin(ctx context.Context, job ticket.Send, now time.Time) (ticket.Letter, ticket.Turn, error) {
	var letter ticket.Letter
	var turn ticket.Turn
	err := s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.Ticket(ctx, job.Ticket)
		if err != nil {
			return err
		}
		modes, err := tx.Modes(ctx)
		if err != nil {
			return err
		}
		d, next, err := ticket.Next(t, job.Number, modes)
		if err != nil {
			return err
		}
		turn = next
		if letter, err = t.Letter(job.Number); err != nil {
			return err
		}
		x, err := tx.Inventory(ctx)
		if err != nil {
			return err
		}
		letter.Concern(x, t.Links)
		return save(ctx, tx, d, actor, now)
	})
	return letter, turn, err
}

// settle saves what the channel answered: the letter may have left, so even when
// ctx has ended.
func (s *Service) settle(ctx context.Context, id int64, a ticket.Attempt, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.Ticket(ctx, id)
		if err != nil {
			return err
		}
		d, err := ticket.Settle(t, a, s.policy, now)
		if err != nil {
			return err
		}
		return save(ctx, tx, d, actor, now)
	})
}

// Remind looks whether an acknowledgement came, and calls the second level when
// none did.
func (s *Service) Remind(ctx context.Context, job ticket.Remind, now time.Time) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.Ticket(ctx, job.Ticket)
		if err != nil {
			return err
		}
		x, err := tx.Inventory(ctx)
		if err != nil {
			return err
		}
		modes, err := tx.Modes(ctx)
		if err != nil {
			return err
		}
		f := ticket.Describe(x, modes, t.Operator, t.Links, now)
		f.Simulated, f.Since = s.policy.Simulated, t.Current().Since
		return save(ctx, tx, ticket.Escalate(t, job, f, s.policy, now), actor, now)
	})
}
