package sla

import (
	"time"

	"vigie/internal/calendar"
	"vigie/internal/incident"
)

// Origin says where an outage lay, as the router tells after it.
type Origin string

// The origins of an outage.
const (
	Untold      Origin = ""      // nothing tells, or not yet
	FromLine    Origin = "line"  // the router ran all the time: what failed lies beyond it
	FromRestart Origin = "power" // the router started anew: the site had no power, or the router failed
)

// Excuses reports whether an outage of that origin, in an incident of that kind, is
// none of the operator's: the router started anew, so the site had no power. A
// restart while the demarcation in front of it answered (kind router) was the
// router's own: power and line were there, and its owner answers for it.
func (o Origin) Excuses(kind incident.Kind) bool {
	return o == FromRestart && kind != incident.KindRouter
}

// Finding is what a router's uptime tells of an outage that is over.
type Finding struct {
	Origin Origin
	// Asked is when the router told, Started when it had started by its own account.
	Asked   time.Time
	Started time.Time
}

// startSlack is how much sooner than the outage, or later than its end, a router may
// have started for the two to belong together: it answers echoes before its agent
// counts, or the first failed round came late.
const startSlack = 120 * time.Second

// Find tells from the uptime that a router told after an outage whether it started
// during it: when on recovery the uptime was less than the outage's length and 120 s.
// A router that started only after the recovery, or told nothing, tells nothing of
// the outage.
func Find(outage calendar.Interval, asked time.Time, uptime time.Duration) Finding {
	f := Finding{Asked: asked, Started: asked.Add(-uptime)}
	switch {
	case outage.To.IsZero() || asked.Before(outage.To) || uptime <= 0 || f.Started.After(outage.To.Add(startSlack)):
		return Finding{}
	case f.Started.After(outage.From.Add(-startSlack)):
		f.Origin = FromRestart
	default:
		f.Origin = FromLine
	}
	return f
}
