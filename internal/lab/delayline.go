package lab

import (
	"container/heap"
	"time"
)

// waiting is a packet on its way.
type waiting struct {
	due     time.Duration // on the emulator's clock
	order   uint64        // of entry, so that equal due times keep their order
	packet  *buffer
	arrival side
}

// delayLine holds the packets on their way, the next to arrive first. It is
// not safe for concurrent use.
type delayLine struct {
	queue   arrivals
	entered uint64
}

// push adds a packet and reports whether it is the next to arrive.
func (l *delayLine) push(w waiting) bool {
	w.order = l.entered
	l.entered++
	heap.Push(&l.queue, w)
	return l.queue[0].order == w.order
}

// next returns when the next packet is due, false when none is on its way.
func (l *delayLine) next() (time.Duration, bool) {
	if len(l.queue) == 0 {
		return 0, false
	}
	return l.queue[0].due, true
}

// pop appends the packets due at the given time to due, in order of arrival.
func (l *delayLine) pop(due []waiting, now time.Duration) []waiting {
	for len(l.queue) > 0 && l.queue[0].due <= now {
		due = append(due, heap.Pop(&l.queue).(waiting))
	}
	return due
}

// arrivals implements heap.Interface.
type arrivals []waiting

func (a arrivals) Len() int { return len(a) }

func (a arrivals) Less(i, j int) bool {
	if a[i].due != a[j].due {
		return a[i].due < a[j].due
	}
	return a[i].order < a[j].order
}

func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push is called by heap only.
func (a *arrivals) Push(w any) { *a = append(*a, w.(waiting)) }

// Pop is called by heap only.
func (a *arrivals) Pop() any {
	last := len(*a) - 1
	w := (*a)[last]
	(*a)[last] = waiting{}
	*a = (*a)[:last]
	return w
}
