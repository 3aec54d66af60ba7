package watch

import (
	"context"

	"vigie/probe"
)

// applyReports stores what a batch reports: once, since the batch is fresh.
func (s *Service) applyReports(ctx context.Context, tx Tx, b probe.Batch) error {
	if len(b.Reports) == 0 {
		return nil
	}
	return tx.SaveReports(ctx, b.Prober, b.Reports)
}
