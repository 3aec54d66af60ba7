package watch_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/linkstate"
	"vigie/internal/watch"
)

// Of three probers one is isolated, and one tests what the first link carries.
func TestADecisionTellsTheRoundsThatCountedInTheCycleBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	loaded := w.batch("toul", w.nth(0), false, ok)
	for i := range loaded.Observations {
		o := &loaded.Observations[i]
		o.Loaded = o.Target == w.links[0]
	}
	w.apply(t, w.batch("metz", w.nth(0), false, ok), w.nth(1))
	w.apply(t, w.batch("nancy", w.nth(0), true, func(int) result { return "fail" }), w.nth(1))
	w.apply(t, loaded, w.nth(1))
	decide := func(n int) watch.Report {
		r, err := w.service.Decide(context.Background(), w.nth(n), false, w.nth(n+1))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if first := decide(0); len(first.Rounds) > 0 {
		t.Errorf("rounds counted before the next cycle could put them in doubt: %+v", first.Rounds)
	}
	r := decide(1)
	rounds := map[int64]int{}
	for _, o := range r.Rounds {
		rounds[o.Target]++
		if o.Received() == 0 {
			t.Errorf("a round of the isolated prober counted: %+v", o)
		}
	}
	want := map[int64]int{}
	for _, id := range w.links {
		want[id] = 2
	}
	want[w.links[0]] = 1
	if diff := cmp.Diff(want, rounds); diff != "" {
		t.Errorf("rounds by link (-want +got):\n%s", diff)
	}
	var told []int64
	for _, l := range r.Links {
		if told = append(told, l.ID); l.State.Status != linkstate.Up {
			t.Errorf("link %d is %s, want up", l.ID, l.State.Status)
		}
	}
	slices.Sort(told)
	if diff := cmp.Diff(w.links, told); diff != "" || r.Index == nil {
		t.Errorf("links told (-want +got):\n%s", diff)
	}
	if again := decide(1); again.Index != nil || len(again.Rounds) > 0 {
		t.Errorf("a cycle that was decided before tells %+v", again)
	}
}
