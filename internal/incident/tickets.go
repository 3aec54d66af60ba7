package incident

import (
	"slices"
	"time"

	"vigie/internal/linkstate"
)

// stepTickets opens the tickets that are due, in topology order of the first
// link, and tells the open ones what changed (R8, R12).
func (e *engine) stepTickets() {
	all := keep(e.open(), func(inc *Incident) bool { return len(inc.Links) > 0 })
	slices.SortStableFunc(all, func(a, b *Incident) int {
		return e.topo.index[a.Links[0]] - e.topo.index[b.Links[0]]
	})
	for _, inc := range all {
		if inc.Ticket != 0 {
			if !e.cycle.Backlog {
				e.followUp(inc)
			}
			continue
		}
		inc.Hold = e.hold(inc)
		if inc.Hold.Reason == "" {
			e.openTicket(inc)
		}
	}
}

// hold says why an incident gets no ticket in this cycle; a zero Hold means it
// gets one. Isolation comes before maintenance, maintenance before the delay.
func (e *engine) hold(inc *Incident) Hold {
	if !e.connected {
		return Hold{Reason: HeldIsolated}
	}
	due := inc.Start.Add(e.policy.delay(inc.Kind))
	if until, held := e.heldUntil(inc); held && e.cycle.At.Before(until) {
		if due.After(until) {
			until = due
		}
		return Hold{Reason: HeldMaintenance, Until: until}
	}
	if e.cycle.At.Before(due) {
		return Hold{Reason: HeldDelay, Until: due}
	}
	if reason := e.missingEvidence(inc); reason != "" {
		return Hold{Reason: reason}
	}
	if e.cycle.Backlog {
		return Hold{Reason: HeldBacklog}
	}
	return Hold{}
}

// delay returns the time from start to ticket for a kind.
func (p Policy) delay(kind Kind) time.Duration {
	switch kind {
	case KindMass, KindOperator:
		return p.OpenDelayMass
	case KindDegraded:
		return p.OpenDelayDegraded
	case KindFlapping:
		return 0
	}
	return p.OpenDelay
}

// missingEvidence reports why no member proves that the incident goes on: the
// last valid cycle of one must have failed, a degraded one still be degraded, a
// flapping one still flap. An unknown member proves nothing.
func (e *engine) missingEvidence(inc *Incident) Reason {
	reason := HeldUnknown
	for _, id := range inc.Links {
		row := &e.links[e.topo.index[id]]
		if row.State.Status == linkstate.Unknown {
			continue
		}
		if proves(inc.Kind, row) {
			return ""
		}
		reason = HeldRecovering
	}
	return reason
}

func proves(kind Kind, row *LinkState) bool {
	switch kind {
	case KindDegraded:
		return row.State.Status == linkstate.Degraded
	case KindFlapping:
		return row.Flapping
	}
	return row.State.LastFailed()
}

// openTicket opens the ticket of an incident, or the former one of the same
// single link again.
func (e *engine) openTicket(inc *Incident) {
	reason := e.openReason(inc)
	ticket, action := e.reopenable(inc), Reopen
	if ticket == nil {
		e.state.LastTicket++
		ticket, action = &Ticket{ID: e.state.LastTicket, Key: inc.ID, Opened: e.cycle.At}, Open
		ticket.Related = e.lastTicket(inc)
		e.tickets[ticket.ID] = ticket
	} else {
		ticket.Resolved = time.Time{}
		ticket.Reopens++
	}
	ticket.Incident, ticket.Kind, ticket.To = inc.ID, inc.Kind, e.addressee(inc)
	ticket.Operator, ticket.Links = inc.Operator, inc.Links
	inc.Ticket = ticket.ID
	for _, id := range inc.Links {
		e.links[e.topo.index[id]].LastTicket = ticket.ID
	}
	e.effect(action, ticket, Effect{Links: inc.Links, Since: e.firstFailure(inc), Reason: reason})
}

func (e *engine) openReason(inc *Incident) Reason {
	if _, held := e.heldUntil(inc); held {
		return MaintenanceOver
	}
	switch {
	case inc.Kind == KindFlapping:
		return FlapDetected
	case inc.Straggler:
		return StillDown
	}
	return DelayElapsed
}

// firstFailure returns when the outage that a ticket is about began: for a
// straggler that is before its incident.
func (e *engine) firstFailure(inc *Incident) time.Time {
	if inc.Straggler {
		return e.outageStart(e.topo.index[inc.Links[0]])
	}
	return inc.Start
}

// reopenable returns the ticket that an incident opens again: the last resolved
// one of the same single link, when the outage starts soon enough after its
// resolution (R12). A straggler always gets a new one (R13).
func (e *engine) reopenable(inc *Incident) *Ticket {
	if len(inc.Links) != 1 || inc.Straggler || !mayReopen(inc.Kind) {
		return nil
	}
	ticket := e.tickets[e.links[e.topo.index[inc.Links[0]]].OwnTicket]
	if ticket == nil || inc.Start.Sub(ticket.Resolved) > e.policy.ReopenWithin {
		return nil
	}
	return ticket
}

func mayReopen(kind Kind) bool {
	return kind == KindLink || kind == KindRouter || kind == KindFlapping
}

// lastTicket returns the latest ticket that held one of the links.
func (e *engine) lastTicket(inc *Incident) int64 {
	var last int64
	for _, id := range inc.Links {
		last = max(last, e.links[e.topo.index[id]].LastTicket)
	}
	return last
}

// addressee returns who is told: ourselves for a site, and for a router that
// the customer owns; else the operator.
func (e *engine) addressee(inc *Incident) Addressee {
	if inc.Kind == KindSite {
		return ToInternal
	}
	if inc.Kind == KindRouter && e.topo.links[e.topo.index[inc.Links[0]]].CPEOwner == OwnerCustomer {
		return ToInternal
	}
	return ToOperator
}

// followUp tells an open ticket of links that joined and of a kind that
// changed since the last message. The addressee stays who it was.
func (e *engine) followUp(inc *Incident) {
	ticket := e.tickets[inc.Ticket]
	var joined []int64
	for _, id := range inc.Links {
		if !slices.Contains(ticket.Links, id) {
			joined = append(joined, id)
			e.links[e.topo.index[id]].LastTicket = ticket.ID
		}
	}
	if len(joined) > 0 {
		ticket.Links = append(slices.Clone(ticket.Links), joined...)
		e.effect(Join, ticket, Effect{Links: joined, Since: inc.Start, Reason: SameCause})
	}
	if ticket.Kind != inc.Kind {
		ticket.Kind = inc.Kind
		e.effect(Requalify, ticket, Effect{Links: inc.Links, Since: inc.Start, Reason: Evidence})
	}
}

// effect completes an effect with what the ticket says and adds it.
func (e *engine) effect(action Action, ticket *Ticket, effect Effect) {
	effect.Action, effect.Ticket, effect.Incident, effect.Key = action, ticket.ID, ticket.Incident, ticket.Key
	effect.Kind, effect.To, effect.Operator = ticket.Kind, ticket.To, ticket.Operator
	effect.At = e.cycle.At
	if action == Open {
		effect.Related = ticket.Related
	}
	e.out.Effects = append(e.out.Effects, effect)
}
