package icmp

import "time"

// queue is a list of rounds, first in, first out. A round stands in one at a time.
type queue struct{ head, tail *round }

func (q *queue) push(r *round) {
	r.behind = nil
	if q.tail == nil {
		q.head = r
	} else {
		q.tail.behind = r
	}
	q.tail = r
}

// pop takes the first round out; nil when there is none.
func (q *queue) pop() *round {
	r := q.head
	if r == nil {
		return nil
	}
	if q.head = r.behind; q.head == nil {
		q.tail = nil
	}
	r.behind = nil
	return r
}

// spokes is how many ticks a turn of the wheel has: more than a minute. Rounds due
// later than that are passed over once in each turn before theirs.
const spokes = 8192

// wheel orders rounds by the tick in which they are due, those of one tick as they
// were added. Adding and taking cost the same however many there are.
type wheel struct {
	rounds [spokes]queue
	turned int64 // ticks before this one have no rounds in the wheel
	ready  queue // rounds of such ticks
}

// tickOf is the first tick at or after a time.
func tickOf(at time.Duration) int64 { return int64((at + tick - 1) / tick) }

// put adds a round by its due time.
func (w *wheel) put(r *round) {
	if r.tick = tickOf(r.due); r.tick < w.turned {
		w.ready.push(r)
		return
	}
	w.rounds[r.tick%spokes].push(r)
}

// take removes the first round that is due; nil when none is.
func (w *wheel) take(now time.Duration) *round {
	for w.ready.head == nil && w.turned <= int64(now/tick) {
		spoke := &w.rounds[w.turned%spokes]
		all := *spoke
		*spoke = queue{}
		for r := all.pop(); r != nil; r = all.pop() {
			if r.tick > w.turned {
				spoke.push(r)
			} else {
				w.ready.push(r)
			}
		}
		w.turned++
	}
	return w.ready.pop()
}

// next is a time before which no round falls due, at most until.
func (w *wheel) next(until time.Duration) time.Duration {
	if w.ready.head != nil {
		return min(0, until)
	}
	for at := w.turned; at < w.turned+spokes && time.Duration(at)*tick < until; at++ {
		if w.rounds[at%spokes].head != nil {
			return time.Duration(at) * tick
		}
	}
	return until
}
