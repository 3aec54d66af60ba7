package view

import (
	"context"
	"slices"
	"time"

	"vigie/internal/ipam"
	"vigie/internal/org"
)

// PrefixList is the answer to "which blocks are in the plan?", without its tree.
type PrefixList struct {
	Prefixes []ipam.Prefix
	plan     *ipam.Index
}

// Used is how full a prefix of the list is, in percent.
func (l PrefixList) Used(p ipam.Prefix) float64 { return l.plan.Utilisation(p) }

// Prefixes answers for every VRF, with what the asker sees.
func (s *Service) Prefixes(ctx context.Context, who org.User, now time.Time) (PrefixList, error) {
	r, err := s.planReach(ctx, who, now)
	if err != nil {
		return PrefixList{}, err
	}
	list := PrefixList{plan: r.plan}
	list.Prefixes = slices.DeleteFunc(slices.Clone(r.plan.Prefixes), func(p ipam.Prefix) bool { return !r.seesSite(p.Site) })
	return list, nil
}
