package view

import (
	"context"
	"time"

	"vigie/probe"
)

const (
	// notifiedWithin is how far back the notifications of a router are shown.
	notifiedWithin = 30 * 24 * time.Hour
	// notificationsShown is how many at most.
	notificationsShown = 10
)

// Notification is what a router said by itself of its power: a hint, never a decision.
type Notification struct {
	At     time.Time
	Prober string
	probe.Trap
}

// notifications are those of the router of a link, the latest first.
func (s *Service) notifications(ctx context.Context, link int64, now time.Time) ([]Notification, error) {
	w := Window{From: now.Add(-notifiedWithin), To: now}
	found, err := s.store.Findings(ctx, link, (*probe.Trap)(nil).Kind(), w, notificationsShown)
	if err != nil {
		return nil, err
	}
	var out []Notification
	for _, f := range found {
		if trap, ok := f.Finding.(*probe.Trap); ok {
			out = append(out, Notification{f.At, f.Prober, *trap})
		}
	}
	return out, nil
}
