package main

import (
	"container/heap"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/watch"
)

// world is one round: what is simulated, its time, and what happened.
type world struct {
	rand   *rand.Rand // of how long things take
	faults *faults
	now    time.Time
	start  time.Time
	events events
	order  int

	policy  watch.Policy
	index   *inventory.Index
	ground  ground
	db      database
	away    time.Time // the database is, until then
	outside bool      // the core's streams run by themselves, beside the cores
	probers []*vantage
	cores   []*core
	leader  *core // holds the lock in the database
	mail    mailbox
	work    []*working // the jobs taken up so far
	history []committed
	nested  bool // a letter is leaving

	counts counts
	trace  []string
	broken []string // what was found wrong on the way
	log    *slog.Logger
}

// counts are what a round adds to the table.
type counts struct {
	Taken, Applied, Redelivered, Lost int // batches
	Planned, Stored, Missing          int // cycles of probers, the last two of the former
	Gaps, Cycles, Transitions         int
	Tickets, Letters, Copies          int
}

func (c *counts) add(o counts) {
	c.Taken += o.Taken
	c.Applied += o.Applied
	c.Redelivered += o.Redelivered
	c.Lost += o.Lost
	c.Planned += o.Planned
	c.Stored += o.Stored
	c.Missing += o.Missing
	c.Gaps += o.Gaps
	c.Cycles += o.Cycles
	c.Transitions += o.Transitions
	c.Tickets += o.Tickets
	c.Letters += o.Letters
	c.Copies += o.Copies
}

// event is something that is due.
type event struct {
	at    time.Time
	order int
	do    func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }

func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// after has something done later.
func (w *world) after(d time.Duration, do func()) {
	w.order++
	heap.Push(&w.events, event{w.now.Add(d), w.order, do})
}

// soon is how long a step takes: some milliseconds, drawn.
func (w *world) soon() time.Duration { return time.Duration(1+w.rand.IntN(20)) * time.Millisecond }

// until lets time pass.
func (w *world) until(end time.Time) {
	for len(w.events) > 0 && !w.events[0].at.After(end) {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
}

// cycleAt is the number of the cycle of the ground at a time.
func (w *world) cycleAt(at time.Time) int { return int(at.Sub(w.start) / cycleLength) }

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%8.3fs  ", w.now.Sub(w.start).Seconds())+fmt.Sprintf(format, args...))
}

func (w *world) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.note("VIOLATION %s", text)
	w.broken = append(w.broken, text)
}

// death is the end of a process in the middle of what it did.
type death struct{ who any }

// as runs something that a process does; nothing of it goes on once the process is dead.
func (w *world) as(who any, do func()) {
	defer func() {
		switch d := recover().(type) {
		case nil:
		case death:
			if d.who != who {
				panic(d)
			}
		default:
			panic(d)
		}
	}()
	do()
}

// hazard passes a point of a call at which something may fail.
func (w *world) hazard(kinds ...mishap) mishap { return w.strike(1, kinds...) }

func (w *world) strike(weight float64, kinds ...mishap) mishap {
	what := w.faults.at(weight, kinds...)
	if what != none {
		w.note("%s", w.faults.struck[len(w.faults.struck)-1])
	}
	return what
}

// second is what may fail by itself, each second.
func (w *world) second() {
	w.after(time.Second, w.second)
	p := w.probers[w.faults.chosen(len(w.probers))]
	kinds := []mishap{killCore, killProber, dbAway, linkCut, linkTwice, spoolLost, hubLost, diskFull, clockOff}
	if len(w.cores) > 1 {
		kinds = append(kinds, secondCore, secondCore)
	}
	switch w.strike(3, kinds...) {
	case killCore:
		w.cores[w.faults.chosen(len(w.cores))].die()
	case killProber:
		p.die()
	case dbAway:
		length := w.faults.length(time.Second, 40*time.Second)
		if w.faults.chosen(20) == 0 {
			length = 10 * time.Minute
		}
		w.away, w.leader = w.now.Add(length), nil
	case linkCut:
		p.cut = w.now.Add(w.faults.length(2*time.Second, 150*time.Second))
	case linkTwice:
		if p.handed != nil {
			_ = p.atCore.publish(w.now, p.subject(), p.handed, fmt.Sprint("twice ", w.now)) // or there is no room
			w.wake(p)
		}
	case spoolLost:
		p.lose()
	case hubLost:
		if !w.outside {
			w.cores[0].die()
		}
		for _, p := range w.probers {
			p.atCore.lose()
		}
	case diskFull:
		p.full = w.now.Add(w.faults.length(5*time.Second, 60*time.Second))
	case clockOff:
		p.setClock([]time.Duration{-time.Hour, time.Hour, -time.Minute, 20 * time.Second}[w.faults.chosen(4)], w.faults.length(10*time.Second, 90*time.Second))
	case secondCore:
		w.leader = nil
	}
}

// prober is the one of a name.
func (w *world) prober(name string) *vantage {
	return w.probers[slices.IndexFunc(w.probers, func(p *vantage) bool { return p.name == name })]
}

// wake has the cores look for batches of a prober.
func (w *world) wake(p *vantage) {
	for _, c := range w.cores {
		if c.leads {
			c.consumeSoon(p, w.soon())
		}
	}
}
