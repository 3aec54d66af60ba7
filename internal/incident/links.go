package incident

import (
	"slices"

	"vigie/internal/linkstate"
)

// noteProbers learns which vantage points are connected, and opens or closes
// the incident of having none (R3).
func (e *engine) noteProbers() {
	for _, round := range e.cycle.Rounds {
		slot := e.slot(round.Prober)
		if round.Isolated {
			e.isolated |= bit(slot)
		} else {
			e.connected = true
		}
		known := &e.state.Probers[slot]
		if known.Isolated != round.Isolated {
			known.Isolated = round.Isolated
			e.out.Probers = append(e.out.Probers, *known)
		}
	}
	var own *Incident
	for _, inc := range e.incidents {
		if inc.Kind == KindProber {
			own = inc
		}
	}
	switch {
	case !e.connected && own == nil:
		e.start(Incident{Kind: KindProber, Start: e.cycle.At, Hold: Hold{Reason: HeldInternal}}, nil)
	case e.connected && own != nil:
		e.close(own, ending{at: e.cycle.At, reason: ProberBack})
	}
}

// slot returns the place of a prober, giving a new one the next.
func (e *engine) slot(id string) int {
	at := slices.IndexFunc(e.state.Probers, func(p Prober) bool { return p.ID == id })
	if at < 0 {
		at = len(e.state.Probers)
		e.state.Probers = append(e.state.Probers, Prober{ID: id})
	}
	return at
}

func bit(slot int) linkstate.Vantages { return 1 << (slot % 64) }

// stepLinks gives each link its cycle (R1 to R4).
func (e *engine) stepLinks() {
	samples := e.combine()
	for i := range e.links {
		row := &e.links[i]
		next, moved := linkstate.Next(row.State, samples[i], e.policy.Link)
		row.State = next
		if next.Status == linkstate.Down {
			e.down = append(e.down, i)
		}
		if moved.Changed() {
			e.out.Transitions = append(e.out.Transitions, Transition{Link: row.ID, Transition: moved})
		}
	}
}

// combine gathers what the connected probers say of each link. The time is the
// earliest round that shows the combined result.
func (e *engine) combine() []linkstate.Sample {
	samples := make([]linkstate.Sample, len(e.links))
	for i := range samples {
		samples[i] = linkstate.Sample{Cycle: e.cycle.At, Previous: e.previous, Isolated: e.isolated}
	}
	for _, round := range e.cycle.Rounds {
		if round.Isolated {
			continue
		}
		from := bit(e.slot(round.Prober))
		for _, got := range round.Samples {
			if i, ok := e.topo.index[got.Link]; ok && got.Result != linkstate.None {
				e.addSample(&samples[i], got, from)
			}
		}
	}
	return samples
}

func (e *engine) addSample(into *linkstate.Sample, got Sample, from linkstate.Vantages) {
	at := got.At
	if at.IsZero() {
		at = e.cycle.At
	}
	best := linkstate.Combine(into.Result, got.Result)
	switch {
	case best != into.Result:
		into.Result, into.At, into.Seen = best, at, from
	case best == got.Result:
		into.Seen |= from
		if at.Before(into.At) {
			into.At = at
		}
	}
}

// recordOutages compares the rows before and after: an outage began, ended, or
// belongs to another incident now.
func (e *engine) recordOutages() {
	for i := range e.links {
		was, is := &e.before[i], &e.links[i]
		wasDown := was.State.Confirmed() == linkstate.Down
		isDown := is.State.Confirmed() == linkstate.Down
		switch {
		case isDown && (!wasDown || was.Incident != is.Incident):
			e.out.Outages = append(e.out.Outages, Outage{Link: is.ID, From: is.State.Since, Incident: is.Incident})
		case wasDown && !isDown:
			e.out.Outages = append(e.out.Outages, Outage{
				Link: is.ID, From: was.State.Since, To: is.State.Since, Incident: was.Incident,
			})
		}
	}
}
