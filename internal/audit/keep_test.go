package audit_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"vigie/internal/audit"
	"vigie/internal/inventory"
)

func TestAReportReadsAgainOnlyWhatHasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld()
	p := days("2026-09-01", "2026-09-03")
	w.carry(1, p.From, p.To, steady(1000, 100))
	counted := &countingStore{world: w}
	service := w.service(t)
	service.Store = counted
	peak := func() int64 {
		t.Helper()
		r, err := service.Report(context.Background(), p, afterwards)
		if err != nil {
			t.Fatal(err)
		}
		return line(t, r, "L-1").Down.Peak.BitsPerSecond
	}
	first, again := peak(), peak()
	if read := counted.read.Swap(0); first != 8000 || again != first || read == 0 {
		t.Fatalf("peaks %d and %d bit/s, read %d times", first, again, read)
	}
	if peak(); counted.read.Load() != 0 {
		t.Error("figures that did not change were read again")
	}
	w.carry(1, p.From, p.To.AddDate(0, 0, 1), steady(2000, 100)) // one day more: another version
	if got := peak(); got != 16000 || counted.read.Load() == 0 {
		t.Errorf("after a change the peak is %d bit/s, want 16000", got)
	}
	counted.read.Store(0)
	counted.index = inventory.NewIndex(w.index.Snapshot)
	if peak(); counted.read.Load() == 0 {
		t.Error("an inventory that changed was answered from memory")
	}
}

// countingStore counts how often it is asked for a part of the figures.
type countingStore struct {
	world
	read atomic.Int64
}

func (c *countingStore) Utilisation(ctx context.Context, links []int64, from, to time.Time, each func(audit.Day) error) error {
	c.read.Add(1)
	return c.world.Utilisation(ctx, links, from, to, each)
}
