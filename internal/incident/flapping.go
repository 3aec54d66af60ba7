package incident

import (
	"slices"
	"time"

	"vigie/internal/linkstate"
)

// stepFlapping counts confirmed ups and downs, each dated at its confirmation,
// and starts and ends flapping (R9). It comes before the mass rule: a link that
// flaps accuses no POP.
func (e *engine) stepFlapping() {
	for _, moved := range e.out.Transitions {
		if moved.Fell() || moved.Recovered() {
			e.countTransition(e.topo.index[moved.Link])
		}
	}
	for i := range e.links {
		if e.links[i].Flapping {
			e.endFlapping(i)
		}
	}
}

func (e *engine) countTransition(i int) {
	row := &e.links[i]
	if row.Flapping {
		row.Transitions = []time.Time{e.cycle.At}
		return
	}
	recent := slices.Clone(row.Transitions)
	recent = slices.DeleteFunc(recent, func(at time.Time) bool { return e.cycle.At.Sub(at) > e.policy.FlapWindow })
	row.Transitions = append(recent, e.cycle.At)
	if len(row.Transitions) >= e.policy.FlapEnter {
		row.Flapping = true
		row.Transitions = []time.Time{e.cycle.At}
		e.beginFlapping(i)
	}
}

// beginFlapping turns the link's incident into a flapping one, or opens one. A
// link inside a mass stays there, and so does one whose site has a ticket: it
// would be the link's second.
func (e *engine) beginFlapping(i int) {
	inc := e.of(i)
	switch {
	case inc == nil, inc.Kind == KindSite && inc.Ticket == 0:
		e.start(Incident{Kind: KindFlapping, Start: e.outageStart(i), Operator: e.topo.links[i].Operator}, []int{i})
	case inc.Kind != KindSite && !inc.wide():
		e.requalify(inc, KindFlapping, Evidence)
	}
}

// outageStart returns when the link's running outage began, or the one that
// ended in this cycle.
func (e *engine) outageStart(i int) time.Time {
	if e.links[i].State.Confirmed() == linkstate.Down {
		return e.links[i].State.Since
	}
	return e.before[i].State.Since
}

// endFlapping ends it after a quiet time; the transitions before are not
// counted again. An incident that never had a ticket becomes what the link is
// now, and ends with it when the link is up.
func (e *engine) endFlapping(i int) {
	row := &e.links[i]
	if len(row.Transitions) > 0 && e.cycle.At.Sub(row.Transitions[0]) < e.policy.FlapExit {
		return
	}
	row.Flapping, row.Transitions = false, nil
	inc := e.of(i)
	if inc == nil || inc.Kind != KindFlapping || inc.Ticket != 0 {
		return
	}
	switch row.State.Confirmed() {
	case linkstate.Down:
		inc.Start = row.State.Since
		e.requalify(inc, KindLink, Evidence)
	case linkstate.Degraded:
		inc.Start = row.State.Since
		e.requalify(inc, KindDegraded, Evidence)
	}
}
