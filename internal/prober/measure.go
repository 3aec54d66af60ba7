package prober

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
	"vigie/probe/schedule"
)

// run is one life of the engine: its cycles and the parts of them not yet
// complete. It belongs to one goroutine.
type run struct {
	Configuration
	name    string
	engine  *icmp.Engine
	targets func() []probe.Target
	polls   *waiting[probe.Poll]
	reports *waiting[probe.Report]
	leftOut *atomic.Int64 // errands
	report  func(probe.Report)
	// traces is told of each link that begins to fail, and of the loss of our uplink.
	traces *tracing
	sight  *sight
	turns  *turns
	clock  func(now time.Time) probe.Clock
	// loaded reports whether a test of ours filled a link meanwhile.
	loaded  func(link int64, from, to time.Time) bool
	deliver func(probe.Batch)
	log     *slog.Logger

	last     time.Time // the cycle planned last; zero before the first
	parts    []*part   // the oldest first
	looks    *looks
	untold   untold
	onsets   onsets
	told     icmp.Counters
	refusals time.Time // when refusals to send were logged last
}

// measure works until ctx ends or the engine fails. Parts that are not complete
// then are never published.
func (r *run) measure(ctx context.Context) error {
	next := schedule.Next(time.Now(), r.last, r.Cycle)
	for ctx.Err() == nil {
		results, err := r.engine.Advance(ctx, r.wake(next, time.Now()))
		if err != nil {
			return err
		}
		now := time.Now()
		r.file(results, now)
		r.publish(now)
		if ctx.Err() != nil {
			return nil
		}
		if late := now.Sub(next); late >= r.Cycle {
			r.log.Warn("cycles missed", "prober", r.name, "first", next, "count", int64(late/r.Cycle))
		} else if late >= 0 {
			if err := r.begin(next, now); err != nil {
				return err
			}
		}
		if err := r.engine.Add(r.looks.due(now)...); err != nil {
			return fmt.Errorf("plan the rounds of looks: %w", err)
		}
		next = schedule.Next(now, r.last, r.Cycle)
	}
	return nil
}

// wake is when there is something to do beside the echoes: at the next cycle, or
// before it at the end of one whose rounds are all finished. The wait runs on the
// monotonic clock; afterwards the wall clock, which may have been set meanwhile,
// says which cycle it is.
func (r *run) wake(next, now time.Time) time.Time {
	at := r.looks.wake(now.Add(next.Sub(now)))
	if len(r.parts) > 0 && r.parts[0].finished == r.parts[0].planned && r.parts[0].end.Before(at) {
		return r.parts[0].end
	}
	return at
}

// begin plans a cycle that has just started by the wall clock.
func (r *run) begin(cycle, now time.Time) error {
	at := func(offset time.Duration) time.Time { return now.Add(cycle.Add(offset).Sub(now)) }
	all := r.targets()
	targets, left := r.turns.choose(all, r.shape().Room(r.Rate))
	slots := schedule.Plan(targets, r.shape(), schedule.Phase(r.name), cycle)
	rounds := make([]icmp.Round, len(slots))
	for i, slot := range slots {
		rounds[i] = icmp.Round{Target: slot.Target, Cycle: cycle, Start: at(slot.Offset)}
	}
	if err := r.engine.Add(rounds...); err != nil {
		return fmt.Errorf("plan the cycle of %s: %w", cycle.Format(time.RFC3339), err)
	}
	r.looks.planned(all, r.Echoes, now)
	r.sight.planned(all, now)
	r.onsets.planned(all)
	r.parts = append(r.parts, &part{cycle: cycle, end: at(r.Cycle), planned: len(rounds), quality: probe.Quality{Overrun: left}})
	r.last = cycle
	return nil
}

// file puts each finished round into the part of its cycle; one of no cycle belongs to
// a closer look.
func (r *run) file(results []icmp.Result, now time.Time) {
	for _, result := range results {
		if result.Cycle.IsZero() {
			if found, ended := r.looks.took(result, now); ended {
				r.untold.add(found, now)
			}
			continue
		}
		result.Observation.Loaded = result.Target.Kind != probe.Canary && r.loaded(result.Target.ID, result.Start, now)
		r.turns.saw(result.Observation)
		if r.sight.saw(result, now) {
			r.blind()
		}
		for _, p := range r.parts {
			if p.cycle.Equal(result.Cycle) {
				p.take(result)
				r.sense(result, p, now)
				break
			}
		}
	}
}

// sense looks closer at a link that begins to fail. What is lost beside a test of ours, or
// while our own uplink is lost, is no reason to.
func (r *run) sense(result icmp.Result, p *part, now time.Time) {
	if result.Observation.Loaded || !r.sight.clear(result.Start) {
		return
	}
	r.looks.saw(result, p, now)
	if due, total := r.onsets.saw(result.Observation, result.Start); due {
		r.traces.suspect(result.Target.ID, result.Start, total)
	}
}

// blind drops the looks and traces under way once our uplink turns out to be lost, and all
// that was concluded since it last was there.
func (r *run) blind() {
	since := r.sight.since()
	r.looks.forget(since)
	r.untold = nil // of all of it no canary has been heard since
	for _, p := range r.parts {
		p.passed = slices.DeleteFunc(p.passed, func(one *look) bool { return one.begun.After(since) })
	}
	r.onsets.forget(since)
	r.traces.forget(since)
}

// publish hands over the parts that are complete, in order.
func (r *run) publish(now time.Time) {
	for len(r.parts) > 0 && r.parts[0].complete(now) {
		p := r.parts[0]
		r.parts = r.parts[1:]
		r.account(p, now)
		r.tell(p)
		end := p.cycle.Add(r.Cycle)
		for _, batch := range p.batches(r.name, r.Cycle, r.polls.take(end, r.Cycle), r.reports.take(end, r.Cycle)) {
			r.deliver(batch)
		}
	}
}

// tell reports how links began to lose echoes, of the part too, as far as our uplink is
// known to have been there.
func (r *run) tell(p *part) {
	for _, one := range p.passed {
		r.untold.add(one.passedOver(), one.begun)
	}
	for _, sure := range r.untold.take(r.sight.there) {
		r.report(sure)
	}
}

// account adds what the engine counted since the part before, and tells the log
// at intervals what the host refused to send.
func (r *run) account(p *part, now time.Time) {
	counters := r.engine.Counters()
	p.quality.WorstLag, p.quality.Lag95 = p.lag()
	p.quality.Clock = r.clock(now)
	p.quality.Dropped = int(counters.Dropped - r.told.Dropped)
	p.quality.Unstamped = int(counters.Unstamped - r.told.Unstamped)
	p.quality.Errands = int(r.leftOut.Swap(0))
	p.quality.Malformed = int(counters.Malformed - r.told.Malformed)
	p.quality.Forged = int(counters.Forged - r.told.Forged)
	p.quality.Duplicate = int(counters.Duplicate - r.told.Duplicate)
	p.quality.Late = int(counters.Late - r.told.Late)
	if counters.Refused > r.told.Refused && now.Sub(r.refusals) >= complainEvery {
		r.refusals = now
		r.log.Warn("echoes refused by the host", "prober", r.name, "count", counters.Refused, "error", counters.Refusal)
	}
	r.told = counters
}
