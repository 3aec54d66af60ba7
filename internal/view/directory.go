package view

import (
	"context"
	"time"

	"vigie/internal/org"
)

// Directory names what another service's answer refers to by key, as far as the
// asker sees its costs.
type Directory struct {
	Organisations map[string]string // names by key
	Links         map[string]int64  // ids by reference, of the links seen
}

// Directory answers for somebody who sees costs.
func (s *Service) Directory(ctx context.Context, who org.User, now time.Time) (Directory, error) {
	r, err := s.reach(ctx, who, org.SeeCosts, now)
	if err != nil {
		return Directory{}, err
	}
	d := Directory{Organisations: map[string]string{}, Links: map[string]int64{}}
	for _, o := range r.Organisations {
		d.Organisations[o.Key] = o.Name
	}
	for _, link := range r.Links {
		if r.sees(org.SeeCosts, link) {
			d.Links[link.Ref] = link.ID
		}
	}
	return d, nil
}
