package watch_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

// piece cuts a part into two batches with the given numbers and returns one of them.
func piece(b probe.Batch, seq uint64, second bool) probe.Batch {
	b.Seq, b.Last, b.Continues = seq, second, second
	if half := len(b.Observations) / 2; second {
		b.Observations = b.Observations[half:]
	} else {
		b.Observations = b.Observations[:half]
	}
	return b
}

func TestACycleOfWhichAPieceIsMissingIsAGapUntilItComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	whole := func(i int, prober string) probe.Batch { return w.batch(prober, w.nth(i), false, ok) }
	w.apply(t, whole(0, "a"), w.nth(1))
	w.decide(t, w.nth(0), false, w.nth(1))
	w.apply(t, piece(whole(1, "a"), 2, false), w.nth(2))
	w.decide(t, w.nth(1), false, w.nth(3))
	if diff := cmp.Diff([]string{"stopped 5 10"}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps while the second piece is missing (-want +got):\n%s", diff)
	}
	w.apply(t, piece(whole(1, "a"), 3, true), w.nth(3))
	if diff := cmp.Diff([]string{}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps once it came (-want +got):\n%s", diff)
	}
	w.checkWhole(t)
}

func TestLostPiecesMakeAGapOfTheCyclesTheyBelongTo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		former, next func(w *world) probe.Batch
		want         []string
	}{
		"the end of one and the beginning of another": {
			former: func(w *world) probe.Batch { return piece(w.batch("a", w.nth(1), false, ok), 2, false) },
			next:   func(w *world) probe.Batch { return piece(w.batch("a", w.nth(2), false, ok), 5, true) },
			want:   []string{"lost 5 15"},
		},
		"the end of one": {
			former: func(w *world) probe.Batch { return piece(w.batch("a", w.nth(1), false, ok), 2, false) },
			next:   func(w *world) probe.Batch { return piece(w.batch("a", w.nth(2), false, ok), 4, false) },
			want:   []string{"lost 5 10"},
		},
		"a number between two whole ones": {
			former: func(w *world) probe.Batch { return piece(w.batch("a", w.nth(1), false, ok), 2, true) },
			next:   func(w *world) probe.Batch { return piece(w.batch("a", w.nth(2), false, ok), 4, false) },
			want:   []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quickPolicy(), someLinks)
			w.apply(t, w.batch("a", w.nth(0), false, ok), w.nth(1))
			w.apply(t, test.former(w), w.nth(2))
			w.apply(t, test.next(w), w.nth(3))
			if diff := cmp.Diff(test.want, w.gaps(t, "a", origin)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALossIsNoLongerThanWhatIsMissingWhenTheClockWasAnHourOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	numbered := func(seq uint64, at time.Time) probe.Batch {
		b := w.batch("a", at, false, ok)
		b.Seq = seq
		return b
	}
	for i := range 5 {
		w.apply(t, numbered(uint64(i+1), w.nth(i)), w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	w.apply(t, numbered(6, w.nth(5).Add(-time.Hour)), w.nth(6)) // by a clock that is behind
	w.apply(t, numbered(8, w.nth(7)), w.nth(8))
	if diff := cmp.Diff([]string{"lost 30 35"}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestTheFirstCycleOfAProberIsAGapTooWhenAPieceOfItIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.apply(t, piece(w.batch("a", w.nth(0), false, ok), 1, false), w.nth(1))
	w.decide(t, w.nth(0), false, w.nth(2))
	if diff := cmp.Diff([]string{"stopped 0 5"}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}
