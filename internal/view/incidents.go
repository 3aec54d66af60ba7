package view

import (
	"context"
	"time"

	"vigie/internal/fault"
	"vigie/internal/incident"
	"vigie/internal/org"
)

// listLimit bounds a list page; the page says so when it is reached.
const listLimit = 200

// IncidentRow is one incident as it is stored.
type IncidentRow struct {
	ID       int64
	Kind     incident.Kind
	Since    time.Time // first failed round
	OpenedAt time.Time
	ClosedAt time.Time // when its end was decided; zero while open
	EndedAt  time.Time // latest first good round
	Links    []int64
	Ticket   TicketRef // zero without one
	Told     []Outage  // of which a router told what they were, in order of time
}

// Incident is one cause and the links that it failed, as the asker sees it.
type Incident struct {
	IncidentRef
	Since    time.Time
	OpenedAt time.Time
	ClosedAt time.Time // when its end was decided; zero while open
	EndedAt  time.Time // latest first good round; zero while open
	Links    []LinkName
	Hidden   int       // links outside the asker's territory
	Ticket   TicketRef // zero without one, or for a role that sees none
	Told     []Told    // by the routers of the links seen, in order of time
}

// Requalified counts the outages that turned out to be no fault of the operator's.
func (i Incident) Requalified() int {
	n := 0
	for _, t := range i.Told {
		if t.Requalified() {
			n++
		}
	}
	return n
}

// Open reports whether the incident still lasts.
func (i Incident) Open() bool { return i.ClosedAt.IsZero() }

// Duration is how long the incident lasted, until now while it is open.
func (i Incident) Duration(now time.Time) time.Duration {
	switch {
	case i.Open():
		return now.Sub(i.Since)
	case i.EndedAt.IsZero():
		return i.ClosedAt.Sub(i.Since)
	default:
		return i.EndedAt.Sub(i.Since)
	}
}

// IncidentList is the answer to "what failed, and as one?".
type IncidentList struct {
	Notices
	Incidents []Incident
	OpenOnly  bool
	Cut       bool // there are older ones
}

// Incidents answers with the latest incidents first.
func (s *Service) Incidents(ctx context.Context, who org.User, openOnly bool, now time.Time) (IncidentList, error) {
	return s.IncidentsOf(ctx, who, Part{OpenOnly: openOnly, Limit: listLimit}, now)
}

// Part is the piece of a list that one answer gives: Limit rows after the one with an
// id, from the latest when After is 0.
type Part struct {
	OpenOnly bool
	After    int64
	Number   string // of a ticket: this one only; empty bounds nothing
	Limit    int
}

// Incident answers for one incident; one outside the territory is not found.
func (s *Service) Incident(ctx context.Context, who org.User, id int64, now time.Time) (Incident, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return Incident{}, err
	}
	rows, err := s.store.Incidents(ctx, Query{Links: r.links(org.SeeLinks), ID: id, Limit: 1})
	if err != nil {
		return Incident{}, err
	}
	if len(rows) == 0 {
		return Incident{}, fault.Errorf(fault.NotFound, "incident %d is not in the territory of user %d", id, who.ID)
	}
	return r.incidents(rows)[0], nil
}

// IncidentsOf answers with a piece of the list of incidents, the latest first.
func (s *Service) IncidentsOf(ctx context.Context, who org.User, part Part, now time.Time) (IncidentList, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return IncidentList{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return IncidentList{}, err
	}
	rows, err := s.store.Incidents(ctx, Query{Links: r.links(org.SeeLinks), OpenOnly: part.OpenOnly, After: part.After, Limit: part.Limit})
	if err != nil {
		return IncidentList{}, err
	}
	return IncidentList{
		Notices:   s.notices(r, live, now),
		Incidents: r.incidents(rows),
		OpenOnly:  part.OpenOnly,
		Cut:       len(rows) == part.Limit,
	}, nil
}

func (r reach) incidents(rows []IncidentRow) []Incident {
	incidents := make([]Incident, 0, len(rows))
	for _, row := range rows {
		i := Incident{
			IncidentRef: IncidentRef{ID: row.ID, Kind: row.Kind},
			Since:       row.Since, OpenedAt: row.OpenedAt, ClosedAt: row.ClosedAt, EndedAt: row.EndedAt,
		}
		i.Links, i.Hidden = r.nameLinks(org.SeeLinks, row.Links)
		i.Told = r.told(org.SeeLinks, row.Told)
		if org.Allowed(r.who, org.SeeTickets) {
			i.Ticket = row.Ticket
		}
		incidents = append(incidents, i)
	}
	return incidents
}
