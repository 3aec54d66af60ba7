package watch

import (
	"context"
	"log/slog"
	"time"

	"vigie/probe/schedule"
)

const (
	// pause spaces the looks at a pipe that still holds batches, and the attempts
	// while the store is away.
	pause = 100 * time.Millisecond
	// connectedFor is how many cycles a silent prober is still waited for.
	connectedFor = 3
	// complainEvery spaces the log lines about a clock that is behind.
	complainEvery = time.Minute
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
// A wall clock that was set back behind the last decided cycle has it wait too,
// and complain: a cycle is never decided twice.
func (s *Service) Run(ctx context.Context, loop Loop) {
	c := s.Clock(loop)
	failing := false
	for ctx.Err() == nil {
		again, err := c.Look(ctx, time.Now())
		switch {
		case err == nil && again > 0:
			c.await(ctx, again)
		case err != nil && ctx.Err() == nil:
			if !failing {
				loop.Log.Error("live chain held up, will be tried again", "error", err)
			}
			sleep(ctx, 10*pause)
		}
		failing = err != nil
	}
}

// Clock is one run of the cycle clock, without the waiting.
type Clock struct {
	*Service
	Loop
	chosen     time.Time // the cycle to decide next; zero when it is to be chosen
	complained time.Time
}

// Clock returns a cycle clock that has not looked yet.
func (s *Service) Clock(loop Loop) *Clock { return &Clock{Service: s, Loop: loop} }

// Look decides the next cycle when it is over and complete, or its time is; when there is
// none to decide it writes a minute that is due. It returns after how long to look again:
// then, or as soon as a batch is stored.
func (c *Clock) Look(ctx context.Context, now time.Time) (again time.Duration, err error) {
	if c.chosen.IsZero() {
		if c.chosen, err = c.next(ctx, now); err != nil {
			c.chosen = time.Time{}
			return 0, err
		}
	}
	next, ends := c.chosen, c.chosen.Add(c.cycle())
	if wait := ends.Sub(now); wait > 0 {
		c.complain(next, wait-c.cycle(), now)
		c.chosen = time.Time{} // choose again: the clock may have been set, the first batch may be there
		if more, err := c.Summarise(ctx, now); more || err != nil {
			return 0, err
		}
		return min(wait, c.cycle()), nil
	}
	if !c.complete(next) {
		if wait := ends.Add(c.cycle() / 3).Sub(now); wait > 0 {
			return min(wait, c.cycle()), nil
		}
		pending, err := c.Pending(ctx)
		if err == nil && pending > 0 {
			return pause, nil
		}
		if err != nil {
			c.chosen = time.Time{}
			return 0, err
		}
	}
	c.chosen = time.Time{}
	began := time.Now()
	report, err := c.Decide(ctx, next, !now.Before(next.Add(2*c.cycle())), now)
	if err != nil {
		return 0, err
	}
	report.Lag += time.Since(began)
	c.Decided(report)
	return 0, nil
}

// complain tells at intervals that the next cycle begins only in a while, which
// happens when the clock was set back, by more than a cycle.
func (c *Clock) complain(next time.Time, behind time.Duration, now time.Time) {
	if behind > c.cycle() && now.Sub(c.complained) >= complainEvery {
		c.complained = now
		c.Log.Warn("clock is behind the last decided cycle, nothing is decided until it is there", "next", next, "behind", behind)
	}
}

// next is the cycle to decide: the one after the last decided, or, when nothing
// was measured for so long that all is unknown, the first with a result or the
// last that is over. As long as the pipe holds batches no cycle is jumped over.
func (c *Clock) next(ctx context.Context, now time.Time) (time.Time, error) {
	pending, err := c.Pending(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var next time.Time
	err = c.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		current := schedule.Start(now, c.cycle())
		decided, err := tx.Decided(ctx)
		if err != nil {
			return err
		}
		if next = decided; !decided.IsZero() {
			next = c.following(decided)
		}
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
		if pending > 0 || next.Sub(before) <= c.policy.Incident.Link.UnknownAfter+c.cycle() {
			return nil
		}
		target := current.Add(-c.cycle())
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
