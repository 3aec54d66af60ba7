package watch_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
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

func TestALetterTellsWhatACloserLookSawAsItBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	failing := func(link int) result {
		if link == 5 {
			return "fail"
		}
		return "ok"
	}
	look := func(link int, from time.Time, rtts ...int32) probe.Report {
		return probe.Report{Link: w.links[link], At: from.Add(11 * time.Second), Finding: &probe.Look{
			From: from, LastLost: from.Add(10 * time.Second), Until: from.Add(11 * time.Second), End: probe.LookLasting,
			RoundSent: 5, RoundLost: 5, Gap: 100 * time.Millisecond, RTTMicros: rtts, Together: 1,
		}}
	}
	for i := range 12 {
		b := w.batch("a", w.nth(i), false, failing)
		if i == 1 {
			b.Reports = []probe.Report{
				look(4, w.nth(0), probe.Lost),                                    // another link
				look(5, w.nth(0).Add(-time.Hour), probe.Lost),                    // another time
				look(5, w.nth(0).Add(-w.cycle()-time.Second), probe.Lost),        // another event
				look(5, w.nth(0).Add(300*time.Millisecond), probe.Lost, 9, 9, 9), // this failure
			}
		}
		w.apply(t, b, w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	bodies := w.ask(t, `SELECT body FROM message WHERE kind = 'open'`)
	want := "premier écho perdu le " + i18n.For(i18n.French).TimeTenths(w.nth(0).Add(300*time.Millisecond)) + " vers 198.18.0.6"
	if len(bodies) != 1 || !strings.Contains(bodies[0], want) || !strings.Contains(bodies[0], "perdus\u00a0: 1 sur 4") {
		t.Errorf("got %q, want one letter that says %q", bodies, want)
	}
}

// The prober hands over what it found before the core can tell that its uplink was going.
func TestALetterTellsNothingThatALookSawWhileOurUplinkWasInDoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	for i := range 12 {
		b := w.batch("a", w.nth(i), false, func(link int) result {
			if link == 5 && i >= 2 {
				return "fail"
			}
			return "ok"
		})
		if i == 2 {
			lose(&b, true, true, 0)
			from := w.nth(2).Add(300 * time.Millisecond)
			b.Reports = []probe.Report{{Link: w.links[5], At: from.Add(4 * time.Second), Finding: &probe.Look{
				From: from, LastLost: from.Add(3 * time.Second), Until: from.Add(4 * time.Second), End: probe.LookLasting,
				RoundSent: 5, RoundLost: 5, Gap: 100 * time.Millisecond, RTTMicros: []int32{probe.Lost}, Together: 1,
			}}}
		}
		w.apply(t, b, w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	bodies := w.ask(t, `SELECT body FROM message WHERE kind = 'open'`)
	if len(bodies) != 1 || strings.Contains(bodies[0], "premier écho perdu") {
		t.Errorf("got %q, want one letter that says nothing of the look", bodies)
	}
}

func TestTheIsolationsOfProbersAreReadByTheirNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	for i := range 3 {
		for _, prober := range []string{"metz", "nancy"} {
			isolated := prober == "metz" && i == 1
			b := w.batch(prober, w.nth(i), isolated, func(int) result { return "ok" })
			if prober == "metz" && i == 0 {
				lose(&b, false, true, 0)
			}
			w.apply(t, b, w.nth(i+1))
		}
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	v := store.NewView(w.db)
	for name, test := range map[string]struct {
		view.Window
		want map[string][]view.Gap
	}{
		"about it":    {view.Window{From: w.nth(1).Add(time.Second), To: w.nth(3)}, map[string][]view.Gap{"metz": {{From: w.nth(1), To: w.nth(2), Reason: "isolated"}}}},
		"as it began": {view.Window{From: w.nth(0), To: w.nth(1)}, map[string][]view.Gap{"metz": {{From: w.nth(0), To: w.nth(1), Reason: "doubtful"}}}},
		"after":       {view.Window{From: w.nth(2), To: w.nth(3)}, map[string][]view.Gap{}},
	} {
		got, err := v.Isolated(context.Background(), test.Window)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
