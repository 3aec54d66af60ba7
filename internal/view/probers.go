package view

import (
	"context"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/org"
)

// gapsWithin is how far back the page of the vantage points looks.
const gapsWithin = 7 * 24 * time.Hour

// Prober is one vantage point.
type Prober struct {
	Name     string
	LastSeen time.Time // last batch; zero before the first
	Gaps     []Gap     // the latest first
}

// Gap is time that was planned and not measured: unknown, never loss.
type Gap struct {
	From, To time.Time
	Reason   string // stopped, lost or isolated
}

// ProberPage is the answer to "is it us or the line?".
type ProberPage struct {
	Notices
	Probers  []Prober
	Canaries []inventory.Canary
}

// Probers answers for the last seven days.
func (s *Service) Probers(ctx context.Context, who org.User, now time.Time) (ProberPage, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return ProberPage{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return ProberPage{}, err
	}
	page := ProberPage{Notices: s.notices(r, live, now)}
	for _, canary := range r.Canaries {
		if inventory.InForce(time.Time{}, canary.Ends, r.day) {
			page.Canaries = append(page.Canaries, canary)
		}
	}
	page.Probers, err = s.store.Probers(ctx, now.Add(-gapsWithin))
	return page, err
}
