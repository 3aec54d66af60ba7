package prober

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/schedule"
	"vigie/probe/throughput"
)

// Testing is what a prober needs to test what links carry.
type Testing struct {
	Policy schedule.HeavyPolicy
	// Look is the time between two looks at what may be tested.
	Look time.Duration
	// Links returns the links that may be tested, with what is known of each now; unless
	// every one is asked for, without those that the hour closes, of which nothing is told.
	// It is called from several goroutines.
	Links func(ctx context.Context, now time.Time, every bool) ([]Tested, error)
}

// Tested is a link that may be tested.
type Tested struct {
	schedule.Heavy
	Client throughput.Client
	// Down and Up bound the two directions, DownBits and UpBits are contracted.
	Down, Up         throughput.Bounds
	DownBits, UpBits int64
}

// toldAgain is how long after it a reason not to test a link is told again.
const toldAgain = 24 * time.Hour

// warmUp is how long routers are given after a start to tell what links carry.
const warmUp = 15 * time.Minute

// tests runs what the plan has to start.
type tests struct {
	Testing
	heavy   *heavy
	watch   func(ctx context.Context, echo func(rttMicros int32)) error // of canaries
	report  func(probe.Report)
	log     *slog.Logger
	began   time.Time
	mu      sync.Mutex
	last    map[int64]time.Time // figures that the core may not know yet
	tried   map[int64]time.Time
	told    map[int64]refusal
	running sync.WaitGroup
}

// refusal is a reason not to test a link, and when it was told.
type refusal struct {
	reason probe.NotRun
	at     time.Time
}

func newTesting(t Testing, h *heavy, watch func(context.Context, func(int32)) error, report func(probe.Report), log *slog.Logger) *tests {
	return &tests{
		Testing: t, heavy: h, watch: watch, report: report, log: log,
		last: map[int64]time.Time{}, tried: map[int64]time.Time{}, told: map[int64]refusal{},
	}
}

// run starts tests until ctx ends, and returns when none is under way any more.
func (t *tests) run(ctx context.Context) {
	defer t.running.Wait()
	t.began = time.Now()
	var complained time.Time
	for pause(ctx, t.Look); ctx.Err() == nil; pause(ctx, t.Look) {
		links, choices, err := t.plan(ctx, time.Now(), false)
		if now := time.Now(); err != nil && ctx.Err() == nil && now.Sub(complained) >= complainEvery {
			complained = now
			t.log.Error("what links may be tested is not known", "error", err)
		}
		for _, c := range choices {
			t.act(ctx, links[c.Link], c)
		}
	}
}

// plan says of each link whether a test of it starts now, see Testing.Links.
func (t *tests) plan(ctx context.Context, now time.Time, every bool) (map[int64]Tested, []schedule.HeavyChoice, error) {
	all, err := t.Links(ctx, now, every)
	if err != nil {
		return nil, nil, err
	}
	links := make(map[int64]Tested, len(all))
	heavies := make([]schedule.Heavy, len(all))
	t.mu.Lock()
	for i, l := range all {
		if last := t.last[l.Link]; last.After(l.Last) {
			l.Last, l.Contested = last, false
		}
		if tried := t.tried[l.Link]; tried.After(l.Tried) {
			l.Tried = tried
		}
		links[l.Link], heavies[i] = l, l.Heavy
	}
	t.mu.Unlock()
	return links, schedule.PlanHeavy(now, heavies, t.heavy.occupied(), t.Policy), nil
}

// act starts the test of a link, or tells why there is none where that is worth telling:
// the hour and the tests beside it are the plan's own affair, and an outage has a place
// of its own.
func (t *tests) act(ctx context.Context, l Tested, c schedule.HeavyChoice) {
	switch c.Reason {
	case "":
		ctx, stop := context.WithCancelCause(ctx)
		release, free := t.heavy.take(schedule.Occupied{Link: l.Link, Sites: l.Sites, POP: l.POP}, func() {
			stop(&throughput.Failure{Reason: probe.LinkNotUp, Detail: "it fell silent during the test"})
		})
		if !free {
			stop(nil)
			return
		}
		t.running.Go(func() {
			defer stop(nil)
			defer release()
			if result, told := t.test(ctx, l); told {
				t.tell(l.Link, result)
			}
		})
	case probe.LoadHigh, probe.LoadUnknown, probe.CalendarUnknown:
		now := time.Now()
		if c.Reason == probe.LoadUnknown && now.Sub(t.began) < warmUp {
			return
		}
		t.mu.Lock()
		before := t.told[l.Link]
		again := before.reason != c.Reason || now.Sub(before.at) >= toldAgain
		if again {
			t.told[l.Link] = refusal{c.Reason, now}
		}
		t.mu.Unlock()
		if again {
			t.report(probe.Report{Link: l.Link, At: moment(now), Finding: &probe.Throughput{Began: moment(now), NotRun: c.Reason, LoadPerMille: max(-1, l.LoadPerMille)}})
		}
	}
}

// tell reports a test that is over, and remembers it until the core knows.
func (t *tests) tell(link int64, result probe.Throughput) {
	now := time.Now()
	t.mu.Lock()
	if result.NotRun == "" {
		t.last[link] = now
	} else {
		t.tried[link] = now
	}
	delete(t.told, link)
	t.mu.Unlock()
	t.report(probe.Report{Link: link, At: moment(now), Finding: &result})
}

// moment is an instant as a report holds it.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// test measures both directions of a link, beside canaries. It tells nothing of a test
// that the end of ctx stopped.
func (t *tests) test(ctx context.Context, l Tested) (result probe.Throughput, told bool) {
	began := time.Now()
	result = probe.Throughput{Began: moment(began), Method: l.Client.Method(), Server: l.Client.Server(), LoadPerMille: max(-1, l.LoadPerMille)}
	watched, stop := context.WithCancelCause(ctx)
	canaries := guard{before: make(chan *throughput.Failure, 1), stop: stop}
	var watching sync.WaitGroup
	watching.Go(func() {
		if err := t.watch(watched, canaries.echo); err != nil {
			canaries.give(&throughput.Failure{Reason: probe.CanarySilent, Detail: err.Error()})
		}
	})
	defer watching.Wait()
	defer stop(nil)
	failure := canaries.ready(watched)
	if failure == nil {
		failure = t.fill(watched, l, &result)
	}
	result.Millis = time.Since(began).Milliseconds()
	if failure != nil {
		result.NotRun, result.Detail = failure.Reason, failure.Detail
	}
	return result, result.NotRun != probe.Interrupted
}

// fill measures the two directions, one after the other.
func (t *tests) fill(ctx context.Context, l Tested, result *probe.Throughput) *throughput.Failure {
	end := t.heavy.fill(l.Link, time.Now())
	defer func() { end(time.Now()) }()
	for _, way := range []struct {
		direction throughput.Direction
		bounds    throughput.Bounds
		contract  int64
		into      **probe.Flow
	}{{throughput.Forward, l.Down, l.DownBits, &result.Down}, {throughput.Reverse, l.Up, l.UpBits, &result.Up}} {
		flow, err := l.Client.Flow(ctx, way.direction, way.bounds, nil)
		var failure *throughput.Failure
		switch {
		case errors.As(err, &failure):
			return failure
		case err != nil:
			return &throughput.Failure{Reason: probe.BadAnswer, Detail: err.Error()}
		}
		flow.ContractBits = way.contract
		*way.into = &flow
	}
	if result.HostBusy() {
		return &throughput.Failure{Reason: probe.HostBusy}
	}
	return nil
}

// echoesBefore is how many echoes of canaries are compared with.
const echoesBefore = 10

// guard gathers echoes before a test, and stops it when those beside it suffer.
type guard struct {
	canary throughput.Canary
	seen   int
	begun  bool
	before chan *throughput.Failure // one token: whether the test may begin
	stop   context.CancelCauseFunc
}

// echo takes the echoes in their order.
func (g *guard) echo(rttMicros int32) {
	if g.seen++; g.seen <= echoesBefore {
		g.canary.Before(rttMicros)
		if g.seen == echoesBefore {
			g.give(g.canary.Ready())
		}
		return
	}
	if f := g.canary.Beside(rttMicros); f != nil {
		g.stop(f)
	}
}

// give says whether the test may begin; one that has begun already is stopped.
func (g *guard) give(f *throughput.Failure) {
	if g.begun {
		g.stop(f)
		return
	}
	g.begun = true
	g.before <- f
}

// ready waits until the test may begin, or returns why not.
func (g *guard) ready(ctx context.Context) *throughput.Failure {
	select {
	case f := <-g.before:
		return f
	case <-ctx.Done():
		var why *throughput.Failure
		if errors.As(context.Cause(ctx), &why) {
			return why
		}
		return &throughput.Failure{Reason: probe.Interrupted}
	}
}
