package watch_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/store"
	"vigie/internal/view"
	"vigie/probe"
)

func TestAReportIsStoredOnceWithTheBatchThatBringsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	b := w.batch("metz", origin, false, func(int) result { return "ok" })
	look := &probe.Look{
		From: origin.Add(time.Second), LastLost: origin.Add(3 * time.Second), Until: origin.Add(4 * time.Second), End: probe.LookRecovered,
		RoundSent: 5, RoundLost: 1, Gap: 100 * time.Millisecond, RTTMicros: []int32{9000, probe.Lost}, Together: 1,
	}
	b.Reports = []probe.Report{{Link: w.links[0], At: origin.Add(5 * time.Second), Finding: look}}
	w.apply(t, b, origin.Add(31*time.Second))
	w.apply(t, b, origin.Add(40*time.Second)) // the pipe brings it again
	window := view.Window{From: origin, To: origin.Add(time.Minute)}
	got, err := store.NewView(w.db).Findings(context.Background(), w.links[0], "look", window, 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []view.Finding{{At: origin.Add(5 * time.Second), Prober: "metz", Finding: look}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	for name, of := range map[string]struct {
		link int64
		kind string
		view.Window
	}{
		"another link": {w.links[1], "look", window},
		"earlier":      {w.links[0], "look", view.Window{From: origin.Add(-time.Hour), To: origin.Add(5 * time.Second)}},
	} {
		if got, err := store.NewView(w.db).Findings(context.Background(), of.link, of.kind, of.Window, 10); err != nil || len(got) > 0 {
			t.Errorf("%s: got %v, error %v; want none", name, got, err)
		}
	}
}
