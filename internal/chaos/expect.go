//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"vigie/probe"
)

const (
	// surely is how many cycles, all of them lost, make an outage that must be found, or, all
	// of them answered, its end: more than twice what the rules ask for.
	surely = 8
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
	lost, answered := seen(s)
	for _, o := range outages {
		until := o.until
		if until.IsZero() || until.After(s.decided) {
			until = s.decided
		}
		cycles := within(lost[o.link], o.from.Add(cycle), until.Add(-inDoubt))
		if cycles >= surely && !wasDown(s.transitions[o.link], o.from, until) {
			broken = append(broken, fmt.Sprintf("link %s carried nothing from %s to %s, %d cycles saw it, and it was not down", o.link, o.from.Format("15:04:05.000"), until.Format("15:04:05.000"), cycles))
		}
	}
	for ref, list := range s.transitions {
		last := list[len(list)-1]
		if last.after != "down" || during(outages, ref, s.decided) {
			continue
		}
		since := last.since
		for _, o := range outages {
			if o.link == ref && o.until.After(since) {
				since = o.until
			}
		}
		if cycles := within(answered[ref], since.Add(inDoubt), s.decided); cycles >= surely {
			broken = append(broken, fmt.Sprintf("link %s is down since %s, and answered in %d cycles since %s", ref, last.since.Format("15:04:05.000"), cycles, since.Format("15:04:05.000")))
		}
	}
	if len(broken) > 0 {
		return &violation{"no transition lost or doubled", some(broken)}
	}
	return nil
}

// seen are, by link, the cycles of which the rounds that came in time lost all, and those of
// which one was answered. Probers that were cut off themselves saw nothing.
func seen(s *stored) (lost, answered map[string][]time.Time) {
	type place struct {
		link  string
		cycle int64
	}
	heard := map[place]bool{}
	for name, batches := range s.batches {
		for _, b := range batches {
			if b.late || slices.ContainsFunc(s.gaps[name], func(g gap) bool { return g.holds(b.Cycle) }) {
				continue
			}
			for _, o := range b.Observations {
				if o.Kind == probe.Link && o.Sent() > 0 {
					p := place{s.links[o.Target], b.Cycle.Unix()}
					heard[p] = heard[p] || o.Received() > 0
				}
			}
		}
	}
	lost, answered = map[string][]time.Time{}, map[string][]time.Time{}
	for p, any := range heard {
		to := lost
		if any {
			to = answered
		}
		to[p.link] = append(to[p.link], time.Unix(p.cycle, 0))
	}
	return lost, answered
}

// within counts the instants between two.
func within(list []time.Time, from, to time.Time) int {
	n := 0
	for _, at := range list {
		if at.After(from) && at.Before(to) {
			n++
		}
	}
	return n
}

// during says whether a link was out at an instant, or just before or after.
func during(outages []outage, link string, at time.Time) bool {
	return slices.ContainsFunc(outages, func(o outage) bool {
		return o.link == link && !at.Before(o.from.Add(-inDoubt)) && (o.until.IsZero() || !at.After(o.until.Add(inDoubt)))
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
