package prober

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/path"
	"vigie/probe/schedule"
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

// Tracer finds the way to an address by a method.
type Tracer func(ctx context.Context, to netip.Addr, method path.Method, cause probe.TraceCause) (*probe.Trace, error)

// tracing finds the ways to links at the start of what may be an outage.
type tracing struct {
	trace Tracer
	addr  func(link int64) (netip.Addr, bool)
	whole func(link int64) bool // of the last round of a link, while our uplink is there
	blind func() bool           // our uplink is lost
	heavy *heavy
	done  func(probe.Report)
	fails func(link int64, err error)

	waiting chan int64
	mu      sync.Mutex
	traced  map[suspicion]time.Time
	under   map[*underWay]bool
}

// suspicion is what a trace is made for.
type suspicion struct {
	link  int64
	total bool // nothing was answered; else a part
}

// underWay is a trace under way, or about to be.
type underWay struct {
	link int64
	stop func()
}

func newTracing() *tracing {
	return &tracing{waiting: make(chan int64, tracesWaiting), traced: map[suspicion]time.Time{}, under: map[*underWay]bool{}}
}

// suspect asks for a trace of a link that began to fail: in total, or in part. It returns
// at once; where too many wait already there is none. A link that loses a part first and
// all of it soon after is traced for both.
func (t *tracing) suspect(link int64, at time.Time, total bool) {
	if t.trace == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for of, last := range t.traced {
		if at.Sub(last) >= traceRest {
			delete(t.traced, of)
		}
	}
	_, whole := t.traced[suspicion{link, true}]
	_, part := t.traced[suspicion{link, false}]
	if whole || part && !total {
		return
	}
	select {
	case t.waiting <- link:
		t.traced[suspicion{link, total}] = at
	default:
	}
}

// forget ends the traces that wait or are under way: our own uplink is lost, and has been
// since that time at the earliest. Their links, and those traced since, may be traced at
// once when they fail again.
func (t *tracing) forget(since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for of, at := range t.traced {
		if at.After(since) {
			delete(t.traced, of)
		}
	}
	for len(t.waiting) > 0 {
		select {
		case link := <-t.waiting:
			t.spare(link)
		default:
		}
	}
	for one := range t.under {
		one.stop()
		t.spare(one.link)
	}
}

// spare has a link as one that was never traced.
func (t *tracing) spare(link int64) {
	delete(t.traced, suspicion{link, true})
	delete(t.traced, suspicion{link, false})
}

// begin notes a trace under way, which ends soon after it is forgotten.
func (t *tracing) begin(ctx context.Context, link int64) (_ context.Context, end func()) {
	ctx, stop := context.WithCancel(ctx)
	one := &underWay{link, stop}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.under[one] = true
	return ctx, func() {
		stop()
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.under, one)
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
					t.one(ctx, link)
				}
			}
		})
	}
}

// one traces a link that fails, by echoes and then by datagrams: a
// firewall on the way may stop the ones and pass the others, and only what neither
// passes is where the way ends. It goes before any other heavy probe of the link.
func (t *tracing) one(ctx context.Context, link int64) {
	ctx, end := t.begin(ctx, link)
	defer end()
	if t.blind() { // since it was taken from those that wait
		return
	}
	release, free := t.seize(ctx, link)
	if !free {
		return
	}
	defer release()
	if t.report(ctx, link, path.Any, probe.TraceSuspect) != path.ICMP {
		return // no echoes were allowed, or nothing is
	}
	// The routers that answered the last probe of one answer the first of the next.
	if pause(ctx, path.MinInterval); ctx.Err() == nil {
		t.report(ctx, link, path.UDP, probe.TraceSuspect)
	}
}

// seize takes a link from other heavy probes, which end within a moment of being told to.
func (t *tracing) seize(ctx context.Context, link int64) (release func(), ok bool) {
	within, cancel := context.WithTimeout(ctx, traceTime)
	defer cancel()
	release, ok = t.heavy.seize(within, schedule.Occupied{Link: link})
	if !ok && ctx.Err() == nil {
		t.fails(link, errOccupied)
	}
	return release, ok
}

// errOccupied is that of a link that was not given up in time.
var errOccupied = fmt.Errorf("another heavy probe has had it for %s", traceTime)

// reference traces a link while all is well, once no other heavy probe is on it, and ends
// when evidence needs the link.
func (t *tracing) reference(ctx context.Context, link int64) {
	if !t.whole(link) {
		return
	}
	ctx, end := t.begin(ctx, link)
	defer end()
	release, free := t.heavy.await(ctx, schedule.Occupied{Link: link}, end)
	if !free {
		return
	}
	defer release()
	t.report(ctx, link, path.Any, probe.TraceReference)
}

// report traces one link, reports the way, and gives the method that was used, none
// without a trace. A reference is kept only where nothing was lost: neither by the link
// itself, in the trace, nor in the last round.
func (t *tracing) report(ctx context.Context, link int64, method path.Method, cause probe.TraceCause) path.Method {
	to, ok := t.addr(link)
	if !ok {
		return path.Any
	}
	within, cancel := context.WithTimeout(ctx, traceTime)
	defer cancel()
	found, err := t.trace(within, to, method, cause)
	switch {
	case ctx.Err() != nil:
		return path.Any
	case err != nil:
		t.fails(link, err)
		return path.Any
	case cause == probe.TraceSuspect || found.Whole() && t.whole(link):
		t.done(probe.Report{Link: link, At: moment(time.Now()), Finding: found})
	}
	return path.Method(found.Method)
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
		if sameList(targets, of) {
			return list
		}
		of, list = targets, nil
		for _, target := range targets {
			if target.Kind == probe.Link {
				list = append(list, errand{id: target.ID, every: p.opts.TraceEvery, do: func(ctx context.Context) {
					p.traces.reference(ctx, target.ID)
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
