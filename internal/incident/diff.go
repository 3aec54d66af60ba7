package incident

import "slices"

// Difference is what a store must write to go from one state to the next: the
// changed and new rows, whole, and the ids of those that are gone. A cycle in
// which every link stayed healthy changes no link.
type Difference struct {
	// Engine is the single row; it changes with every cycle.
	Engine           Engine
	Links            []LinkState
	LinksRemoved     []int64
	Incidents        []Incident
	IncidentsClosed  []int64
	Tickets          []Ticket
	TicketsForgotten []int64
}

// Diff compares two states, each id being in a state at most once.
func Diff(prev, next State) Difference {
	d := Difference{Engine: next.Engine}
	d.Links, d.LinksRemoved = diffRows(prev.Links, next.Links,
		func(row *LinkState) int64 { return row.ID }, sameLink)
	d.Incidents, d.IncidentsClosed = diffRows(prev.Incidents, next.Incidents,
		func(row *Incident) int64 { return row.ID }, sameIncident)
	d.Tickets, d.TicketsForgotten = diffRows(prev.Tickets, next.Tickets,
		func(row *Ticket) int64 { return row.ID }, sameTicket)
	return d
}

// diffRows pairs rows by id. As long as both lists go in step, which they do
// unless something was added or removed, no index is built.
func diffRows[Row any](prev, next []Row, id func(*Row) int64, same func(a, b *Row) bool) (changed []Row, gone []int64) {
	step := 0
	for step < len(prev) && step < len(next) && id(&prev[step]) == id(&next[step]) {
		if !same(&prev[step], &next[step]) {
			changed = append(changed, next[step])
		}
		step++
	}
	before := make(map[int64]int, len(prev)-step)
	for i := step; i < len(prev); i++ {
		before[id(&prev[i])] = i
	}
	for i := step; i < len(next); i++ {
		was, ok := before[id(&next[i])]
		if !ok || !same(&prev[was], &next[i]) {
			changed = append(changed, next[i])
		}
		delete(before, id(&next[i]))
	}
	for left := range before {
		gone = append(gone, left)
	}
	slices.Sort(gone)
	return changed, gone
}

func sameLink(a, b *LinkState) bool {
	return a.State == b.State && a.Incident == b.Incident && a.Flapping == b.Flapping &&
		a.LastTicket == b.LastTicket && a.OwnTicket == b.OwnTicket &&
		slices.Equal(a.Transitions, b.Transitions)
}

func sameIncident(a, b *Incident) bool {
	return a.Kind == b.Kind && a.Start.Equal(b.Start) && slices.Equal(a.Links, b.Links) &&
		slices.Equal(a.POPs, b.POPs) && a.Operator == b.Operator && a.Site == b.Site &&
		a.Straggler == b.Straggler && a.Ticket == b.Ticket &&
		a.Hold.Reason == b.Hold.Reason && a.Hold.Until.Equal(b.Hold.Until)
}

func sameTicket(a, b *Ticket) bool {
	return a.Incident == b.Incident && a.Kind == b.Kind && a.To == b.To && a.Operator == b.Operator &&
		slices.Equal(a.Links, b.Links) && a.Resolved.Equal(b.Resolved) && a.Reopens == b.Reopens &&
		a.Related == b.Related
}
