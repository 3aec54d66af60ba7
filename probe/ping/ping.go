package ping

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
)

// Options says whom to measure, and how.
type Options struct {
	Hosts    []netip.Addr
	Count    int           // echoes to each host; 0 = until the context ends
	Interval time.Duration // between two echoes to a host, at least MinInterval
	Timeout  time.Duration // how long an answer counts, at most 1 minute
	// Open places the socket of the engine, see icmp.Options; nil for where the program
	// runs.
	Open func(create func() error) error
	// Rejected, when set, hears of each reply that was refused, and of which host it
	// seems to come: its place in Hosts, or Elsewhere. It is not called while an echo is
	// reported. Hosts that are measured one by one tell of none, see Echo.OneByOne.
	Rejected func(host int, why icmp.Rejection)
}

// Elsewhere stands for an address that is none of the hosts.
const Elsewhere = -1

// Limits of the options. The interval spares networks that are not ours.
const (
	MaxHosts    = 256
	MinInterval = 200 * time.Millisecond
	maxTimeout  = time.Minute
)

// Validate names the first option that cannot work.
func (o Options) Validate() error {
	switch {
	case len(o.Hosts) < 1 || len(o.Hosts) > MaxHosts:
		return fmt.Errorf("hosts: %d, expected 1 to %d", len(o.Hosts), MaxHosts)
	case o.Count < 0:
		return fmt.Errorf("count: %d, expected 0 or more", o.Count)
	case o.Interval < MinInterval:
		return fmt.Errorf("interval: %s, expected at least %s", o.Interval, MinInterval)
	case o.Timeout <= 0 || o.Timeout > maxTimeout:
		return fmt.Errorf("timeout: %s, expected more than 0 and at most %s", o.Timeout, maxTimeout)
	}
	return nil
}

// Echo is one echo whose outcome is known.
type Echo struct {
	Host int // place in Options.Hosts
	Seq  int // from 0; the echoes of a host may end in another order
	// RTTMicros is the round trip (RFC 2681) in microseconds, or probe.Lost.
	RTTMicros int32
	// Unsent says that the echo did not leave, or that its outcome cannot be known:
	// it counts neither as sent nor as lost.
	Unsent bool
	// Refusal is what this machine said latest when it did not send, as a sentence for a
	// person; empty where the echo left or nothing was said.
	Refusal string
	// Duplicates counts further replies that came within the timeout (RFC 5560).
	Duplicates int
	// OneByOne says that the echo was measured without the batched engine: whether a
	// reply to it came twice, late, forged or malformed is not seen.
	OneByOne bool
}

// Rejects counts the replies of a host that were refused: they answer no echo.
type Rejects struct {
	Late      int `json:"late"`      // after the timeout
	Forged    int `json:"forged"`    // without our mark for the address they come from
	Malformed int `json:"malformed"` // of another form than ours
}

// Count adds one. What came twice is told of its echo, and not counted here.
func (r *Rejects) Count(why icmp.Rejection) {
	switch why {
	case icmp.Late:
		r.Late++
	case icmp.Forged:
		r.Forged++
	case icmp.Malformed:
		r.Malformed++
	}
}

// Add adds those of another host.
func (r *Rejects) Add(other Rejects) {
	r.Late, r.Forged, r.Malformed = r.Late+other.Late, r.Forged+other.Forged, r.Malformed+other.Malformed
}

// Run measures until every host had its echoes or the context ends, and reports each
// echo, one at a time. Echoes under way at the end of the context are not reported.
// The end of the context is no error; a machine that allows no echoes is one, which
// names what to grant.
func Run(ctx context.Context, o Options, report func(Echo)) error {
	if err := o.Validate(); err != nil {
		return err
	}
	m := newMeasuring(o, report)
	var batched, single []int
	for i, host := range o.Hosts {
		if host.Zone() == "" {
			batched = append(batched, i)
		} else {
			single = append(single, i)
		}
	}
	var engine *icmp.Engine
	if len(batched) > 0 {
		var err error
		engine, err = icmp.New(icmp.Options{Echoes: 1, Gap: o.Interval, Timeout: o.Timeout, Open: o.Open, Rejected: m.rejected})
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			batched, single = nil, append(batched, single...)
		case err != nil:
			return err
		}
	}
	return m.run(ctx, engine, batched, single)
}

// settle is how long the kernel is given to begin with its stamps.
const settle = 50 * time.Millisecond

// measuring is one call of Run.
type measuring struct {
	Options
	start  time.Time
	one    *sync.Mutex // held while the caller is told something
	report func(Echo)
}

func newMeasuring(o Options, report func(Echo)) measuring {
	one := new(sync.Mutex)
	return measuring{Options: o, start: time.Now().Add(settle), one: one, report: func(e Echo) {
		one.Lock()
		defer one.Unlock()
		report(e)
	}}
}

// rejected tells of a reply that the engine refused.
func (m measuring) rejected(from netip.Addr, why icmp.Rejection) {
	if m.Rejected == nil {
		return
	}
	m.one.Lock()
	defer m.one.Unlock()
	m.Rejected(slices.Index(m.Hosts, from), why) // which is Elsewhere for none
}

// run measures some hosts with the engine, the others one by one; the first error
// ends all of them.
func (m measuring) run(ctx context.Context, engine *icmp.Engine, batched, single []int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	failed := make(chan error, 1+len(single))
	do := func(f func(context.Context) error) {
		running.Go(func() {
			if err := f(ctx); err != nil {
				failed <- err
				cancel(err)
			}
		})
	}
	if len(batched) > 0 {
		do(func(ctx context.Context) error { return m.batch(ctx, engine, batched) })
	}
	for _, host := range single {
		do(func(ctx context.Context) error { return m.single(ctx, host) })
	}
	running.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// due is when an echo to a host is planned: the hosts share the interval out.
func (m measuring) due(host, seq int) time.Time {
	offset := m.Interval * time.Duration(host) / time.Duration(len(m.Hosts))
	return m.start.Add(m.Interval*time.Duration(seq) + offset)
}

// batch measures hosts with the engine.
func (m measuring) batch(ctx context.Context, engine *icmp.Engine, hosts []int) (err error) {
	defer func() { err = errors.Join(err, engine.Close()) }()
	added, underWay := 0, 0
	for ctx.Err() == nil {
		more := m.Count == 0 || added < m.Count
		if !more && underWay == 0 {
			return nil
		}
		until := time.Now().Add(m.Timeout)
		if more {
			// An interval's echoes are added when it begins.
			if until = m.due(0, added); !time.Now().Before(until) {
				if err := engine.Add(m.rounds(hosts, added)...); err != nil {
					return err
				}
				added, underWay = added+1, underWay+len(hosts)
				continue
			}
		}
		results, err := engine.Advance(ctx, until)
		if err != nil {
			return err
		}
		for _, r := range results {
			echo := Echo{Host: int(r.Target.ID), Seq: m.seq(r.Round), Unsent: r.Observation.Sent() == 0}
			if !echo.Unsent {
				echo.RTTMicros, echo.Duplicates = r.Observation.RTTMicros[0], r.Observation.Duplicates
			} else if refusal := engine.Counters().Refusal; refusal != nil {
				echo.Refusal = refusal.Error()
			}
			underWay--
			m.report(echo)
		}
	}
	return nil
}

// rounds are an interval's echoes. Their cycle is the beginning of the interval, by
// which each is known again: one that is lost ends after the answer to the next.
func (m measuring) rounds(hosts []int, seq int) []icmp.Round {
	rounds := make([]icmp.Round, len(hosts))
	for i, host := range hosts {
		rounds[i] = icmp.Round{
			Target: probe.Target{ID: int64(host), Kind: probe.Link, Addr: m.Hosts[host]}, Cycle: m.due(0, seq), Start: m.due(host, seq),
		}
	}
	return rounds
}

// seq is the number of the echo of a round.
func (m measuring) seq(r icmp.Round) int { return int(r.Cycle.Sub(m.start) / m.Interval) }
