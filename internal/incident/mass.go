package incident

import (
	"slices"
	"time"

	"vigie/internal/linkstate"
)

// rounding absorbs the error of a share given as a decimal fraction.
const rounding = 1e-9

// wide reports whether the incident groups the links of whole POPs.
func (inc *Incident) wide() bool { return inc.Kind == KindMass || inc.Kind == KindOperator }

// formMasses lets newly failed links join the masses of their POP, then looks
// for new masses among those that did not (R6).
func (e *engine) formMasses() {
	open := map[int64][]*Incident{}
	for _, inc := range e.open() {
		if inc.wide() {
			for _, pop := range inc.POPs {
				open[pop] = append(open[pop], inc)
			}
		}
	}
	joining := map[*Incident][]int{}
	waiting := map[int64][]int{}
	for _, i := range e.down {
		if !e.countsAsFailed(i) {
			continue
		}
		pop := e.topo.links[i].POP
		since := e.links[i].State.Since
		at := slices.IndexFunc(open[pop], func(inc *Incident) bool { return e.mayJoin(inc, since) })
		if at >= 0 {
			joining[open[pop][at]] = append(joining[open[pop][at]], i)
		} else {
			waiting[pop] = append(waiting[pop], i)
		}
	}
	for _, inc := range e.open() {
		if len(joining[inc]) > 0 {
			e.takeIn(inc, joining[inc])
		}
	}
	for _, i := range e.down {
		pop := e.topo.links[i].POP
		e.formMass(pop, waiting[pop])
		delete(waiting, pop)
	}
}

// countsAsFailed reports whether a down link may make or join a mass: it does
// not flap, is not in maintenance, has no ticket, is in no mass, and was not
// left behind by one.
func (e *engine) countsAsFailed(i int) bool {
	if e.topo.links[i].POP == 0 || e.links[i].Flapping || e.inMaintenance(i) {
		return false
	}
	inc := e.of(i)
	return inc == nil || (inc.Ticket == 0 && !inc.wide() && !inc.Straggler)
}

func (e *engine) mayJoin(inc *Incident, since time.Time) bool {
	return !since.Before(inc.Start) && since.Sub(inc.Start) <= e.policy.MassJoin
}

// takeIn adds links to a mass. Their own incidents, and their sites', are
// absorbed; none of these has a ticket.
func (e *engine) takeIn(inc *Incident, joining []int) {
	added := e.adopt(inc, joining)
	inc.Links = append(slices.Clone(inc.Links), added...)
	e.sortLinks(inc)
	e.out.Changes = append(e.out.Changes, Change{
		Action: Join, Incident: inc.ID, Kind: inc.Kind, At: e.cycle.At, Start: inc.Start,
		Links: added, Reason: SameCause,
	})
}

// formMass opens as many masses as the failed links of a POP make.
func (e *engine) formMass(pop int64, failed []int) {
	if len(failed) < e.policy.MassLinks {
		return
	}
	base := 0
	for _, i := range e.topo.byPOP[pop] {
		if e.links[i].State.Status != linkstate.Unknown && !e.inMaintenance(i) {
			base++
		}
	}
	since := func(i int) time.Time { return e.links[i].State.Since }
	slices.SortStableFunc(failed, func(a, b int) int { return since(a).Compare(since(b)) })
	for {
		from, to := e.massWindow(failed, base)
		if from == to {
			return
		}
		mass := Incident{Kind: KindMass, Start: since(failed[from]), POPs: []int64{pop}}
		for to < len(failed) && e.mayJoin(&mass, since(failed[to])) {
			to++
		}
		mass.Operator = e.topo.links[slices.Min(failed[from:to])].Operator
		e.start(mass, failed[from:to])
		failed = slices.Delete(failed, from, to)
	}
}

// massWindow returns the earliest run of failed links, sorted by since, that
// makes a mass among base links; an empty one when there is none.
func (e *engine) massWindow(failed []int, base int) (from, to int) {
	for from < len(failed) {
		first := e.links[failed[from]].State.Since
		for to < len(failed) && e.links[failed[to]].State.Since.Sub(first) <= e.policy.MassWindow {
			to++
		}
		count := to - from
		if count >= e.policy.MassLinks && float64(count) >= e.policy.MassShare*float64(base)-rounding {
			return from, to
		}
		from++
	}
	return 0, 0
}
