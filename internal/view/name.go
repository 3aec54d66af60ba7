package view

import (
	"slices"

	"vigie/internal/inventory"
	"vigie/internal/org"
)

// LinkName names a link and the places it serves.
type LinkName struct {
	ID           int64
	Ref          string
	Operator     string // key
	OperatorName string
	POP          string // name, empty when not known
	Sites        []SiteName
}

// SiteName names a site.
type SiteName struct {
	ID          int64
	Name        string
	Commune     string // name
	Departement string
}

// TicketRef names a ticket.
type TicketRef struct {
	ID     int64
	Number string
}

func (r reach) nameLink(link inventory.Link) LinkName {
	name := LinkName{ID: link.ID, Ref: link.Ref, Operator: link.Operator, OperatorName: link.Operator}
	if operator, ok := r.Operator(link.Operator); ok {
		name.OperatorName = operator.Name
	}
	if pop, ok := r.POP(link.POP); ok {
		name.POP = pop.Name
	}
	for _, site := range r.SitesOfLink(link) {
		name.Sites = append(name.Sites, r.nameSite(site))
	}
	return name
}

func (r reach) nameSite(site inventory.Site) SiteName {
	name := SiteName{ID: site.ID, Name: site.Name, Commune: site.Commune}
	if commune, ok := r.Commune(site.Commune); ok {
		name.Commune, name.Departement = commune.Name, commune.Departement
	}
	return name
}

// nameLinks names the links seen among ids, by reference, and counts the others.
func (r reach) nameLinks(action org.Action, ids []int64) (seen []LinkName, hidden int) {
	for _, id := range ids {
		link, ok := r.LinkByID(id)
		if !ok || !r.sees(action, link) {
			hidden++
			continue
		}
		seen = append(seen, r.nameLink(link))
	}
	slices.SortFunc(seen, func(a, b LinkName) int { return compareText(a.Ref, b.Ref) })
	return seen, hidden
}
