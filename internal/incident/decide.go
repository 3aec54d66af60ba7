package incident

import (
	"slices"
	"time"

	"vigie/internal/linkstate"
)

// engine is one decision in the making. It works on copies: prev is only read,
// and a slice reachable from it is replaced, never written.
type engine struct {
	topo   Topology
	cycle  Cycle
	policy Policy

	before    []LinkState // prev's rows in topology order
	links     []LinkState // the rows in the making, same order
	incidents map[int64]*Incident
	tickets   map[int64]*Ticket
	state     Engine

	planned   windows
	signals   map[int64]Signal
	connected bool
	isolated  linkstate.Vantages
	previous  time.Time
	down      []int // links confirmed down, in topology order

	out Decision
}

// Decide applies one cycle. The order of the rules is fixed: a wider cause
// takes its links before a narrower one can, and tickets are looked at only
// when every link has found its incident.
func Decide(prev State, topo Topology, cycle Cycle, policy Policy) Decision {
	cycle.At = cycle.At.UTC().Truncate(time.Microsecond)
	if !cycle.At.After(prev.Engine.Cycle) {
		return Decision{State: prev}
	}
	e := begin(prev, topo, cycle, policy)
	e.dropRemoved(prev.Links)
	e.noteProbers()
	e.stepLinks()
	e.stepFlapping()
	e.formMasses()
	e.mergeMasses()
	e.formSites()
	e.formSingles()
	e.openDegraded()
	e.stepTickets()
	e.resolve()
	e.recordOutages()
	e.finish()
	return e.out
}

func begin(prev State, topo Topology, cycle Cycle, policy Policy) *engine {
	e := &engine{
		topo:      topo,
		cycle:     cycle,
		policy:    policy,
		before:    align(prev.Links, topo),
		incidents: make(map[int64]*Incident, len(prev.Incidents)),
		tickets:   make(map[int64]*Ticket, len(prev.Tickets)),
		state:     prev.Engine,
		planned:   indexWindows(cycle.Maintenance),
		signals:   make(map[int64]Signal, len(cycle.Signals)),
		previous:  prev.Engine.Cycle,
	}
	e.links = slices.Clone(e.before)
	e.state.Cycle = cycle.At
	e.state.Probers = slices.Clone(prev.Engine.Probers)
	for _, inc := range prev.Incidents {
		e.incidents[inc.ID] = &inc
	}
	for _, ticket := range prev.Tickets {
		e.tickets[ticket.ID] = &ticket
	}
	for _, signal := range cycle.Signals {
		e.signals[signal.Link] = signal
	}
	return e
}

// align puts the rows in topology order, with a fresh row for a new link. The
// usual case, nothing moved, costs one comparison a link.
func align(rows []LinkState, topo Topology) []LinkState {
	same := len(rows) == len(topo.links)
	for i := 0; same && i < len(rows); i++ {
		same = rows[i].ID == topo.links[i].ID
	}
	if same {
		return rows
	}
	aligned := make([]LinkState, len(topo.links))
	for i, link := range topo.links {
		aligned[i].ID = link.ID
	}
	for _, row := range rows {
		if i, ok := topo.index[row.ID]; ok {
			aligned[i] = row
		}
	}
	return aligned
}

// dropRemoved takes links that left the topology out of their incidents. One
// without members is closed at once by resolve; its running outage ends now.
func (e *engine) dropRemoved(rows []LinkState) {
	for _, row := range rows {
		if !e.topo.has(row.ID) && row.State.Confirmed() == linkstate.Down {
			e.out.Outages = append(e.out.Outages, Outage{
				Link: row.ID, From: row.State.Since, To: e.cycle.At, Incident: row.Incident,
			})
		}
	}
	gone := func(id int64) bool { return !e.topo.has(id) }
	for _, inc := range e.incidents {
		if slices.ContainsFunc(inc.Links, gone) {
			inc.Links = slices.DeleteFunc(slices.Clone(inc.Links), gone)
		}
	}
}

// open returns the open incidents by id, the order in which they appeared.
func (e *engine) open() []*Incident {
	all := make([]*Incident, 0, len(e.incidents))
	for _, inc := range e.incidents {
		all = append(all, inc)
	}
	slices.SortFunc(all, func(a, b *Incident) int { return int(a.ID - b.ID) })
	return all
}

// of returns the open incident of a link, nil when it has none.
func (e *engine) of(i int) *Incident { return e.incidents[e.links[i].Incident] }

// start opens an incident over the given links. Their own incidents, none of
// which has a ticket, are absorbed.
func (e *engine) start(inc Incident, members []int) {
	e.state.LastIncident++
	inc.ID = e.state.LastIncident
	inc.Opened = e.cycle.At
	for _, i := range members {
		inc.Links = append(inc.Links, e.topo.links[i].ID)
	}
	e.sortLinks(&inc)
	e.incidents[inc.ID] = &inc
	e.change(Open, &inc, "")
	e.adopt(&inc, members)
}

// adopt moves links into an incident and returns their ids. The incidents they
// were in are closed as absorbed; the other links of an absorbed site are left
// free, and formSingles takes care of those that are down.
func (e *engine) adopt(inc *Incident, members []int) []int64 {
	ids := make([]int64, 0, len(members))
	for _, i := range members {
		if own := e.of(i); own != nil {
			e.close(own, ending{reason: Absorbed, into: inc.ID})
		}
	}
	for _, i := range members {
		e.links[i].Incident = inc.ID
		ids = append(ids, e.links[i].ID)
	}
	return ids
}

func (e *engine) sortLinks(inc *Incident) {
	slices.SortFunc(inc.Links, func(a, b int64) int { return e.topo.index[a] - e.topo.index[b] })
}

func (e *engine) change(action Action, inc *Incident, reason Reason) {
	e.out.Changes = append(e.out.Changes, Change{
		Action: action, Incident: inc.ID, Kind: inc.Kind, At: e.cycle.At, Start: inc.Start,
		Links: inc.Links, Reason: reason,
	})
}

// requalify changes the kind of an incident; its ticket follows in stepTickets.
func (e *engine) requalify(inc *Incident, kind Kind, reason Reason) {
	inc.Kind = kind
	e.change(Requalify, inc, reason)
}

// finish puts the working copies back into plain data.
func (e *engine) finish() {
	next := State{Engine: e.state, Links: e.links}
	for _, inc := range e.open() {
		next.Incidents = append(next.Incidents, *inc)
	}
	for _, ticket := range e.tickets {
		if e.remembers(ticket) {
			next.Tickets = append(next.Tickets, *ticket)
		}
	}
	slices.SortFunc(next.Tickets, func(a, b Ticket) int { return int(a.ID - b.ID) })
	e.out.State = next
	e.out.WakeAt = e.wakeAt()
}

// remembers reports whether a ticket is open or may still be opened again: by
// an outage that starts later, or by one that has started and waits.
func (e *engine) remembers(ticket *Ticket) bool {
	if ticket.Resolved.IsZero() || e.cycle.At.Sub(ticket.Resolved) <= e.policy.ReopenWithin {
		return true
	}
	for _, id := range ticket.Links {
		i, ok := e.topo.index[id]
		if ok && e.links[i].OwnTicket == ticket.ID && (e.links[i].Incident != 0 || e.links[i].State.Fails.Count > 0) {
			return true
		}
	}
	return false
}
