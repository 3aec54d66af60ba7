package invoicing

import (
	"fmt"
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// penalties are those of the month: GTR penalties of the absences restored in
// it, and, once it is over, the availability penalties. Those of nothing are left
// out.
func (m *maker) penalties(draft bool) ([]Penalty, error) {
	var out []Penalty
	for _, c := range m.events.Cases {
		for _, id := range c.Ticket.Links {
			l, ok := m.x.LinkByID(id)
			if !ok || l.Lot == "" {
				continue
			}
			p, err := m.gtr(c, l)
			if err != nil {
				return nil, fmt.Errorf("ticket %s, link %s: %w", c.Ticket.Number, l.Ref, err)
			}
			if p.Cents > 0 {
				out = append(out, p)
			}
		}
	}
	if draft {
		return out, nil
	}
	for _, l := range m.x.Links {
		if service := m.served(l); l.Lot == "" || !service.From.Before(service.To) {
			continue
		}
		if _, err := m.charges(l); err != nil {
			continue // what has no price is refused with its charge
		}
		p, err := m.availability(l)
		if err != nil {
			return nil, fmt.Errorf("link %s: %w", l.Ref, err)
		}
		if p.Cents > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// gtr prices one link's absence under one ticket. The clock is the link's own: a
// mass ticket has as many as it has links, each ending with its link's recovery.
func (m *maker) gtr(c Case, l inventory.Link) (Penalty, error) {
	down := m.absences(c.Ticket, l.ID)
	if len(down) == 0 || down[len(down)-1].To.IsZero() {
		return Penalty{}, nil
	}
	restored := down[len(down)-1].To
	if !sla.Month(restored).Equal(m.period.From) {
		return Penalty{}, nil
	}
	day := calendar.Day(restored)
	fee, err := m.fee(l, day)
	if err != nil {
		return Penalty{}, err
	}
	// The clause that binds an absence is the one of the day it began.
	clause, ok := m.x.ClauseAt(l.Lot, calendar.Day(down[0].From))
	if !ok {
		return Penalty{}, nil
	}
	t := timeline(c, down)
	for _, w := range m.works(l) {
		t.Exclusions = append(t.Exclusions, sla.Exclusion{From: w.From, To: w.To, Reason: sla.AnnouncedWorks})
	}
	reading := sla.Clock(t, clause, m.service(l, clause.Service), m.now)
	priced, err := sla.GTRPenalty(fee.cents, clause, reading.Overrun)
	if err != nil {
		return Penalty{}, err
	}
	return Penalty{Link: l.Ref, Lot: l.Lot, Ticket: c.Ticket.Number, Day: day, Clock: reading, Penalty: priced}, nil
}

// absences are the outages of a link that the ticket is about.
func (m *maker) absences(t ticket.Ticket, link int64) []calendar.Interval {
	var down []calendar.Interval
	for _, o := range m.outages[link] {
		about := slices.ContainsFunc(t.Periods, func(p ticket.Period) bool {
			return !o.From.Before(p.Since) && (p.RestoredAt.IsZero() || o.From.Before(p.RestoredAt))
		})
		if about {
			down = append(down, o)
		}
	}
	return down
}

// timeline is the link's clock: started by the ticket's delivery, standing while
// the link is up, stopped by its last recovery.
func timeline(c Case, down []calendar.Interval) sla.Timeline {
	first := c.Ticket.Periods[0]
	t := sla.Timeline{
		Sent: first.SentAt, Delivered: first.DeliveredAt, Acknowledged: first.Ack.At,
		Gels: c.Gels, Restored: down[len(down)-1].To,
	}
	up := first.Since
	for _, o := range down {
		if up.Before(o.From) {
			t.Respites = append(t.Respites, calendar.Interval{From: up, To: o.From})
		}
		up = o.To
	}
	return t
}

// availability prices the link's month against the steps of its clause.
func (m *maker) availability(l inventory.Link) (Penalty, error) {
	fee, err := m.fee(l, m.served(l).From)
	if err != nil {
		return Penalty{}, err
	}
	if len(fee.clause.Availability) == 0 {
		return Penalty{}, nil
	}
	unknown := slices.Clone(m.events.Unknown)
	if m.events.Started.After(m.span.From) || m.events.Started.IsZero() {
		unknown = append(unknown, calendar.Interval{From: m.span.From, To: later(m.events.Started, m.span.To)})
	}
	owed := calendar.Interval{From: calendar.Midnight(m.served(l).From), To: calendar.Midnight(m.served(l).To)}
	uptime := sla.Availability(owed, closed(m.outages[l.ID], m.now), m.works(l), unknown)
	ratio, ok := uptime.Ratio()
	if !ok {
		return Penalty{}, nil
	}
	priced, err := sla.AvailabilityPenalty(fee.cents, fee.clause.Availability, ratio)
	if err != nil {
		return Penalty{}, err
	}
	return Penalty{Link: l.Ref, Lot: l.Lot, Day: m.period.LastDay(), Uptime: uptime, Penalty: priced}, nil
}

// later is t, or otherwise when t is not known.
func later(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

// closed ends what lasts at now.
func closed(down []calendar.Interval, now time.Time) []calendar.Interval {
	out := slices.Clone(down)
	for i := range out {
		out[i].To = later(out[i].To, now)
	}
	return out
}

// works are the announced works that cover a link.
func (m *maker) works(l inventory.Link) []calendar.Interval {
	var out []calendar.Interval
	for _, w := range m.x.Maintenances {
		covers := map[inventory.ScopeKind]bool{
			inventory.ScopeLink:     w.Subject == l.Ref,
			inventory.ScopeSite:     slices.Contains(l.Sites, w.Subject),
			inventory.ScopePOP:      w.Subject == l.POP,
			inventory.ScopeOperator: w.Subject == l.Operator,
		}
		if covers[w.Scope] && w.Announced.Before(w.From) {
			out = append(out, calendar.Interval{From: w.From, To: w.To})
		}
	}
	return out
}

// service is the clause's service with the holidays of the link's first site.
func (m *maker) service(l inventory.Link, s calendar.Service) calendar.Service {
	for _, site := range m.x.SitesOfLink(l) {
		if c, ok := m.x.Commune(site.Commune); ok {
			return calendar.Resolve(s, c.Departement, c.Temple)
		}
	}
	return s
}
