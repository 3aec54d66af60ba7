package view

import (
	"time"

	"vigie/internal/calendar"
	"vigie/internal/incident"
	"vigie/internal/org"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// clocks reads the GTR clock of one absence, under the clause of its first day, for each link that the asker sees and
// that has a clause, links of one reading together: a mass ticket spans communes
// whose holidays differ.
func (r reach) clocks(file TicketFile, p ticket.Period, now time.Time) []LinkClock {
	if file.Ticket.Addressee == incident.ToInternal {
		return nil // no operator was told: none of their time runs
	}
	var clocks []LinkClock
	places := map[reading]int{}
	seen, _ := r.nameLinks(org.SeeTickets, file.Ticket.Links)
	for _, name := range seen {
		link, _ := r.LinkByID(name.ID)
		clause, ok := r.ClauseAt(link.Lot, calendar.Day(p.Since))
		if !ok {
			continue
		}
		service := clause.Service
		if sites := r.SitesOfLink(link); len(sites) > 0 {
			if commune, ok := r.Commune(sites[0].Commune); ok {
				service = calendar.Resolve(service, commune.Departement, commune.Temple)
			}
		}
		key := reading{clause.GTR, sla.Clock(file.timeline(p, link.ID), clause, service, now)}
		place, ok := places[key]
		if !ok {
			place = len(clocks)
			places[key] = place
			clocks = append(clocks, LinkClock{GTR: key.GTR, Reading: key.Reading})
		}
		clocks[place].Links = append(clocks[place].Links, name)
	}
	return clocks
}

// reading is what links of one clock share.
type reading struct {
	GTR     time.Duration
	Reading sla.Reading
}

// timeline is what is known of one absence, as the clock of a link takes it: what its
// router told to be a power cut is time that no clock counts.
func (f TicketFile) timeline(p ticket.Period, link int64) sla.Timeline {
	t := sla.Timeline{
		Sent: p.SentAt, Delivered: p.DeliveredAt, Acknowledged: p.Ack.At,
		Restored: p.RestoredAt, Gels: f.Gels,
	}
	for _, o := range f.Told {
		if o.Link == link && o.Requalified() {
			t.Exclusions = append(t.Exclusions, sla.Exclusion{From: o.From, To: o.To, Reason: sla.PowerCut})
		}
	}
	return t
}

// worse reports whether a is worse than b for the operator.
func worse(a, b sla.Reading) bool {
	if a.Overrun != b.Overrun {
		return a.Overrun > b.Overrun
	}
	return !a.Deadline.IsZero() && (b.Deadline.IsZero() || a.Deadline.Before(b.Deadline))
}
