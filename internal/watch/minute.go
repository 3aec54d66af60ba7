package watch

import (
	"context"
	"time"

	"vigie/internal/measure"
	"vigie/probe"
)

// summarise writes the minute that starts at minute from the batches kept, for
// every link of the plan's topology and each prober. Rounds belong to the minute
// in which their cycle starts. Done again, it gives the same rows.
func (s *Service) summarise(ctx context.Context, tx Tx, minute time.Time) error {
	batches, err := tx.Batches(ctx, minute, minute.Add(time.Minute))
	if err != nil {
		return err
	}
	byCycle := map[time.Time][]probe.Batch{}
	for _, b := range batches {
		byCycle[b.Cycle] = append(byCycle[b.Cycle], b)
	}
	rounds := map[string]map[int64][]measure.Round{} // by prober and link
	for _, batches := range byCycle {
		for _, p := range parts(batches) {
			links := rounds[p.prober]
			if links == nil {
				links = map[int64][]measure.Round{}
				rounds[p.prober] = links
			}
			for _, o := range p.rounds {
				links[o.Target] = append(links[o.Target], measure.Round{Observation: o, Void: p.isolated})
			}
		}
	}
	planned := s.cyclesIn(minute) * s.policy.Echoes
	for prober, links := range rounds {
		minutes := make([]measure.Minute, 0, len(links))
		for link, seen := range links {
			minutes = append(minutes, measure.Summarise(link, minute, planned, seen))
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
	first := minute.Truncate(s.cycle())
	for at := first; at.Before(minute.Add(time.Minute)); at = at.Add(s.cycle()) {
		if !at.Before(minute) {
			count++
		}
	}
	return count
}
