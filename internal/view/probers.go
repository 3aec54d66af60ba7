package view

import (
	"context"
	"slices"
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
	Canaries []inventory.Canary
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
	for _, canary := range r.Canaries {
		if inventory.InForce(time.Time{}, canary.Ends, r.day) {
			page.Canaries = append(page.Canaries, canary)
		}
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
