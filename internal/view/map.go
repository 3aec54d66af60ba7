package view

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/org"
)

// Map is the answer to "where does it fail?".
type Map struct {
	Notices
	Departement  string // code of the only département shown, empty for all
	Sites        []MapSite
	POPs         []MapPOP
	Totals       SiteTotals       // of Sites
	Departements []MapDepartement // every one in reach, by name
}

// MapSite is a site with the state of the links that serve it.
type MapSite struct {
	SiteName
	Latitude, Longitude float64 // degrees, WGS 84; both 0 when not known
	Status              linkstate.Status
	Behind              bool        // a line that serves it is good and what stands behind it fails
	Links               []BoardLink // in force and seen; none: the site has no state
}

// Located reports whether the place of the site is known.
func (s MapSite) Located() bool { return s.Latitude != 0 || s.Longitude != 0 }

// MapPOP is an operator's aggregation point with the links seen behind it.
type MapPOP struct {
	Name, OperatorName  string
	Latitude, Longitude float64
	Totals              Totals
}

// MapDepartement is a département with its sites.
type MapDepartement struct {
	Choice
	Totals SiteTotals
}

// SiteTotals counts sites by state, those without a link apart.
type SiteTotals struct {
	Totals
	Unlinked  int
	Unlocated int // of all of them, those whose place is not known
}

// All is the number of sites counted.
func (t SiteTotals) All() int { return t.Totals.All() + t.Unlinked }

func (t *SiteTotals) add(s MapSite) {
	if !s.Located() {
		t.Unlocated++
	}
	if len(s.Links) == 0 {
		t.Unlinked++
		return
	}
	t.Totals.add(BoardLink{Status: s.Status})
	if s.Behind {
		t.Behind++
	}
}

// Map answers for the sites that the asker sees, in one département or in all. A
// département without such a site is not found.
func (s *Service) Map(ctx context.Context, who org.User, departement string, now time.Time) (Map, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return Map{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return Map{}, err
	}
	m := Map{Notices: s.notices(r, live, now), Departement: departement}
	all := r.mapSites(live, now)
	m.Departements = mapDepartements(all)
	if departement != "" {
		if !slices.ContainsFunc(m.Departements, func(d MapDepartement) bool { return d.Key == departement }) {
			return Map{}, fault.Errorf(fault.NotFound, "no site of département %q is in the territory of user %d", departement, who.ID)
		}
		all = slices.DeleteFunc(all, func(s MapSite) bool { return s.Departement != departement })
	}
	m.Sites = all
	for _, site := range all {
		m.Totals.add(site)
	}
	m.POPs = r.mapPOPs(all)
	return m, nil
}

// mapSites gives the sites in force that the asker sees, by département and name.
func (r reach) mapSites(live Live, now time.Time) []MapSite {
	links := map[int64][]BoardLink{}
	for _, link := range r.boardLinks(live, now) {
		for _, site := range link.Sites {
			links[site.ID] = append(links[site.ID], link)
		}
	}
	var sites []MapSite
	for _, site := range r.Sites {
		if !inventory.InForce(time.Time{}, site.Ends, r.day) || !org.Allowed(r.who, org.SeeLinks, r.OwnersOfSite(site, r.day)...) {
			continue
		}
		sites = append(sites, MapSite{
			SiteName: r.nameSite(site), Latitude: site.Latitude, Longitude: site.Longitude,
			Status: siteStatus(links[site.ID]), Links: links[site.ID],
			Behind: slices.ContainsFunc(links[site.ID], func(l BoardLink) bool { return l.Behind != nil }),
		})
	}
	slices.SortFunc(sites, func(a, b MapSite) int {
		return cmp.Or(compareText(DepartementName(a.Departement), DepartementName(b.Departement)),
			compareText(a.Commune, b.Commune), compareText(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return sites
}

// siteStatus is the state of a site by its links. It is down when every link is;
// degraded while one serves it and another fails; unknown as soon as that decides
// between two answers.
func siteStatus(links []BoardLink) linkstate.Status {
	var t Totals
	for _, link := range links {
		t.add(link)
	}
	switch {
	case t.All() == 0:
		return linkstate.Unknown
	case t.Down == t.All():
		return linkstate.Down
	case t.Up == t.All():
		return linkstate.Up
	case t.Up+t.Degraded > 0 && t.Down+t.Degraded > 0:
		return linkstate.Degraded
	}
	return linkstate.Unknown
}

func mapDepartements(sites []MapSite) []MapDepartement {
	var all []MapDepartement
	for _, site := range sites { // by département
		if n := len(all); n == 0 || all[n-1].Key != site.Departement {
			all = append(all, MapDepartement{Choice: Choice{site.Departement, DepartementName(site.Departement)}})
		}
		all[len(all)-1].Totals.add(site)
	}
	return all
}

// mapPOPs gives the POPs whose place is known behind the links of the sites.
func (r reach) mapPOPs(sites []MapSite) []MapPOP {
	behind := map[string]*Totals{}
	counted := map[int64]bool{} // a grappe stands at several sites
	for _, site := range sites {
		for _, row := range site.Links {
			link, ok := r.LinkByID(row.ID)
			if !ok || link.POP == "" || counted[row.ID] {
				continue
			}
			counted[row.ID] = true
			if behind[link.POP] == nil {
				behind[link.POP] = &Totals{}
			}
			behind[link.POP].add(row)
		}
	}
	var pops []MapPOP
	for _, pop := range r.POPs {
		totals := behind[pop.Key]
		if totals == nil || pop.Latitude == 0 && pop.Longitude == 0 {
			continue
		}
		operator, _ := r.Operator(pop.Operator)
		pops = append(pops, MapPOP{pop.Name, operator.Name, pop.Latitude, pop.Longitude, *totals})
	}
	slices.SortFunc(pops, func(a, b MapPOP) int {
		return cmp.Or(compareText(a.OperatorName, b.OperatorName), compareText(a.Name, b.Name))
	})
	return pops
}
