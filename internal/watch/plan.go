package watch

import (
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/measure"
	"vigie/probe"
)

// plan is the inventory as the decisions of one day need it.
type plan struct {
	index       *inventory.Index
	day         time.Time
	topology    incident.Topology
	limits      map[int64]measure.Limits
	maintenance []incident.Maintenance
	canaries    bool // the inventory names some
}

// planFor builds the plan, or returns the one at hand when inventory and day are
// still the same.
func (s *Service) planFor(x *inventory.Index, at time.Time) (plan, error) {
	day := calendar.Day(at)
	s.planning.Lock()
	defer s.planning.Unlock()
	if s.plan.index == x && s.plan.day.Equal(day) {
		return s.plan, nil
	}
	p := plan{index: x, day: day, limits: map[int64]measure.Limits{}}
	var links []incident.Link
	for _, l := range x.Links {
		if !inventory.InForce(l.Starts, l.Ends, day) {
			continue
		}
		links = append(links, topologyLink(x, l))
		if c, ok := x.ClauseAt(l.Lot, day); ok {
			p.limits[l.ID] = measure.Limits{MaxRTTMicros: c.MaxRTTMicros, MaxLossPercent: c.MaxLossPercent}
		}
	}
	topology, err := incident.NewTopology(links)
	if err != nil {
		return plan{}, err
	}
	p.topology = topology
	for _, m := range x.Maintenances {
		if id, ok := scopeID(x, m); ok {
			p.maintenance = append(p.maintenance, incident.Maintenance{Scope: incident.Scope(m.Scope), ID: id, From: m.From, To: m.To})
		}
	}
	p.canaries = slices.ContainsFunc(x.Canaries, func(c inventory.Canary) bool {
		return inventory.InForce(time.Time{}, c.Ends, day)
	})
	s.plan = p
	return p, nil
}

func topologyLink(x *inventory.Index, l inventory.Link) incident.Link {
	out := incident.Link{ID: l.ID, CPEOwner: incident.Owner(l.CPEOwner)}
	for _, site := range x.SitesOfLink(l) {
		out.Sites = append(out.Sites, site.ID)
	}
	if o, ok := x.Operator(l.Operator); ok {
		out.Operator = o.ID
	}
	if pop, ok := x.POP(l.POP); ok {
		out.POP = pop.ID
	}
	return out
}

func scopeID(x *inventory.Index, m inventory.Maintenance) (int64, bool) {
	switch m.Scope {
	case inventory.ScopeLink:
		l, ok := x.Link(m.Subject)
		return l.ID, ok
	case inventory.ScopeSite:
		site, ok := x.Site(m.Subject)
		return site.ID, ok
	case inventory.ScopePOP:
		pop, ok := x.POP(m.Subject)
		return pop.ID, ok
	case inventory.ScopeOperator:
		o, ok := x.Operator(m.Subject)
		return o.ID, ok
	}
	return 0, false
}

// part is what one prober delivered of one cycle.
type part struct {
	prober   string
	cycle    time.Time
	length   time.Duration       // of the cycle
	last     bool                // nothing of it is missing
	rounds   []probe.Observation // of links
	answers  []answer            // beside them
	witness  []probe.Observation // rounds of canaries
	isolated bool
	doubtful bool

	canaries  int  // that answered
	asked     int  // canaries to which echoes were sent
	suffering int  // of those, the ones that lost some
	lossy     bool // a link or a canary lost an echo
}

// answer is that of a link's demarcation, or of its router by another path.
type answer struct {
	link int64
	kind probe.Kind
}

// parts gathers the batches of one cycle by prober, in their order. A prober
// none of whose canaries answered is isolated (R3), also when it could not even
// send to one; where there are no canaries at all that cannot be told.
func (p plan) parts(batches []probe.Batch) []part {
	var out []part
	place := map[string]int{}
	probed := map[string]bool{}
	room := map[string]int{}
	for _, b := range batches {
		room[b.Prober] += len(b.Observations)
	}
	for _, b := range batches {
		if len(b.Observations) == 0 && !b.Last { // one that was refused, or tells of no target
			continue
		}
		i, ok := place[b.Prober]
		if !ok {
			i = len(out)
			place[b.Prober] = i
			out = append(out, part{prober: b.Prober, cycle: b.Cycle, length: b.CycleLength, rounds: make([]probe.Observation, 0, room[b.Prober])})
		}
		out[i].last = out[i].last || b.Last
		for _, o := range b.Observations {
			if o.Kind == probe.Link || o.Kind == probe.Canary {
				out[i].sees(o)
			}
			switch {
			case o.Kind == probe.Link:
				out[i].rounds = append(out[i].rounds, o)
			case o.Kind == probe.Canary:
				probed[b.Prober] = true
				if o.Sent() > 0 {
					out[i].witness = append(out[i].witness, o)
				}
			case o.Received() > 0:
				out[i].answers = append(out[i].answers, answer{o.Target, o.Kind})
			}
		}
	}
	for i := range out {
		out[i].isolated = out[i].canaries == 0 && (p.canaries || probed[out[i].prober])
		out[i].doubtful = !out[i].isolated && out[i].suffers()
	}
	return out
}

// input turns the parts of a cycle into what the decisions take.
func (p plan) input(at time.Time, parts []part) incident.Cycle {
	cycle := incident.Cycle{At: at, Maintenance: p.maintenance}
	for _, part := range parts {
		round := incident.Round{Prober: part.prober, Isolated: part.isolated, Samples: make([]incident.Sample, 0, len(part.rounds))}
		for _, o := range part.rounds {
			result := result(measure.Judge(o, p.limits[o.Target]).Verdict)
			if part.doubtful && result == linkstate.Slow {
				result = linkstate.None
			}
			round.Samples = append(round.Samples, incident.Sample{Link: o.Target, Result: result, At: o.At})
		}
		cycle.Rounds = append(cycle.Rounds, round)
	}
	cycle.Signals = signals(parts)
	return cycle
}

// signals are what answered beside the links. What an isolated prober heard counts
// as little as what it missed, and without an answer there is no signal.
func signals(parts []part) []incident.Signal {
	var out []incident.Signal
	place := map[int64]int{}
	for _, p := range parts {
		if p.isolated {
			continue
		}
		for _, a := range p.answers {
			n, known := place[a.link]
			if !known {
				n = len(out)
				place[a.link] = n
				out = append(out, incident.Signal{Link: a.link})
			}
			out[n].Demarcation = out[n].Demarcation || a.kind == probe.Demarcation
			out[n].RouterOutOfBand = out[n].RouterOutOfBand || a.kind == probe.Router
		}
	}
	return out
}

func result(v measure.Verdict) linkstate.Result {
	switch v {
	case measure.OK:
		return linkstate.OK
	case measure.Slow:
		return linkstate.Slow
	case measure.Fail:
		return linkstate.Fail
	}
	return linkstate.None
}
