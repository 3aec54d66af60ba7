package prober

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vigie/probe"
)

// traced is a tracing of links 1 to 100 whose traces take some seconds.
type traced struct {
	*tracing
	mu       sync.Mutex
	reports  []probe.Report
	together int
	most     int
}

func newTraced(reached bool, err error) *traced {
	t := &traced{tracing: newTracing()}
	t.addr = func(link int64) (netip.Addr, bool) {
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(link)}), link <= 100
	}
	t.fails = func(int64, error) {}
	t.done = func(r probe.Report) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.reports = append(t.reports, r)
	}
	t.trace = func(ctx context.Context, to netip.Addr, cause probe.TraceCause) (*probe.Trace, error) {
		t.mu.Lock()
		t.together++
		t.most = max(t.most, t.together)
		t.mu.Unlock()
		pause(ctx, 4*time.Second)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.together--
		return &probe.Trace{Cause: cause, Begun: time.Now(), Method: "icmp", To: to, Reached: reached}, err
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
		if n := len(traces.reports); n < tracesWaiting || n > tracesWaiting+tracesTogether {
			t.Errorf("%d of 60 links were traced, want a sample of about %d", n, tracesWaiting)
		}
	})
}

func TestALinkIsTracedOnceAnOutageAndNotForALossInPart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traces := newTraced(false, nil)
		traces.runFor(25*time.Minute, func() {
			traces.suspect(2, time.Now(), false)
			for range 24 { // it comes and goes
				traces.suspect(1, time.Now(), true)
				time.Sleep(time.Minute)
			}
		})
		if n := len(traces.reports); n != 3 {
			t.Errorf("%d traces in 24 minutes, want one each %s", n, traceRest)
		}
	})
}

func TestAReferenceThatReachesNothingAndATraceThatFailsAreNotTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, traces := range map[string]*traced{"not reached": newTraced(false, nil), "failed": newTraced(true, errors.New("no socket"))} {
			traces.one(t.Context(), 1, probe.TraceReference)
			traces.one(t.Context(), 101, probe.TraceReference) // no link any more
			if len(traces.reports) > 0 {
				t.Errorf("%s: told %+v", name, traces.reports)
			}
		}
		good := newTraced(true, nil)
		good.one(t.Context(), 1, probe.TraceReference)
		if len(good.reports) != 1 || good.reports[0].Link != 1 || good.reports[0].Finding.(*probe.Trace).Cause != probe.TraceReference {
			t.Errorf("got %+v, want the way to link 1", good.reports)
		}
	})
}
