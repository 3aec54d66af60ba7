package view

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/org"
)

// SiteList is the answer to "which schools do we watch, and how are they?".
type SiteList struct {
	Notices
	Sites []SiteLine
}

// SiteLine is one site in a list.
type SiteLine struct {
	SiteName
	Key   string
	Kind  inventory.SiteKind
	Owner string   // key of the organisation
	UAIs  []string // of the establishments that are open
	// Status is that of the site's links together, as on the map; Unknown without any.
	Status linkstate.Status
	Links  []LinkName // in force today
}

// SiteFilter keeps some sites of a list; a zero field keeps all.
type SiteFilter struct {
	Text        string // words of the name, the commune, the key or a UAI
	Departement string // code
}

// Sites answers for the sites that have not ended, in the order of their keys.
func (s *Service) Sites(ctx context.Context, who org.User, f SiteFilter, now time.Time) (SiteList, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return SiteList{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return SiteList{}, err
	}
	list := SiteList{Notices: s.notices(r, live, now)}
	links := map[int64][]BoardLink{}
	for _, link := range r.boardLinks(live, now) {
		for _, site := range link.Sites {
			links[site.ID] = append(links[site.ID], link)
		}
	}
	for _, site := range r.Sites {
		if !inventory.InForce(time.Time{}, site.Ends, r.day) || !org.Allowed(who, org.SeeLinks, r.OwnersOfSite(site, r.day)...) {
			continue
		}
		line := r.siteLine(site, links[site.ID])
		if f.keeps(line) {
			list.Sites = append(list.Sites, line)
		}
	}
	slices.SortFunc(list.Sites, func(a, b SiteLine) int { return cmp.Compare(a.Key, b.Key) })
	return list, nil
}

func (r reach) siteLine(site inventory.Site, links []BoardLink) SiteLine {
	line := SiteLine{SiteName: r.nameSite(site), Key: site.Key, Kind: site.Kind, Owner: site.Organisation, Status: siteStatus(links)}
	for _, link := range links {
		line.Links = append(line.Links, link.LinkName)
	}
	for _, e := range r.EstablishmentsOfSite(site.Key) {
		if inventory.InForce(time.Time{}, e.Ends, r.day) {
			line.UAIs = append(line.UAIs, e.UAI)
		}
	}
	return line
}

func (f SiteFilter) keeps(l SiteLine) bool {
	if f.Departement != "" && f.Departement != l.Departement {
		return false
	}
	names := fold(l.Name + " " + l.Commune + " " + l.Key + " " + strings.Join(l.UAIs, " "))
	for word := range strings.FieldsSeq(fold(f.Text)) {
		if !strings.Contains(names, word) {
			return false
		}
	}
	return true
}
