package prober

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/schedule"
)

// errand is something done again and again, each time at its own moment of its interval.
type errand struct {
	id    int64
	every time.Duration
	// place is where it is done: two of one place are never done together, so that what
	// one asks is not slowed by the other. Empty = no matter.
	place string
	do    func(context.Context)
}

// errands does a list of errands beside the echoes, a bounded number together: echoes come
// first, and what does not find room within half its interval is left out and counted.
type errands struct {
	name string // of the prober
	most int    // done together
	list func() []errand
	left func() // told of one left out

	queue dues
	taken map[string]bool // places
	shown []errand        // the list as it was queued
}

// listedEvery is how often a new list is looked for, at the latest.
const listedEvery = time.Second

// due is an errand with the moment at which it is planned, and that at which it is looked
// at, later when it waits for room.
type due struct {
	errand
	planned, look time.Time
}

type dues []due

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, j int) bool { return d[i].look.Before(d[j].look) }
func (d dues) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *dues) Push(x any)        { *d = append(*d, x.(due)) }
func (d *dues) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

// run works until ctx ends, and returns when nothing is under way any more.
func (e *errands) run(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	e.taken = map[string]bool{}
	done := make(chan string, e.most) // the places of those that ended
	underWay := 0
	for ctx.Err() == nil {
		now := time.Now()
		e.follow(now)
		for underWay < e.most {
			next, ok := e.next(now)
			if !ok {
				break
			}
			underWay++
			working.Go(func() {
				defer func() { done <- next.place }()
				ctx, cancel := context.WithDeadline(ctx, now.Add(next.every/2))
				defer cancel()
				next.do(ctx)
			})
		}
		timer := time.NewTimer(e.wait(now, underWay == e.most))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case place := <-done:
			underWay--
			delete(e.taken, place)
		}
		timer.Stop()
	}
}

// follow queues the list anew where it has changed. What stays keeps its moment.
func (e *errands) follow(now time.Time) {
	list := e.list()
	if sameList(list, e.shown) {
		return
	}
	e.shown = list
	before := make(map[int64]due, len(e.queue))
	for _, d := range e.queue {
		before[d.id] = d
	}
	e.queue = e.queue[:0]
	for _, errand := range list {
		d := due{errand: errand, planned: first(errand, e.name, now)}
		d.look = d.planned
		if old, known := before[errand.id]; known && old.every == errand.every {
			d.planned, d.look = old.planned, old.look
		}
		e.queue = append(e.queue, d)
	}
	heap.Init(&e.queue)
}

// first is the next moment of an errand: its own in every interval since the Unix epoch.
// It is read from the wall clock once, so that setting it moves none.
func first(e errand, prober string, now time.Time) time.Time {
	shape := schedule.Shape{Cycle: e.every, Echoes: 1, Gap: e.every}
	slot := schedule.Spread([]probe.Target{{ID: e.id}}, shape, schedule.Phase(prober))[0]
	at := schedule.Start(now, e.every).Add(slot.Offset)
	for at.Before(now) {
		at = at.Add(e.every)
	}
	return now.Add(at.Sub(now))
}

// retryAfter is when one that found its place taken is looked at again.
const retryAfter = 100 * time.Millisecond

// next takes the next errand that is due and may be done now, and plans it again.
func (e *errands) next(now time.Time) (due, bool) {
	for len(e.queue) > 0 && !e.queue[0].look.After(now) {
		d := e.queue[0]
		late := now.Sub(d.planned) > d.every/2
		if !late && d.place != "" && e.taken[d.place] {
			e.queue[0].look = now.Add(retryAfter)
			heap.Fix(&e.queue, 0)
			continue
		}
		again := d
		for !again.planned.After(now) {
			again.planned = again.planned.Add(d.every)
		}
		again.look = again.planned
		e.queue[0] = again
		heap.Fix(&e.queue, 0)
		if late {
			e.left()
			continue
		}
		if d.place != "" {
			e.taken[d.place] = true
		}
		return d, true
	}
	return due{}, false
}

// wait is how long there is nothing to do: while there is no room, until something ends.
func (e *errands) wait(now time.Time, full bool) time.Duration {
	if full || len(e.queue) == 0 {
		return listedEvery
	}
	return min(listedEvery, max(0, e.queue[0].look.Sub(now)))
}
