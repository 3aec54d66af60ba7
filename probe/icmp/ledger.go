package icmp

import (
	"cmp"
	"math"
	"net/netip"
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
	lost                 // left, and no valid reply came in time: known at the end only
)

// echo is one request and what became of it.
type echo struct {
	// sentNanos is our own stamp, then the kernel's, on the wall clock.
	sentNanos, replyNanos int64
	// collection is the number of the collection that read the reply.
	collection uint32
	fate       fate
	stamped    bool // sentNanos is the kernel's
	uncertain  bool // a reply to it may have been dropped by our own buffer
}

// round is a Round under way, or the room for one.
type round struct {
	Round
	slot   uint32        // its place in ledger.rounds
	serial uint32        // 0 while it is free
	start  time.Duration // as in reading.running
	due    time.Duration // of the next echo, then of the end of waiting
	tick   int64         // of due, in the wheel
	behind *round        // the next of its queue
	next   int           // index of the next echo to send
	sentAt int64         // wall clock at the first echo sent; 0 before
	lag    time.Duration
	gap    time.Duration
	// duplicates counts the further replies to echoes answered.
	duplicates int
	count      int // of its echoes, the first of the room
	echoes     []echo
}

// name is that of the round's next echo.
func (r *round) name() name { return name{serial: r.serial, slot: r.slot, index: uint8(r.next)} }

// roomsAtOnce is how many rounds the ledger makes room for when it has none left. Room
// is kept and used again, so that steady work allocates nothing.
const roomsAtOnce = 256

// ledger holds the rounds under way. It does no I/O and reads no clock.
type ledger struct {
	echoes     int
	gap        time.Duration
	timeout    time.Duration
	wheel      wheel    // rounds with echoes to send
	ending     queue    // rounds that wait for their last reply, by the end of it
	free       queue    // room
	rounds     []*round // by slot
	serial     uint32
	collection uint32
	counters   Counters
	rejected   func(from netip.Addr, why Rejection) // nil where nobody listens
	rttMicros  []int32                              // what results show; whoever took them shortens it to nothing
}

func newLedger(o Options) ledger {
	return ledger{echoes: o.Echoes, gap: o.Gap, timeout: o.Timeout, rejected: o.Rejected, rttMicros: []int32{}}
}

func (l *ledger) add(r Round, start time.Duration) {
	if l.free.head == nil {
		l.makeRoom()
	}
	added := l.free.pop()
	if l.serial++; l.serial == 0 {
		l.serial = 1
	}
	clear(added.echoes)
	*added = round{
		Round: r, slot: added.slot, serial: l.serial, start: start, due: start,
		gap: cmp.Or(r.Gap, l.gap), count: cmp.Or(r.Echoes, l.echoes), echoes: added.echoes,
	}
	l.wheel.put(added)
}

func (l *ledger) makeRoom() {
	rooms, echoes := make([]round, roomsAtOnce), make([]echo, roomsAtOnce*l.echoes)
	for i := range rooms {
		r := &rooms[i]
		r.slot = uint32(len(l.rounds))
		r.echoes = echoes[i*l.echoes : (i+1)*l.echoes : (i+1)*l.echoes]
		l.rounds = append(l.rounds, r)
		l.free.push(r)
	}
}

// underWay returns the round of an echo; nil when it is over, or never was.
func (l *ledger) underWay(n name) *round {
	if int(n.slot) >= len(l.rounds) || n.serial == 0 || l.rounds[n.slot].serial != n.serial || int(n.index) >= l.echoes {
		return nil
	}
	return l.rounds[n.slot]
}

// nextDue takes out the round whose next echo is to be sent now, nil when there is
// none; the caller gives it back through sent, passed or again. Echoes late by more
// than the gap are given up on the way: sent now, they would come in a burst with
// those behind them.
func (l *ledger) nextDue(now time.Duration) *round {
	for {
		r := l.wheel.take(now)
		if r == nil {
			return nil
		}
		r.lag = max(r.lag, now-r.due)
		if now-r.due <= r.gap {
			return r
		}
		l.passed(r, unsent, now)
	}
}

// again puts back a round whose echo could not be sent yet.
func (l *ledger) again(r *round) { l.wheel.put(r) }

// passed settles the next echo of r as waiting or unsent and plans the one after it,
// or the end of the round.
func (l *ledger) passed(r *round, f fate, now time.Duration) {
	r.echoes[r.next].fate = f
	r.next++
	if r.next == r.count {
		r.due = now + l.timeout
		l.ending.push(r)
		return
	}
	r.due = r.start + time.Duration(r.next)*r.gap
	l.wheel.put(r)
}

// nextWake is a time before which nothing is to be done, at most until.
func (l *ledger) nextWake(until time.Duration) time.Duration {
	if l.ending.head != nil {
		until = min(until, l.ending.head.due)
	}
	return l.wheel.next(until)
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
func (r *round) transmitted(index uint8, stampNanos int64) {
	r.echoes[index].sentNanos, r.echoes[index].stamped = stampNanos, true
}

// reject counts a reply that is refused, and tells who listens.
func (l *ledger) reject(from netip.Addr, why Rejection) {
	switch why {
	case Malformed:
		l.counters.Malformed++
	case Forged:
		l.counters.Forged++
	case Duplicate:
		l.counters.Duplicate++
	case Late:
		l.counters.Late++
	}
	if l.rejected != nil {
		l.rejected(from, why)
	}
}

// replied notes a reply that bears the right mark, and counts it apart when it
// is not the first of an echo under way. Without a stamp (0) nobody knows when it
// came: the kernel begins to stamp a moment after the first socket of the host
// asks for it.
func (l *ledger) replied(n name, sequence uint16, a arrival) {
	r := l.underWay(n)
	if r == nil {
		l.reject(a.from, Late)
		return
	}
	e := &r.echoes[n.index]
	switch {
	case l.sequence(n) != sequence:
		l.reject(a.from, Forged)
	case e.fate == answered:
		l.reject(a.from, Duplicate)
		r.duplicates++
	case e.fate == waiting && a.stampNanos == 0:
		e.fate = void
	case e.fate == waiting:
		e.fate, e.replyNanos, e.collection = answered, a.stampNanos, l.collection
	}
}

// clockSet voids every echo whose two stamps may lie on both sides of a jump of
// the clock: those out, and those answered in the present collection.
func (l *ledger) clockSet() {
	for _, r := range l.rounds {
		for i := range r.echoes { // of free room too, where it changes nothing
			e := &r.echoes[i]
			if e.fate == waiting || e.fate == answered && e.collection == l.collection {
				e.fate = void
			}
		}
	}
}

// repliesDropped marks every echo out to a family: its reply may be among those
// dropped by its socket.
func (l *ledger) repliesDropped(f family, count uint32) {
	l.counters.Dropped += uint64(count)
	for _, r := range l.rounds {
		if familyOf(r.Target.Addr) != f {
			continue
		}
		for i := range r.echoes {
			r.echoes[i].uncertain = r.echoes[i].uncertain || r.echoes[i].fate == waiting
		}
	}
}

// finish removes the rounds whose waiting ended by now and appends their results,
// whose round trips lie in rttMicros.
func (l *ledger) finish(now time.Duration, results []Result) []Result {
	for l.ending.head != nil && l.ending.head.due <= now {
		r := l.ending.pop()
		results = append(results, l.result(r))
		r.serial = 0
		l.free.push(r)
	}
	return results
}

func (l *ledger) result(r *round) Result {
	result := Result{Round: r.Round, WorstLag: r.lag}
	first := len(l.rttMicros)
	for i := range r.echoes[:r.count] {
		e := &r.echoes[i]
		switch e.fate = l.settled(r.Target.Addr, e); e.fate {
		case unsent:
			result.Unsent++
		case void:
			result.Void++
		case lost:
			l.rttMicros = append(l.rttMicros, probe.Lost)
			result.LastLost = instant(e.sentNanos)
			if result.FirstLost.IsZero() {
				result.FirstLost = result.LastLost
			}
		case answered:
			l.rttMicros = append(l.rttMicros, int32(e.roundTrip().Round(time.Microsecond).Microseconds()))
		}
	}
	result.Observation = probe.Observation{
		Target: r.Target.ID, Kind: r.Target.Kind,
		At:         instant(r.sentAt),
		RTTMicros:  l.rttMicros[first:len(l.rttMicros):len(l.rttMicros)],
		Duplicates: r.duplicates, Reordered: r.reordered(),
	}
	return result
}

// settled is the fate of an echo to addr at the end of its round.
func (l *ledger) settled(addr netip.Addr, e *echo) fate {
	switch {
	case e.fate == waiting && e.uncertain, e.fate == answered && e.roundTrip() < 0:
		return void
	case e.fate == answered && e.roundTrip() > l.timeout:
		l.reject(addr, Late)
		return lost
	case e.fate == waiting:
		return lost
	case e.fate == answered && !e.stamped:
		l.counters.Unstamped++
	}
	return e.fate
}

func (e *echo) roundTrip() time.Duration { return time.Duration(e.replyNanos - e.sentNanos) }

// reordered counts the answered echoes whose reply came after one to a later echo
// (RFC 4737, 3.3, by the kernel's stamps). What is lost or void has no place in the
// order.
func (r *round) reordered() int {
	count, earliest := 0, int64(math.MaxInt64)
	for i := r.count - 1; i >= 0; i-- {
		if e := &r.echoes[i]; e.fate == answered {
			if e.replyNanos > earliest {
				count++
			}
			earliest = min(earliest, e.replyNanos)
		}
	}
	return count
}

func instant(nanos int64) time.Time { return time.Unix(0, nanos).UTC().Truncate(time.Microsecond) }
