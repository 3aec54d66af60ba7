package prober

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/probe"
)

func TestAFullOutboxGivesUpTheOldestAndTellsIt(t *testing.T) {
	t.Parallel()
	o := NewOutbox(2, 41)
	for range 5 {
		o.Put(probe.Batch{})
	}
	type told struct {
		Seq uint64
		Gap int
	}
	var got []told
	for b, ok := o.Take(); ok; b, ok = o.Take() {
		got = append(got, told{b.Seq, b.Quality.Gap})
	}
	if diff := cmp.Diff([]told{{44, 3}, {45, 0}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Whatever the order of putting and taking, the numbers rise and each one missing
// is told as a gap by the batch behind it.
func TestEveryNumberIsTakenOrToldAsAGap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := NewOutbox(rapid.IntRange(1, 5).Draw(t, "capacity"), 1)
		seen := uint64(0)
		check := func() bool {
			b, ok := o.Take()
			if ok {
				if b.Seq != seen+1+uint64(b.Quality.Gap) {
					t.Fatalf("got %d with a gap of %d after %d", b.Seq, b.Quality.Gap, seen)
				}
				seen = b.Seq
			}
			return ok
		}
		for _, put := range rapid.SliceOf(rapid.Bool()).Draw(t, "put or take") {
			if put {
				o.Put(probe.Batch{})
			} else {
				check()
			}
		}
		for check() {
		}
		if seen+1 != o.nextSeq {
			t.Fatalf("the last one taken is %d, the next one would be %d", seen, o.nextSeq)
		}
	})
}

// publishing runs a publisher and returns the functions that close it.
func publishing(o *Outbox, publish func(context.Context, probe.Batch) error) (closeIt func(), giveUp context.CancelFunc, ended <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	closing, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		p := publisher{outbox: o, publish: publish, log: slog.New(slog.DiscardHandler)}
		p.run(ctx, closing)
	}()
	return func() { close(closing) }, cancel, done
}

func TestAFailedBatchIsPublishedAgainUnderItsNumber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := NewOutbox(4, 1)
		var tried []uint64
		var at []time.Duration
		start := time.Now()
		closeIt, giveUp, ended := publishing(o, func(_ context.Context, b probe.Batch) error {
			tried = append(tried, b.Seq)
			at = append(at, time.Since(start))
			if len(tried) < 4 {
				return errors.New("the core is away")
			}
			return nil
		})
		defer giveUp()
		o.Put(probe.Batch{})
		o.Put(probe.Batch{})
		closeIt()
		<-ended
		if diff := cmp.Diff([]uint64{1, 1, 1, 1, 2}, tried); diff != "" {
			t.Errorf("numbers -want +got:\n%s", diff)
		}
		wait := firstRetry
		if diff := cmp.Diff([]time.Duration{0, wait, 3 * wait, 7 * wait, 7 * wait}, at); diff != "" {
			t.Errorf("times -want +got:\n%s", diff)
		}
	})
}

func TestAPublishThatHangsIsEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := NewOutbox(4, 1)
		attempts := 0
		closeIt, giveUp, ended := publishing(o, func(ctx context.Context, _ probe.Batch) error {
			attempts++
			<-ctx.Done()
			return ctx.Err()
		})
		o.Put(probe.Batch{})
		closeIt()
		time.Sleep(attemptTime + firstRetry + time.Second)
		giveUp()
		<-ended
		if attempts != 2 {
			t.Errorf("got %d attempts, want 2", attempts)
		}
	})
}
