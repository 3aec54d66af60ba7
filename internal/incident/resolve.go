package incident

import (
	"time"

	"vigie/internal/linkstate"
)

// standing sums up the members of an incident.
type standing struct {
	up, blocking int
	down         []int // down, or unknown after down
	lastGood     time.Time
	flapping     bool
}

func (e *engine) standing(inc *Incident) standing {
	var s standing
	for _, id := range inc.Links {
		i := e.topo.index[id]
		row := &e.links[i]
		s.flapping = s.flapping || row.Flapping
		switch {
		case row.State.Confirmed() == linkstate.Down:
			s.down = append(s.down, i)
		case row.State.Status == linkstate.Up:
			s.up++
			if row.State.Since.After(s.lastGood) {
				s.lastGood = row.State.Since
			}
		default:
			s.blocking++
		}
	}
	return s
}

// resolve ends the incidents that are over (R8, R11, R13). In a backlog those
// with a ticket wait for the fresh cycle, since ending them sends something.
func (e *engine) resolve() {
	for _, inc := range e.open() {
		if inc.Kind == KindProber || (inc.Ticket != 0 && e.cycle.Backlog) {
			continue
		}
		if len(inc.Links) == 0 {
			e.close(inc, ending{at: e.cycle.At, reason: Emptied})
			continue
		}
		s := e.standing(inc)
		stable := e.cycle.At.Sub(s.lastGood) >= e.policy.ResolveAfter
		switch {
		case inc.Kind == KindFlapping && s.flapping:
		case s.up == len(inc.Links) && inc.Ticket == 0:
			e.close(inc, ending{at: s.lastGood, reason: Short})
		case s.up == len(inc.Links) && stable:
			e.close(inc, ending{at: s.lastGood, reason: Stable})
		case inc.wide() && stable && e.leavesStragglers(s, len(inc.Links)):
			e.split(inc, s)
		}
	}
}

// leavesStragglers reports whether so few of a mass's members are still down
// that the mass is over without them (R13).
func (e *engine) leavesStragglers(s standing, members int) bool {
	if s.up == 0 || s.blocking > 0 {
		return false
	}
	allowed := max(1, e.policy.StragglerShare*float64(members)+rounding)
	return float64(len(s.down)) <= allowed
}

// split ends a mass and gives each straggler an incident of its own, whose
// delay starts now.
func (e *engine) split(inc *Incident, s standing) {
	e.close(inc, ending{at: s.lastGood, reason: Split})
	hold := Hold{Reason: HeldDelay, Until: e.cycle.At.Add(e.policy.OpenDelay)}
	for _, i := range s.down {
		e.start(Incident{
			Kind: KindLink, Start: e.cycle.At, Operator: e.topo.links[i].Operator, Straggler: true, Hold: hold,
		}, []int{i})
	}
}

// ending says when and why an incident ended, and what it went into.
type ending struct {
	at     time.Time
	reason Reason
	into   int64
}

// close ends an incident, frees its links and resolves its ticket.
func (e *engine) close(inc *Incident, end ending) {
	delete(e.incidents, inc.ID)
	for _, id := range inc.Links {
		if row := &e.links[e.topo.index[id]]; row.Incident == inc.ID {
			row.Incident = 0
		}
	}
	e.out.Changes = append(e.out.Changes, Change{
		Action: Close, Incident: inc.ID, Kind: inc.Kind, At: e.cycle.At, Start: inc.Start,
		End: end.at, Links: inc.Links, Into: end.into, Reason: end.reason,
	})
	ticket := e.tickets[inc.Ticket]
	if ticket == nil {
		return
	}
	ticket.Resolved = e.cycle.At
	if len(ticket.Links) == 1 && mayReopen(ticket.Kind) {
		if i, ok := e.topo.index[ticket.Links[0]]; ok {
			e.links[i].OwnTicket = ticket.ID
		}
	}
	e.effect(Resolve, ticket, Effect{Links: ticket.Links, Since: end.at, Reason: end.reason})
}
