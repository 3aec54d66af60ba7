package incident

import (
	"slices"
	"time"
)

// mergeMasses joins the masses of one operator that start together, as long as
// nobody has been told of them (R7).
func (e *engine) mergeMasses() {
	byOperator := map[int64][]*Incident{}
	var order []int64
	for _, inc := range e.open() {
		if !inc.wide() || inc.Ticket != 0 {
			continue
		}
		if len(byOperator[inc.Operator]) == 0 {
			order = append(order, inc.Operator)
		}
		byOperator[inc.Operator] = append(byOperator[inc.Operator], inc)
	}
	for _, operator := range order {
		e.mergeFor(byOperator[operator])
	}
}

func (e *engine) mergeFor(open []*Incident) {
	var masses []*Incident
	for _, inc := range open {
		if inc.Kind == KindMass {
			masses = append(masses, inc)
		}
	}
	for _, inc := range open {
		if inc.Kind == KindOperator {
			near := func(mass *Incident) bool { return mass.Start.Sub(inc.Start).Abs() <= e.policy.OperatorWindow }
			e.mergeInto(inc, keep(masses, near))
			masses = keep(masses, func(mass *Incident) bool { return e.incidents[mass.ID] != nil })
		}
	}
	slices.SortStableFunc(masses, func(a, b *Incident) int { return a.Start.Compare(b.Start) })
	for len(masses) > 0 {
		first := masses[0]
		near := keep(masses, func(mass *Incident) bool { return mass.Start.Sub(first.Start) <= e.policy.OperatorWindow })
		masses = masses[1:]
		if countPOPs(near) >= e.policy.OperatorPOPs {
			e.requalify(first, KindOperator, SameCause)
			e.mergeInto(first, near[1:])
			masses = masses[len(near)-1:]
		}
	}
}

func keep(all []*Incident, wanted func(*Incident) bool) []*Incident {
	var kept []*Incident
	for _, inc := range all {
		if wanted(inc) {
			kept = append(kept, inc)
		}
	}
	return kept
}

func countPOPs(masses []*Incident) int {
	seen := map[int64]bool{}
	for _, mass := range masses {
		for _, pop := range mass.POPs {
			seen[pop] = true
		}
	}
	return len(seen)
}

// mergeInto moves whole masses into an operator incident; it then starts with
// the earliest of them.
func (e *engine) mergeInto(inc *Incident, masses []*Incident) {
	if len(masses) == 0 {
		return
	}
	var members []int
	inc.POPs = slices.Clone(inc.POPs)
	for _, mass := range masses {
		if mass.Start.Before(inc.Start) {
			inc.Start = mass.Start
		}
		for _, pop := range mass.POPs {
			if !slices.Contains(inc.POPs, pop) {
				inc.POPs = append(inc.POPs, pop)
			}
		}
		for _, id := range mass.Links {
			members = append(members, e.topo.index[id])
		}
	}
	e.takeIn(inc, members)
}

// earliest returns the earliest since of some links.
func (e *engine) earliest(members []int) time.Time {
	start := e.links[members[0]].State.Since
	for _, i := range members[1:] {
		if e.links[i].State.Since.Before(start) {
			start = e.links[i].State.Since
		}
	}
	return start
}
