package prober

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/schedule"
	"vigie/probe/snmp"
)

// polling asks routers again and again, each at its own moment of the interval.
type polling struct {
	name    string
	every   time.Duration
	most    int // asked together
	routers func() []snmp.Router
	poll    func(context.Context, snmp.Router) probe.Poll
	done    func(probe.Poll)
	left    func(routers int) // told of those that were due and not asked

	waiting map[int64]bool // links whose routers were left out of the interval before
}

// run polls until ctx ends, and returns when no poll is under way any more. A router
// that comes too late because too many are asked is asked in the next interval; none
// is asked twice at a time, since a poll is given up before it is due again.
func (p *polling) run(ctx context.Context) {
	var asking sync.WaitGroup
	defer asking.Wait()
	slots := make(chan struct{}, p.most)
	from := schedule.Start(time.Now(), p.every)
	for ctx.Err() == nil {
		p.interval(ctx, from, func(r snmp.Router, due time.Time) {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			asking.Go(func() {
				defer func() { <-slots }()
				ctx, cancel := context.WithDeadline(ctx, due.Add(p.every/2))
				defer cancel()
				if poll := p.poll(ctx, r); !errors.Is(ctx.Err(), context.Canceled) {
					p.done(poll)
				}
			})
		})
		from = schedule.Next(time.Now(), from, p.every)
	}
}

// interval calls ask for each router when it is due in the interval that starts at
// from. What was due before now, or could not be asked in time, is left out. Times
// are read from the wall clock once, so that setting it moves no poll.
func (p *polling) interval(ctx context.Context, from time.Time, ask func(r snmp.Router, due time.Time)) {
	now := time.Now()
	begin := now.Add(from.Sub(now))
	if !pauseUntil(ctx, begin) {
		return
	}
	routers := map[int64]snmp.Router{}
	var targets []probe.Target
	for _, r := range p.routers() {
		routers[r.Link] = r
		targets = append(targets, probe.Target{ID: r.Link, Kind: probe.Router})
	}
	shape := schedule.Shape{Cycle: p.every, Echoes: 1, Gap: p.every}
	slots := p.first(schedule.Spread(targets, shape, schedule.Phase(p.name)))
	p.waiting = nil
	for i, slot := range slots {
		due := begin.Add(slot.Offset)
		if due.Before(now) {
			continue
		}
		if !pauseUntil(ctx, due) {
			return
		}
		if time.Since(begin) >= p.every {
			p.leave(slots[i:])
			return
		}
		ask(routers[slot.Target.ID], due)
	}
}

// first puts those at the front that were left out of the interval before, due at once:
// else it would be the same ones each time.
func (p *polling) first(slots []schedule.Slot) []schedule.Slot {
	for i := range slots {
		if p.waiting[slots[i].Target.ID] {
			slots[i].Offset = 0
		}
	}
	slices.SortStableFunc(slots, func(a, b schedule.Slot) int { return cmp.Compare(a.Offset, b.Offset) })
	return slots
}

// leave remembers the routers that found no time in their interval.
func (p *polling) leave(slots []schedule.Slot) {
	p.waiting = make(map[int64]bool, len(slots))
	for _, slot := range slots {
		p.waiting[slot.Target.ID] = true
	}
	p.left(len(slots))
}

// pauseUntil waits for a moment and reports whether ctx still holds then.
func pauseUntil(ctx context.Context, at time.Time) bool {
	if wait := time.Until(at); wait > 0 {
		pause(ctx, wait)
	}
	return ctx.Err() == nil
}
