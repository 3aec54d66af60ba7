package incident

import "time"

// windows finds the maintenance windows of a link by each of its scopes.
type windows map[Scope]map[int64][]Maintenance

func indexWindows(all []Maintenance) windows {
	index := windows{}
	for _, window := range all {
		window.To = window.To.UTC().Truncate(time.Microsecond)
		if index[window.Scope] == nil {
			index[window.Scope] = map[int64][]Maintenance{}
		}
		index[window.Scope][window.ID] = append(index[window.Scope][window.ID], window)
	}
	return index
}

// until returns the latest end of the windows that cover a link at an instant,
// and whether there is one (R10).
func (w windows) until(link Link, at time.Time) (time.Time, bool) {
	if len(w) == 0 {
		return time.Time{}, false
	}
	var end time.Time
	look := func(scope Scope, id int64) {
		for _, window := range w[scope][id] {
			if !at.Before(window.From) && at.Before(window.To) && window.To.After(end) {
				end = window.To
			}
		}
	}
	look(ScopeLink, link.ID)
	look(ScopePOP, link.POP)
	look(ScopeOperator, link.Operator)
	for _, site := range link.Sites {
		look(ScopeSite, site)
	}
	return end, !end.IsZero()
}

// inMaintenance reports whether a link is inside a window now.
func (e *engine) inMaintenance(i int) bool {
	_, inside := e.planned.until(e.topo.links[i], e.cycle.At)
	return inside
}

// heldUntil returns when the maintenance that an incident started in, and its
// grace, are over. Every member must be covered; the latest end counts.
func (e *engine) heldUntil(inc *Incident) (time.Time, bool) {
	var end time.Time
	for _, id := range inc.Links {
		to, covered := e.planned.until(e.topo.links[e.topo.index[id]], inc.Start)
		if !covered {
			return time.Time{}, false
		}
		if to.After(end) {
			end = to
		}
	}
	return end.Add(e.policy.MaintenanceGrace), len(inc.Links) > 0
}
