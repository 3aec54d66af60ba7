package watch

import (
	"context"
	"time"

	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/ticket"
	"vigie/probe"
)

// applyReports stores what a batch reports: once, since the batch is fresh. What comes
// often, or replaces what was before, has tables of its own.
func (s *Service) applyReports(ctx context.Context, tx Tx, former Mark, b probe.Batch, now time.Time) error {
	var rest, stamps []probe.Report
	for _, r := range b.Reports {
		switch found := r.Finding.(type) {
		case *probe.Check:
		case *probe.Stamp:
			stamps = append(stamps, r)
		case *probe.Device:
			if err := s.applyDevice(ctx, tx, b.Prober, r.Link, r.At, *found, now); err != nil {
				return err
			}
		default:
			rest = append(rest, r)
		}
	}
	if len(rest) > 0 {
		if err := tx.SaveReports(ctx, b.Prober, rest); err != nil {
			return err
		}
	}
	if len(stamps) > 0 {
		if err := tx.SaveStamp(ctx, b.Prober, stamps); err != nil {
			return err
		}
	}
	return s.applyChecks(ctx, tx, former, b, now)
}

// beganAfter is how long after the first failed round a look may end that tells of it.
const beganAfter = time.Minute

// began is the closer look at one of the links that an opening or a re-opening is about
// which began nearest to it, one cycle before it at the earliest: what was looked at before
// is another event. It is nil without one.
func (s *Service) began(ctx context.Context, tx Tx, e incident.Effect, x *inventory.Index) (*ticket.Began, error) {
	if e.Action != incident.Open && e.Action != incident.Reopen {
		return nil, nil
	}
	earliest := e.Since.Add(-s.cycle())
	found, err := tx.SureReports(ctx, e.Links, (*probe.Look)(nil).Kind(), earliest, e.Since.Add(beganAfter))
	if err != nil {
		return nil, err
	}
	var nearest *ticket.Began
	for _, r := range found {
		look, ok := r.Finding.(*probe.Look)
		link, known := x.LinkByID(r.Link)
		if !ok || !known || look.Sent() == 0 || look.From.Before(earliest) {
			continue
		}
		if nearest == nil || look.From.Sub(e.Since).Abs() < nearest.From.Sub(e.Since).Abs() {
			nearest = &ticket.Began{Probed: link.ProbeAddress.String(), Look: *look}
		}
	}
	return nearest, nil
}
