package watch

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"vigie/internal/measure"
	"vigie/probe"
	"vigie/probe/schedule"
)

// Summarise writes the oldest minute of a prober that is due at now: every link that it
// probed, from the batches kept, in one transaction of its own. It reports whether there
// was one. Rounds belong to the minute in which their cycle starts; the cycles beside it
// are looked at too, since they may put its own in doubt. Done again, it gives the same
// rows, unless a batch has come since.
//
// Batches are applied and cycles decided meanwhile: one that notes the same minute waits in
// the store, so nothing here may wait for it.
func (s *Service) Summarise(ctx context.Context, now time.Time) (found bool, err error) {
	if !s.mayBeDue(now) {
		return false, nil
	}
	err = s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		var prober string
		var minute time.Time
		if prober, minute, found, err = tx.TakeDue(ctx, now); err != nil || !found {
			return err
		}
		if err := s.summarise(ctx, tx, prober, minute); err != nil {
			return fmt.Errorf("minute %s of prober %s: %w", minute.Format(time.RFC3339), prober, err)
		}
		return nil
	})
	if found || err != nil {
		s.noteDue(now) // there may be more
	}
	if err != nil {
		return false, fmt.Errorf("summarise: %w", err)
	}
	return found, nil
}

// lookAnyway is after how long the store is asked for due minutes though none is known:
// another process may have noted one.
const lookAnyway = time.Minute

// mayBeDue reports whether a minute may be due at now. The caller then looks, and says so
// by noteDue when it found one: what is noted meanwhile is not forgotten.
func (s *Service) mayBeDue(now time.Time) bool {
	s.noting.Lock()
	defer s.noting.Unlock()
	if now.Before(s.due) && s.due.Sub(now) <= lookAnyway {
		return false
	}
	s.due = now.Add(lookAnyway)
	return true
}

// noteDue notes that a minute may be due from a time on.
func (s *Service) noteDue(at time.Time) {
	s.noting.Lock()
	defer s.noting.Unlock()
	if at.Before(s.due) {
		s.due = at
	}
}

func (s *Service) summarise(ctx context.Context, tx Tx, prober string, minute time.Time) error {
	end := minute.Add(time.Minute)
	batches, err := tx.Batches(ctx, prober, minute.Add(-s.cycle()), end.Add(s.cycle()))
	if err != nil {
		return err
	}
	x, err := tx.Inventory(ctx)
	if err != nil {
		return err
	}
	p, err := s.planFor(x, minute)
	if err != nil {
		return err
	}
	var parts []part
	for _, cycle := range p.cycles(batches) {
		if at := cycle[0].cycle; !at.Before(minute) && at.Before(end) {
			parts = append(parts, cycle...)
		}
	}
	planned := s.cyclesIn(minute) * s.policy.Echoes
	rounds := roundsOf(parts)
	minutes := make([]measure.Minute, 0, len(rounds))
	for _, of := range rounds {
		m := measure.Summarise(of[0].Target, minute, planned, storableRounds(of))
		// More than planned is sent where the configuration changed, or where the
		// clock was set back and the prober measured a cycle again.
		m.Planned = max(m.Planned, m.Sent)
		minutes = append(minutes, m)
	}
	return tx.SaveMinutes(ctx, prober, minutes)
}

// lateWait is how many cycles a minute that late batches change waits for more of them:
// a prober that was cut off hands many over, and each minute is written once.
const lateWait = 1

// dueAgain has the minutes written again that are over and that a late batch of a cycle
// changes: its own, and those of the cycles beside it, which it may put in doubt.
func (s *Service) dueAgain(ctx context.Context, tx Tx, b probe.Batch, decided, now time.Time) error {
	if decided.IsZero() {
		return nil
	}
	open := s.following(decided).Truncate(time.Minute)
	from := b.Cycle.Add(-s.cycle()).Truncate(time.Minute)
	to := b.Cycle.Add(s.cycle()).Truncate(time.Minute).Add(time.Minute)
	if to.After(open) {
		to = open
	}
	if !from.Before(to) {
		return nil
	}
	return tx.DueMinutes(ctx, b.Prober, from, to, now.Add(lateWait*s.cycle()))
}

// roundsOf sorts the rounds of some parts by link, in the order of their numbers; those of
// one link lie in the order of the parts.
func roundsOf(parts []part) [][]measure.Round {
	places := map[int64]int{} // of a link: first the number of its rounds, then where they stand
	total := 0
	for _, p := range parts {
		total += len(p.rounds)
		for i := range p.rounds {
			places[p.rounds[i].Target]++
		}
	}
	all := make([]measure.Round, total)
	out := make([][]measure.Round, len(places))
	for i, link := range slices.Sorted(maps.Keys(places)) {
		n := places[link]
		out[i], all = all[:0:n], all[n:]
		places[link] = i
	}
	for _, p := range parts {
		for _, o := range p.rounds {
			i := places[o.Target]
			out[i] = append(out[i], measure.Round{Observation: o, Void: p.gap() != "" || o.Loaded})
		}
	}
	return out
}

// cyclesIn counts the cycles that start in a minute.
func (s *Service) cyclesIn(minute time.Time) int {
	count := 0
	last := schedule.Start(minute.Add(time.Minute-1), s.cycle())
	for at := last; !at.Before(minute); at = at.Add(-s.cycle()) {
		count++
	}
	return count
}

// mostEchoes bounds the echoes of a link in a minute: the store counts them in 16 bits. No
// prober of ours sends a tenth of them.
const mostEchoes = math.MaxInt16

// storableRounds are the first rounds, as many as a minute holds.
func storableRounds(rounds []measure.Round) []measure.Round {
	echoes := 0
	for i, r := range rounds {
		if echoes += r.Sent(); echoes > mostEchoes {
			return rounds[:i]
		}
	}
	return rounds
}
