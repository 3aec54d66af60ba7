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
		return &probe.Trace{Cause: cause, Begun: time.Now(), Method: string(method), To: to, Reached: reached}, err
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
				traces.suspect(link+1, time.Now())
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

func TestALinkThatComesAndGoesIsNotTracedEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traces := newTraced(false, nil)
		traces.runFor(25*time.Minute, func() {
			for range 24 { // it comes and goes
				traces.suspect(1, time.Now())
				time.Sleep(time.Minute)
			}
		})
		if n := len(traces.reports); n != 2*3 {
			t.Errorf("%d traces in 24 minutes, want a pair each %s", n, traceRest)
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
