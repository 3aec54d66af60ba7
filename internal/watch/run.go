package watch

import (
	"context"
	"log/slog"
	"time"
)

const (
	// pause spaces the looks at a pipe that still holds batches, and the attempts
	// while the store is away.
	pause = 100 * time.Millisecond
	// connectedFor is how many cycles a silent prober is still waited for.
	connectedFor = 3
)

// Loop is what the cycle clock needs beside the service.
type Loop struct {
	// Pending tells how many batches the pipe still holds for the core: a cycle
	// is not decided past its time while one of them may belong to it.
	Pending func(ctx context.Context) (uint64, error)
	// Decided is told of each decided cycle, in order.
	Decided func(Report)
	Log     *slog.Logger
}

// Run is the cycle clock: it decides each cycle once, in order, until ctx ends.
// While the store is away it waits; what was measured meanwhile is decided
// afterwards in the order of the cycles, and nothing is said before a fresh one.
func (s *Service) Run(ctx context.Context, loop Loop) {
	failing := false
	for ctx.Err() == nil {
		err := s.step(ctx, loop)
		if err != nil && ctx.Err() == nil {
			if !failing {
				loop.Log.Error("cycle not decided, will be tried again", "error", err)
			}
			sleep(ctx, 10*pause)
		}
		failing = err != nil
	}
}

// step waits for the next cycle to be over and complete, and decides it.
func (s *Service) step(ctx context.Context, loop Loop) error {
	next, err := s.next(ctx, time.Now())
	if err != nil {
		return err
	}
	ends := next.Add(s.cycle())
	if wait := time.Until(ends); wait > 0 {
		sleep(ctx, min(wait, s.cycle()))
		return nil // look at the clock again: it may have been set
	}
	deadline := ends.Add(s.cycle() / 3)
	for ctx.Err() == nil && !s.complete(next) {
		wait := time.Until(deadline)
		if wait <= 0 {
			pending, err := loop.Pending(ctx)
			if err != nil {
				return err
			}
			if pending == 0 {
				break
			}
			wait = pause
		}
		s.await(ctx, wait)
	}
	if ctx.Err() != nil {
		return nil
	}
	now := time.Now()
	report, err := s.Decide(ctx, next, !now.Before(next.Add(2*s.cycle())), now)
	if err != nil {
		return err
	}
	loop.Decided(report)
	return nil
}

// next is the cycle to decide: the one after the last decided, or, when nothing
// was measured for so long that all is unknown, the first with a result or the
// last that is over.
func (s *Service) next(ctx context.Context, now time.Time) (time.Time, error) {
	var next time.Time
	err := s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		current := now.Truncate(s.cycle()).UTC()
		decided, err := tx.Decided(ctx)
		if err != nil {
			return err
		}
		next = decided.Add(s.cycle())
		before, after, err := tx.Around(ctx, next)
		if err != nil {
			return err
		}
		if decided.IsZero() { // a new installation begins with its first measurement
			if next = current; !after.IsZero() {
				next = after
			}
			return nil
		}
		if next.Sub(before) <= s.policy.Incident.Link.UnknownAfter+s.cycle() {
			return nil
		}
		target := current.Add(-s.cycle())
		if !after.IsZero() && after.Before(target) {
			target = after
		}
		if target.After(next) {
			next = target
		}
		return nil
	})
	return next, err
}

// complete reports whether every connected prober has delivered its whole part.
func (s *Service) complete(cycle time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	connected := 0
	for _, last := range s.delivered {
		if last.Before(cycle.Add(-connectedFor * s.cycle())) {
			continue
		}
		if last.Before(cycle) {
			return false
		}
		connected++
	}
	return connected > 0
}

// await returns when a batch was stored or the time is over.
func (s *Service) await(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.arrived:
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
