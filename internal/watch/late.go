package watch

import (
	"context"
	"slices"
	"time"

	"vigie/probe"
)

// lose records time of which the data are lost, in place of what was recorded while
// nothing came, or of a doubt about what did: the better reason.
func (s *Service) lose(ctx context.Context, tx Tx, g Gap) error {
	if !g.From.Before(g.To) {
		return nil
	}
	for _, reason := range []GapReason{Stopped, Doubtful} {
		former := g
		former.Reason = reason
		if err := tx.FillGap(ctx, former); err != nil {
			return err
		}
	}
	return tx.AddGap(ctx, g)
}

// fill takes a cycle of which the last batch came late out of the time in which nothing
// came from the prober: it is stored now. When the prober was cut off from everything in
// that cycle, the time stays a gap, for that reason, and what it puts in doubt beside it
// becomes one.
func (s *Service) fill(ctx context.Context, tx Tx, b probe.Batch) error {
	cycle := Gap{Prober: b.Prober, From: b.Cycle, To: b.Cycle.Add(b.CycleLength), Reason: Stopped}
	if err := tx.FillGap(ctx, cycle); err != nil {
		return err
	}
	x, err := tx.Inventory(ctx)
	if err != nil {
		return err
	}
	p, err := s.planFor(x, b.Cycle)
	if err != nil {
		return err
	}
	batches, err := tx.Batches(ctx, b.Prober, b.Cycle.Add(-b.CycleLength), b.Cycle.Add(b.CycleLength+time.Microsecond))
	if err != nil {
		return err
	}
	for _, parts := range p.cycles(batches) {
		for _, part := range parts {
			reason := part.gap()
			if part.prober != b.Prober || reason == "" || reason == Isolated && !part.cycle.Equal(b.Cycle) {
				continue
			}
			if err := tx.AddGap(ctx, Gap{Prober: part.prober, From: part.cycle, To: part.cycle.Add(part.length), Reason: reason}); err != nil {
				return err
			}
		}
	}
	return nil
}

// lateDoubt records that a prober's part of the cycle is in doubt because of its part of
// the cycle before, which came late: that one decides nothing any more, and is not among
// what was decided, but minutes hold what it puts in doubt for void.
func (s *Service) lateDoubt(ctx context.Context, tx Tx, p plan, before, delivered []part) error {
	for _, after := range delivered {
		if after.gap() != "" || !after.lossy || slices.ContainsFunc(before, func(b part) bool { return b.prober == after.prober }) {
			continue
		}
		pieces, err := tx.Pieces(ctx, after.prober, after.cycle.Add(-after.length))
		if err != nil {
			return err
		}
		doubted := []part{after}
		border(p.parts(pieces), doubted)
		if !doubted[0].doubtful {
			continue
		}
		if err := tx.AddGap(ctx, Gap{Prober: after.prober, From: after.cycle, To: after.cycle.Add(after.length), Reason: Doubtful}); err != nil {
			return err
		}
	}
	return nil
}
