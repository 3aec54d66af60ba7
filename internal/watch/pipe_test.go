package watch_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"vigie/internal/incident"
	"vigie/internal/pipe"
	"vigie/internal/store"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
	"vigie/probe/schedule"
)

// core is the receiving end of a real pipe: what dies and begins anew.
func core(t *testing.T, w *world, p *pipe.Pipe, decided func(watch.Report)) (stop func()) {
	t.Helper()
	s, err := store.NewWatch(w.db)
	if err != nil {
		t.Fatal(err)
	}
	service := watch.New(s, w.policy)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		apply := func(ctx context.Context, b probe.Batch) error { return service.Apply(ctx, b, time.Now()) }
		if err := p.Consume(ctx, apply); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		service.Run(ctx, watch.Loop{Pending: p.Pending, Decided: decided, Log: slog.New(slog.DiscardHandler)})
	})
	return func() {
		cancel()
		all.Wait()
	}
}

// TestThroughTheRealPipe measures for some seconds in short cycles, while the core
// is stopped and begun again and PostgreSQL throws its connections out.
func TestThroughTheRealPipe(t *testing.T) {
	t.Parallel()
	policy := incident.DefaultPolicy()
	policy.Link.Cycle, policy.Link.UnknownAfter = 250*time.Millisecond, 20*time.Second
	w := newWorld(t, watch.Policy{Incident: policy, Ticket: ticket.DefaultPolicy()}, someLinks)
	log := slog.New(slog.DiscardHandler)
	p := pipe.New(pipe.Options{Dir: t.TempDir(), Log: log})
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	var mu sync.Mutex
	var decided []time.Time
	note := func(r watch.Report) {
		mu.Lock()
		defer mu.Unlock()
		decided = append(decided, r.Cycle)
	}

	const rounds = 16
	stop := core(t, w, p, note)
	var measured []time.Time
	first := schedule.Start(time.Now(), w.cycle())
	for i := range rounds {
		cycle := first.Add(time.Duration(i) * w.cycle())
		<-time.After(time.Until(cycle.Add(w.cycle())))
		if err := p.Publish(t.Context(), w.batch("a", cycle, false, func(int) result { return "ok" })); err != nil {
			t.Fatal(err)
		}
		measured = append(measured, cycle)
		switch i {
		case 4:
			stop()
		case 7:
			stop = core(t, w, p, note)
		case 11:
			w.ask(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		}
	}
	complete := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(decided, measured[rounds-1])
	}
	for deadline := time.Now().Add(30 * time.Second); !complete() && time.Now().Before(deadline); {
		<-time.After(10 * time.Millisecond)
	}
	stop()
	for i, cycle := range measured {
		if n := count(decided, cycle); n != 1 {
			t.Errorf("cycle %d was decided %d times, want once", i, n)
		}
	}
	if !slices.IsSortedFunc(decided, time.Time.Compare) {
		t.Errorf("cycles were decided out of order: %v", decided)
	}
	if got := w.ask(t, `SELECT seq, late FROM batch ORDER BY seq`); len(got) != rounds {
		t.Errorf("%d batches are stored, want %d: %v", len(got), rounds, got)
	}
	if got := w.ask(t, `SELECT seq FROM batch WHERE late`); len(got) > 0 {
		t.Errorf("late batches: %v", got)
	}
	if pending, err := p.Pending(t.Context()); err != nil || pending != 0 {
		t.Errorf("pending in the end: %d, %v", pending, err)
	}
	w.checkWhole(t)
}

func count(all []time.Time, one time.Time) int {
	n := 0
	for _, at := range all {
		if at.Equal(one) {
			n++
		}
	}
	return n
}
