package view

import (
	"context"
	"slices"
	"time"

	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/org"
)

// SitePage is the answer to "which school is that, whom do I call, what connects it?".
type SitePage struct {
	Notices
	SiteName
	SiteKey        string // as files name the site
	Kind           inventory.SiteKind
	Address        string
	Postcode       string
	Owner          string // name of the organisation
	Establishments []Establishment
	Contacts       []inventory.Contact
	Key            []Payer // of the split key of the site, when it has one in force
	KeySince       time.Time
	Links          []SiteLink
	Checks         []CheckLine // of the site and of its links, by key
	Incidents      []Incident
	Tickets        []TicketLine
	Source         string
}

// Establishment is a school of the site with the member that answers for it.
type Establishment struct {
	inventory.Establishment
	Member string // name
}

// SiteLink is one link of the site with its series.
type SiteLink struct {
	BoardLink
	DownBits int64 // guaranteed towards the site, bits per second
	Series   Series
	Load     Load
	Cost     *Cost // nil for a role that sees none
}

// Site answers for one site over a range.
func (s *Service) Site(ctx context.Context, who org.User, id int64, g Range, now time.Time) (SitePage, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return SitePage{}, err
	}
	site, err := r.site(id)
	if err != nil {
		return SitePage{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return SitePage{}, err
	}
	page := SitePage{
		Notices: s.notices(r, live, now), SiteName: r.nameSite(site),
		SiteKey: site.Key, Kind: site.Kind, Address: site.Address, Postcode: site.Postcode, Source: site.Source,
		Owner: r.organisationName(site.Organisation), Contacts: r.ContactsOfSite(site.Key),
	}
	for _, e := range r.EstablishmentsOfSite(site.Key) {
		if inventory.InForce(time.Time{}, e.Ends, r.day) {
			page.Establishments = append(page.Establishments, Establishment{e, r.organisationName(e.Organisation)})
		}
	}
	for _, share := range r.KeyAt(site.Key, r.day) {
		page.Key = append(page.Key, Payer{r.organisationName(share.Organisation), share.Weight, share.Basis, share.Legal})
		page.KeySince = share.From
	}
	return page, s.siteLinks(ctx, r, site, &page, siteQuestion{live, g, now})
}

// siteQuestion is what the links of a site are asked.
type siteQuestion struct {
	live Live
	g    Range
	now  time.Time
}

// siteLinks adds the links of the site with what happened on them.
func (s *Service) siteLinks(ctx context.Context, r reach, site inventory.Site, page *SitePage, q siteQuestion) error {
	var ids []int64
	for _, row := range r.boardLinks(q.live, q.now) {
		link, _ := r.LinkByID(row.ID)
		if !slices.Contains(link.Sites, site.Key) {
			continue
		}
		series, load, err := s.figures(ctx, r, link, q.g, q.now)
		if err != nil {
			return err
		}
		ids = append(ids, link.ID)
		page.Links = append(page.Links, SiteLink{
			BoardLink: row, DownBits: r.TermsAt(link, r.day).DownKbps * 1000, Series: series, Load: load, Cost: r.cost(link),
		})
	}
	if len(ids) == 0 {
		return nil
	}
	var err error
	if page.Checks, err = s.siteChecks(ctx, r, site, q.live); err != nil {
		return err
	}
	page.Incidents, page.Tickets, err = s.past(ctx, r, ids, q.now)
	return err
}

// siteChecks gives the checks that tell of a site: its own, and those of its links.
func (s *Service) siteChecks(ctx context.Context, r reach, site inventory.Site, live Live) ([]CheckLine, error) {
	var told []inventory.Check
	var ids []int64
	for _, c := range r.Index.Checks {
		of := c.Scope == inventory.ScopeSite && c.Subject == site.Key
		if link, ok := r.Link(c.Subject); ok && c.Scope == inventory.ScopeLink {
			of = slices.Contains(link.Sites, site.Key)
		}
		if of && inventory.InForce(time.Time{}, c.Ends, r.day) {
			told, ids = append(told, c), append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	states, err := s.store.Checks(ctx, ids)
	if err != nil {
		return nil, err
	}
	var lines []CheckLine
	for _, c := range told {
		if line := r.checkLine(c, states[c.ID], live); len(line.Links) > 0 {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// site finds a site that the asker sees; a hidden one is not found.
func (r reach) site(id int64) (inventory.Site, error) {
	for _, site := range r.Sites {
		if site.ID == id && org.Allowed(r.who, org.SeeLinks, r.OwnersOfSite(site, r.day)...) {
			return site, nil
		}
	}
	return inventory.Site{}, fault.Errorf(fault.NotFound, "site %d is not in the territory of user %d", id, r.who.ID)
}
