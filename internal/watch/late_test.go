package watch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

// cut has prober a go silent for the cycles [10, 20) while b goes on, and come back with
// what it measured meanwhile, but for the first lost ones.
func cut(t *testing.T, lost int, isolated func(cycle int) bool) *world {
	t.Helper()
	w := newWorld(t, quickPolicy(), someLinks)
	both := func(i int) {
		w.apply(t, w.batch("a", w.nth(i), false, ok), w.nth(i+1))
		w.apply(t, w.batch("b", w.nth(i), false, ok), w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	for i := range 10 {
		both(i)
	}
	var waiting []probe.Batch
	for i := 10; i < 20; i++ {
		waiting = append(waiting, w.batch("a", w.nth(i), isolated(i), ok))
		w.apply(t, w.batch("b", w.nth(i), false, ok), w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	if diff := cmp.Diff([]string{"stopped 50 100"}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps while nothing comes (-want +got):\n%s", diff)
	}
	for _, b := range waiting[lost:] {
		w.apply(t, b, w.nth(20))
	}
	for i := 20; i < 24; i++ {
		both(i)
	}
	w.checkWhole(t)
	return w
}

func TestWhatComesAfterACutFillsItsGap(t *testing.T) {
	t.Parallel()
	never := func(int) bool { return false }
	for name, test := range map[string]struct {
		lost     int
		isolated func(int) bool
		want     []string
	}{
		"all of it":                   {want: []string{}, isolated: never},
		"but for the oldest":          {lost: 4, want: []string{"lost 50 70"}, isolated: never},
		"measured while isolated too": {want: []string{"isolated 75 85"}, isolated: func(i int) bool { return i == 15 || i == 16 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cut(t, test.lost, test.isolated)
			if diff := cmp.Diff(test.want, w.gaps(t, "a", origin)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			if rows := w.ask(t, `SELECT status, count(*) FROM link_state GROUP BY status`); len(rows) != 1 || rows[0] != "up 6" {
				t.Errorf("states of the links after a cut of one prober: %q", rows)
			}
			if rows := w.ask(t, `SELECT link_id, after FROM transition`); len(rows) > 0 {
				t.Errorf("transitions for a cut of one prober: %q", rows)
			}
		})
	}
}

func TestAProberThatComesBackHasEachMinuteWrittenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	var waiting []probe.Batch
	const cycles = 48 // of 5 s: four minutes
	for i := range cycles {
		w.apply(t, w.batch("b", w.nth(i), false, ok), w.nth(i+1))
		waiting = append(waiting, w.batch("a", w.nth(i), false, ok))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	for _, b := range waiting {
		w.apply(t, b, w.nth(cycles))
	}
	written := 0
	for more := true; more; {
		var err error
		if more, err = w.service.Summarise(t.Context(), w.nth(cycles+1)); err != nil {
			t.Fatal(err)
		}
		if more {
			written++
		}
	}
	if written != 4 {
		t.Errorf("%d summaries for 48 late batches of four minutes, want 4", written)
	}
	if rows := w.ask(t, `SELECT p.name, count(*), sum(sent) FROM minute JOIN prober p ON p.id = prober GROUP BY 1 ORDER BY 1`); len(rows) != 2 || rows[0][1:] != rows[1][1:] {
		t.Errorf("minutes, and echoes in them, of both probers: %q, want the same", rows)
	}
}
