package prober

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"vigie/probe"
)

const (
	// tracesTogether bounds the traces of suspected outages under way: the routers near us
	// are on every way, and answer each of us once a second only (icmp_ratelimit of Linux).
	tracesTogether = 3
	// tracesWaiting bounds those that wait: when a POP fails, some of its links tell where.
	tracesWaiting = 9
	// traceRest is how long a link that was traced is not traced again.
	traceRest = 10 * time.Minute
	// traceTime bounds one trace.
	traceTime = 30 * time.Second
)

// Tracer finds the way to an address.
type Tracer func(ctx context.Context, to netip.Addr, cause probe.TraceCause) (*probe.Trace, error)

// tracing finds the ways to links at the start of what may be an outage.
type tracing struct {
	trace Tracer
	addr  func(link int64) (netip.Addr, bool)
	done  func(probe.Report)
	fails func(link int64, err error)

	waiting chan int64
	mu      sync.Mutex
	traced  map[int64]time.Time
}

func newTracing() *tracing {
	return &tracing{waiting: make(chan int64, tracesWaiting), traced: map[int64]time.Time{}}
}

// suspect asks for a trace of a link of whose round nothing was answered. It returns at
// once; where too many wait already there is none.
func (t *tracing) suspect(link int64, at time.Time, total bool) {
	if !total {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, last := range t.traced {
		if at.Sub(last) >= traceRest {
			delete(t.traced, id)
		}
	}
	if _, lately := t.traced[link]; lately {
		return
	}
	select {
	case t.waiting <- link:
		t.traced[link] = at
	default:
	}
}

// run traces until ctx ends.
func (t *tracing) run(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	for range tracesTogether {
		working.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case link := <-t.waiting:
					t.one(ctx, link, probe.TraceSuspect)
				}
			}
		})
	}
}

// one traces one link and reports the way. A reference that does not reach the link is
// none.
func (t *tracing) one(ctx context.Context, link int64, cause probe.TraceCause) {
	to, ok := t.addr(link)
	if !ok {
		return
	}
	within, cancel := context.WithTimeout(ctx, traceTime)
	defer cancel()
	found, err := t.trace(within, to, cause)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		t.fails(link, err)
	case found.Reached || cause == probe.TraceSuspect:
		t.done(probe.Report{Link: link, At: time.Now().UTC().Truncate(time.Microsecond), Finding: found})
	}
}

// referencesTogether is how many are under way at most: enough for sixty thousand links a
// day, of three rounds each.
const referencesTogether = 4

// references traces each link once in every interval while all is well.
func (p *Prober) references(ctx context.Context) {
	var of []probe.Target // of which list is made
	var list []errand
	work := errands{name: p.opts.Name, most: referencesTogether, left: p.leaveOut, list: func() []errand {
		targets := p.current()
		if len(targets) == len(of) && (len(targets) == 0 || &targets[0] == &of[0]) {
			return list
		}
		of, list = targets, nil
		for _, target := range targets {
			if target.Kind == probe.Link {
				list = append(list, errand{id: target.ID, every: p.opts.TraceEvery, do: func(ctx context.Context) {
					p.traces.one(ctx, target.ID, probe.TraceReference)
				}})
			}
		}
		return list
	}}
	work.run(ctx)
}

// addressOf is that of a link among the targets.
func (p *Prober) addressOf(link int64) (netip.Addr, bool) {
	for _, t := range p.current() {
		if t.Kind == probe.Link && t.ID == link {
			return t.Addr, true
		}
	}
	return netip.Addr{}, false
}
