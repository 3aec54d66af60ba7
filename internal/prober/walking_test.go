package prober

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vigie/probe"
	"vigie/probe/schedule"
	"vigie/probe/snmp"
)

// walked is a prober's walking over routers that a test gives, for a day and a bit.
type walked struct {
	mu      sync.Mutex
	reports []probe.Report
	began   map[int64][]time.Duration
	fails   map[int64]bool
	worst   int
	now     int
	heavy   heavy
}

func (w *walked) walk(ctx context.Context, start time.Time, r snmp.Router) (probe.Device, error) {
	w.mu.Lock()
	w.now++
	w.worst = max(w.worst, w.now)
	w.began[r.Link] = append(w.began[r.Link], time.Since(start))
	w.mu.Unlock()
	pause(ctx, 5*time.Second)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now--
	if w.fails[r.Link] || ctx.Err() != nil {
		return probe.Device{}, errors.New("no answer")
	}
	return probe.Device{Requests: int(r.Link)}, nil
}

func known(links ...int64) []snmp.Router {
	var routers []snmp.Router
	for _, link := range links {
		routers = append(routers, snmp.Router{Link: link, Credential: snmp.Credential{Version: snmp.V2c, Community: "x"}})
	}
	return routers
}

// during walks routers for a while of simulated time, beside what act does.
func during(t *testing.T, w *walked, routers []snmp.Router, a *agenda, span time.Duration, act func()) {
	t.Helper()
	w.began = map[int64][]time.Duration{}
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	run := walking{
		agenda: a, heavy: &w.heavy, routers: func() []snmp.Router { return routers },
		walk: func(ctx context.Context, r snmp.Router) (probe.Device, error) { return w.walk(ctx, start, r) },
		done: func(r probe.Report) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reports = append(w.reports, r)
		},
	}
	var acting sync.WaitGroup
	acting.Go(act)
	run.run(ctx)
	acting.Wait()
}

func TestEachRouterIsWalkedInTheFirstHourAndThenOnceADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var links []int64
		for link := range int64(100) {
			links = append(links, link+1)
		}
		unset := append(known(links...), snmp.Router{Link: 500})
		w := &walked{}
		during(t, w, unset, &agenda{name: "core", every: 24 * time.Hour, within: time.Hour}, 26*time.Hour, func() {})
		halves := [2]int{}
		for _, link := range links {
			at := w.began[link]
			if len(at) != 2 || at[0] > time.Hour+time.Minute || at[1]-at[0] < 24*time.Hour || at[1]-at[0] > 24*time.Hour+time.Minute {
				t.Fatalf("link %d was walked at %v, want once in the first hour and again a day later", link, at)
			}
			halves[at[0]/(31*time.Minute)]++
		}
		if halves[0] < 30 || halves[1] < 30 {
			t.Errorf("%v walks in each half of the first hour, want them spread", halves)
		}
		if len(w.began[500]) != 0 || len(w.reports) != 200 || w.worst > walksInFlight {
			t.Errorf("%d reports, %d together, and %v of one without credential", len(w.reports), w.worst, w.began[500])
		}
	})
}

func TestAWalkThatFailedIsTriedAgainAndNotReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &walked{fails: map[int64]bool{1: true}}
		during(t, w, known(1), &agenda{name: "core", every: 24 * time.Hour, within: time.Second}, time.Hour, func() {
			time.Sleep(25 * time.Minute)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.fails[1] = false
		})
		if got := len(w.began[1]); got != 4 || len(w.reports) != 1 {
			t.Errorf("%d walks at %v, %d reports; want one every ten minutes until the fourth is reported", got, w.began[1], len(w.reports))
		}
	})
}

func TestARouterThatRestartedIsWalkedSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, a := &walked{}, &agenda{name: "core", every: 24 * time.Hour, within: time.Second}
		during(t, w, known(1, 2, 3, 4), a, 3*time.Hour, func() {
			poll := func(link, boots int64, uptime time.Duration) {
				a.polled(probe.Poll{Link: link, Boots: boots, Uptime: uptime}, time.Now())
			}
			time.Sleep(time.Hour)
			for link := range int64(4) {
				poll(link+1, 7, 100*time.Hour)
			}
			time.Sleep(time.Hour)
			a.polled(probe.Poll{Link: 1, Problem: "no answer"}, time.Now())
			poll(1, 8, 101*time.Hour)  // boots tell
			poll(2, 7, time.Minute)    // the uptime tells
			poll(3, 7, 101*time.Hour)  // nothing happened
			for i := range int64(20) { // and one that restarts again and again
				poll(4, 8+i, time.Minute)
				time.Sleep(time.Minute)
			}
		})
		for link, want := range map[int64]int{1: 2, 2: 2, 3: 1, 4: 4} {
			at := w.began[link]
			if len(at) != want {
				t.Errorf("link %d was walked at %v, want %d times", link, at, want)
			}
			if want > 1 && (at[1] < 2*time.Hour+settle || at[1] > 2*time.Hour+2*settle) {
				t.Errorf("link %d was walked again at %v, want a minute after two hours", link, at[1])
			}
		}
	})
}

func TestAWalkWaitsForTheOtherHeavyProbeOfItsLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &walked{}
		release, _ := w.heavy.take(schedule.Occupied{Link: 1}, func() { t.Error("a walk stopped another probe") })
		during(t, w, known(1, 2), &agenda{name: "core", every: 24 * time.Hour, within: time.Second}, 10*time.Minute, func() {
			time.Sleep(5 * time.Minute)
			release()
		})
		if at := w.began[1]; len(at) != 1 || at[0] < 5*time.Minute || at[0] > 5*time.Minute+2*walkLook {
			t.Errorf("the held link was walked at %v, want once when it was given up after five minutes", at)
		}
		if at := w.began[2]; len(at) != 1 || at[0] > time.Minute {
			t.Errorf("the free link was walked at %v, want at once", at)
		}
	})
}

func TestAWalkIsStoppedForEvidenceAndMadeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &walked{}
		during(t, w, known(1), &agenda{name: "core", every: 24 * time.Hour, within: 0}, 15*time.Minute, func() {
			time.Sleep(3 * time.Second) // the walk takes five
			began := time.Now()
			release, free := w.heavy.seize(t.Context(), schedule.Occupied{Link: 1})
			if took := time.Since(began); !free || took > 100*time.Millisecond {
				t.Fatalf("the link was not given up within %s", took)
			}
			if w.now != 0 {
				t.Error("the walk goes on beside the evidence")
			}
			release()
		})
		if at := w.began[1]; len(at) != 2 || at[1]-at[0] < walkAgain || len(w.reports) != 1 {
			t.Errorf("walked at %v with %d reports, want again after %s and only that one reported", at, len(w.reports), walkAgain)
		}
	})
}
