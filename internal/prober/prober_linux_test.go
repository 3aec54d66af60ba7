package prober_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"vigie/internal/prober"
	"vigie/probe"
	"vigie/probe/icmp"
	"vigie/probe/schedule"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick has two cycles a second.
var quick = prober.Configuration{Cycle: 500 * time.Millisecond, Echoes: 5, Gap: 20 * time.Millisecond, Timeout: 150 * time.Millisecond, Rate: 30_000, TraceEvery: time.Hour, SNMP: prober.SNMPConfiguration{Interval: 5 * time.Second, Walk: time.Hour}}

// core takes batches as the core would.
type core struct {
	mu      sync.Mutex
	refuse  int // so many more are refused
	batches []probe.Batch
}

func (c *core) publish(_ context.Context, b probe.Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse > 0 {
		c.refuse--
		return errors.New("the core is away")
	}
	c.batches = append(c.batches, b)
	return nil
}

// until waits for the first batch that fits, among those not skipped, and
// returns it with its place.
func (c *core) until(t *testing.T, skip int, fits func(probe.Batch) bool) (probe.Batch, int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		c.mu.Lock()
		for i := skip; i < len(c.batches); i++ {
			if b := c.batches[i]; fits(b) {
				c.mu.Unlock()
				return b, i
			}
		}
		c.mu.Unlock()
	}
	t.Fatalf("no such batch among %d: %+v", len(c.batches), c.batches)
	return probe.Batch{}, 0
}

func options(c *core) prober.Options {
	return prober.Options{
		Name: "metz", Configuration: quick, NextSeq: 1, Publish: c.publish,
		Log: slog.New(slog.DiscardHandler),
	}
}

// start starts a prober, or skips the test where the right to send is missing.
func start(t *testing.T, o prober.Options, targets ...probe.Target) *prober.Prober {
	t.Helper()
	p, err := prober.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetTargets(targets); err != nil {
		t.Fatal(err)
	}
	err = p.Start()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func link(id int64) probe.Target {
	return probe.Target{ID: id, Kind: probe.Link, Addr: netip.AddrFrom4([4]byte{127, 67, byte(id >> 8), byte(id)})}
}

func canary(id int64) probe.Target {
	return probe.Target{ID: id, Kind: probe.Canary, Addr: netip.AddrFrom4([4]byte{127, 68, 0, byte(id)})}
}

type target struct {
	Kind probe.Kind
	ID   int64
}

// received counts the echoes answered by target.
func received(b probe.Batch) map[target]int {
	counts := map[target]int{}
	for _, o := range b.Observations {
		counts[target{o.Kind, o.Target}] += o.Received()
	}
	return counts
}

func full(b probe.Batch) bool { return b.Quality.Unsent+b.Quality.Void == 0 && len(b.Observations) > 0 }

func TestEveryCycleDeliversItsWholePart(t *testing.T) {
	t.Parallel()
	c := &core{}
	o := options(c)
	o.NextSeq = 500
	start(t, o, link(1), link(2), link(3), canary(1), canary(2))
	_, first := c.until(t, 0, full)
	b, second := c.until(t, first+1, full)
	want := map[target]int{{probe.Link, 1}: 5, {probe.Link, 2}: 5, {probe.Link, 3}: 5, {probe.Canary, 1}: 5, {probe.Canary, 2}: 5}
	if diff := cmp.Diff(want, received(b)); diff != "" {
		t.Errorf("received -want +got:\n%s", diff)
	}
	if b.Prober != "metz" || b.CycleLength != quick.Cycle || !b.Last || b.Planned != 5 {
		t.Errorf("got %+v", b)
	}
	if want := uint64(500 + second); b.Seq != want {
		t.Errorf("got number %d, want %d", b.Seq, want)
	}
	if !schedule.Start(b.Cycle, quick.Cycle).Equal(b.Cycle) || b.Cycle.Location() != time.UTC {
		t.Errorf("the cycle starts at %s, want a multiple of %s in UTC", b.Cycle, quick.Cycle)
	}
	for _, o := range b.Observations {
		if o.At.Before(b.Cycle) || !o.At.Before(b.Cycle.Add(quick.Cycle)) {
			t.Errorf("%s %d is dated %s, outside the cycle of %s", o.Kind, o.Target, o.At, b.Cycle)
		}
	}
}

func TestACycleIsDeliveredOnceAfterItsEnd(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var cycles []time.Time
	var early, late []time.Duration
	c := &core{}
	o := options(c)
	o.Publish = func(ctx context.Context, b probe.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		cycles = append(cycles, b.Cycle)
		after := time.Since(b.Cycle.Add(b.CycleLength))
		if after < 0 {
			early = append(early, after)
		}
		if after > b.CycleLength/3 {
			late = append(late, after)
		}
		return c.publish(ctx, b)
	}
	p := start(t, o, link(1))
	c.until(t, 6, full)
	p.Stop()
	for i := 1; i < len(cycles); i++ {
		if !cycles[i].After(cycles[i-1]) {
			t.Errorf("the cycle of %s came after that of %s", cycles[i], cycles[i-1])
		}
	}
	if len(early) > 0 {
		t.Errorf("delivered %v after the end of the cycle, want none before it", early)
	}
	if len(late) > 1 { // one may have met a pause of the machine
		t.Errorf("%d of %d delivered more than a third of a cycle after its end: %v", len(late), len(cycles), late)
	}
}

func TestTargetsChangeWithTheNextCycle(t *testing.T) {
	t.Parallel()
	c := &core{}
	p := start(t, options(c), link(1), canary(1))
	_, at := c.until(t, 0, full)
	if err := p.SetTargets([]probe.Target{canary(1), link(7)}); err != nil {
		t.Fatal(err)
	}
	want := map[target]int{{probe.Link, 7}: 5, {probe.Canary, 1}: 5}
	_, at = c.until(t, at+1, func(b probe.Batch) bool { return b.Planned == 2 && cmp.Equal(want, received(b)) })
	if err := p.SetTargets(nil); err != nil {
		t.Fatal(err)
	}
	c.until(t, at+1, func(b probe.Batch) bool { return b.Last && b.Planned == 0 && len(b.Observations) == 0 })
}

func TestABatchRefusedByTheCoreComesAgainAndMeasuringGoesOn(t *testing.T) {
	t.Parallel()
	c := &core{refuse: 5} // 3.1 s of retries: six cycles meanwhile
	p := start(t, options(c), link(1))
	_, at := c.until(t, 5, full)
	p.Stop()
	for i, b := range c.batches[:at+1] {
		if want := uint64(i + 1); b.Seq != want || b.Quality.Gap != 0 {
			t.Errorf("got number %d with a gap of %d, want %d and none", b.Seq, b.Quality.Gap, want)
		}
	}
}

func TestStopDoesNotWaitForACoreThatIsAway(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 1)
	o := options(&core{})
	o.Publish = func(ctx context.Context, _ probe.Batch) error {
		select {
		case called <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return ctx.Err()
	}
	p := start(t, o, link(1))
	<-called
	before := time.Now()
	p.Stop()
	p.Stop()
	if took := time.Since(before); took > 20*time.Second {
		t.Errorf("stopped after %s", took)
	}
	if err := p.Start(); err == nil || err.Error() != "prober metz: started before" {
		t.Errorf("got %v, want a refusal to start again", err)
	}
}

func TestStopWithoutStartReturns(t *testing.T) {
	t.Parallel()
	p, err := prober.New(options(&core{}))
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
}

func TestStartSaysWhyTheEngineDoesNotOpen(t *testing.T) {
	t.Parallel()
	o := options(&core{})
	o.Open = func(func() error) error { return errors.New("no such namespace") }
	p, err := prober.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err == nil || err.Error() != "start prober metz: no such namespace" {
		t.Errorf("got %v", err)
	}
	p.Stop()
}

func TestOptionsAndTargetsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	publish := (&core{}).publish
	log := slog.New(slog.DiscardHandler)
	slow := quick
	slow.Timeout = 200 * time.Millisecond
	long := quick
	long.Echoes = 60
	tests := map[string]prober.Options{
		"prober: name: empty, expected the name of the vantage point":                                                {Configuration: quick, NextSeq: 1, Publish: publish, Log: log},
		"prober metz: next sequence: 0, expected at least 1":                                                         {Name: "metz", Configuration: quick, Publish: publish, Log: log},
		"prober metz: expected a publish function and a log":                                                         {Name: "metz", Configuration: quick, NextSeq: 1},
		"prober metz: timeout: 200ms, expected more than 0 and less than a third of the cycle (166.666666ms)":        {Name: "metz", Configuration: slow, NextSeq: 1, Publish: publish, Log: log},
		"prober metz: cycle: 500ms, expected more than the 1.18s from the first to the last of 60 echoes 20ms apart": {Name: "metz", Configuration: long, NextSeq: 1, Publish: publish, Log: log},
	}
	for want, o := range tests {
		if _, err := prober.New(o); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	p, err := prober.New(options(&core{}))
	if err != nil {
		t.Fatal(err)
	}
	twice := p.SetTargets([]probe.Target{link(1), canary(1), link(1)})
	if want := "prober metz: link 1 stands twice among the targets"; twice == nil || twice.Error() != want {
		t.Errorf("got %v, want %s", twice, want)
	}
	zoned := p.SetTargets([]probe.Target{{ID: 4, Kind: probe.Canary, Addr: netip.MustParseAddr("fe80::1%lo")}})
	if want := "prober metz: canary 4: address fe80::1%lo, expected IPv4 or IPv6 without a zone"; zoned == nil || zoned.Error() != want {
		t.Errorf("got %v, want %s", zoned, want)
	}
}

func TestTheDefaultConfigurationIsValid(t *testing.T) {
	t.Parallel()
	c := prober.DefaultConfiguration()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if _, err := icmp.New(icmp.Options{Echoes: c.Echoes, Gap: c.Gap, Timeout: c.Timeout, Open: func(func() error) error { return os.ErrPermission }}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("the engine refuses it: %v", err)
	}
}

func ExampleProber() {
	p, err := prober.New(prober.Options{
		Name: "metz", Configuration: prober.DefaultConfiguration(), NextSeq: 1, Log: slog.Default(),
		Publish: func(_ context.Context, b probe.Batch) error {
			slog.Info("batch", "cycle", b.Cycle, "observations", len(b.Observations))
			return nil
		},
	})
	if err != nil {
		slog.Error("prober refused", "error", err)
		return
	}
	if err := p.SetTargets([]probe.Target{{ID: 1, Kind: probe.Link, Addr: netip.MustParseAddr("127.0.0.1")}}); err != nil {
		slog.Error("targets refused", "error", err)
		return
	}
	if err := p.Start(); err != nil {
		slog.Error("prober not started", "error", err) // names the right that is missing
		return
	}
	defer p.Stop()
}
