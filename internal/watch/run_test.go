package watch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/incident"
	"vigie/internal/store"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

// liveWorld is the live chain in a bubble of time: probers that measure each cycle,
// what waits between them and the core, and the core's two loops.
type liveWorld struct {
	*world
	t *testing.T

	mu      sync.Mutex
	waiting []probe.Batch
	reports []watch.Report
	at      []time.Time // when each report came
	away    bool        // the database is
	asked   int         // transactions begun
	log     bytes.Buffer

	seen    func(cycle time.Time, link int) result
	probers map[string]time.Duration // how long after its cycle each delivers
	silent  map[string]bool
	hold    chan struct{} // the core takes no batch while it is open
}

// InTx is the world's store, which may be away.
func (l *liveWorld) InTx(ctx context.Context, do func(context.Context, watch.Tx) error) error {
	l.mu.Lock()
	l.asked++
	away := l.away
	l.mu.Unlock()
	if away {
		return errors.New("connection refused")
	}
	s, err := store.NewWatch(l.db)
	if err != nil {
		return err
	}
	return s.InTx(ctx, do)
}

func (l *liveWorld) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// inBubble runs a test where time passes only when everything waits.
func inBubble(t *testing.T, do func(t *testing.T, l *liveWorld)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(origin)) // a bubble begins before the links are there
		policy := watch.Policy{Incident: incident.DefaultPolicy(), Ticket: ticket.DefaultPolicy()}
		l := &liveWorld{
			t: t, world: newWorld(t, policy, someLinks),
			seen:    func(time.Time, int) result { return "ok" },
			probers: map[string]time.Duration{"a": time.Second}, silent: map[string]bool{},
		}
		do(t, l)
		l.checkWhole(t)
	})
}

// start sets everything going; the function that it returns stops it and comes
// back when nothing runs any more.
func (l *liveWorld) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	l.service = watch.New(l, l.policy)
	var all sync.WaitGroup
	for name, delay := range l.probers {
		all.Go(func() { l.measure(ctx, name, delay) })
	}
	all.Go(func() { l.consume(ctx) })
	all.Go(func() {
		l.service.Run(ctx, watch.Loop{
			Pending: func(context.Context) (uint64, error) {
				l.mu.Lock()
				defer l.mu.Unlock()
				return uint64(len(l.waiting)), nil
			},
			Decided: func(r watch.Report) {
				l.set(func() { l.reports, l.at = append(l.reports, r), append(l.at, time.Now()) })
			},
			Log: slog.New(slog.NewTextHandler(&l.log, nil)),
		})
	})
	return func() {
		cancel()
		all.Wait()
	}
}

func (l *liveWorld) measure(ctx context.Context, name string, delay time.Duration) {
	for cycle := time.Now().Truncate(l.cycle()).UTC(); ctx.Err() == nil; cycle = cycle.Add(l.cycle()) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(cycle.Add(l.cycle() + delay))):
		}
		l.set(func() {
			if !l.silent[name] {
				l.waiting = append(l.waiting, l.batch(name, cycle, false, func(i int) result { return l.seen(cycle, i) }))
			}
		})
	}
}

// consume applies the oldest batch until it is applied, as the pipe does.
func (l *liveWorld) consume(ctx context.Context) {
	for ctx.Err() == nil {
		var next *probe.Batch
		l.set(func() {
			if len(l.waiting) > 0 && l.hold == nil {
				next = &l.waiting[0]
			}
		})
		if next == nil || l.service.Apply(ctx, *next, time.Now()) != nil {
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		l.set(func() { l.waiting = l.waiting[1:] })
	}
}

// lags checks that the cycles were decided one by one and returns how long after
// its end each was, in tenths of a second.
func (l *liveWorld) lags() []int {
	l.t.Helper()
	var lags []int
	for i, r := range l.reports {
		if i > 0 && !r.Cycle.After(l.reports[i-1].Cycle) {
			l.t.Errorf("cycle %s was decided after %s", r.Cycle, l.reports[i-1].Cycle)
		}
		lags = append(lags, int(l.at[i].Sub(r.Cycle.Add(l.cycle()))/(100*time.Millisecond)))
	}
	return lags
}

func TestACycleIsDecidedWhenEveryConnectedProberHasDelivered(t *testing.T) {
	inBubble(t, func(t *testing.T, l *liveWorld) {
		l.probers = map[string]time.Duration{"a": time.Second, "b": 4 * time.Second}
		stop := l.start()
		time.Sleep(5*l.cycle() + 15*time.Second)
		l.set(func() { l.silent["b"] = true })
		time.Sleep(5 * l.cycle())
		stop()
		got := l.lags()
		// The first cycle after a start knows no prober yet. A silent one is waited
		// for during three cycles, each time for a third of a cycle.
		want := []int{10, 40, 40, 40, 40, 100, 100, 100, 10, 10}
		for i := range got {
			got[i] -= got[i] % 10
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tenths of a second from the end of a cycle to its decision (-want +got):\n%s", diff)
		}
	})
}

func TestNoCycleIsDecidedWhileItsBatchWaitsInThePipe(t *testing.T) {
	inBubble(t, func(t *testing.T, l *liveWorld) {
		stop := l.start()
		time.Sleep(4 * l.cycle())
		l.set(func() { l.hold = make(chan struct{}) })
		time.Sleep(6 * l.cycle())
		decided := len(l.reports)
		l.set(func() { l.hold = nil })
		time.Sleep(l.cycle())
		stop()
		if decided > 4 || len(l.reports) < 10 {
			t.Errorf("decided %d cycles while the pipe was held, %d in the end; want at most 4, then all of 10", decided, len(l.reports))
		}
		if late := l.ask(t, `SELECT cycle FROM batch WHERE late`); len(late) > 0 {
			t.Errorf("late batches: %v", late)
		}
		if states := l.ask(t, `SELECT * FROM transition`); len(states) > 0 {
			t.Errorf("transitions: %v", states)
		}
	})
}

func TestWhatWasMeasuredWhileTheDatabaseWasAwayIsDecidedInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, l *liveWorld) {
		cut := origin.Add(10 * time.Minute)
		l.seen = func(cycle time.Time, link int) result {
			if link == 0 && !cycle.Before(cut) {
				return "fail"
			}
			return "ok"
		}
		stop := l.start()
		time.Sleep(8 * time.Minute)
		l.set(func() { l.away = true })
		time.Sleep(20 * time.Minute)
		l.set(func() { l.away = false })
		time.Sleep(2 * time.Minute)
		stop()
		if n := len(l.lags()); n != 59 && n != 60 {
			t.Errorf("decided %d cycles of 30 minutes, want all", n)
		}
		want := []string{"down " + cut.Format(time.DateTime)}
		if diff := cmp.Diff(want, l.ask(t, `SELECT after, to_char(since, 'YYYY-MM-DD HH24:MI:SS') FROM transition`)); diff != "" {
			t.Errorf("transitions (-want +got):\n%s", diff)
		}
		// It was due in the middle of the absence; it is opened after it.
		opened := l.ask(t, `SELECT extract(epoch FROM opened_at - $1::timestamptz)::int / 60 FROM ticket`, origin)
		if diff := cmp.Diff([]string{"28"}, opened); diff != "" {
			t.Errorf("tickets, minutes after the start (-want +got):\n%s", diff)
		}
		if gaps := l.gaps(t, "a", origin); len(gaps) > 0 {
			t.Errorf("gaps: %v", gaps)
		}
		if got := l.ask(t, `SELECT at FROM minute WHERE sent <> 2 * $1 OR sent <> planned`, echoes); len(got) > 0 {
			t.Errorf("minutes not whole: %v", got)
		}
		if n := strings.Count(l.log.String(), "live chain held up"); n > 1 {
			t.Errorf("the log tells %d times of one absence:\n%s", n, l.log.String())
		}
	})
}

func TestAStopOfHoursIsUnknownAndNotReplayed(t *testing.T) {
	inBubble(t, func(t *testing.T, l *liveWorld) {
		stop := l.start()
		time.Sleep(10*time.Minute + 20*time.Second)
		stop()
		before := len(l.reports)
		time.Sleep(17 * time.Hour) // over midnight UTC
		stop = l.start()
		time.Sleep(5 * time.Minute)
		stop()
		l.lags()
		if n := len(l.reports) - before; n > 20 {
			t.Errorf("decided %d cycles after the stop, want those until all is unknown and then those of 5 minutes", n)
		}
		rows := l.ask(t, `SELECT reason, to_at - from_at BETWEEN '16:59' AND '17:02' FROM gap`)
		if diff := cmp.Diff([]string{"stopped true"}, rows); diff != "" {
			t.Errorf("gaps, and whether each is the stop (-want +got):\n%s", diff)
		}
		if got := l.ask(t, `SELECT at FROM minute WHERE sent = 0`); len(got) > 0 {
			t.Errorf("minutes of zeros: %v", got)
		}
		if got := l.ask(t, `SELECT DISTINCT date_trunc('hour', at) FROM minute`); len(got) != 2 {
			t.Errorf("minutes in the hours %v, want only those of the start and of the end", got)
		}
		want := []string{"up unknown", "unknown up"}
		got := l.ask(t, `SELECT before, after FROM transition WHERE link_id = $1 ORDER BY at`, l.links[0])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("transitions (-want +got):\n%s", diff)
		}
		if n := l.ask(t, `SELECT kind, closed_at IS NULL FROM incident`); !slices.Equal(n, []string{"prober false"}) {
			t.Errorf("incidents: got %v, want one of kind prober that is over", n)
		}
	})
}

func TestAClockBehindTheLastDecisionIsWaitedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, l *liveWorld) {
		// As after a clock that was an hour ahead and is right again.
		ahead := origin.Add(time.Hour)
		l.decide(t, ahead, false, ahead.Add(l.cycle()))
		l.set(func() { l.asked = 0 })
		stop := l.start()
		time.Sleep(50 * time.Minute)
		if len(l.reports) > 0 {
			t.Errorf("decided %v, which lies behind %v", l.reports, ahead)
		}
		if n := strings.Count(l.log.String(), "clock is behind"); n < 40 || n > 51 {
			t.Errorf("the log complains %d times in 50 minutes, want about once a minute", n)
		}
		if l.asked > 5*100 { // a batch, a look or two, and half a minute written
			t.Errorf("%d transactions in 100 cycles: it spins", l.asked)
		}
		time.Sleep(15 * time.Minute)
		stop()
		if n := len(l.lags()); n < 6 {
			t.Errorf("decided %d cycles in the minutes after the clock was there again, want one each", n)
		}
	})
}

func TestNothingMeasuredIsJumpedOver(t *testing.T) {
	inBubble(t, func(t *testing.T, l *liveWorld) {
		stop := l.start()
		time.Sleep(5 * time.Minute)
		l.set(func() { l.silent["a"] = true }) // until all is unknown
		time.Sleep(10 * time.Minute)
		l.set(func() { l.silent["a"], l.away = false, true })
		time.Sleep(10 * time.Minute) // twenty batches wait
		l.set(func() { l.away = false })
		time.Sleep(time.Minute)
		stop()
		if strings.Contains(l.log.String(), "has a result") {
			t.Errorf("a jump was tried over what waited in the pipe:\n%s", l.log.String())
		}
		decided := map[time.Time]bool{}
		for _, r := range l.reports {
			decided[r.Cycle] = true
		}
		for _, cycle := range l.ask(t, `SELECT extract(epoch FROM cycle)::bigint FROM batch`) {
			var unix int64
			if _, err := fmt.Sscan(cycle, &unix); err != nil {
				t.Fatal(err)
			}
			if at := time.Unix(unix, 0).UTC(); !decided[at] && !at.After(l.reports[len(l.reports)-1].Cycle) {
				t.Errorf("cycle %s has a batch and was not decided", at)
			}
		}
		if late := l.ask(t, `SELECT cycle FROM batch WHERE late`); len(late) > 0 {
			t.Errorf("late batches: %v", late)
		}
	})
}
