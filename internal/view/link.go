package view

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"vigie/billing/money"
	"vigie/internal/contract"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/org"
)

// listed bounds the incidents, tickets and outages that a page of one thing shows.
const listed = 20

// LinkPage is the answer to "how is this link, and what was bought?".
type LinkPage struct {
	Notices
	LinkName
	Status   linkstate.Status
	Since    time.Time
	Latest   Latest
	Works    bool
	Facts    LinkFacts
	Contract Contract
	Series   Series
	Load     Load
	Router   *Router // nil when it was never asked
	Looks    []Look  // within the range, the latest first
	Tests    []Test  // of what it carries, the latest first
	Paths    Paths   // of traces
	Stamp    StampSeries
	Behind   *Behind // nil unless the line is good and what stands behind it fails
	Checks   Checks
	// Notifications are what its router said of its power in the last 30 days.
	Notifications []Notification
	Incident      IncidentRef
	Ticket        TicketRef
	// Incidents and Tickets are the latest ones; Tickets is empty for a role that
	// sees none.
	Incidents []Incident
	Tickets   []TicketLine
	Cost      *Cost // nil for a role that sees none
}

// LinkFacts is what the inventory says of a link.
type LinkFacts struct {
	Technology   string
	DownBits     int64 // guaranteed towards the site, bits per second
	UpBits       int64
	ProbeAddress string
	Demarcation  string // address; empty when none is known
	Reflector    string // address, and port unless it is that of STAMP; empty without one
	Doubts       []Doubt
	CPEOwner     inventory.CPEOwner
	Routers      []inventory.Router
	Starts, Ends time.Time // civil days; Ends zero = open
	// Terms are the versions of what was bought, by date, those to come included; without
	// price items for a role that sees no costs.
	Terms  []contract.Terms
	Now    contract.Terms // in force today
	Source string
}

// Contract is what binds the operator of a link today.
type Contract struct {
	Market, Lot string // names; empty = outside the market
	Clause      contract.Clause
	InForce     bool // a clause is in force today
}

// Cost is the monthly price of a link today and who pays it.
type Cost struct {
	Monthly money.Cents // HT, as the price list says, before revision
	Priced  bool        // the price list has a price today
	Item    string
	Revised bool // the clause revises the price: an invoice shows another one
	Payers  []Payer
}

// Unshared reports whether several members are named and no key shares the cost
// among them: no bill can.
func (c Cost) Unshared() bool { return len(c.Payers) > 1 && c.Payers[0].Weight == "" }

// Payer is one member's part of a cost.
type Payer struct {
	Organisation string // name
	Weight       string // of the split key, decimal; empty for a single payer
	Basis, Legal string
}

// Link answers for one link over a range.
func (s *Service) Link(ctx context.Context, who org.User, id int64, g Range, now time.Time) (LinkPage, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return LinkPage{}, err
	}
	link, err := r.link(org.SeeLinks, id)
	if err != nil {
		return LinkPage{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return LinkPage{}, err
	}
	page := LinkPage{Notices: s.notices(r, live, now), LinkName: r.nameLink(link)}
	page.status(live, id)
	page.Works = r.works(now)(link)
	page.Facts, page.Contract, page.Cost = r.facts(link), r.contract(link), r.cost(link)
	if page.Series, page.Load, err = s.figures(ctx, r, link, g, now); err != nil {
		return LinkPage{}, err
	}
	if page.Router, err = s.store.Router(ctx, id, now.Add(-carriedWithin)); err != nil {
		return LinkPage{}, err
	}
	if page.Looks, err = s.looks(ctx, page.LinkName, g.window(now)); err != nil {
		return LinkPage{}, err
	}
	if page.Tests, err = s.tests(ctx, id, now); err != nil {
		return LinkPage{}, err
	}
	if page.Stamp, err = s.store.Stamp(ctx, id, g.window(now)); err != nil {
		return LinkPage{}, err
	}
	if page.Paths, err = s.paths(ctx, page.LinkName, g.window(now)); err != nil {
		return LinkPage{}, err
	}
	page.Paths.Silent = page.Paths.Silent[:min(len(page.Paths.Silent), tracesTold)]
	page.Behind = r.behind(live.Failing, link, page.Status, page.Since)
	if page.Checks, err = s.checks(ctx, r, link, live, now); err != nil {
		return LinkPage{}, err
	}
	if page.Notifications, err = s.notifications(ctx, id, now); err != nil {
		return LinkPage{}, err
	}
	page.Incidents, page.Tickets, err = s.past(ctx, r, []int64{id}, now)
	if !org.Allowed(who, org.SeeTickets) {
		page.Ticket = TicketRef{}
	}
	return page, err
}

func (p *LinkPage) status(live Live, id int64) {
	incidents, tickets := live.byLink()
	p.Status = linkstate.Unknown
	if state, ok := live.States[id]; ok {
		p.Status, p.Since = state.Status, state.Since
	}
	p.Latest = live.Latest[id].beside(p.Status, p.Since)
	p.Incident, p.Ticket = incidents[id], tickets[id]
}

func (r reach) facts(link inventory.Link) LinkFacts {
	terms := r.TermsAt(link, r.day)
	facts := LinkFacts{
		Technology: link.Technology, DownBits: terms.DownKbps * 1000, UpBits: terms.UpKbps * 1000,
		ProbeAddress: link.ProbeAddress.String(), CPEOwner: link.CPEOwner,
		Starts: link.Starts, Ends: link.Ends, Source: link.Source, Terms: r.TermsOf(link), Now: terms,
		Doubts: r.doubts(r.Doubts(r.day, link)),
	}
	if link.Demarcation.IsValid() {
		facts.Demarcation = link.Demarcation.String()
	}
	if link.ReflectorAddress.IsValid() {
		facts.Reflector = link.ReflectorAddress.String()
		if link.ReflectorPort != 0 {
			facts.Reflector = netip.AddrPortFrom(link.ReflectorAddress, uint16(link.ReflectorPort)).String()
		}
	}
	if !r.sees(org.SeeCosts, link) {
		facts.Now.PriceItem = ""
		for i := range facts.Terms {
			facts.Terms[i].PriceItem = ""
		}
	}
	for _, router := range r.Routers {
		if router.Link == link.Ref && inventory.InForce(time.Time{}, router.Ends, r.day) {
			facts.Routers = append(facts.Routers, router)
		}
	}
	return facts
}

func (r reach) contract(link inventory.Link) Contract {
	var c Contract
	lot, ok := r.Lot(link.Lot)
	if !ok {
		return c
	}
	c.Lot = lot.Name
	for _, market := range r.Markets {
		if market.Key == lot.Market {
			c.Market = market.Name
		}
	}
	c.Clause, c.InForce = r.ClauseAt(link.Lot, r.day)
	return c
}

func (r reach) cost(link inventory.Link) *Cost {
	if link.Lot == "" || !r.sees(org.SeeCosts, link) {
		return nil
	}
	cost := &Cost{Item: r.TermsAt(link, r.day).PriceItem}
	price, ok := r.PriceAt(link.Lot, cost.Item, r.day)
	cost.Monthly, cost.Priced = price.Monthly, ok
	clause, _ := r.ClauseAt(link.Lot, r.day)
	cost.Revised = clause.Revision.Index != ""
	cost.Payers = r.payers(link)
	return cost
}

// payers are the shares of the key in force, else the single member that answers
// for the link's sites. Several members without a key are named without weights:
// no bill can be split among them.
func (r reach) payers(link inventory.Link) []Payer {
	var payers []Payer
	for _, share := range r.KeyAt(inventory.PayerSubject(link), r.day) {
		payers = append(payers, Payer{r.organisationName(share.Organisation), share.Weight, share.Basis, share.Legal})
	}
	if len(payers) > 0 {
		return payers
	}
	for _, key := range r.OrganisationsOfLink(link, r.day) {
		payers = append(payers, Payer{Organisation: r.organisationName(key)})
	}
	return payers
}

func (r reach) organisationName(key string) string {
	if o, ok := r.Organisation(key); ok {
		return o.Name
	}
	return key
}

// figures gives what was measured on a link and what it carried, read at the same time:
// of a year, each is half of what the page waits for.
func (s *Service) figures(ctx context.Context, r reach, link inventory.Link, g Range, now time.Time) (series Series, load Load, err error) {
	var failed error
	var reading sync.WaitGroup
	reading.Go(func() { load, failed = s.load(ctx, r, link, g, now) })
	series, err = s.series(ctx, r, link, g, now)
	reading.Wait()
	return series, load, errors.Join(err, failed)
}

func (s *Service) series(ctx context.Context, r reach, link inventory.Link, g Range, now time.Time) (Series, error) {
	w := g.window(now)
	read := s.store.Hours
	if w.Step < time.Hour {
		read = s.store.Minutes
	}
	list, err := read(ctx, link.ID, w)
	if err != nil {
		return Series{}, err
	}
	points := sum(w, list)
	series := newSeries(g, w, points, link.Starts, now)
	series.Total, series.Works = total(w, list, points), r.maintenances(link, w)
	if clause, ok := r.ClauseAt(link.Lot, r.day); ok {
		series.LimitMicros = clause.MaxRTTMicros
	}
	series.Outages, err = s.store.Outages(ctx, []int64{link.ID}, w)
	return series, err
}

// maintenances are the announced works on a link that touch a window.
func (r reach) maintenances(link inventory.Link, w Window) []Window {
	var list []Window
	for _, m := range r.Maintenances {
		if m.From.Before(w.To) && m.To.After(w.From) && covers(m, link) {
			list = append(list, Window{From: m.From, To: m.To})
		}
	}
	return list
}

// past gives the latest incidents and tickets of links.
func (s *Service) past(ctx context.Context, r reach, links []int64, now time.Time) ([]Incident, []TicketLine, error) {
	q := Query{Links: links, Limit: listed}
	rows, err := s.store.Incidents(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	incidents := r.incidents(rows)
	if !org.Allowed(r.who, org.SeeTickets) {
		return incidents, nil, nil
	}
	tickets, err := s.store.Tickets(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	return incidents, r.ticketLines(tickets, now), nil
}
