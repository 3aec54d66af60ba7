package view

import (
	"context"
	"slices"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/org"
)

// gapsWithin is how far back the page of the vantage points looks.
const gapsWithin = 7 * 24 * time.Hour

// Prober is one vantage point.
type Prober struct {
	Name     string
	LastSeen time.Time // last batch; zero before the first
	Gaps     []Gap     // the latest first
	// Site is the key of the site inside which it stands, empty for one that looks at
	// links; At names the site where the asker sees it.
	Site    string
	At      SiteName
	Quality ProberQuality
}

// Gap is time that was planned and not measured, or in which loss may be that of the
// prober's own uplink: unknown, never loss.
type Gap struct {
	From, To time.Time
	Reason   string // stopped, lost, isolated or doubtful
}

// isolated is the reason of a gap in which a prober reached none of its canaries.
const isolated = "isolated"

// ProberPage is the answer to "is it us or the line?".
type ProberPage struct {
	Notices
	Range    Range // of the charts: a day or a week
	Probers  []Prober
	Canaries []Canary
}

// Canary is a target that tells whether probers themselves are connected.
type Canary struct {
	inventory.Canary
	Rounds []CanaryRound // the last of each prober, none that is not of now
}

// CanaryRound is what a canary answered to a prober in a cycle.
type CanaryRound struct {
	Prober         string
	At             time.Time
	Sent, Received int
}

// Lost is how many echoes the canary did not answer.
func (r CanaryRound) Lost() int { return r.Sent - r.Received }

// State is up where every echo was answered, degraded where some were, and down.
func (r CanaryRound) State() string {
	switch r.Received {
	case 0:
		return linkstate.Down.String()
	case r.Sent:
		return linkstate.Up.String()
	}
	return linkstate.Degraded.String()
}

// QualityRanges lists the ranges over which the page of the vantage points looks.
func QualityRanges() []Range { return []Range{Day, Week} }

// Probers answers for the gaps of the last seven days, and for how well each vantage
// point measured over a range; another than a day or a week is a day.
func (s *Service) Probers(ctx context.Context, who org.User, g Range, now time.Time) (ProberPage, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return ProberPage{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return ProberPage{}, err
	}
	page := ProberPage{Notices: s.notices(r, live, now), Range: g}
	if !slices.Contains(QualityRanges(), g) {
		page.Range = Day
	}
	if page.Canaries, err = s.canaries(ctx, r, now); err != nil {
		return ProberPage{}, err
	}
	if page.Probers, err = s.store.Probers(ctx, now.Add(-gapsWithin)); err != nil {
		return ProberPage{}, err
	}
	for i, p := range page.Probers {
		if site, ok := r.Site(p.Site); ok && org.Allowed(who, org.SeeLinks, r.OwnersOfSite(site, r.day)...) {
			page.Probers[i].At = r.nameSite(site)
		}
		if page.Probers[i].Quality, err = s.quality(ctx, p, page.Range, live.Decided, now); err != nil {
			return ProberPage{}, err
		}
	}
	return page, nil
}

// canaries are those in force, with what they answered lately.
func (s *Service) canaries(ctx context.Context, r reach, now time.Time) ([]Canary, error) {
	var list []Canary
	for _, canary := range r.Canaries {
		if inventory.InForce(time.Time{}, canary.Ends, r.day) {
			list = append(list, Canary{Canary: canary})
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	rounds, err := s.store.CanaryRounds(ctx, now.Add(-s.staleAfter))
	for i := range list {
		list[i].Rounds = rounds[list[i].ID]
	}
	return list, err
}
