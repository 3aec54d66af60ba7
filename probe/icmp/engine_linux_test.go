package icmp_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	probing "github.com/prometheus-community/pro-bing"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"vigie/probe"
	"vigie/probe/icmp"
)

// TestMain keeps one engine open throughout, and begins when the kernel stamps
// replies: it needs a moment for that after the first socket that asks.
func TestMain(m *testing.M) {
	stamps, err := icmp.New(quick)
	if err == nil {
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			if stamps.Add(icmp.Round{Target: targets(1)[0], Start: time.Now()}) != nil {
				break
			}
			results, err := stamps.Advance(context.Background(), deadline)
			if err != nil || len(results) == 1 && results[0].Void == 0 {
				break
			}
		}
	}
	goleak.VerifyTestMain(m)
}

// quick is a short round, so that a test lasts about a second; its gap forgives the
// pauses of a busy machine.
var quick = icmp.Options{Echoes: 2, Gap: 500 * time.Millisecond, Timeout: 500 * time.Millisecond}

// newEngine opens an engine on the host's own loopback, or skips the test.
func newEngine(t *testing.T, o icmp.Options) *icmp.Engine {
	t.Helper()
	e, err := icmp.New(o)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// inside is quick with its socket in the namespace.
func inside(n *namespace) icmp.Options {
	o := quick
	o.Open = n.run
	return o
}

// targets returns count addresses from 127.67.0.1 on.
func targets(count int) []probe.Target {
	list := make([]probe.Target, count)
	addr := netip.MustParseAddr("127.67.0.1")
	for i := range list {
		list[i] = probe.Target{ID: int64(i + 1), Kind: probe.Link, Addr: addr}
		addr = addr.Next()
	}
	return list
}

// begin adds one round of each target, the first due at once.
func begin(t *testing.T, e *icmp.Engine, list []probe.Target, apart time.Duration) {
	t.Helper()
	start := time.Now()
	for i, target := range list {
		if err := e.Add(icmp.Round{Target: target, Start: start.Add(time.Duration(i) * apart)}); err != nil {
			t.Fatal(err)
		}
	}
}

// leave has the echoes that are due leave, which they do at a whole tick of 10 ms.
func leave(t *testing.T, e *icmp.Engine) {
	t.Helper()
	due := e.Counters().Sent
	for deadline := time.Now().Add(20 * time.Second); e.Counters().Sent == due; {
		if _, err := e.Advance(t.Context(), time.Now().Add(5*time.Millisecond)); err != nil || time.Now().After(deadline) {
			t.Fatalf("nothing leaves: %v", err)
		}
	}
}

// advance returns what finishes until the given time, to keep.
func advance(t *testing.T, e *icmp.Engine, until time.Time) []icmp.Result {
	t.Helper()
	results, err := e.Advance(t.Context(), until)
	if err != nil {
		t.Fatal(err)
	}
	for i := range results {
		o := &results[i].Observation
		o.RTTMicros = slices.Clone(o.RTTMicros)
	}
	return slices.Clone(results)
}

// finish advances until count rounds are done.
func finish(t *testing.T, e *icmp.Engine, count int) []icmp.Result {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	var all []icmp.Result
	for len(all) < count {
		all = append(all, advance(t, e, deadline)...)
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d rounds finished", len(all), count)
		}
	}
	return all
}

func measure(t *testing.T, e *icmp.Engine, list ...probe.Target) []icmp.Result {
	t.Helper()
	begin(t, e, list, 0)
	return finish(t, e, len(list))
}

// tally is what a test looks at when the times themselves do not matter.
type tally struct{ Sent, Received, Unsent, Void int }

func count(results []icmp.Result) tally {
	var sum tally
	for _, r := range results {
		sum.Sent += r.Observation.Sent()
		sum.Received += r.Observation.Received()
		sum.Unsent += r.Unsent
		sum.Void += r.Void
	}
	return sum
}

func wantTally(t *testing.T, results []icmp.Result, want tally) {
	t.Helper()
	if diff := cmp.Diff(want, count(results)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// wantPlausible holds every round trip over a loopback between 0 and limit.
func wantPlausible(t *testing.T, results []icmp.Result, limit time.Duration) {
	t.Helper()
	for _, r := range results {
		for _, micros := range r.Observation.RTTMicros {
			if micros < 0 || time.Duration(micros)*time.Microsecond > limit {
				t.Errorf("target %d: %d us, want 0 to %s", r.Target.ID, micros, limit)
			}
		}
	}
}

func TestManyTargetsAnswerThroughOneSocket(t *testing.T) {
	t.Parallel()
	e := newEngine(t, quick)
	before := time.Now()
	begin(t, e, targets(500), 500*time.Microsecond)
	results := finish(t, e, 500)
	wantTally(t, results, tally{Sent: 1000, Received: 1000})
	wantPlausible(t, results, 100*time.Millisecond)
	if got := e.Counters(); got.Sent != 1000 || got.Rejected() != 0 || got.Dropped != 0 || got.Unstamped != 0 || got.Refusal != nil {
		t.Errorf("got %+v, want 1000 sent and nothing else", got)
	}
	for _, r := range results {
		if at := r.Observation.At; at.Before(before.Add(-time.Millisecond)) || at.After(time.Now()) || at.Location() != time.UTC {
			t.Errorf("target %d is dated %s, sent after %s", r.Target.ID, at, before)
		}
	}
}

// Two engines ask the same targets, so that each must leave alone what is the other's.
func TestBothFamiliesAreMeasuredTogether(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	list := append(targets(100), n.inet6(t, 100)...)
	e, other := newEngine(t, inside(n)), newEngine(t, inside(n))
	measure(t, e, list...) // the kernel has begun to stamp
	measure(t, other, list...)
	before := [2]icmp.Counters{e.Counters(), other.Counters()}
	begin(t, e, list, time.Millisecond)
	begin(t, other, list, time.Millisecond)
	var results [2][]icmp.Result
	for len(results[0]) < len(list) || len(results[1]) < len(list) {
		results[0] = append(results[0], advance(t, e, time.Now().Add(5*time.Millisecond))...)
		results[1] = append(results[1], advance(t, other, time.Now().Add(5*time.Millisecond))...)
	}
	for i, one := range []*icmp.Engine{e, other} {
		got := count(results[i])
		if got.Received != got.Sent || got.Sent+got.Unsent+got.Void != 400 || got.Sent < 200 {
			t.Errorf("got %+v, want 400 sent and answered, few left out", got)
		}
		wantPlausible(t, results[i], 100*time.Millisecond)
		if now := one.Counters(); now.Rejected() != before[i].Rejected() || now.Refused != before[i].Refused {
			t.Errorf("got %+v, want nothing rejected nor refused since %+v", now, before[i])
		}
	}
}

func TestAHostWithoutRouteForIPv6IsNoLoss(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	list := n.inet6(t, 1)
	e := newEngine(t, inside(n))
	nowhere := probe.Target{ID: 9, Kind: probe.Canary, Addr: netip.MustParseAddr("2001:db8:f::1")}
	wantTally(t, measure(t, e, nowhere), tally{Unsent: 2})
	if got := e.Counters(); got.Refused == 0 || got.Sent != 0 || !errors.Is(got.Refusal, unix.ENETUNREACH) {
		t.Errorf("got %+v, want none sent, refused with %v", got, unix.ENETUNREACH)
	}
	wantTally(t, measure(t, e, list...), tally{Sent: 2, Received: 2})
}

func TestASilentTargetLosesEveryEcho(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	list := append(targets(3), n.inet6(t, 2)...)
	n.silence(t)
	e := newEngine(t, inside(n))
	wantTally(t, measure(t, e, list...), tally{Sent: 10})
}

// The delay between sending and looking is ours, not the line's: the stamps are
// the kernel's. Half the timeout passes here without a look at the socket.
func TestALateLookDoesNotLengthenTheRoundTrip(t *testing.T) {
	t.Parallel()
	e := newEngine(t, icmp.Options{Echoes: 1, Gap: 500 * time.Millisecond, Timeout: 300 * time.Millisecond})
	begin(t, e, targets(40), 0)
	leave(t, e)
	<-time.After(150 * time.Millisecond)
	results := finish(t, e, 40)
	wantTally(t, results, tally{Sent: 40, Received: 40})
	wantPlausible(t, results, 100*time.Millisecond)
}

func TestAPauseOfTheProgramIsNoLoss(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	n.silence(t)
	o := inside(n)
	o.Echoes, o.Gap = 5, 20*time.Millisecond
	e := newEngine(t, o)
	begin(t, e, targets(1), 0)
	<-time.After(50 * time.Millisecond) // the first two echoes are due 0 and 20 ms after the start
	results := finish(t, e, 1)
	got := count(results)
	if got.Unsent < 2 || got.Sent+got.Unsent != 5 || got.Void != 0 {
		t.Errorf("got %+v, want at least 2 of 5 unsent and the rest sent", got)
	}
	if results[0].WorstLag < 50*time.Millisecond {
		t.Errorf("got a worst lag of %s, want 50ms or more", results[0].WorstLag)
	}
}

func TestAHostWithoutRouteIsNoLoss(t *testing.T) {
	t.Parallel()
	e := newEngine(t, inside(newNamespace(t)))
	nowhere := probe.Target{ID: 9, Kind: probe.Canary, Addr: netip.MustParseAddr("192.0.2.1")}
	wantTally(t, measure(t, e, nowhere), tally{Unsent: 2})
	got := e.Counters()
	if got.Refused == 0 || got.Sent != 0 || !errors.Is(got.Refusal, unix.ENETUNREACH) {
		t.Errorf("got %+v, want none sent, refused with %v", got, unix.ENETUNREACH)
	}
	wantTally(t, measure(t, e, targets(1)...), tally{Sent: 2, Received: 2})
}

func TestAddRefusesARoundThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	e := newEngine(t, quick)
	for text, addr := range map[string]netip.Addr{
		"invalid IP":       {},
		"::ffff:127.0.0.1": netip.MustParseAddr("::ffff:127.0.0.1"),
		"fe80::1%lo":       netip.MustParseAddr("fe80::1%lo"),
	} {
		err := e.Add(icmp.Round{Target: targets(1)[0]}, icmp.Round{Target: probe.Target{ID: 3, Kind: probe.Link, Addr: addr}})
		if want := "icmp: link 3: address " + text + ", expected IPv4 or IPv6 without a zone"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for want, r := range map[string]icmp.Round{
		"icmp: link 1: a round of 3 echoes 0s apart, expected at most 2, at least 20ms":   {Echoes: 3},
		"icmp: link 1: a round of -1 echoes 0s apart, expected at most 2, at least 20ms":  {Echoes: -1},
		"icmp: link 1: a round of 0 echoes 19ms apart, expected at most 2, at least 20ms": {Gap: 19 * time.Millisecond},
	} {
		r.Target = targets(1)[0]
		if err := e.Add(r); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if results, err := e.Advance(t.Context(), time.Now().Add(50*time.Millisecond)); err != nil || len(results) != 0 {
		t.Errorf("got %d results, %v; want nothing added", len(results), err)
	}
}

func TestAdvanceStopsWithItsContext(t *testing.T) {
	t.Parallel()
	e := newEngine(t, quick)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	before := time.Now()
	if _, err := e.Advance(ctx, before.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if took := time.Since(before); took > 10*time.Second {
		t.Errorf("returned after %s", took)
	}
	// The end of the former context wakes nobody who waits under another one.
	before = time.Now()
	const wait = 300 * time.Millisecond
	if _, err := e.Advance(t.Context(), before.Add(wait)); err != nil || time.Since(before) < wait {
		t.Errorf("returned after %s, %v; want %s", time.Since(before), err, wait)
	}
	later, end := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, end)
	if _, err := e.Advance(later, before.Add(time.Hour)); err != nil || time.Since(before) > 10*time.Second {
		t.Errorf("returned after %s, %v", time.Since(before), err)
	}
}

func TestOptionsOutsideTheirRangeAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]icmp.Options{
		"icmp: echoes: 0, expected 1 to 255":                                   {Gap: time.Second, Timeout: time.Second},
		"icmp: echoes: 256, expected 1 to 255":                                 {Echoes: 256, Gap: time.Second, Timeout: time.Second},
		"icmp: gap: 19ms, expected at least 20ms":                              {Echoes: 1, Gap: 19 * time.Millisecond, Timeout: time.Second},
		"icmp: timeout: 0s, expected more than 0 and at most 1m0s":             {Echoes: 1, Gap: time.Second},
		"icmp: timeout: 1m0.000000001s, expected more than 0 and at most 1m0s": {Echoes: 1, Gap: time.Second, Timeout: time.Minute + 1},
	}
	for want, options := range tests {
		if _, err := icmp.New(options); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The second opinion: the same targets by another program's library. A loss on
// one side only, or medians far apart, would be an error of one of the two.
func TestProBingSeesTheSame(t *testing.T) {
	t.Parallel()
	for _, silent := range []bool{false, true} {
		t.Run(fmt.Sprintf("silent targets: %t", silent), func(t *testing.T) {
			t.Parallel()
			n := newNamespace(t)
			list := targets(3)
			if silent {
				n.silence(t)
				list = list[:1]
			}
			o := inside(n)
			o.Echoes = 3
			e := newEngine(t, o)
			for _, target := range list {
				ours := undisturbed(t, e, target)
				theirs := proBing(t, n, o, target.Addr)
				if ours.Sent() != theirs.PacketsSent || ours.Received() != theirs.PacketsRecv {
					t.Fatalf("%s: we sent %d and received %d, pro-bing %d and %d", target.Addr,
						ours.Sent(), ours.Received(), theirs.PacketsSent, theirs.PacketsRecv)
				}
				if silent {
					continue
				}
				slices.Sort(ours.RTTMicros)
				slices.Sort(theirs.Rtts)
				apart := time.Duration(ours.RTTMicros[1])*time.Microsecond - theirs.Rtts[1]
				if apart.Abs() > 100*time.Millisecond { // pro-bing's own stamps are coarse on a busy machine
					t.Errorf("%s: medians %d us and %s", target.Addr, ours.RTTMicros[1], theirs.Rtts[1])
				}
			}
		})
	}
}

// undisturbed measures until the engine itself says that nothing held it up.
func undisturbed(t *testing.T, e *icmp.Engine, target probe.Target) probe.Observation {
	t.Helper()
	for range 20 {
		if r := measure(t, e, target)[0]; r.Unsent+r.Void == 0 {
			return r.Observation
		}
	}
	t.Fatal("the machine is too busy to measure")
	return probe.Observation{}
}

// proBing pings addr in the namespace.
func proBing(t *testing.T, n *namespace, o icmp.Options, addr netip.Addr) *probing.Statistics {
	t.Helper()
	p, err := probing.NewPinger(addr.String())
	if err != nil {
		t.Fatal(err)
	}
	p.Count, p.Interval, p.Timeout = o.Echoes, o.Gap, 4*time.Second
	p.SetPrivileged(true)
	if err := n.run(p.Run); err != nil {
		t.Fatal(err)
	}
	return p.Statistics()
}

func ExampleEngine() {
	engine, err := icmp.New(icmp.Options{Echoes: 5, Gap: 100 * time.Millisecond, Timeout: time.Second})
	if err != nil {
		fmt.Println(err) // names the right that is missing
		return
	}
	defer engine.Close()
	target := probe.Target{ID: 1, Kind: probe.Link, Addr: netip.MustParseAddr("127.0.0.1")}
	now := time.Now()
	if err := engine.Add(icmp.Round{Target: target, Start: now}); err != nil {
		fmt.Println(err)
		return
	}
	results, err := engine.Advance(context.Background(), now.Add(5*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		fmt.Printf("%s: %d of %d answered\n", r.Target.Addr, r.Observation.Received(), r.Observation.Sent())
	}
}
