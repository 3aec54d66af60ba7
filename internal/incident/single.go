package incident

import "vigie/internal/linkstate"

// formSingles gives every down link that is in no wider incident one of its
// own, and looks at the kind of those again until their ticket is opened (R4).
// A link left over by an absorbed site comes here too, unknown or not.
func (e *engine) formSingles() {
	for i := range e.links {
		row := &e.links[i]
		if row.State.Confirmed() != linkstate.Down {
			continue
		}
		inc := e.of(i)
		switch {
		case inc == nil:
			e.start(Incident{Kind: e.kindOf(i), Start: row.State.Since, Operator: e.topo.links[i].Operator}, []int{i})
		case inc.Kind == KindDegraded:
			inc.Start = row.State.Since
			e.requalify(inc, KindLink, Evidence)
		}
	}
	for _, inc := range e.open() {
		if inc.Ticket != 0 || len(inc.Links) != 1 || (inc.Kind != KindLink && inc.Kind != KindRouter) {
			continue
		}
		if kind := e.kindBySignals(inc.Links[0]); kind != inc.Kind {
			e.requalify(inc, kind, Evidence)
		}
	}
}

func (e *engine) kindOf(i int) Kind {
	if e.links[i].Flapping {
		return KindFlapping
	}
	return e.kindBySignals(e.links[i].ID)
}

// kindBySignals says router when the operator's side answers and the router
// answers by no path.
func (e *engine) kindBySignals(link int64) Kind {
	signal := e.signals[link]
	if signal.Demarcation && !signal.RouterOutOfBand {
		return KindRouter
	}
	return KindLink
}

// openDegraded opens an incident for a degraded link that has none (R4).
func (e *engine) openDegraded() {
	for i := range e.links {
		row := &e.links[i]
		if row.State.Status == linkstate.Degraded && row.Incident == 0 {
			e.start(Incident{Kind: KindDegraded, Start: row.State.Since, Operator: e.topo.links[i].Operator}, []int{i})
		}
	}
}
