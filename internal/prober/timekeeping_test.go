package prober

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
	"vigie/probe/clock"
)

// keeping asks a server that gives one answer after another, the last again and again.
func keeping(asked *[]time.Duration, answers ...any) *timekeeping {
	k := newTimekeeping(ClockConfiguration{Server: "time"}, "metz", slog.New(slog.DiscardHandler))
	start := time.Now()
	k.kernel = func() probe.Clock { return probe.Clock{Source: "kernel"} }
	k.ask = func(context.Context, string) (clock.Reading, error) {
		n := min(len(*asked), len(answers)-1)
		*asked = append(*asked, time.Since(start))
		if err, failed := answers[n].(error); failed {
			return clock.Reading{}, err
		}
		return clock.Reading{Source: "time", At: time.Now(), Offset: answers[n].(time.Duration)}, nil
	}
	return k
}

func runFor(k *timekeeping, d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	k.run(ctx)
}

func TestTheServerIsBelievedWhileItAnswersAndThenTheKernel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		k := keeping(&asked, 90*time.Minute, errors.New("no route"))
		before := k.clock(time.Now())
		runFor(k, time.Minute)
		told := k.clock(time.Now())
		runFor(k, 28*time.Minute)
		old := k.clock(time.Now())
		time.Sleep(2 * time.Minute)
		got := []string{before.Source, told.Source, old.Source, k.clock(time.Now()).Source}
		if diff := cmp.Diff([]string{"kernel", "time", "time", "kernel"}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if told.Offset != 90*time.Minute || !told.Synchronised || old.MaxError <= told.MaxError {
			t.Errorf("told %+v, later %+v", told, old)
		}
	})
}

func TestAServerThatRefusesIsAskedLessAndThenNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		runFor(keeping(&asked, time.Second, clock.Kiss("RATE"), time.Second, clock.Kiss("DENY")), 2*time.Hour)
		want := []time.Duration{0, 5 * time.Minute, 15 * time.Minute, 25 * time.Minute}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// A batch whose clock cannot be told would be refused by the core, and with it what it
// measured.
func TestAnOffsetOfYearsStillFitsIntoABatch(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{30 * 365 * 24 * time.Hour, -30 * 365 * 24 * time.Hour} {
		k := newTimekeeping(ClockConfiguration{}, "metz", slog.New(slog.DiscardHandler))
		k.reading = clock.Reading{Source: "time", At: time.Now(), Offset: offset}
		b := probe.Batch{Prober: "metz", CycleLength: time.Second, Quality: probe.Quality{Clock: k.clock(time.Now())}}
		raw, err := b.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.UnmarshalBinary(raw); err != nil || b.Quality.Clock.Offset.Abs() < 24*time.Hour {
			t.Errorf("offset %s: %+v, %v", offset, b.Quality.Clock, err)
		}
	}
}
