package invoicing

import (
	"time"

	"vigie/billing/tariff"
	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/sla"
)

// availability prices the link's month against the steps of its clause, both those
// of the first day it is served. Announced works, accepted gels and outages of our
// own making leave the period; time in which nobody measured is neither up nor down.
func (m *maker) availability(l inventory.Link, c *Coverage) (Penalty, error) {
	served := m.served(l)
	if !served.From.Before(served.To) {
		return Penalty{}, nil
	}
	fee, err := m.fee(l, served.From)
	if err != nil || len(fee.clause.Availability) == 0 {
		return Penalty{}, err
	}
	uptime := m.uptime(l, served)
	c.KnownSeconds += int64(uptime.Known / time.Second)
	c.OwedSeconds += int64(uptime.Owed / time.Second)
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

// uptime measures a link over days on which it is served; there may be none.
func (m *maker) uptime(l inventory.Link, served tariff.Period) sla.Uptime {
	owed := calendar.Interval{From: calendar.Midnight(served.From), To: calendar.Midnight(served.To)}
	down, excluded := m.down(l)
	excluded = append(excluded, m.works(l)...)
	excluded = append(excluded, calendar.Intersection(m.gels(l), down)...)
	return sla.Availability(owed, down, excluded, m.blind())
}

// down parts the outages of a link: those the operator answers for, and ours. One
// that lasts goes on until now.
func (m *maker) down(l inventory.Link) (theirs, excluded []calendar.Interval) {
	for _, o := range m.outages[l.ID] {
		span := calendar.Interval{From: o.From, To: o.To}
		if span.To.IsZero() {
			span.To = m.now
		}
		if ours(o, l) {
			excluded = append(excluded, span)
		} else {
			theirs = append(theirs, span)
		}
	}
	return theirs, excluded
}

// gels are the accepted suspensions of a link's tickets. One without end goes on
// until the ticket's restoration, or until now.
func (m *maker) gels(l inventory.Link) []calendar.Interval {
	var out []calendar.Interval
	for _, c := range m.cases[l.ID] {
		end := c.Ticket.Current().RestoredAt
		if end.IsZero() {
			end = m.now
		}
		for _, g := range c.Gels {
			if !g.Accepted {
				continue
			}
			if g.To.IsZero() {
				g.To = end
			}
			out = append(out, calendar.Interval{From: g.From, To: g.To})
		}
	}
	return out
}

// blind is the time in which nothing is known of any link: the gaps, and what lies
// before the first measurement.
func (m *maker) blind() []calendar.Interval {
	began := m.started
	if began.IsZero() {
		began = m.span.To
	}
	return append([]calendar.Interval{{From: m.span.From, To: began}}, m.unknown...)
}
