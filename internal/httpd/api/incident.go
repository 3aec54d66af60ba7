package api

import (
	"context"
	"strconv"
	"time"

	"vigie/internal/fault"
	"vigie/internal/org"
	"vigie/internal/view"
)

// Incident is one cause and the links that it failed.
type Incident struct {
	ID           int64      `json:"id"`
	Kind         string     `json:"kind" doc:"What failed as one: link, router, site, mass (a POP), operator, flapping, degraded, prober..."`
	Open         bool       `json:"open"`
	Since        time.Time  `json:"since" doc:"First failed round."`
	OpenedAt     time.Time  `json:"opened_at"`
	EndedAt      *time.Time `json:"ended_at" doc:"Latest first good round; null while open."`
	ClosedAt     *time.Time `json:"closed_at" doc:"When its end was decided."`
	TicketID     *int64     `json:"ticket_id" doc:"Null without one, or for a role that sees none."`
	TicketNumber *string    `json:"ticket_number"`
	Links        []LinkRef  `json:"links" cell:"ref" doc:"Those of the asker's territory."`
	HiddenLinks  int        `json:"hidden_links" doc:"Number of links outside the asker's territory."`
}

// PastQuery is a question for incidents or tickets.
type PastQuery struct {
	OpenOnly bool `query:"open" doc:"Only those that last."`
	Pieces
}

// part reads the piece wanted of a list in order of time, where after is an id.
func (q Pieces) part() (view.Part, error) {
	part := view.Part{Limit: q.Limit}
	if q.After == "" {
		return part, nil
	}
	var err error
	if part.After, err = strconv.ParseInt(q.After, 10, 64); err != nil || part.After <= 0 {
		return view.Part{}, fault.Errorf(fault.Invalid, "after %.40q: expected the next of the piece before", q.After)
	}
	return part, nil
}

// Incidents answers with incidents, the latest first.
func (s *Service) Incidents(ctx context.Context, who org.User, q PastQuery, now time.Time) (Live[Incident], error) {
	part, err := q.part()
	if err != nil {
		return Live[Incident]{}, err
	}
	part.OpenOnly = q.OpenOnly
	list, err := s.view.IncidentsOf(ctx, who, part, now)
	if err != nil {
		return Live[Incident]{}, err
	}
	next := ""
	if list.Cut {
		next = strconv.FormatInt(list.Incidents[len(list.Incidents)-1].ID, 10)
	}
	return newLive(each(list.Incidents, newIncident), next, list.Notices), nil
}

// Incident answers for one incident.
func (s *Service) Incident(ctx context.Context, who org.User, id int64, now time.Time) (Incident, error) {
	i, err := s.view.Incident(ctx, who, id, now)
	return newIncident(i), err
}

func newIncident(i view.Incident) Incident {
	return Incident{
		ID: i.ID, Kind: string(i.Kind), Open: i.Open(), Since: i.Since.UTC(), OpenedAt: i.OpenedAt.UTC(),
		EndedAt: instant(i.EndedAt), ClosedAt: instant(i.ClosedAt), TicketID: known(i.Ticket.ID), TicketNumber: known(i.Ticket.Number),
		Links: each(i.Links, newLinkRef), HiddenLinks: i.Hidden,
	}
}
