package app

import (
	"context"
	"time"

	"vigie/internal/access"
	"vigie/internal/httpd/api"
	"vigie/internal/invoicing"
	"vigie/internal/store"
	"vigie/internal/view"
)

// newView is the read models over a database, for cycles of a length.
func newView(db *store.DB, cycle time.Duration) (*view.Service, error) {
	vacations, err := SchoolCalendar()
	if err != nil {
		return nil, err
	}
	return view.New(store.NewView(db), staleCycles*cycle, vacations), nil
}

// newAsking answers commands as the API answers programs.
func newAsking(db *store.DB, cycle time.Duration) (*api.Service, error) {
	v, err := newView(db, cycle)
	if err != nil {
		return nil, err
	}
	audits, err := newAudit(db)
	if err != nil {
		return nil, err
	}
	return api.New(v, invoicing.New(store.NewInvoicing(db)), audits), nil
}

// The questions of commands. Whoever runs them administers the machine, and sees
// everything.
const (
	opLinks     operation[api.LinkQuery, api.Live[api.Link]]          = "links"
	opSites     operation[api.SiteQuery, api.Live[api.Site]]          = "sites"
	opProbers   operation[api.Pieces, api.Live[api.Prober]]           = "probers"
	opIncidents operation[api.PastQuery, api.Live[api.Incident]]      = "incidents"
	opTickets   operation[api.TicketQuery, api.Live[api.TicketBrief]] = "tickets"
	opTicket    operation[TicketQuestion, api.Ticket]                 = "ticket"
	opLink      operation[LinkQuestion, api.LinkDetail]               = "link"
)

// TicketQuestion names a ticket.
type TicketQuestion struct {
	Number string `json:"number"`
}

// LinkQuestion names a link and how far back it is told.
type LinkQuestion struct {
	Ref   string     `json:"ref"`
	Range view.Range `json:"range"`
}

// Links answers with a piece of the links.
func (i *Instance) Links(ctx context.Context, q api.LinkQuery) (api.Live[api.Link], error) {
	return i.asking.Links(ctx, access.Console(), q, time.Now())
}

// Link answers for one link.
func (i *Instance) Link(ctx context.Context, q LinkQuestion) (api.LinkDetail, error) {
	return i.asking.LinkNamed(ctx, access.Console(), q.Ref, q.Range, time.Now())
}

// Sites answers with a piece of the sites.
func (i *Instance) Sites(ctx context.Context, q api.SiteQuery) (api.Live[api.Site], error) {
	return i.asking.Sites(ctx, access.Console(), q, time.Now())
}

// Probers answers with a piece of the vantage points.
func (i *Instance) Probers(ctx context.Context, q api.Pieces) (api.Live[api.Prober], error) {
	return i.asking.Probers(ctx, access.Console(), q, time.Now())
}

// Incidents answers with a piece of the incidents.
func (i *Instance) Incidents(ctx context.Context, q api.PastQuery) (api.Live[api.Incident], error) {
	return i.asking.Incidents(ctx, access.Console(), q, time.Now())
}

// Tickets answers with a piece of the tickets.
func (i *Instance) Tickets(ctx context.Context, q api.TicketQuery) (api.Live[api.TicketBrief], error) {
	return i.asking.Tickets(ctx, access.Console(), q, time.Now())
}

// Ticket answers for one ticket.
func (i *Instance) Ticket(ctx context.Context, q TicketQuestion) (api.Ticket, error) {
	return i.asking.TicketNumbered(ctx, access.Console(), q.Number, time.Now())
}

// Links asks the running instance for a piece of the links.
func (r *Remote) Links(ctx context.Context, q api.LinkQuery) (api.Live[api.Link], error) {
	return opLinks.call(ctx, r, q)
}

// Link asks for one link.
func (r *Remote) Link(ctx context.Context, q LinkQuestion) (api.LinkDetail, error) {
	return opLink.call(ctx, r, q)
}

// Sites asks for a piece of the sites.
func (r *Remote) Sites(ctx context.Context, q api.SiteQuery) (api.Live[api.Site], error) {
	return opSites.call(ctx, r, q)
}

// Probers asks the running instance for the vantage points.
func (r *Remote) Probers(ctx context.Context, q api.Pieces) (api.Live[api.Prober], error) {
	return opProbers.call(ctx, r, q)
}

// Incidents asks for a piece of the incidents.
func (r *Remote) Incidents(ctx context.Context, q api.PastQuery) (api.Live[api.Incident], error) {
	return opIncidents.call(ctx, r, q)
}

// Tickets asks for a piece of the tickets.
func (r *Remote) Tickets(ctx context.Context, q api.TicketQuery) (api.Live[api.TicketBrief], error) {
	return opTickets.call(ctx, r, q)
}

// Ticket asks for one ticket.
func (r *Remote) Ticket(ctx context.Context, q TicketQuestion) (api.Ticket, error) {
	return opTicket.call(ctx, r, q)
}
