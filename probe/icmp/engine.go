package icmp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"vigie/probe"
)

const (
	// tick is the grain of the engine's wake-ups: what falls due within one is
	// done in one go, since waking costs more than an echo.
	tick = 10 * time.Millisecond
	// burst is how many requests leave before the socket is read again: with
	// their stamps and replies they fit in the smallest usual buffer (212,992
	// bytes hold 128).
	burst = 64
	// minGap keeps the echoes of a round on ticks of their own.
	minGap     = 2 * tick
	maxTimeout = time.Minute
	maxEchoes  = math.MaxUint8
)

// errBusy is what a socket answers when a request does not fit in its queue now.
var errBusy = errors.New("the send queue is full")

// Options says how an engine measures.
type Options struct {
	// Echoes is the number of requests in a round, 1 to 255.
	Echoes int
	// Gap is the time between two requests of a round, at least 20 ms. A request
	// late by more than this is not sent.
	Gap time.Duration
	// Timeout is how long after its request a reply counts, at most 1 minute.
	Timeout time.Duration
	// Open, when set, calls create exactly once, on a thread and in a network
	// namespace of its choice; there the socket stays. The engine runs anywhere.
	Open func(create func() error) error
	// Rejected, when set, hears of each reply that Counters counts as refused: from whom
	// it seems to come, and why. Advance calls it, so it must not wait.
	Rejected func(from netip.Addr, why Rejection)
}

// Validate names the first option that cannot work.
func (o Options) Validate() error {
	switch {
	case o.Echoes < 1 || o.Echoes > maxEchoes:
		return fmt.Errorf("echoes: %d, expected 1 to %d", o.Echoes, maxEchoes)
	case o.Gap < minGap:
		return fmt.Errorf("gap: %s, expected at least %s", o.Gap, minGap)
	case o.Timeout <= 0 || o.Timeout > maxTimeout:
		return fmt.Errorf("timeout: %s, expected more than 0 and at most %s", o.Timeout, maxTimeout)
	}
	return nil
}

// Round asks for one round of echoes to one target.
type Round struct {
	Target probe.Target
	// Cycle is the start of the cycle in which the round is planned. It comes
	// back with the result; the engine does not look at it.
	Cycle time.Time
	// Start is when the first echo is due. Derived from time.Now it carries a
	// monotonic reading, and setting the clock does not move it.
	Start time.Time
	// Echoes and Gap, where set, stand for those of the engine. There are no more
	// echoes than the engine's.
	Echoes int
	Gap    time.Duration
}

// Result is a finished round.
type Result struct {
	Round
	// Observation holds the echoes whose outcome is known, maybe none.
	Observation probe.Observation
	// Unsent and Void count the other echoes, see probe.Quality.
	Unsent, Void int
	// WorstLag is the longest delay between the planned time of an echo and its
	// sending or giving up.
	WorstLag time.Duration
	// FirstLost and LastLost are when the first and the last of the lost echoes
	// left; zero without one.
	FirstLost, LastLost time.Time
}

// Counters count since the engine was made.
type Counters struct {
	Sent uint64 // echoes that left
	// Malformed, Forged, Duplicate and Late count the replies refused: of another
	// form than ours; without our mark for the address they come from; second to
	// one accepted; after the timeout.
	Malformed, Forged, Duplicate, Late uint64
	// Unstamped counts the answered echoes whose request the kernel did not stamp: their
	// round trips begin with our own stamp, and are longer than they were.
	Unstamped uint64
	Dropped   uint64 // messages the kernel dropped because our buffer was full
	Refused   uint64 // attempts to send that the host refused
	Refusal   error  // the latest such refusal, nil before the first
}

// Rejection is why a reply was refused, as Counters says.
type Rejection uint8

// The rejections.
const (
	Malformed Rejection = iota
	Forged
	Duplicate
	Late
)

// Rejected is the number of replies refused, for whatever reason.
func (c Counters) Rejected() uint64 { return c.Malformed + c.Forged + c.Duplicate + c.Late }

// Engine sends and receives echoes through one socket for each family of addresses.
// It is for one goroutine.
type Engine struct {
	sockets [families]*socket // that of IPv6 is nil where the host has none
	no6     error             // why
	bursts  [families][]*round
	seal    *seal
	ledger  ledger
	made    time.Time     // origin of reading.running
	offset  time.Duration // wall clock minus running time at the last collection
	results []Result
	sleeper *sleeper
}

// New opens the socket. Without the right to it the error names what to grant.
// The kernel begins to stamp a moment after the first socket of a host asks for
// it: echoes sent at once may be void.
func New(o Options) (*Engine, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("icmp: %w", err)
	}
	open := o.Open
	if open == nil {
		open = func(create func() error) error { return create() }
	}
	seal, err := newSeal()
	if err != nil {
		return nil, err
	}
	e := newEngine(seal, o)
	if e.sleeper, err = newSleeper(); err != nil {
		return nil, err
	}
	err = open(func() (err error) {
		if e.sockets[v4], err = openSocket(v4); err != nil {
			return err
		}
		e.sockets[v6], e.no6 = openSocket(v6)
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, e.sleeper.close())
	}
	return e, nil
}

// newEngine returns an engine without sockets.
func newEngine(seal *seal, o Options) *Engine {
	e := &Engine{seal: seal, made: time.Now(), ledger: newLedger(o)}
	for f := range e.bursts {
		e.bursts[f] = make([]*round, 0, burst)
	}
	e.offset = e.read().offset()
	return e
}

// Close closes the sockets; rounds under way are forgotten.
func (e *Engine) Close() error {
	failed := e.sleeper.close()
	for _, s := range e.sockets {
		if s != nil {
			failed = errors.Join(failed, s.close())
		}
	}
	return failed
}

// Counters returns the counts up to now.
func (e *Engine) Counters() Counters { return e.ledger.counters }

// Add takes rounds to measure, in any order. Each comes back as one Result, its
// timeout after its last echo was due. Targets have IPv4 or IPv6 addresses without a
// zone, else nothing is added; without IPv6 on the host their echoes are unsent.
func (e *Engine) Add(rounds ...Round) error {
	for _, r := range rounds {
		if a := r.Target.Addr; !a.IsValid() || a.Is4In6() || a.Zone() != "" {
			return fmt.Errorf("icmp: %s %d: address %s, expected IPv4 or IPv6 without a zone", r.Target.Kind, r.Target.ID, a)
		}
	}
	for _, r := range rounds {
		if r.Echoes < 0 || r.Echoes > e.ledger.echoes || r.Gap != 0 && r.Gap < minGap {
			return fmt.Errorf("icmp: %s %d: a round of %d echoes %s apart, expected at most %d, at least %s",
				r.Target.Kind, r.Target.ID, r.Echoes, r.Gap, e.ledger.echoes, minGap)
		}
	}
	if room := maxRounds - len(e.ledger.rounds); len(rounds) > room {
		return fmt.Errorf("icmp: %d rounds, expected at most %d under way", len(rounds), maxRounds)
	}
	for _, r := range rounds {
		e.ledger.add(r, r.Start.Sub(e.made))
	}
	return nil
}

// Advance works until rounds have finished, until the given time, or until ctx
// ends, whichever is first, and returns the rounds finished; they and their
// round trips are valid until the next call. Between two calls nothing is sent, and what comes in
// waits in the kernel, with its stamp. An error means that the socket is of no
// more use.
func (e *Engine) Advance(ctx context.Context, until time.Time) ([]Result, error) {
	e.results, e.ledger.rttMicros = e.results[:0], e.ledger.rttMicros[:0]
	for {
		if err := e.turn(); err != nil {
			return nil, err
		}
		now := time.Now()
		if len(e.results) > 0 || ctx.Err() != nil || !now.Before(until) {
			return e.results, nil
		}
		if err := e.sleeper.sleep(ctx, e.wake(now, until).Sub(now)); err != nil {
			return nil, err
		}
	}
}

// wake is when to work next: at the tick on or after the earliest due, and at
// until at the latest. What the host had no room for waits for the next tick.
func (e *Engine) wake(now, until time.Time) time.Time {
	running, end := now.Sub(e.made), until.Sub(e.made)
	due := max(e.ledger.nextWake(end), running)
	if at := (due + tick - 1).Truncate(tick); at < end {
		return e.made.Add(at)
	}
	return until
}

// turn does everything that is due: collect, finish, send.
func (e *Engine) turn() error {
	for {
		// Replies that were in time lie in the socket by then, so what has run out
		// by this moment is judged after reading them.
		before := e.read()
		if err := e.collect(); err != nil {
			return err
		}
		e.results = e.ledger.finish(before.running, e.results)
		if e.sendDue() < burst {
			return nil
		}
	}
}

// collect reads all replies and stamps, then looks whether they can be trusted.
func (e *Engine) collect() error {
	e.ledger.collection++
	for _, s := range e.sockets {
		if s == nil || !s.used {
			continue
		}
		if err := e.drain(s); err != nil {
			return err
		}
	}
	if e.clockWasSet() {
		e.ledger.clockSet()
	}
	return nil
}

// drain empties a socket. Replies go first: the stamp of a request is there before its
// reply.
func (e *Engine) drain(s *socket) error {
	for n := burst; n == burst; {
		var err error
		if n, err = s.read(replies); err != nil {
			return fmt.Errorf("icmp: read replies: %w", err)
		}
		for i := range n {
			e.reply(s, s.reply(i))
		}
	}
	for n := burst; n == burst; {
		var err error
		if n, err = s.read(stamps); err != nil {
			return fmt.Errorf("icmp: read transmit stamps: %w", err)
		}
		for i := range n {
			e.stamp(s, s.stamp(i))
		}
	}
	dropped, err := s.dropped()
	if err != nil {
		return fmt.Errorf("icmp: read the count of dropped messages: %w", err)
	}
	if dropped > 0 {
		e.ledger.repliesDropped(s.family, dropped)
	}
	return nil
}

func (e *Engine) reply(s *socket, a arrival) {
	n, sequence, ok := parseReply(s.family, a.message, s.identifier)
	switch {
	case !ok:
		e.ledger.reject(a.from, Malformed)
	case !e.seal.check(a.message, n, a.from):
		e.ledger.reject(a.from, Forged)
	default:
		e.ledger.replied(n, sequence, a)
	}
}

// stamp takes the kernel's stamp of a request. One that cannot be told is left:
// the echo keeps our own stamp, taken a moment earlier.
func (e *Engine) stamp(s *socket, a arrival) {
	message, n, ok := parseSent(s.family, a.message)
	if !ok || a.stampNanos == 0 {
		return
	}
	if r := e.ledger.underWay(n); r != nil && e.seal.check(message, n, r.Target.Addr) {
		r.transmitted(n.index, a.stampNanos)
	}
}

// sendDue sends what is due, one burst at most, and returns how many requests it
// handed to the sockets: fewer than a burst when no more can leave now.
func (e *Engine) sendDue() int {
	now, count := e.read(), 0
	for count < burst {
		r := e.ledger.nextDue(now.running)
		if r == nil {
			break
		}
		f := familyOf(r.Target.Addr)
		s := e.sockets[f]
		if s == nil {
			e.ledger.refused(e.no6)
			e.ledger.passed(r, unsent, now.running)
			continue
		}
		n := r.name()
		message := s.request(len(e.bursts[f]), r.Target.Addr)
		e.seal.request(message, s.identifier, e.ledger.sequence(n), n, r.Target.Addr)
		e.bursts[f] = append(e.bursts[f], r)
		count++
	}
	for f, rounds := range e.bursts {
		count -= e.sendBurst(e.sockets[f], rounds)
		e.bursts[f] = rounds[:0]
	}
	return count
}

// sendBurst sends an echo of each of the rounds and returns how many must wait.
func (e *Engine) sendBurst(s *socket, rounds []*round) int {
	for first := 0; first < len(rounds); {
		now := e.read()
		sent, err := s.send(first, len(rounds))
		for _, r := range rounds[first : first+sent] {
			e.ledger.sent(r, now)
		}
		first += sent
		switch {
		case errors.Is(err, errBusy):
			e.ledger.refused(err)
			for _, r := range rounds[first:] {
				e.ledger.again(r)
			}
			return len(rounds) - first
		case err != nil:
			r := rounds[first]
			e.ledger.refused(fmt.Errorf("send an echo to %s: %w", r.Target.Addr, err))
			e.ledger.passed(r, unsent, now.running)
			first++
		}
	}
	return 0
}

// read looks at both clocks.
func (e *Engine) read() reading {
	now := time.Now()
	return reading{wallNanos: now.UnixNano(), running: now.Sub(e.made)}
}

// clockGrain is how far the two clocks may seem to part between two readings
// without having been set: they run at one rate, but are read one after the
// other.
const clockGrain = 100 * time.Microsecond

// clockWasSet reports whether the wall clock jumped since the last call. A
// thread put aside between the two clocks sees a jump that is none, so a jump
// must be seen three times.
func (e *Engine) clockWasSet() bool {
	var offset time.Duration
	for range 3 {
		offset = e.read().offset()
		if parted := offset - e.offset; parted.Abs() <= clockGrain {
			e.offset = offset
			return false
		}
	}
	e.offset = offset
	return true
}

// offset is the wall clock minus the running time: constant until the clock is
// set.
func (r reading) offset() time.Duration { return time.Duration(r.wallNanos) - r.running }
