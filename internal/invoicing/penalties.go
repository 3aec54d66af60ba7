package invoicing

import (
	"fmt"
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// penalties are those that a link earns in the month: a GTR penalty for each
// absence restored in it and, once the month is over, that of its availability.
// Those of nothing are left out.
func (m *maker) penalties(l inventory.Link, c *Coverage) ([]Penalty, error) {
	out, err := m.overruns(l)
	if err != nil || m.draft() {
		return out, err
	}
	p, err := m.availability(l, c)
	if err != nil {
		return nil, err
	}
	if p.Cents > 0 {
		out = append(out, p)
	}
	return out, nil
}

// overruns are the GTR penalties of a link. An outage counts under one ticket
// only, the first that told of it: a link left down by a mass has two.
func (m *maker) overruns(l inventory.Link) ([]Penalty, error) {
	left := m.outages[l.ID]
	var out []Penalty
	for _, c := range m.cases[l.ID] {
		var down []absence
		if down, left = m.under(c.Ticket, l, left); len(down) == 0 {
			continue
		}
		p, err := m.overrun(c, l, down)
		if err != nil {
			return nil, fmt.Errorf("ticket %s: %w", c.Ticket.Number, err)
		}
		if p.Cents > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// absence is an outage that the operator was told of.
type absence struct {
	calendar.Interval
	period ticket.Period
	told   time.Time // the operator's clock runs from here at the earliest
}

// under takes the outages that a ticket is about from those of its link. A period
// of which the operator was never told starts no clock.
func (m *maker) under(t ticket.Ticket, l inventory.Link, outages []Outage) (down []absence, left []Outage) {
	for _, o := range outages {
		at := slices.IndexFunc(t.Periods, func(p ticket.Period) bool {
			return !o.From.Before(p.Since) && (p.RestoredAt.IsZero() || o.From.Before(p.RestoredAt))
		})
		var told time.Time
		if at >= 0 && !ours(o, l) {
			told = m.told(l, t.Periods[at])
		}
		if told.IsZero() {
			left = append(left, o)
			continue
		}
		down = append(down, absence{calendar.Interval{From: o.From, To: o.To}, t.Periods[at], told})
	}
	return down, left
}

// ours reports whether the evidence lays the outage at our own door: the power of a
// site, as its links showed it together or the router told it afterwards, or a router
// that is not the operator's.
func ours(o Outage, l inventory.Link) bool {
	return o.Origin.Excuses(o.Kind) || o.Kind == incident.KindSite ||
		o.Kind == incident.KindRouter && l.CPEOwner == inventory.CustomerCPE
}

// told is when the operator heard of an absence, by the event that the clause of
// its first day names; zero when it never did.
func (m *maker) told(l inventory.Link, p ticket.Period) time.Time {
	clause, ok := m.x.ClauseAt(l.Lot, calendar.Day(p.Since))
	if !ok {
		return time.Time{}
	}
	return sla.Clock(signals(p), clause, calendar.Service{Always: true}, m.now).EventAt
}

// signals are the events of an absence that may start its clock.
func signals(p ticket.Period) sla.Timeline {
	return sla.Timeline{Sent: p.SentAt, Delivered: p.DeliveredAt, Acknowledged: p.Ack.At}
}

// overrun prices a link's absence under one ticket. The clock is the link's own: a
// mass ticket has as many as it has links, each ending with its link's recovery.
// The clause that binds is that of the day the absence began, the fee that of the
// day it ended.
func (m *maker) overrun(c Case, l inventory.Link, down []absence) (Penalty, error) {
	restored := down[len(down)-1].To
	if restored.IsZero() || restored.After(m.now) || !sla.Month(restored).Equal(m.period.From) {
		return Penalty{}, nil
	}
	clause, ok := m.x.ClauseAt(l.Lot, calendar.Day(down[0].From))
	if !ok {
		return Penalty{}, nil
	}
	day := calendar.Day(restored)
	fee, err := m.fee(l, lastServed(l, day))
	if err != nil {
		return Penalty{}, err
	}
	reading := sla.Clock(m.timeline(c, l, down), clause, m.service(l, clause), m.now)
	priced, err := sla.GTRPenalty(fee.cents, clause, reading.Overrun)
	if err != nil {
		return Penalty{}, err
	}
	return Penalty{Link: l.Ref, Lot: l.Lot, Ticket: c.Ticket.Number, Day: day, Clock: reading, Penalty: priced}, nil
}

// lastServed is the day, or the last one of a link that ended before it.
func lastServed(l inventory.Link, day time.Time) time.Time {
	if !l.Ends.IsZero() && !day.Before(l.Ends) {
		return l.Ends.AddDate(0, 0, -1)
	}
	return day
}

// timeline is the link's clock: started by the event of its first absence, stopped
// by its last recovery, standing while the link is up and, after a reopening, until
// the operator has heard of that.
func (m *maker) timeline(c Case, l inventory.Link, down []absence) sla.Timeline {
	t := signals(down[0].period)
	t.Gels, t.Restored = c.Gels, down[len(down)-1].To
	for _, w := range m.works(l) {
		t.Exclusions = append(t.Exclusions, sla.Exclusion{From: w.From, To: w.To, Reason: sla.AnnouncedWorks})
	}
	var counted []calendar.Interval
	for _, d := range down {
		counted = append(counted, calendar.Interval{From: calendar.Later(d.From, d.told), To: d.To})
	}
	t.Respites = calendar.Difference([]calendar.Interval{{From: down[0].told, To: t.Restored}}, counted)
	return t
}

// works are the announced works that cover a link.
func (m *maker) works(l inventory.Link) []calendar.Interval {
	var out []calendar.Interval
	for _, w := range m.x.Maintenances {
		if covers(w, l) && w.Announced.Before(w.From) {
			out = append(out, calendar.Interval{From: w.From, To: w.To})
		}
	}
	return out
}

func covers(w inventory.Maintenance, l inventory.Link) bool {
	switch w.Scope {
	case inventory.ScopeLink:
		return w.Subject == l.Ref
	case inventory.ScopeSite:
		return slices.Contains(l.Sites, w.Subject)
	case inventory.ScopePOP:
		return w.Subject == l.POP
	case inventory.ScopeOperator:
		return w.Subject == l.Operator
	}
	return false
}

// service is the clause's service with the holidays of the link's first site.
func (m *maker) service(l inventory.Link, clause contract.Clause) calendar.Service {
	for _, site := range m.x.SitesOfLink(l) {
		if c, ok := m.x.Commune(site.Commune); ok {
			return calendar.Resolve(clause.Service, c.Departement, c.Temple)
		}
	}
	return clause.Service
}
