package prober

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vigie/probe"
	"vigie/probe/path"
	"vigie/probe/schedule"
)

// traced is a tracing of links 1 to 100 whose traces take some seconds.
type traced struct {
	*tracing
	allows   path.Method // by the machine
	mu       sync.Mutex
	reports  []probe.Report
	methods  []path.Method // asked for
	together int
	most     int
}

func newTraced(reached bool, err error) *traced {
	t := &traced{tracing: newTracing(), allows: path.ICMP}
	t.addr = func(link int64) (netip.Addr, bool) {
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(link)}), link <= 100
	}
	t.fails, t.heavy = func(int64, error) {}, &heavy{}
	t.whole, t.blind = func(int64) bool { return true }, func() bool { return false }
	t.done = func(r probe.Report) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.reports = append(t.reports, r)
	}
	t.trace = func(ctx context.Context, to netip.Addr, method path.Method, cause probe.TraceCause) (*probe.Trace, error) {
		t.mu.Lock()
		t.methods = append(t.methods, method)
		t.together++
		t.most = max(t.most, t.together)
		t.mu.Unlock()
		pause(ctx, 4*time.Second)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.together--
		if method == path.Any {
			method = t.allows
		}
		end := probe.Hop{Number: 1, From: []netip.Addr{to}, Sent: 3, Received: 3}
		return &probe.Trace{Cause: cause, Begun: time.Now(), Method: string(method), To: to, Reached: reached, Hops: []probe.Hop{end}}, err
	}
	return t
}

func (t *traced) runFor(d time.Duration, meanwhile func()) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { t.run(ctx) })
	meanwhile()
	running.Wait()
}

func TestAMassFailureIsSampledAFewTracesAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traces := newTraced(false, nil)
		traces.runFor(time.Minute, func() {
			for link := range int64(60) {
				traces.suspect(link+1, time.Now(), true)
			}
		})
		if traces.most != tracesTogether {
			t.Errorf("%d traces together, want %d", traces.most, tracesTogether)
		}
		links := map[int64]bool{}
		for _, r := range traces.reports {
			links[r.Link] = true
		}
		if n := len(links); n < tracesWaiting || n > tracesWaiting+tracesTogether {
			t.Errorf("%d of 60 links were traced, want a sample of about %d", n, tracesWaiting)
		}
	})
}

func TestALinkIsTracedOnceAnOutageHoweverOftenItComesAndGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traces := newTraced(false, nil)
		traces.runFor(25*time.Minute, func() {
			for range 24 { // it comes and goes
				traces.suspect(1, time.Now(), true)
				time.Sleep(time.Minute)
			}
		})
		if n := len(traces.reports); n != 2*3 {
			t.Errorf("%d traces in 24 minutes, want a pair each %s", n, traceRest)
		}
	})
}

func TestALinkThatLosesAPartAndThenAllIsTracedForBothAndNotTheOtherWayRound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		totals []bool
		want   int // pairs of traces
	}{
		"a part":                   {[]bool{false, false}, 1},
		"a part, then all":         {[]bool{false, true}, 2},
		"all, then a part":         {[]bool{true, false}, 1},
		"a part, all, a part, all": {[]bool{false, true, false, true}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				traces := newTraced(false, nil)
				traces.runFor(9*time.Minute, func() {
					for _, total := range test.totals {
						traces.suspect(1, time.Now(), total)
						time.Sleep(2 * time.Minute)
					}
				})
				if n := len(traces.reports); n != 2*test.want {
					t.Errorf("%d traces, want %d pairs", n, test.want)
				}
			})
		})
	}
}

func TestTracesEndWithOurUplinkAndTheirLinksAreTracedAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lost := false
		traces := newTraced(false, nil)
		traces.blind = func() bool { return lost }
		traces.runFor(2*time.Minute, func() {
			traces.suspect(9, time.Now(), true) // while the uplink is there
			time.Sleep(30 * time.Second)
			heard := time.Now()
			time.Sleep(time.Second)
			for link := range int64(5) { // three begin, two wait
				traces.suspect(link+1, time.Now(), true)
			}
			time.Sleep(time.Second)
			lost = true
			traces.forget(heard)
			time.Sleep(20 * time.Second)
			if n := len(traces.reports); n != 2 || len(traces.methods) != 2+tracesTogether {
				t.Errorf("%d traces told, %d begun; want those of link 9 and three that were dropped", n, len(traces.methods))
			}
			lost = false
			traces.suspect(9, time.Now(), true)
			traces.suspect(1, time.Now(), true)
			traces.suspect(4, time.Now(), true)
		})
		told := map[int64]int{}
		for _, r := range traces.reports {
			told[r.Link]++
		}
		if told[9] != 2 || told[1] != 2 || told[4] != 2 || len(told) != 3 {
			t.Errorf("traces told by link: %v, want a pair of 9 before and of 1 and 4 after the loss of the uplink", told)
		}
		begun := len(traces.methods)
		lost = true
		if traces.one(t.Context(), 7); len(traces.methods) != begun {
			t.Error("a trace that no longer waited began while the uplink was lost")
		}
	})
}

func TestAReferenceIsKeptOnlyOfALinkThatLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			before, after  bool // the last round was whole
			received, want int
		}{
			"all is well":                     {true, true, 3, 1},
			"the last round lost something":   {false, true, 3, 0},
			"a round lost something on it":    {true, false, 3, 0},
			"the trace itself lost an answer": {true, true, 2, 0},
		} {
			traces := newTraced(true, nil)
			whole, find := test.before, traces.trace
			traces.whole = func(int64) bool { return whole }
			traces.trace = func(ctx context.Context, to netip.Addr, method path.Method, cause probe.TraceCause) (*probe.Trace, error) {
				found, err := find(ctx, to, method, cause)
				found.Hops[0].Received = test.received
				whole = test.after
				return found, err
			}
			if traces.reference(t.Context(), 1); len(traces.reports) != test.want {
				t.Errorf("%s: %d references, want %d", name, len(traces.reports), test.want)
			}
		}
	})
}

func TestAReferenceThatReachesNothingAndATraceThatFailsAreNotTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, traces := range map[string]*traced{"not reached": newTraced(false, nil), "failed": newTraced(true, errors.New("no socket"))} {
			traces.reference(t.Context(), 1)
			traces.reference(t.Context(), 101) // no link any more
			if len(traces.reports) > 0 {
				t.Errorf("%s: told %+v", name, traces.reports)
			}
		}
		good := newTraced(true, nil)
		good.reference(t.Context(), 1)
		if len(good.reports) != 1 || good.reports[0].Link != 1 || good.reports[0].Finding.(*probe.Trace).Cause != probe.TraceReference {
			t.Errorf("got %+v, want the way to link 1", good.reports)
		}
	})
}

func TestAnOutageIsTracedByEchoesAndRightAfterByDatagrams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traces := newTraced(false, nil)
		traces.one(t.Context(), 1)
		var methods []string
		for _, r := range traces.reports {
			methods = append(methods, r.Finding.(*probe.Trace).Method)
		}
		if !slices.Equal(methods, []string{"icmp", "udp"}) || !slices.Equal(traces.methods, []path.Method{path.Any, path.UDP}) {
			t.Fatalf("traced by %v, asked for %v", methods, traces.methods)
		}
		// A trace of the test takes four seconds.
		first, second := traces.reports[0].At, traces.reports[1].Finding.(*probe.Trace).Begun.Add(-4*time.Second)
		if between := second.Sub(first); between < path.MinInterval || between > 2*path.MinInterval {
			t.Errorf("the second trace began %s after the first, want soon and not before routers answer again", between)
		}
		without := newTraced(false, nil)
		without.allows = path.UDP
		if without.one(t.Context(), 1); len(without.reports) != 1 {
			t.Errorf("%d traces where no echoes are allowed, want the one by datagrams", len(without.reports))
		}
	})
}

func TestTheTraceOfAnOutageGoesBeforeAReferenceWhichWaitsForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traces := newTraced(true, nil)
		var running sync.WaitGroup
		running.Go(func() { traces.reference(t.Context(), 1) })
		time.Sleep(time.Second)
		traces.one(t.Context(), 1)
		running.Wait()
		if traces.most != 1 {
			t.Errorf("%d traces of one link together", traces.most)
		}
		for _, r := range traces.reports {
			if r.Finding.(*probe.Trace).Cause != probe.TraceSuspect {
				t.Error("the reference that was stopped is told")
			}
		}
		release, _ := traces.heavy.take(schedule.Occupied{Link: 1}, func() { t.Error("a reference stopped another probe") })
		before := len(traces.methods)
		running.Go(func() { traces.reference(t.Context(), 1) })
		time.Sleep(time.Minute)
		if len(traces.methods) != before {
			t.Error("a reference began beside another heavy probe")
		}
		release()
		running.Wait()
		if len(traces.methods) != before+1 {
			t.Errorf("%d references after the link was free, want one", len(traces.methods)-before)
		}
	})
}
