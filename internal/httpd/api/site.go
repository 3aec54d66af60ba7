package api

import (
	"context"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/org"
	"vigie/internal/view"
)

// Site is one site in a list.
type Site struct {
	Place
	Key   string    `json:"key"`
	Kind  string    `json:"kind" enum:"college,lycee,cite-scolaire,cfa,agricole,internal"`
	Owner string    `json:"owner" doc:"Key of the organisation."`
	UAIs  []string  `json:"uais" doc:"Codes of its establishments."`
	State string    `json:"state" enum:"up,degraded,down,unknown" doc:"Of its links together: down when all are, degraded while one serves it and another fails; unknown without any."`
	Links []LinkRef `json:"links" cell:"ref" doc:"In force today."`
}

// SiteDetail is one site with its schools, its links and what happened on them.
type SiteDetail struct {
	Place
	Kind           string          `json:"kind"`
	Address        string          `json:"address"`
	Postcode       string          `json:"postcode"`
	OwnerName      string          `json:"owner_name"`
	Establishments []Establishment `json:"establishments"`
	Contacts       []Contact       `json:"contacts"`
	Payers         []Payer         `json:"payers" doc:"Of the site's split key, when it has one in force."`
	PayersSince    *string         `json:"payers_since" format:"date"`
	Links          []Link          `json:"links"`
	Incidents      []Incident      `json:"incidents" doc:"The latest ones."`
	Tickets        []TicketBrief   `json:"tickets" doc:"The latest ones; empty for a role that sees none."`
	Source         string          `json:"source"`
}

// Establishment is a school.
type Establishment struct {
	UAI        string `json:"uai"`
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Member     string `json:"member" doc:"Name of the organisation that answers for it."`
	Pupils     *int   `json:"pupils"`
	PupilsYear *int   `json:"pupils_year" doc:"Year of the rentrée the count is of."`
}

// Contact is somebody reachable at a site.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
	Hours string `json:"hours" doc:"24x7, or ISO weekdays and a window: 1-5 08:00-17:00."`
}

// SiteQuery is a question for sites.
type SiteQuery struct {
	Text        string `query:"q" maxLength:"100" doc:"Words of the name, the commune, the key or a UAI; accents and case do not matter."`
	Departement string `query:"departement" maxLength:"3" doc:"Code of a département, such as 67."`
	Pieces
}

// Sites answers with the sites that have not ended, by key.
func (s *Service) Sites(ctx context.Context, who org.User, q SiteQuery, now time.Time) (Live[Site], error) {
	list, err := s.view.Sites(ctx, who, view.SiteFilter{Text: q.Text, Departement: q.Departement}, now)
	if err != nil {
		return Live[Site]{}, err
	}
	items, next := piece(list.Sites, func(l view.SiteLine) string { return l.Key }, q.After, q.Limit)
	return newLive(each(items, newSite), next, list.Notices), nil
}

// Site answers for one site.
func (s *Service) Site(ctx context.Context, who org.User, id int64, now time.Time) (SiteDetail, error) {
	p, err := s.view.Site(ctx, who, id, view.Hour, now)
	if err != nil {
		return SiteDetail{}, err
	}
	return SiteDetail{
		Place: newPlace(p.SiteName), Kind: string(p.Kind), Address: p.Address, Postcode: p.Postcode, OwnerName: p.Owner, Source: p.Source,
		Establishments: each(p.Establishments, newEstablishment), Contacts: each(p.Contacts, newContact),
		Payers: each(p.Key, func(p view.Payer) Payer { return Payer(p) }), PayersSince: day(p.KeySince),
		Links:     each(p.Links, func(l view.SiteLink) Link { return newLink(l.BoardLink) }),
		Incidents: each(p.Incidents, newIncident), Tickets: each(p.Tickets, newTicketBrief),
	}, nil
}

func newSite(l view.SiteLine) Site {
	return Site{
		Place: newPlace(l.SiteName), Key: l.Key, Kind: string(l.Kind), Owner: l.Owner, State: l.Status.String(),
		UAIs: append([]string{}, l.UAIs...), Links: each(l.Links, newLinkRef),
	}
}

func newEstablishment(e view.Establishment) Establishment {
	return Establishment{UAI: e.UAI, Name: e.Name, Kind: string(e.Kind), Member: e.Member, Pupils: known(e.Pupils), PupilsYear: known(e.PupilsYear)}
}

func newContact(c inventory.Contact) Contact {
	return Contact{Name: c.Name, Phone: c.Phone, Email: c.Email, Hours: c.Hours}
}
