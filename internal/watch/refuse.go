package watch

import (
	"context"
	"fmt"
	"time"

	"vigie/probe"
)

// Refuse gives up a batch that Apply will never store: an empty one takes its place, so
// that its number is applied once like any other, and its time is a gap for that reason.
// One whose name, number or cycle cannot be stored either is fault.Invalid, and becomes a
// gap with the next batch of its prober.
func (s *Service) Refuse(ctx context.Context, b probe.Batch, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := check(b, now); err != nil {
		return err
	}
	empty := probe.Batch{Prober: b.Prober, Seq: b.Seq, Cycle: b.Cycle, CycleLength: b.CycleLength}
	err := s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := tx.Decided(ctx); err != nil {
			return err
		}
		former, fresh, err := tx.SaveBatch(ctx, empty, true, now)
		if err != nil || !fresh {
			return err
		}
		if former.Seq > 0 && b.Seq > former.Seq+1 {
			if err := s.lose(ctx, tx, lost(former, b)); err != nil {
				return err
			}
		}
		return s.lose(ctx, tx, Gap{Prober: b.Prober, From: b.Cycle, To: b.Cycle.Add(b.CycleLength), Reason: Refused})
	})
	if err != nil {
		return fmt.Errorf("give up batch %d of prober %s: %w", b.Seq, b.Prober, err)
	}
	return nil
}
