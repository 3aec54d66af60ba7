package watch_test

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/store"
	"vigie/internal/watch"
	"vigie/probe"
)

func ok(int) result { return "ok" }

// run has prober a deliver the cycles [from, to) after origin and decides each.
func (w *world) run(t *testing.T, from, to int) (batches []probe.Batch) {
	t.Helper()
	for i := from; i < to; i++ {
		b := w.batch("a", w.nth(i), false, ok)
		w.apply(t, b, w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
		batches = append(batches, b)
	}
	return batches
}

// nth is the start of a cycle after origin.
func (w *world) nth(i int) time.Time { return origin.Add(time.Duration(i) * w.cycle()) }

func TestABatchGivenUpIsARecordedGap(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		decide bool // the cycles between, before the next batch comes
		want   []string
	}{
		"decided in time":   {decide: true, want: []string{"lost 50 75"}},
		"decided afterward": {want: []string{"lost 50 75"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quickPolicy(), someLinks)
			w.run(t, 0, 10)
			for i := 10; i < 15; i++ {
				w.batch("a", w.nth(i), false, ok) // its number is gone
				if test.decide {
					w.decide(t, w.nth(i), false, w.nth(i+1))
				}
			}
			next := w.batch("a", w.nth(15), false, ok)
			w.apply(t, next, w.nth(16))
			for i := 10; i <= 15; i++ {
				w.decide(t, w.nth(i), i < 15, w.nth(16))
			}
			if diff := cmp.Diff(test.want, w.gaps(t, "a", origin)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			w.checkWhole(t)
		})
	}
}

func TestAJumpClosesTheMinuteItLeavesAndRecordsTheGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	batches := w.run(t, 0, 15) // a minute and a quarter
	w.restart(t)
	const landing = 2000
	batches = append(batches, w.run(t, landing, landing+10)...) // the last in the middle of a minute
	if diff := cmp.Diff([]string{"stopped 75 10000"}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	w.compareMinutes(t, closed(batches, []event{{cycle: w.nth(landing + 9)}}))
}

func TestAJumpOverAResultIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.run(t, 0, 3)
	w.apply(t, w.batch("a", w.nth(7), false, ok), w.nth(8))
	if _, err := w.service.Decide(t.Context(), w.nth(9), false, w.nth(10)); err == nil {
		t.Error("cycle 9 was decided though cycle 7 has a result")
	}
	w.decide(t, w.nth(7), true, w.nth(10))
	w.decide(t, w.nth(9), false, w.nth(10))
}

func TestIsolationIsAGapAndLowersTheCoverageOnly(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*probe.Batch){
		"no canary answers":       func(*probe.Batch) {},
		"no canary could be sent": func(b *probe.Batch) { b.Observations = b.Observations[2:] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quickPolicy(), someLinks)
			w.run(t, 0, 6)
			for i := 6; i < 12; i++ {
				b := w.batch("a", w.nth(i), true, func(int) result { return "fail" })
				cut(&b)
				w.apply(t, b, w.nth(i+1))
				w.decide(t, w.nth(i), false, w.nth(i+1))
			}
			if diff := cmp.Diff([]string{"isolated 30 60"}, w.gaps(t, "a", origin)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			got := w.ask(t, `SELECT DISTINCT planned, sent, received FROM minute`)
			if diff := cmp.Diff([]string{"24 12 12"}, got); diff != "" {
				t.Errorf("planned, sent, received (-want +got):\n%s", diff)
			}
			if got := w.ask(t, `SELECT DISTINCT status FROM link_state`); !cmp.Equal(got, []string{"unknown"}) {
				t.Errorf("states: got %v, want unknown", got)
			}
			if got := w.ask(t, `SELECT kind FROM incident`); !cmp.Equal(got, []string{"prober"}) {
				t.Errorf("incidents: got %v, want that no prober is connected and nothing else", got)
			}
		})
	}
}

// A clock set back has the prober measure cycles again that are decided already.
func TestACycleMeasuredAgainOnlyAddsToItsMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.run(t, 0, 13)
	before := w.ask(t, `SELECT state FROM link_state ORDER BY link_id`)
	for i := range 12 {
		w.apply(t, w.batch("a", w.nth(i), false, func(int) result { return "fail" }), w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	if diff := cmp.Diff(before, w.ask(t, `SELECT state FROM link_state ORDER BY link_id`)); diff != "" {
		t.Errorf("states (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"48 48 24"}, w.ask(t, `SELECT DISTINCT planned, sent, received FROM minute`)); diff != "" {
		t.Errorf("planned, sent, received (-want +got):\n%s", diff)
	}
}

func TestABatchOfAnotherConfigurationDecidesNothingAndIsSummarised(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.run(t, 0, 12)
	other := w.batch("a", w.nth(12), false, func(int) result { return "fail" })
	other.CycleLength = 30 * time.Second
	w.apply(t, other, w.nth(13))
	w.decide(t, w.nth(12), false, w.nth(13))
	if got := w.ask(t, `SELECT * FROM link_state WHERE state #> '{state,fails}' IS NOT NULL`); len(got) > 0 {
		t.Errorf("links with a failure counted: %v", got)
	}
	w.run(t, 13, 24)
	got := w.ask(t, `SELECT DISTINCT planned, sent, received FROM minute ORDER BY received`)
	if diff := cmp.Diff([]string{"24 24 22", "24 24 24"}, got); diff != "" {
		t.Errorf("planned, sent, received (-want +got):\n%s", diff)
	}
}

func TestTheCycleLengthMayChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.run(t, 0, 14) // the last one decided begins 10 s into a minute
	w.apply(t, w.batch("a", w.nth(14), false, ok), w.nth(15))
	w.policy.Incident.Link.Cycle, w.policy.Incident.Link.UnknownAfter = 30*time.Second, 90*time.Second
	w.restart(t)
	w.run(t, 3, 7) // from 90 s on
	// Of the second minute three rounds of 5 s and one of 30 s were sent: more
	// echoes than the two of 30 s planned now.
	want := []string{"24 24", "8 8", "4 4"}
	got := w.ask(t, `SELECT DISTINCT planned, sent FROM minute ORDER BY 1 DESC`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("planned and sent (-want +got):\n%s", diff)
	}
}

func TestABatchOfTheFutureDecidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.run(t, 0, 3)
	w.apply(t, w.batch("a", w.nth(5), false, func(int) result { return "fail" }), w.nth(4))
	for i := 3; i < 6; i++ {
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	if diff := cmp.Diff([]string{"stopped 15 30"}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestABatchThatNoTransactionCouldStoreIsInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	for name, spoil := range map[string]func(*probe.Batch){
		"no name":           func(b *probe.Batch) { b.Prober = "" },
		"a NUL in the name": func(b *probe.Batch) { b.Prober = "a\x00" },
		"not UTF-8":         func(b *probe.Batch) { b.Prober = "\xff" },
		"no number":         func(b *probe.Batch) { b.Seq = 0 },
		"too high a number": func(b *probe.Batch) { b.Seq = 1 << 63 },
		"no cycle length":   func(b *probe.Batch) { b.CycleLength = 0 },
		"the stone age":     func(b *probe.Batch) { b.Cycle = time.UnixMicro(-1 << 62) },
		"the far future":    func(b *probe.Batch) { b.Cycle = time.UnixMicro(1 << 62) },
		"36 days ago":       func(b *probe.Batch) { b.Cycle = b.Cycle.AddDate(0, 0, -36) },
	} {
		b := w.batch("a", origin, false, ok)
		spoil(&b)
		if err := w.service.Apply(t.Context(), b, origin.Add(time.Hour)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got error %v, want an invalid one", name, err)
		}
	}
}

func TestABatchThatIsDaysAheadIsNotInvalidSinceOurClockMayBeWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	for name, now := range map[string]time.Time{"two days": origin.AddDate(0, 0, -2), "a clock that begins in 1970": time.Unix(0, 0)} {
		var ahead *watch.AheadError
		if err := w.service.Apply(t.Context(), w.batch("a", origin, false, ok), now); !errors.As(err, &ahead) || fault.KindOf(err) == fault.Invalid {
			t.Errorf("%s: got error %v, want one that is ahead", name, err)
		}
	}
}

// What the checks of the chain do not foresee and the database refuses would be refused
// at every attempt.
func TestABatchThatTheDatabaseRefusesIsInvalidAndTheNextOneIsApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	if _, err := w.db.Pool().Exec(t.Context(), `ALTER TABLE stamp_minute ADD CHECK (sent < 10)`); err != nil {
		t.Fatal(err)
	}
	b := w.batch("a", w.nth(0), false, ok)
	b.Reports = []probe.Report{{Link: w.links[0], At: w.nth(0), Finding: &probe.Stamp{Reflector: netip.MustParseAddrPort("192.0.2.9:862"), Sent: 10}}}
	if err := w.service.Apply(t.Context(), b, w.nth(1)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "23514") {
		t.Errorf("got error %v, want an invalid one with the SQLSTATE of a check", err)
	}
	if got := w.ask(t, `SELECT count(*) FROM batch`); got[0] != "0" {
		t.Errorf("%s batches stored, want none", got[0])
	}
	w.apply(t, w.batch("a", w.nth(1), false, ok), w.nth(2))
	// The decision of a cycle is no batch: nothing of it may be dropped.
	s, err := store.NewWatch(w.db)
	if err != nil {
		t.Fatal(err)
	}
	err = s.InTx(t.Context(), func(ctx context.Context, tx watch.Tx) error {
		return tx.SaveStamp(ctx, "a", b.Reports)
	})
	if err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("without a batch: got error %v, want an internal one", err)
	}
}

// Whoever has a prober's credential can say anything in its name: it must not hold up the
// batches of the others, nor a decision.
func TestABatchThatSaysMoreThanCanBeStoredHoldsUpNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	for seq := range 2 {
		b := w.batch("a", w.nth(0), false, ok)
		b.Last = seq == 1
		b.Quality.Clock = probe.Clock{Source: "ntp\x00\xff"}
		for i, o := range b.Observations {
			o.RTTMicros, o.Duplicates, o.Reordered = make([]int32, 1000), math.MaxInt32, 1000
			b.Observations[i] = o
			for range 30 {
				b.Observations = append(b.Observations, o)
			}
		}
		w.apply(t, b, w.nth(1))
	}
	for i := range 13 {
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	if diff := cmp.Diff([]string{"true"}, w.ask(t, `SELECT DISTINCT sent BETWEEN 31000 AND 32767 FROM minute WHERE sent > 0`)); diff != "" {
		t.Errorf("minutes with most of it (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ntp??"}, w.ask(t, `SELECT DISTINCT clock_source FROM prober_quality`)); diff != "" {
		t.Errorf("source of the clock (-want +got):\n%s", diff)
	}
}

// The numbers of probers have 16 bits; batches must not use them up.
func TestManyBatchesUseUpOneProberNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.run(t, 0, 30)
	w.run(t, 30, 31)
	if got := w.ask(t, `SELECT last_value FROM prober_id_seq`); !cmp.Equal(got, []string{"1"}) {
		t.Errorf("prober numbers drawn: %v, want 1", got)
	}
}

func TestAFailedStoreIsTheErrorOfTheCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.service = watch.New(dying{when: func() string { return "before" }}, w.policy)
	if err := w.service.Apply(t.Context(), w.batch("a", origin, false, ok), origin.Add(time.Hour)); !errors.Is(err, errDied) {
		t.Errorf("apply: got %v", err)
	}
	if _, err := w.service.Decide(t.Context(), origin, false, origin.Add(time.Hour)); !errors.Is(err, errDied) {
		t.Errorf("decide: got %v", err)
	}
}

// What we filled a line with is nobody's loss: the rounds beside it are in no minute,
// though they were planned.
func TestRoundsBesideOurOwnTestAreInNoMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	var batches []probe.Batch
	for i := range 24 {
		b := w.batch("a", w.nth(i), false, ok)
		for n := range b.Observations {
			o := &b.Observations[n]
			if o.Kind == probe.Link && o.Target == w.links[0] && i%2 == 0 {
				o.Loaded = true
				for e := range o.RTTMicros {
					o.RTTMicros[e] = 900_000
				}
			}
		}
		w.apply(t, b, w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
		batches = append(batches, b)
	}
	w.compareMinutes(t, batches)
	if slow := w.ask(t, "SELECT link_id FROM minute WHERE max_micros >= 900000"); len(slow) > 0 {
		t.Errorf("minutes hold the delay of our own test: %v", slow)
	}
}
