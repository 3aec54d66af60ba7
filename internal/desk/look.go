package desk

import (
	"context"
	"errors"
	"time"

	"vigie/internal/ticket"
)

// operatorActor is who speaks in the journal when an operator's system does.
const operatorActor = "operator"

// errOver ends a transaction that has nothing to do.
var errOver = errors.New("the ticket is no longer looked at")

// Look asks the operator's system about a ticket and records what it told. It
// returns 0 when nothing more is to be asked, or after how long to look again. An
// error is our own trouble (the database): look again too.
func (s *Service) Look(ctx context.Context, job ticket.Look, now func() time.Time) (again time.Duration, err error) {
	var q ticket.Question
	err = s.looking(ctx, job, now(), func(_ context.Context, _ Tx, t ticket.Ticket) error {
		q = t.Question()
		return nil
	})
	if errors.Is(err, errOver) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	told, problem := s.channels.Told(ctx, q)
	err = s.looking(ctx, job, now(), func(ctx context.Context, tx Tx, t ticket.Ticket) error {
		at := now()
		if problem != nil {
			return save(ctx, tx, ticket.Unheard(t, problem.Error(), at), actor, at)
		}
		return save(ctx, tx, ticket.Hear(t, told, at), operatorActor, at)
	})
	if errors.Is(err, errOver) {
		return 0, nil
	}
	return s.policy.LookEvery, err
}

// looking loads the ticket and calls f, or returns errOver when it is not looked at
// any more.
func (s *Service) looking(ctx context.Context, job ticket.Look, now time.Time, f func(context.Context, Tx, ticket.Ticket) error) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.Ticket(ctx, job.Ticket)
		if err != nil {
			return err
		}
		if !t.Looks(job, now) {
			return errOver
		}
		return f(ctx, tx, t)
	})
}
