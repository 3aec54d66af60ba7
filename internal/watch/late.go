package watch

import (
	"context"
	"time"

	"vigie/probe"
)

// lose records time of which the data are lost, in place of what was recorded while
// nothing came: the better reason.
func (s *Service) lose(ctx context.Context, tx Tx, g Gap) error {
	silent := g
	silent.Reason = Stopped
	if err := tx.FillGap(ctx, silent); err != nil {
		return err
	}
	return tx.AddGap(ctx, g)
}

// fill takes a cycle of which the last batch came late out of the time in which nothing
// came from the prober: it is stored now. When the prober was cut off from everything in
// that cycle, the time stays a gap, for that reason.
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
	batches, err := tx.Batches(ctx, b.Cycle, b.Cycle.Add(time.Microsecond))
	if err != nil {
		return err
	}
	for _, part := range p.parts(batches) {
		if part.prober == b.Prober && part.isolated {
			cycle.Reason = Isolated
			return tx.AddGap(ctx, cycle)
		}
	}
	return nil
}
