package pipe_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/pipe"
	"vigie/probe"
)

func start(t *testing.T, dir string) *pipe.Pipe {
	t.Helper()
	p := pipe.New(pipe.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func publish(t *testing.T, p *pipe.Pipe, seqs ...uint64) {
	t.Helper()
	for _, seq := range seqs {
		if err := p.Publish(t.Context(), probe.Batch{Prober: "a", Seq: seq}); err != nil {
			t.Fatal(err)
		}
	}
}

// collect consumes until want batches were applied; refuse says which attempt to
// answer with an error.
func collect(t *testing.T, p *pipe.Pipe, want int, refuse func(attempt int) bool) []uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var applied []uint64
	attempt := 0
	err := p.Consume(ctx, func(_ context.Context, b probe.Batch) error {
		attempt++
		if refuse(attempt) {
			return errors.New("the store is away")
		}
		applied = append(applied, b.Seq)
		if len(applied) == want {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func never(int) bool { return false }

func TestBatchesArriveInOrderAndARefusedOneIsOfferedAgainFirst(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	publish(t, p, 1, 2, 3)
	got := collect(t, p, 3, func(attempt int) bool { return attempt == 2 })
	if diff := cmp.Diff([]uint64{1, 2, 3}, got); diff != "" {
		t.Errorf("applied batches (-want +got):\n%s", diff)
	}
}

func TestADiskWithLessRoomThanTheStreamMayTakeIsNoReasonToStayDown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for seq := range uint64(2) { // made, then found
		p := pipe.New(pipe.Options{Dir: dir, Bytes: 1 << 55, Log: slog.New(slog.DiscardHandler)})
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(t, p, seq+1)
		if last, err := p.LastSeq(t.Context(), "a"); err != nil || last != seq+1 {
			t.Errorf("last batch %d, %v; want %d", last, err, seq+1)
		}
		p.Stop()
	}
}

func TestAPublishedBatchSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	publish(t, p, 41, 42)
	p.Stop()

	p = start(t, dir)
	last, err := p.LastSeq(t.Context(), "a")
	if err != nil || last != 42 {
		t.Errorf("last sequence after a restart: got %d, %v; want 42", last, err)
	}
	if diff := cmp.Diff([]uint64{41, 42}, collect(t, p, 2, never)); diff != "" {
		t.Errorf("applied batches (-want +got):\n%s", diff)
	}
}

func TestAProberThatNeverPublishedHasNoLastSequence(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	if last, err := p.LastSeq(t.Context(), "nobody"); err != nil || last != 0 {
		t.Errorf("got %d, %v; want 0", last, err)
	}
}

func TestTheSameSequenceTwiceIsOneMessage(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	publish(t, p, 7, 7, 8)
	if diff := cmp.Diff([]uint64{7, 8}, collect(t, p, 2, never)); diff != "" {
		t.Errorf("applied batches (-want +got):\n%s", diff)
	}
}

func TestABatchThatCanNeverBeAppliedHoldsUpNothing(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	publish(t, p, 1, 2, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var offered []uint64
	err := p.Consume(ctx, func(_ context.Context, b probe.Batch) error {
		offered = append(offered, b.Seq)
		switch b.Seq {
		case 2:
			return fmt.Errorf("apply: %w", fault.Errorf(fault.Invalid, "year 9999"))
		case 3:
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint64{1, 2, 3}, offered); diff != "" {
		t.Errorf("offered batches (-want +got):\n%s", diff)
	}
}

func TestPendingCountsWhatTheCoreHasNotAcknowledged(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	want := func(when string, want uint64) {
		t.Helper()
		if got, err := p.Pending(t.Context()); err != nil || got != want {
			t.Errorf("pending %s: got %d, %v; want %d", when, got, err, want)
		}
	}
	want("in an empty stream", 0)
	publish(t, p, 1, 2, 3)
	want("before the core asked for any", 3)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := p.Consume(ctx, func(_ context.Context, b probe.Batch) error {
		want("while a batch is applied", 4-b.Seq)
		if b.Seq < 3 {
			return nil
		}
		cancel()
		return errors.New("the core stops before it is done")
	})
	if err != nil {
		t.Fatal(err)
	}
	want("after the stop", 1)
	collect(t, p, 1, never)
}

func TestAnUnusableDirectoryIsNamed(t *testing.T) {
	t.Parallel()
	p := pipe.New(pipe.Options{Dir: "/dev/null/stream", Log: slog.New(slog.DiscardHandler)})
	err := p.Start(t.Context())
	p.Stop()
	if err == nil {
		t.Fatal("a stream was opened below /dev/null")
	}
}

func TestABatchInTheHandsOfAProcessThatDiedIsOfferedAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 { // the reader made anew is made anew too
		p := start(t, dir)
		last, err := p.LastSeq(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		publish(t, p, last+1, last+2)
		ctx, die := context.WithCancel(t.Context())
		hands := make(chan uint64, 1)
		go func() {
			_ = p.Consume(ctx, func(context.Context, probe.Batch) error {
				hands <- last
				<-ctx.Done() // the stream is gone by then: it acknowledges and refuses nothing
				return nil
			})
		}()
		<-hands
		p.Stop()
		die()

		p = start(t, dir)
		began := time.Now()
		got := collect(t, p, 2, never)
		if diff := cmp.Diff([]uint64{last + 1, last + 2}, got); diff != "" {
			t.Errorf("applied after the death (-want +got):\n%s", diff)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the batch was offered again after %s", took)
		}
		p.Stop()
	}
}

func TestStreamsThatTheServerGaveUpAreOpenedAgain(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	ctx, stop := context.WithTimeout(t.Context(), 40*time.Second)
	defer stop()
	applied := make(chan uint64)
	ended := make(chan error, 1)
	go func() {
		ended <- p.Consume(ctx, func(_ context.Context, b probe.Batch) error {
			select {
			case applied <- b.Seq:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	awaits := func(want uint64) {
		t.Helper()
		select {
		case got := <-applied:
			if got != want {
				t.Fatalf("batch %d is applied, want %d", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("batch %d is never applied", want)
		}
		for { // an acknowledgement under way would be lost, and missed for half a minute
			if left, err := p.Pending(ctx); err == nil && left == 0 {
				return
			}
		}
	}
	for seq := range uint64(2) {
		publish(t, p, 2*seq+1)
		awaits(2*seq + 1)
		if err := p.GiveUp(); err != nil {
			t.Fatal(err)
		}
		trying, enough := context.WithTimeout(ctx, 10*time.Second)
		for err := errors.New("not tried"); err != nil; {
			if trying.Err() != nil {
				t.Fatalf("nothing is taken again: %v", err)
			}
			one, done := context.WithTimeout(trying, time.Second)
			err = p.Publish(one, probe.Batch{Prober: "a", Seq: 2*seq + 2})
			done()
		}
		enough()
		awaits(2*seq + 2)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
