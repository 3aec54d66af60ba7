package watch_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/store"
	"vigie/internal/view"
	"vigie/probe"
)

// Two cycles of one minute, the first in two batches; the pipe brings one again.
func TestTheQualityOfAMinuteIsThatOfItsBatchesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	length := w.cycle()
	clock := probe.Clock{Source: "ntp.example", Synchronised: true, Offset: -3 * time.Millisecond, MaxError: 12 * time.Millisecond}
	first := w.batch("metz", w.nth(0), false, ok)
	first.Last, first.Quality = false, probe.Quality{}
	rest := w.batch("metz", w.nth(0), false, ok)
	rest.Observations, rest.Planned = nil, 1
	rest.Quality = probe.Quality{
		Unsent: 5, Void: 1, Dropped: 2, Unstamped: 9, Malformed: 3, Forged: 4, Duplicate: 6, Late: 7, Overrun: 8, Errands: 10,
		WorstLag: 40 * time.Millisecond, Lag95: 20 * time.Millisecond, Clock: clock,
	}
	second := w.batch("metz", w.nth(1), false, ok)
	second.Quality = probe.Quality{Gap: 1, WorstLag: 30 * time.Millisecond, Lag95: 25 * time.Millisecond, Clock: clock}
	for _, of := range []struct {
		batch probe.Batch
		came  time.Duration // after the end of its cycle
	}{{first, time.Second}, {rest, 2 * time.Second}, {rest, 3 * time.Second}, {second, 1500 * time.Millisecond}} {
		w.apply(t, of.batch, of.batch.Cycle.Add(length+of.came))
	}
	echoes := 0
	for _, o := range slices.Concat(first.Observations, second.Observations) {
		echoes += o.Sent()
	}
	want := []string{fmt.Sprintf("%d %d %d 5 1 2 9 3 4 6 7 8 10 1 40000 25000 ntp.example true -3000 12000 1500000",
		2*length.Milliseconds(), first.Planned+1+second.Planned, echoes)}
	got := w.ask(t, `SELECT span_millis, rounds, echoes, unsent, void, dropped, unstamped, malformed, forged, duplicate, late, overrun, errands, lost_batches,
		worst_lag_micros, lag95_micros, clock_source, clock_synchronised, clock_offset_micros, clock_error_micros, arrival_micros FROM prober_quality`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What a cycle left out is time that is not measured; a prober that is an hour ahead is
// found by when its batches come.
func TestWhatWasNotMeasuredIsMissingFromTheMeasuredTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	b := w.batch("metz", w.nth(0), false, ok)
	b.Quality.Overrun = b.Planned // half of what was due
	sent := 0
	for _, o := range b.Observations {
		sent += o.Sent()
	}
	b.Quality.Errands = 99 // which are no rounds
	b.Quality.Void = sent  // and half of what was sent
	w.apply(t, b, w.nth(1))
	ahead := w.batch("nancy", w.nth(0).Add(time.Hour).Truncate(w.cycle()), false, ok)
	w.apply(t, ahead, w.nth(1))
	v := store.NewView(w.db)
	window := view.Window{From: origin.Truncate(time.Hour), To: origin.Truncate(time.Hour).Add(3 * time.Hour), Step: time.Hour}
	points, now, err := v.Quality(context.Background(), "metz", window, origin)
	if err != nil {
		t.Fatal(err)
	}
	if len(points) != 1 || points[0].Measured != w.cycle()/4 || points[0].OffsetKnown || now.Arrival != 0 || !now.Arrived {
		t.Errorf("got %+v, %+v; want a quarter of a cycle of %s, there at once", points, now, w.cycle())
	}
	if _, now, err = v.Quality(context.Background(), "nancy", window, origin); err != nil || now.Arrival != -time.Hour {
		t.Errorf("nancy: %+v, %v; want batches an hour before their time", now, err)
	}
	if _, now, err = v.Quality(context.Background(), "nancy", window, w.nth(2)); err != nil || now.Arrived || !now.At.IsZero() {
		t.Errorf("nancy, since later: %+v, %v; want nothing", now, err)
	}
}

func TestTheLinksOfAnOpenIncidentAreUrgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	var urgent [][]int64
	for i := range 40 {
		fails := i >= 2 && i < 10
		w.apply(t, w.batch("a", w.nth(i), false, func(link int) result {
			if fails && link == 0 {
				return "fail"
			}
			return "ok"
		}), w.nth(i+1))
		report, err := w.service.Decide(context.Background(), w.nth(i), false, w.nth(i+1))
		if err != nil {
			t.Fatal(err)
		}
		if len(urgent) == 0 || !slices.Equal(urgent[len(urgent)-1], report.Urgent) {
			urgent = append(urgent, report.Urgent)
		}
	}
	if diff := cmp.Diff([][]int64{nil, {w.links[0]}, nil}, urgent); diff != "" {
		t.Errorf("urgent links over time (-want +got):\n%s", diff)
	}
}
