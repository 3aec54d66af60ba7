package desk

import (
	"context"
	"time"

	"vigie/internal/ticket"
)

const (
	actor = "vigie"
	// laterAfter spaces the looks at a message that must wait: the switch is off,
	// an earlier message is on its way, or the channel is away.
	laterAfter = 5 * time.Second
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
	outcome := s.channel.Send(ctx, letter)
	return s.settle(ctx, job, outcome, now())
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
		return save(ctx, tx, d, actor, now)
	})
	return letter, turn, err
}

func (s *Service) settle(ctx context.Context, job ticket.Send, o ticket.Outcome, now time.Time) (time.Duration, error) {
	// The letter may have left: what is known of it is saved even when ctx ends.
	ctx = context.WithoutCancel(ctx)
	err := s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.Ticket(ctx, job.Ticket)
		if err != nil {
			return err
		}
		d, err := ticket.Settle(t, job.Number, o, s.policy, now)
		if err != nil {
			return err
		}
		return save(ctx, tx, d, actor, now)
	})
	if err != nil || o.Kind != ticket.Retry {
		return 0, err
	}
	return laterAfter, nil
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
