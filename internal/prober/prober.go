package prober

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
	"vigie/probe/schedule"
	"vigie/probe/service"
	"vigie/probe/snmp"
)

const (
	// closingTime bounds how long Stop waits for complete batches to be published.
	closingTime = 2 * time.Second
	// reopenAfter spaces the attempts to open an engine in place of a failed one.
	reopenAfter = time.Second
	// PollsInFlight is the most routers asked together: of those that are away each
	// takes some seconds.
	PollsInFlight = 64
)

// Options says what a prober is and where its batches go.
type Options struct {
	// Name identifies the vantage point; it is the Prober of its batches.
	Name string
	Configuration
	// NextSeq is the number of the first batch, at least 1: one more than the last
	// this prober ever published.
	NextSeq uint64
	// Open places the socket, see icmp.Options; nil for where the program runs.
	Open func(create func() error) error
	// Publish delivers a batch; after an error it is called again with the same
	// one. It may take its time, but returns when its context ends. The prober
	// calls it from one goroutine, in the order of Seq.
	Publish func(context.Context, probe.Batch) error
	// Poll asks a router and returns when it has answered or the context ended; nil
	// where none is asked. It is called from several goroutines.
	Poll func(context.Context, snmp.Router) probe.Poll
	// Walk reads what a router carries and returns when it has answered or the context
	// ended; nil where none is read. It is called from several goroutines.
	Walk func(context.Context, snmp.Router) (probe.Device, error)
	// Ask asks a service and returns when it is known how it answers or the context ended;
	// nil where none is asked. It is called from several goroutines.
	Ask func(context.Context, service.Check) (service.Result, error)
	// Trace finds the way to an address; nil where none is looked for. It is called from
	// several goroutines.
	Trace Tracer
	// Stamp measures to a STAMP reflector; nil where none is asked. It is called from
	// several goroutines.
	Stamp func(context.Context, netip.AddrPort) (*probe.Stamp, error)
	// Profiles say what notifications of routers mean; nil: the standard ones alone.
	Profiles *snmp.Profiles
	// Test says which links are tested for what they carry; nil = none.
	Test *Testing
	Log  *slog.Logger
}

// Prober is one vantage point. Use New, SetTargets, Start, Stop.
type Prober struct {
	opts    Options
	outbox  *Outbox
	polls   *waiting[probe.Poll]
	reports *waiting[probe.Report]
	walks   *agenda
	traces  *tracing
	sight   *sight
	leftOut atomic.Int64 // errands left out and not told yet
	turns   *turns
	time    *timekeeping
	traps   atomic.Pointer[snmp.Traps]
	heavy   heavy
	tests   *tests    // nil without Options.Test
	unasked *failures // reflectors

	mu         sync.Mutex
	targets    []probe.Target
	routers    []snmp.Router
	reflectors []errand
	questions  []errand // services; never changed once it is set
	started    bool
	stop       func() // set by Start
}

// New returns an inert prober without targets. An error names the option.
func New(o Options) (*Prober, error) {
	switch {
	case o.Name == "":
		return nil, errors.New("prober: name: empty, expected the name of the vantage point")
	case o.NextSeq == 0:
		return nil, fmt.Errorf("prober %s: next sequence: 0, expected at least 1", o.Name)
	case o.Publish == nil || o.Log == nil:
		return nil, fmt.Errorf("prober %s: expected a publish function and a log", o.Name)
	}
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("prober %s: %w", o.Name, err)
	}
	p := &Prober{
		traces: newTracing(),
		walks:  &agenda{name: o.Name, every: o.SNMP.Walk, within: o.SNMP.Walk / walksSpread},
		opts:   o, outbox: NewOutbox(OutboxBatches, o.NextSeq),
		polls:   &waiting[probe.Poll]{at: func(p probe.Poll) time.Time { return p.At }},
		reports: &waiting[probe.Report]{at: func(r probe.Report) time.Time { return r.At }},
		turns:   newTurns(), sight: newSight(), time: newTimekeeping(o.Clock, o.Name, o.Log),
	}
	if o.Test != nil {
		p.tests = newTesting(*o.Test, &p.heavy, p.watchCanaries, p.report, o.Log)
	}
	p.traces.trace, p.traces.addr, p.traces.heavy, p.traces.done = o.Trace, p.addressOf, &p.heavy, p.report
	p.traces.whole, p.traces.blind = p.sight.whole, p.sight.blind
	log := o.Log.With("prober", o.Name)
	p.unasked = &failures{message: "a reflector is not asked", log: log}
	untraced := &failures{message: "a link is not traced", log: log}
	p.traces.fails = func(link int64, err error) { untraced.add(link, err, time.Now()) }
	return p, nil
}

// SetTargets replaces the targets from the next cycle on; it may be called at any
// time. Addresses are IPv4 or IPv6, without a zone, and no target may stand twice in
// the list; else the error names the target and the list before remains.
func (p *Prober) SetTargets(targets []probe.Target) error {
	type identity struct {
		kind probe.Kind
		id   int64
	}
	seen := make(map[identity]bool, len(targets))
	for _, t := range targets {
		if !t.Addr.IsValid() || t.Addr.Is4In6() || t.Addr.Zone() != "" {
			return fmt.Errorf("prober %s: %s %d: address %s, expected IPv4 or IPv6 without a zone", p.opts.Name, t.Kind, t.ID, t.Addr)
		}
		if seen[identity{t.Kind, t.ID}] {
			return fmt.Errorf("prober %s: %s %d stands twice among the targets", p.opts.Name, t.Kind, t.ID)
		}
		seen[identity{t.Kind, t.ID}] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = slices.Clone(targets)
	return nil
}

// SetRouters replaces the routers that are asked, from the next interval on; it may
// be called at any time. Each link has one at most, else the error names the link and
// the list before remains.
func (p *Prober) SetRouters(routers []snmp.Router) error {
	seen := make(map[int64]bool, len(routers))
	for _, r := range routers {
		if seen[r.Link] {
			return fmt.Errorf("prober %s: two routers of link %d, expected one", p.opts.Name, r.Link)
		}
		seen[r.Link] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.routers = slices.Clone(routers)
	return nil
}

// SetUrgent replaces the links, by id, whose next rounds matter most: an incident is open
// over them. They come first when a cycle has no room for all targets. It may be called
// at any time.
func (p *Prober) SetUrgent(links []int64) { p.turns.setUrgent(links) }

// asked returns the routers; the list is never changed once it is set.
func (p *Prober) asked() []snmp.Router {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.routers
}

// current returns the targets; the list is never changed once it is set.
func (p *Prober) current() []probe.Target {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.targets
}

// Start opens the engine and returns; measuring begins with the next cycle. The
// error says which right is missing. A prober starts once.
func (p *Prober) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started {
		return fmt.Errorf("prober %s: started before", p.opts.Name)
	}
	engine, err := p.open()
	if err != nil {
		return fmt.Errorf("start prober %s: %w", p.opts.Name, err)
	}
	traps, err := p.listen()
	if err != nil {
		return fmt.Errorf("start prober %s: %w", p.opts.Name, errors.Join(err, engine.Close()))
	}
	p.started = true

	measuring, stopMeasuring := context.WithCancel(context.Background())
	publishing, stopPublishing := context.WithCancel(context.Background())
	measured, closing, published := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(measured)
		p.measure(measuring, engine)
	}()
	var asking sync.WaitGroup
	if p.opts.Poll != nil {
		asking.Go(func() { p.ask(measuring) })
	}
	if p.opts.Walk != nil {
		walks := walking{agenda: p.walks, routers: p.asked, walk: p.opts.Walk, heavy: &p.heavy, done: p.report}
		asking.Go(func() { walks.run(measuring) })
	}
	if traps != nil {
		p.traps.Store(traps)
		asking.Go(func() { p.hear(measuring, traps) })
	}
	if p.opts.Trace != nil {
		asking.Go(func() { p.traces.run(measuring) })
		asking.Go(func() { p.references(measuring) })
	}
	if p.opts.Stamp != nil {
		asking.Go(func() { p.stamping(measuring) })
	}
	if p.opts.Ask != nil {
		asking.Go(func() { p.checking(measuring) })
	}
	asking.Go(func() { p.time.run(measuring) })
	if p.tests != nil {
		asking.Go(func() { p.tests.run(measuring) })
	}
	go func() {
		defer close(published)
		out := publisher{outbox: p.outbox, publish: p.opts.Publish, log: p.opts.Log}
		out.run(publishing, closing)
	}()
	p.stop = sync.OnceFunc(func() {
		stopMeasuring()
		<-measured
		asking.Wait()
		close(closing)
		patience := time.AfterFunc(closingTime, stopPublishing)
		<-published
		patience.Stop()
		stopPublishing()
	})
	return nil
}

// Stop ends measuring, publishes what is complete and returns when nothing runs
// any more. The cycle under way is not published. It may be called twice, or
// without Start.
func (p *Prober) Stop() {
	p.mu.Lock()
	stop := p.stop
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// ask polls the routers until ctx ends, beside the echoes.
func (p *Prober) ask(ctx context.Context) {
	asking := polling{
		name: p.opts.Name, every: p.opts.SNMP.Interval, most: PollsInFlight, routers: p.asked, poll: p.opts.Poll,
		left: func(routers int) { p.leftOut.Add(int64(routers)) },
		done: p.polled,
	}
	asking.run(ctx)
}

// polled keeps a poll for a batch. A router that restarted since the one before, as one
// that notifies does soonest, is walked soon.
func (p *Prober) polled(poll probe.Poll) {
	p.polls.add(poll)
	p.walks.polled(poll, time.Now())
}

func (p *Prober) open() (*icmp.Engine, error) {
	c := p.opts.Configuration
	return icmp.New(icmp.Options{Echoes: c.Echoes, Gap: c.Gap, Timeout: c.Timeout, Open: p.opts.Open})
}

// measure runs one engine after another until ctx ends. A socket that fails is
// ours: what was under way is not there, and measuring goes on with a new one.
func (p *Prober) measure(ctx context.Context, engine *icmp.Engine) {
	var last time.Time
	for engine != nil {
		r := run{
			Configuration: p.opts.Configuration, name: p.opts.Name, engine: engine, last: last,
			targets: p.current, polls: p.polls, reports: p.reports, leftOut: &p.leftOut, report: p.report, traces: p.traces, sight: p.sight, onsets: onsets{}, looks: newLooks(p.opts.Configuration),
			turns: p.turns, clock: p.time.clock, loaded: p.heavy.loaded, deliver: p.deliver, log: p.opts.Log,
		}
		if err := errors.Join(r.measure(ctx), engine.Close()); err != nil {
			p.opts.Log.Error("echo engine failed", "prober", p.opts.Name, "error", err)
		}
		last = r.last
		engine = p.reopen(ctx)
	}
}

// reopen returns a new engine, nil when ctx ends.
func (p *Prober) reopen(ctx context.Context) *icmp.Engine {
	var complained time.Time
	for pause(ctx, reopenAfter); ctx.Err() == nil; pause(ctx, reopenAfter) {
		engine, err := p.open()
		if err == nil {
			return engine
		}
		if now := time.Now(); now.Sub(complained) >= complainEvery {
			complained = now
			p.opts.Log.Error("echo engine not opened, will retry", "prober", p.opts.Name, "error", err)
		}
	}
	return nil
}

// leaveOut counts an errand that found no room.
func (p *Prober) leaveOut() { p.leftOut.Add(1) }

// report keeps what was found out for the batch of the present cycle. A finding that is
// not valid is a fault of ours, and holds up no batch.
func (p *Prober) report(r probe.Report) {
	if _, err := r.Body(); err != nil {
		p.opts.Log.Error("a finding is left out", "prober", p.opts.Name, "error", err)
		return
	}
	p.reports.add(r)
}

// TestPlan says which tests of throughput would start now, and why the others would not.
func (p *Prober) TestPlan(ctx context.Context, now time.Time) ([]schedule.HeavyChoice, error) {
	if p.tests == nil {
		return nil, nil
	}
	_, choices, err := p.tests.plan(ctx, now, true)
	return choices, err
}

func (p *Prober) deliver(b probe.Batch) {
	if gap := p.outbox.Put(b); gap > 0 && gap%OutboxBatches == 1 {
		p.opts.Log.Warn("batches given up for want of room", "prober", b.Prober, "count", gap)
	}
}
