package icmp

import (
	"container/heap"
	"time"

	"vigie/probe"
)

// reading is one look at both clocks.
type reading struct {
	wallNanos int64         // since the Unix epoch; the kernel's stamps are on this clock, which may be set
	running   time.Duration // since the engine was made; never set
}

// fate is what is known of an echo.
type fate uint8

const (
	pending  fate = iota // not due yet
	waiting              // sent, no reply yet
	answered             // a valid reply came, maybe too late
	unsent               // never left
	void                 // left, but its outcome cannot be known
)

// echo is one request and what became of it.
type echo struct {
	fate      fate
	uncertain bool // a reply to it may have been dropped by our own buffer
	// sentNanos is our own stamp, then the kernel's, on the wall clock.
	sentNanos, replyNanos int64
	// collection is the number of the collection that read the reply.
	collection uint64
}

// round is a Round under way.
type round struct {
	Round
	serial uint32
	start  time.Duration // as in reading.running
	due    time.Duration // of the next echo, then of the end of waiting
	next   int           // index of the next echo to send
	sentAt int64         // wall clock at the first echo sent; 0 before
	lag    time.Duration
	echoes []echo
}

// ledger holds the rounds under way. It does no I/O and reads no clock.
type ledger struct {
	echoes     int
	gap        time.Duration
	timeout    time.Duration
	agenda     agenda
	bySerial   map[uint32]*round
	serial     uint32
	collection uint64
	counters   Counters
}

func (l *ledger) add(r Round, start time.Duration) {
	l.serial++
	added := &round{Round: r, serial: l.serial, start: start, due: start, echoes: make([]echo, l.echoes)}
	l.bySerial[l.serial] = added
	heap.Push(&l.agenda, added)
}

// nextDue returns the round whose next echo is to be sent now, nil when there is
// none. Echoes late by more than the gap are given up on the way: sent now,
// they would come in a burst with those behind them.
func (l *ledger) nextDue(now time.Duration) *round {
	for len(l.agenda) > 0 {
		r := l.agenda[0]
		if r.due > now || r.next == l.echoes {
			return nil
		}
		r.lag = max(r.lag, now-r.due)
		if now-r.due <= l.gap {
			return r
		}
		l.passed(r, unsent, now)
	}
	return nil
}

// passed settles the next echo of r, the head of the agenda, as waiting or unsent
// and plans the one after it, or the end of the round.
func (l *ledger) passed(r *round, f fate, now time.Duration) {
	r.echoes[r.next].fate = f
	r.next++
	r.due = r.start + time.Duration(r.next)*l.gap
	if r.next == l.echoes {
		r.due = now + l.timeout
	}
	heap.Fix(&l.agenda, 0)
}

// sequence is the sequence number under which an echo travels.
func (l *ledger) sequence(n name) uint16 {
	return uint16(n.serial*uint32(l.echoes) + uint32(n.index))
}

// sent notes that the next echo of r, which nextDue returned, left at now.
func (l *ledger) sent(r *round, now reading) {
	r.echoes[r.next].sentNanos = now.wallNanos
	if r.sentAt == 0 {
		r.sentAt = now.wallNanos
	}
	l.counters.Sent++
	l.passed(r, waiting, now.running)
}

// refused notes that the host would not send, and why.
func (l *ledger) refused(err error) {
	l.counters.Refused++
	l.counters.Refusal = err
}

// transmitted notes the kernel's stamp of a request that bears the right mark.
func (l *ledger) transmitted(n name, stampNanos int64) {
	l.bySerial[n.serial].echoes[n.index].sentNanos = stampNanos
}

// replied notes a reply that bears the right mark, and counts it apart when it
// is not the first of an echo under way. Without a stamp (0) nobody knows when it
// came: the kernel begins to stamp a moment after the first socket of the host
// asks for it.
func (l *ledger) replied(n name, sequence uint16, stampNanos int64) {
	r, underWay := l.bySerial[n.serial]
	if !underWay {
		l.counters.Late++
		return
	}
	e := &r.echoes[n.index]
	switch {
	case l.sequence(n) != sequence:
		l.counters.Forged++
	case e.fate == answered:
		l.counters.Duplicate++
	case e.fate == waiting && stampNanos == 0:
		e.fate = void
	case e.fate == waiting:
		e.fate, e.replyNanos, e.collection = answered, stampNanos, l.collection
	}
}

// clockSet voids every echo whose two stamps may lie on both sides of a jump of
// the clock: those out, and those answered in the present collection.
func (l *ledger) clockSet() {
	for _, r := range l.bySerial {
		for i := range r.echoes {
			e := &r.echoes[i]
			if e.fate == waiting || e.fate == answered && e.collection == l.collection {
				e.fate = void
			}
		}
	}
}

// repliesDropped marks every echo out: its reply may be among those dropped.
func (l *ledger) repliesDropped(count uint32) {
	l.counters.Dropped += uint64(count)
	for _, r := range l.bySerial {
		for i := range r.echoes {
			r.echoes[i].uncertain = r.echoes[i].uncertain || r.echoes[i].fate == waiting
		}
	}
}

// finish removes the rounds whose waiting ended by now and appends their results.
func (l *ledger) finish(now time.Duration, results []Result) []Result {
	for len(l.agenda) > 0 && l.agenda[0].next == l.echoes && l.agenda[0].due <= now {
		r := heap.Pop(&l.agenda).(*round)
		delete(l.bySerial, r.serial)
		results = append(results, l.result(r))
	}
	return results
}

func (l *ledger) result(r *round) Result {
	result := Result{Round: r.Round, WorstLag: r.lag}
	rttMicros := make([]int32, 0, len(r.echoes))
	for i := range r.echoes {
		e := &r.echoes[i]
		rtt := time.Duration(e.replyNanos - e.sentNanos)
		switch {
		case e.fate == unsent:
			result.Unsent++
		case e.fate == void, e.fate == waiting && e.uncertain, e.fate == answered && rtt < 0:
			result.Void++
		case e.fate == waiting:
			rttMicros = append(rttMicros, probe.Lost)
		case rtt > l.timeout:
			l.counters.Late++
			rttMicros = append(rttMicros, probe.Lost)
		default:
			rttMicros = append(rttMicros, int32(rtt.Round(time.Microsecond).Microseconds()))
		}
	}
	result.Observation = probe.Observation{
		Target: r.Target.ID, Kind: r.Target.Kind,
		At:        time.Unix(0, r.sentAt).UTC().Truncate(time.Microsecond),
		RTTMicros: rttMicros,
	}
	return result
}

// agenda is a heap of the rounds under way, the earliest due first; equal ones
// in the order they were added.
type agenda []*round

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].due < a[j].due || a[i].due == a[j].due && a[i].serial < a[j].serial
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(*round)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	r := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return r
}
