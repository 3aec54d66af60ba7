package watch

import (
	"context"
	"time"

	"vigie/probe"
)

// applyReports stores what a batch reports: once, since the batch is fresh. What comes
// often has tables of its own, which keep its sums.
func (s *Service) applyReports(ctx context.Context, tx Tx, former Mark, b probe.Batch, now time.Time) error {
	var rest []probe.Report
	for _, r := range b.Reports {
		if _, often := r.Finding.(*probe.Check); !often {
			rest = append(rest, r)
		}
	}
	if len(rest) > 0 {
		if err := tx.SaveReports(ctx, b.Prober, rest); err != nil {
			return err
		}
	}
	return s.applyChecks(ctx, tx, former, b, now)
}
