package path

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Method is what is sent.
type Method string

// The methods.
const (
	Any  Method = ""     // ICMP where this machine allows it, else UDP
	ICMP Method = "icmp" // echoes (RFC 792, RFC 4443)
	UDP  Method = "udp"  // datagrams to ports where nothing listens
)

// Options says where to, and how.
type Options struct {
	Host     netip.Addr
	Method   Method
	Rounds   int           // 0 = until the context ends
	Interval time.Duration // between the beginnings of two rounds, at least MinInterval
	Timeout  time.Duration // how long an answer counts, at most 5 seconds
	// Open, when set, calls create exactly once, on a thread and in a network namespace
	// of the caller's choice; the socket belongs to that namespace.
	Open func(create func() error) error
}

// Limits of a trace. MinInterval is what Linux spares a router's answers: one a second
// to each address (icmp_ratelimit).
const (
	MinInterval = time.Second
	MaxHops     = 30
	maxTimeout  = 5 * time.Second
)

// Validate names the first option that cannot work.
func (o Options) Validate() error {
	switch {
	case !o.Host.IsValid() || o.Host.IsUnspecified() || o.Host.IsMulticast():
		return fmt.Errorf("host: %s, expected the address of one machine", o.Host)
	case o.Method != Any && o.Method != ICMP && o.Method != UDP:
		return fmt.Errorf("method: %q, expected icmp or udp", o.Method)
	case o.Rounds < 0:
		return fmt.Errorf("rounds: %d, expected 0 or more", o.Rounds)
	case o.Interval < MinInterval:
		return fmt.Errorf("interval: %s, expected at least %s: routers answer no more often", o.Interval, MinInterval)
	case o.Timeout <= 0 || o.Timeout > maxTimeout:
		return fmt.Errorf("timeout: %s, expected more than 0 and at most %s", o.Timeout, maxTimeout)
	}
	return nil
}

// Kind is what became of a probe.
type Kind string

// The kinds.
const (
	Lost        Kind = "lost"        // nothing came back in time
	Passing     Kind = "passing"     // a router on the way, where the hop limit ended
	Reached     Kind = "reached"     // the host itself
	Unreachable Kind = "unreachable" // whoever answered says that it goes no further
	Unsent      Kind = "unsent"      // it did not leave this machine: counts for nothing
)

// Probe is one probe whose outcome is known.
type Probe struct {
	Hop   int // from 1
	Round int // from 0
	Kind  Kind
	From  netip.Addr // who answered
	RTT   time.Duration
	Code  int // of the message, for Unreachable (RFC 792, RFC 4443, 3.1)
}

// Run traces until all rounds are done or the context ends, and reports each probe,
// one at a time; probes under way at the end of the context are not reported. It gives
// the method that was used. The end of the context is no error; a machine that allows
// no such probes, or knows no way to the host, is one.
func Run(ctx context.Context, o Options, report func(Probe)) (Method, error) {
	if err := o.Validate(); err != nil {
		return o.Method, err
	}
	o.Host = o.Host.Unmap()
	s, err := open(o)
	if err != nil {
		return o.Method, err
	}
	defer s.close()
	p := newPlan(o, time.Now())
	for first := true; ctx.Err() == nil; {
		now := time.Now()
		for _, lost := range p.expire(now) {
			report(lost)
		}
		next, until := p.next(now)
		if next == nil && until.IsZero() {
			return s.method, nil
		}
		arrivals, err := s.receive(now, until)
		if err != nil {
			return s.method, err
		}
		for _, a := range arrivals {
			if probe, ok := p.answer(a); ok {
				report(probe)
			}
		}
		if next == nil {
			continue
		}
		next.at = time.Now()
		if err := s.send(next.Hop, next.number); err != nil {
			if first {
				return s.method, fmt.Errorf("trace %s: %w", o.Host, err)
			}
			p.unsent(next)
			report(next.Probe)
		}
		first = false
	}
	return s.method, nil
}
