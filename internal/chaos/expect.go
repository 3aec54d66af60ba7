//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"vigie/probe"
)

const (
	// surely is how many cycles, all of them lost, make an outage that must be found:
	// twice what makes a link down.
	surely = 6
	// recovered is how long a link that answers may stay down.
	recovered = 8 * time.Second
)

// checkScript holds the transitions against what was really done to the links: no link is
// down that carried, and an outage that was seen for long enough is down.
func (i *installation) checkScript(s *stored) error {
	outages := i.script.soFar()
	var broken []string
	for ref, list := range s.transitions {
		for _, t := range list {
			if t.after == "down" && t.before != "unknown" && !during(outages, ref, t.since) {
				broken = append(broken, fmt.Sprintf("link %s is down since %s, and carried then", ref, t.since.Format("15:04:05.000")))
			}
		}
	}
	seen := i.lostRounds(s)
	for _, o := range outages {
		until := o.until
		if until.IsZero() || until.After(s.decided) {
			until = s.decided
		}
		lost := 0
		for _, at := range seen[o.link] {
			if at.After(o.from.Add(cycle)) && at.Before(until.Add(-inDoubt)) {
				lost++
			}
		}
		if lost >= surely && !wasDown(s.transitions[o.link], o.from, until) {
			broken = append(broken, fmt.Sprintf("link %s carried nothing from %s to %s, %d cycles saw it, and it was not down", o.link, o.from.Format("15:04:05.000"), until.Format("15:04:05.000"), lost))
		}
	}
	for ref, list := range s.transitions {
		if last := list[len(list)-1]; last.after == "down" && !during(outages, ref, s.decided) && !lately(outages, ref, s.decided.Add(-recovered)) {
			broken = append(broken, fmt.Sprintf("link %s is down since %s, and carries for %s", ref, last.since.Format("15:04:05.000"), recovered))
		}
	}
	if len(broken) > 0 {
		return &violation{"no transition lost or doubled", some(broken)}
	}
	return nil
}

// lostRounds are, by link, the cycles of which only rounds came in time that lost all, from
// probers that were not cut off themselves.
func (i *installation) lostRounds(s *stored) map[string][]time.Time {
	type place struct {
		link  string
		cycle int64
	}
	answered, silent := map[place]bool{}, map[place]bool{}
	for name, batches := range s.batches {
		for _, b := range batches {
			if b.late || slices.ContainsFunc(s.gaps[name], func(g gap) bool { return g.holds(b.Cycle) }) {
				continue
			}
			for _, o := range b.Observations {
				if o.Kind != probe.Link || o.Sent() == 0 {
					continue
				}
				p := place{s.links[o.Target], b.Cycle.Unix()}
				if o.Received() > 0 {
					answered[p] = true
				} else {
					silent[p] = true
				}
			}
		}
	}
	out := map[string][]time.Time{}
	for p := range silent {
		if !answered[p] {
			out[p.link] = append(out[p.link], time.Unix(p.cycle, 0))
		}
	}
	return out
}

// during says whether a link was out at an instant, or just before or after.
func during(outages []outage, link string, at time.Time) bool {
	return slices.ContainsFunc(outages, func(o outage) bool {
		return o.link == link && !at.Before(o.from.Add(-inDoubt)) && (o.until.IsZero() || !at.After(o.until.Add(inDoubt)))
	})
}

// lately says whether a link was out after an instant.
func lately(outages []outage, link string, since time.Time) bool {
	return slices.ContainsFunc(outages, func(o outage) bool {
		return o.link == link && (o.until.IsZero() || o.until.After(since))
	})
}

// wasDown says whether a link was down, or unknown, at the end of a time, or became down
// within it.
func wasDown(list []transition, from, until time.Time) bool {
	state := "up"
	for _, t := range list {
		if t.after == "down" && !t.since.Before(from.Add(-inDoubt)) && !t.since.After(until) {
			return true
		}
		if t.at.Before(until) {
			state = t.after
		}
	}
	return state != "up" && state != "degraded"
}
