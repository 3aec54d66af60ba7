package prober

import (
	"slices"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
)

const (
	// lookGap spaces the echoes of a look, and lookRound is how many make one of its
	// rounds: after each is known whether to go on.
	lookGap   = 100 * time.Millisecond
	lookRound = 5
	// lookRounds bounds a look: to ten seconds.
	lookRounds = 20
	// lookGood is how many echoes answered in a row end a look.
	lookGood = 20
	// looksAtOnce bounds the looks under way, so that a failure of many links costs the
	// others nothing: beside those that are looked at, the rest are told to be like them.
	looksAtOnce = 8
	// lookShare is the part of the planned echoes that looks may have in the long run: a
	// twentieth.
	lookShare = 20
	// lookRest is how long a link that was looked at is left alone, unless it falls
	// silent: one that loses an echo now and then is known to.
	lookRest = 5 * time.Minute
	// maxPassed bounds what is told of links that were not looked at, for each cycle.
	maxPassed = 500
)

// looks decides which links are looked at more closely, and follows those looks. It
// belongs to the goroutine of a run.
type looks struct {
	echoes int // of a round of a look
	under  []*look
	well   map[int64]bool      // whether the latest round of a link lost nothing
	silent map[int64]bool      // those of which it lost everything
	rests  map[int64]time.Time // until when, of links looked at
	fell   map[int64]*look     // the latest of each link that lost something, of late
	recent time.Duration       // how long that is: the uplink is known to be lost within it
	// credit is how many echoes looks may send; it grows with those planned, up to that
	// of all looks at once.
	credit float64
}

func newLooks(c Configuration) *looks {
	l := &looks{echoes: min(lookRound, c.Echoes), well: map[int64]bool{}, silent: map[int64]bool{}, rests: map[int64]time.Time{}, fell: map[int64]*look{}, recent: 3 * c.Cycle}
	l.credit = l.most()
	return l
}

func (l *looks) most() float64 { return float64(looksAtOnce * lookRounds * l.echoes) }

// planned notes that a cycle begins with so many rounds of echoes to these links; what
// is known of others is forgotten.
func (l *looks) planned(targets []probe.Target, echoes int, now time.Time) {
	l.credit = min(l.most(), l.credit+float64(len(targets)*echoes)/lookShare)
	present := make(map[int64]bool, len(l.well))
	for _, t := range targets {
		if known, ok := l.well[t.ID]; ok && t.Kind == probe.Link {
			present[t.ID] = known
		}
	}
	l.well = present
	for id := range l.silent {
		if _, here := present[id]; !here {
			delete(l.silent, id)
		}
	}
	for id, until := range l.rests {
		if now.After(until) {
			delete(l.rests, id)
		}
	}
	for id, one := range l.fell {
		if _, here := present[id]; !here || now.Sub(one.begun) > l.recent {
			delete(l.fell, id)
		}
	}
}

// look is one under way.
type look struct {
	target  probe.Target
	of      *part // of the round that caused it
	begun   time.Time
	next    time.Time // when its next round is planned
	rounds  int       // planned
	ended   int       // of them
	good    int       // echoes answered in a row
	finding probe.Look
}

// saw takes a round of a cycle, and begins to look closer at a link that answered every
// echo of its former round and lost some of this, or that lost a part and falls silent.
func (l *looks) saw(r icmp.Result, p *part, now time.Time) (begins bool) {
	o := r.Observation
	if o.Kind != probe.Link || o.Sent() == 0 {
		return false
	}
	lost := o.Sent() - o.Received()
	well, known := l.well[o.Target]
	falls := known && o.Received() == 0 && !l.silent[o.Target]
	l.well[o.Target] = lost == 0
	if delete(l.silent, o.Target); o.Received() == 0 {
		l.silent[o.Target] = true
	}
	if begins := well && lost > 0 && !now.Before(l.rests[o.Target]); !begins && !falls || l.looksAt(r.Target) {
		return false
	}
	p.began++
	found := &look{target: r.Target, of: p, begun: now, next: now, finding: probe.Look{
		From: r.FirstLost, LastLost: r.LastLost, RoundSent: o.Sent(), RoundLost: lost,
	}}
	l.fell[o.Target] = found
	cost := float64(lookRounds * l.echoes)
	switch {
	case len(l.under) < looksAtOnce && l.credit >= cost:
		l.credit -= cost
		found.finding.Gap = lookGap
		l.under = append(l.under, found)
	case len(p.passed) < maxPassed:
		p.passed = append(p.passed, found)
	}
	return true
}

// looksAt reports whether a look at a link is under way: it sees the rest.
func (l *looks) looksAt(target probe.Target) bool {
	return slices.ContainsFunc(l.under, func(one *look) bool { return one.target == target })
}

// wake is when the next round of a look is due, at most until.
func (l *looks) wake(until time.Time) time.Time {
	for _, one := range l.under {
		if one.rounds < lookRounds && one.next.Before(until) {
			until = one.next
		}
	}
	return until
}

// due are the rounds to plan now. They belong to no cycle.
func (l *looks) due(now time.Time) []icmp.Round {
	var rounds []icmp.Round
	for _, one := range l.under {
		if one.rounds == lookRounds || now.Before(one.next) {
			continue
		}
		rounds = append(rounds, icmp.Round{Target: one.target, Start: one.next, Echoes: l.echoes, Gap: lookGap})
		one.rounds++
		one.next = one.next.Add(time.Duration(l.echoes) * lookGap)
	}
	return rounds
}

// took takes a finished round of a look, and reports what was found when that look
// ended with it.
func (l *looks) took(r icmp.Result, now time.Time) (probe.Report, bool) {
	at := slices.IndexFunc(l.under, func(one *look) bool { return one.target == r.Target && !r.Start.Before(one.begun) })
	if at < 0 {
		return probe.Report{}, false // of a look that ended before
	}
	one := l.under[at]
	f := &one.finding
	one.ended++
	for _, rtt := range r.Observation.RTTMicros {
		if one.good++; rtt == probe.Lost {
			one.good = 0
		}
	}
	f.RTTMicros = append(f.RTTMicros, r.Observation.RTTMicros...)
	if r.LastLost.After(f.LastLost) {
		f.LastLost = r.LastLost
	}
	switch {
	case one.good >= lookGood:
		f.End = probe.LookRecovered
	case one.ended == lookRounds:
		f.End = probe.LookLasting
	default:
		return probe.Report{}, false
	}
	l.under = slices.Delete(l.under, at, at+1)
	l.credit += float64((lookRounds - one.rounds) * l.echoes)
	l.rests[one.target.ID] = now.Add(lookRest)
	return one.report(now), true
}

// forget drops the looks under way, and takes back that links began to lose echoes after a
// time: what they lost was ours, and each is looked at when it loses some of its own.
func (l *looks) forget(since time.Time) {
	for _, one := range l.under {
		l.credit = min(l.most(), l.credit+float64((lookRounds-one.rounds)*l.echoes))
	}
	l.under = nil
	for id, one := range l.fell {
		if one.begun.After(since) {
			one.of.began--
			l.well[id] = true
			delete(l.silent, id)
			delete(l.rests, id)
			delete(l.fell, id)
		}
	}
}

// report tells what was found until the given time.
func (l *look) report(until time.Time) probe.Report {
	f := l.finding
	f.Until, f.Together = until.UTC().Truncate(time.Microsecond), l.of.began
	if f.Until.Before(f.LastLost) { // the clock was set back
		f.Until = f.LastLost
	}
	return probe.Report{Link: l.target.ID, At: f.Until, Finding: &f}
}

// passedOver tells of a link that began to lose echoes and was not looked at.
func (l *look) passedOver() probe.Report {
	l.finding.End = probe.LookPassed
	return l.report(l.finding.LastLost)
}
