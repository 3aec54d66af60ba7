package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"vigie/internal/incident"
	"vigie/internal/journal"
	"vigie/internal/linkstate"
	"vigie/internal/ticket"
)

// checkStory holds what must be true of the tables after any history.
func (w *world) checkStory(m *memory) {
	w.checkTransitions(m)
	w.checkOutages(m)
	w.checkTickets(m)
	for i, a := range m.gaps {
		for _, b := range m.gaps[i+1:] {
			if a.Prober == b.Prober && a.From.Before(b.To) && b.From.Before(a.To) {
				w.violate("gaps of prober %s overlap: %v and %v", a.Prober, a, b)
			}
		}
	}
	for chain, records := range m.chains {
		if _, err := journal.Verify(records); err != nil {
			w.violate("journal %s: %v", chain, err)
		}
	}
}

// checkTransitions holds that the transitions of a link follow each other, lead to its
// state, and stand in its journal once each.
func (w *world) checkTransitions(m *memory) {
	now := map[int64]linkstate.Status{}
	told := map[int64]int{}
	for _, t := range m.seen {
		if now[t.Link] != t.From {
			w.violate("link %d goes from %s to %s at %s, and was %s", t.Link, t.From, t.To, t.At.Format(time.TimeOnly), now[t.Link])
		}
		now[t.Link] = t.To
		told[t.Link]++
	}
	for _, l := range sorted(m.links) {
		if l.State.Status != now[l.ID] {
			w.violate("link %d is %s, and its last transition led to %s", l.ID, l.State.Status, now[l.ID])
		}
		entries := len(m.chains[journal.Chain{Kind: "link", ID: fmt.Sprint(l.ID)}])
		if entries != told[l.ID] {
			w.violate("link %d has %d transitions, and %d entries in its journal", l.ID, told[l.ID], entries)
		}
	}
}

// checkOutages holds that a link that is down has one running outage and another none, and
// that those of a link do not overlap.
func (w *world) checkOutages(m *memory) {
	running := map[int64]int{}
	byLink := map[int64][]incident.Outage{}
	for _, o := range m.outages {
		byLink[o.Link] = append(byLink[o.Link], o)
		if o.To.IsZero() {
			running[o.Link]++
		}
		if row := m.incidents[o.Incident]; !slices.Contains(row.Members, o.Link) {
			w.violate("an outage of link %d is of incident %d, which does not hold it", o.Link, o.Incident)
		}
	}
	for _, l := range sorted(m.links) {
		want := 0
		if l.State.Confirmed() == linkstate.Down {
			want = 1
		}
		if running[l.ID] != want {
			w.violate("link %d is %s and has %d running outages", l.ID, l.State.Status, running[l.ID])
		}
		if row, open := m.incidents[l.Incident]; l.Incident != 0 && (!open || !row.ClosedAt.IsZero()) {
			w.violate("link %d is in incident %d, which is not open", l.ID, l.Incident)
		}
	}
	for link, all := range byLink {
		slices.SortFunc(all, func(a, b incident.Outage) int { return a.From.Compare(b.From) })
		for i := 1; i < len(all); i++ {
			if all[i-1].To.IsZero() || all[i-1].To.After(all[i].From) {
				w.violate("outages of link %d overlap at %s", link, all[i].From.Format(time.TimeOnly))
			}
		}
	}
}

// checkTickets holds that tickets are what the engine remembers, one for an incident, with
// one message of each kind in a period, each with its job.
func (w *world) checkTickets(m *memory) {
	incidents := map[int64]int64{}
	for _, t := range sorted(m.tickets) {
		if other, twice := incidents[t.Incident]; twice {
			w.violate("tickets %d and %d are of one incident", other, t.ID)
		}
		incidents[t.Incident] = t.ID
		memory, known := m.memories[t.ID]
		if known && (t.Kind != memory.Kind || (t.Status == ticket.Open) != memory.Resolved.IsZero()) {
			w.violate("ticket %d is %s %s, and the engine remembers %s, resolved %s", t.ID, t.Status, t.Kind, memory.Kind, memory.Resolved)
		}
		if t.Status == ticket.Open && !slices.ContainsFunc(slices.Collect(maps.Values(m.incidents)), func(row incidentRow) bool {
			return row.Incident.Ticket == t.ID && row.ClosedAt.IsZero()
		}) {
			w.violate("ticket %d is open without an open incident", t.ID)
		}
		kinds := map[ticket.MessageKind]int{}
		for _, g := range t.Messages {
			if kinds[g.Kind]++; kinds[g.Kind] > len(t.Periods) && g.Kind != ticket.JoinMessage {
				w.violate("ticket %d has %d messages of kind %s in %d periods", t.ID, kinds[g.Kind], g.Kind, len(t.Periods))
			}
		}
	}
	orders := map[string]int{}
	for _, j := range m.jobs {
		if orders[j.kind()]++; orders[j.kind()] > 1 {
			w.violate("the job %s is ordered twice", j.kind())
		}
	}
}
