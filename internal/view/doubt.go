package view

import (
	"context"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/org"
)

// Doubt says why the probe address of a link may answer for another access too.
type Doubt struct {
	Kind inventory.DoubtKind
	Row  string // key of the router or canary that has the address; empty where that is not seen
	// Other is the other link; its ID is 0 for a canary, and where the asker does not
	// see it.
	Other LinkName
}

// DoubtedLink is a link that is not watched on an address of its own.
type DoubtedLink struct {
	LinkName
	Address string
	Doubts  []Doubt
}

// Doubted gives the links within the asker's territory whose probe address another
// access may carry, by reference.
func (s *Service) Doubted(ctx context.Context, who org.User, now time.Time) ([]DoubtedLink, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return nil, err
	}
	of := map[string][]inventory.Doubt{}
	for _, d := range r.Doubts(r.day, r.Links...) {
		of[d.Link] = append(of[d.Link], d)
	}
	var list []DoubtedLink
	for _, link := range r.Links {
		if doubts := of[link.Ref]; len(doubts) > 0 && r.sees(org.SeeLinks, link) {
			list = append(list, DoubtedLink{r.nameLink(link), link.ProbeAddress.String(), r.doubts(doubts)})
		}
	}
	return list, nil
}

// doubts shows what is doubtful about one link; what belongs to another, hidden link
// has no name.
func (r reach) doubts(found []inventory.Doubt) []Doubt {
	var list []Doubt
	for _, d := range found {
		shown := Doubt{Kind: d.Kind}
		other, known := r.Link(d.Other)
		if known && r.sees(org.SeeLinks, other) {
			shown.Other = r.nameLink(other)
		}
		if d.Kind != inventory.OtherRouter || shown.Other.ID != 0 {
			shown.Row = d.Row
		}
		list = append(list, shown)
	}
	return list
}
