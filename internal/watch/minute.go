package watch

import (
	"context"
	"math"
	"time"

	"vigie/internal/measure"
	"vigie/probe/schedule"
)

// summarise writes the minutes in [from, to), both whole, from the batches kept:
// of each prober, every link that it probed. Rounds belong to the minute in which
// their cycle starts; a minute without any has no row. The cycles beside it are looked
// at too, since they may put its own in doubt. Done again, it gives the same rows, unless
// such a one has come since.
func (s *Service) summarise(ctx context.Context, tx Tx, from, to time.Time) error {
	batches, err := tx.Batches(ctx, from.Add(-s.cycle()), to.Add(s.cycle()))
	if err != nil || len(batches) == 0 {
		return err
	}
	x, err := tx.Inventory(ctx)
	if err != nil {
		return err
	}
	p, err := s.planFor(x, from)
	if err != nil {
		return err
	}
	byMinute := map[time.Time][]part{}
	for _, parts := range p.cycles(batches) {
		minute := parts[0].cycle.Truncate(time.Minute)
		if !minute.Before(from) && minute.Before(to) {
			byMinute[minute] = append(byMinute[minute], parts...)
		}
	}
	for minute, parts := range byMinute {
		if err := s.summariseMinute(ctx, tx, minute, roundsOf(parts)); err != nil {
			return err
		}
	}
	return nil
}

// summariseAgain writes the minutes again that are over and that a late batch of a cycle
// changes: its own, and those of the cycles beside it, which it may put in doubt.
func (s *Service) summariseAgain(ctx context.Context, tx Tx, cycle, decided time.Time) error {
	if decided.IsZero() {
		return nil
	}
	open := s.following(decided).Truncate(time.Minute)
	from := cycle.Add(-s.cycle()).Truncate(time.Minute)
	to := cycle.Add(s.cycle()).Truncate(time.Minute).Add(time.Minute)
	if to.After(open) {
		to = open
	}
	if !from.Before(to) {
		return nil
	}
	return s.summarise(ctx, tx, from, to)
}

// proberRounds are the rounds of each link that one prober saw.
type proberRounds map[int64][]measure.Round

// roundsOf sorts the rounds of some parts by prober and link.
func roundsOf(parts []part) map[string]proberRounds {
	rounds := map[string]proberRounds{}
	for _, part := range parts {
		links := rounds[part.prober]
		if links == nil {
			links = proberRounds{}
			rounds[part.prober] = links
		}
		for _, o := range part.rounds {
			links[o.Target] = append(links[o.Target], measure.Round{Observation: o, Void: part.gap() != "" || o.Loaded})
		}
	}
	return rounds
}

func (s *Service) summariseMinute(ctx context.Context, tx Tx, minute time.Time, rounds map[string]proberRounds) error {
	planned := s.cyclesIn(minute) * s.policy.Echoes
	for prober, links := range rounds {
		minutes := make([]measure.Minute, 0, len(links))
		for link, seen := range links {
			m := measure.Summarise(link, minute, planned, storableRounds(seen))
			// More than planned is sent where the configuration changed, or where the
			// clock was set back and the prober measured a cycle again.
			m.Planned = max(m.Planned, m.Sent)
			minutes = append(minutes, m)
		}
		if err := tx.SaveMinutes(ctx, prober, minutes); err != nil {
			return err
		}
	}
	return nil
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
