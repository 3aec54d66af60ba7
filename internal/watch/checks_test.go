package watch_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/probe"
)

// withChecks is a world whose first link has a check.
func withChecks(t *testing.T) (*world, int64) {
	t.Helper()
	w := newWorld(t, quickPolicy(), someLinks)
	w.change(t, inventory.Snapshot{Checks: []inventory.Check{{
		Key: "amon", Scope: inventory.ScopeLink, Subject: w.index.Links[0].Ref, Name: "AMON", From: inventory.FromCore,
		Service: "tcp://192.0.2.7:443", Every: 30 * time.Second, Source: "s",
	}}}, origin)
	stored, err := store.NewInventory(w.db).Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return w, stored.Checks[0].ID
}

// asked is the batch of a cycle with one result of the check in it.
func (w *world) asked(n int, check int64, reason string, isolated bool) probe.Batch {
	b := w.batch("metz", w.nth(n), isolated, func(int) result { return "ok" })
	at := w.nth(n).Add(w.cycle() / 2)
	found := &probe.Check{ID: check, Reason: reason, Known: reason != "own", ConnectMicros: 2000, WholeMicros: 5000}
	b.Reports = []probe.Report{{Link: w.links[0], At: at, Finding: found}}
	return b
}

const sqlOfTransitions = `SELECT to_char(since AT TIME ZONE 'UTC', 'HH24:MI:SS'), to_char(at AT TIME ZONE 'UTC', 'HH24:MI:SS'), status, reason FROM check_transition ORDER BY at`

func TestAFirewallThatDiesBehindAGoodLineMakesNoTicket(t *testing.T) {
	t.Parallel()
	w, check := withChecks(t)
	for n := range 40 {
		reason := "ok"
		if n >= 4 && n < 30 {
			reason = "timeout"
		}
		b := w.asked(n, check, reason, false)
		w.apply(t, b, w.nth(n+1))
		w.apply(t, b, w.nth(n+1)) // the pipe brings it again
		w.decide(t, w.nth(n), false, w.nth(n+1))
	}
	at := func(n int) string { return w.nth(n).Add(w.cycle() / 2).Format(time.TimeOnly) }
	want := []string{at(4) + " " + at(5) + " failing timeout", at(30) + " " + at(30) + " working ok"}
	if diff := cmp.Diff(want, w.ask(t, sqlOfTransitions)); diff != "" {
		t.Errorf("transitions (-want +got):\n%s", diff)
	}
	if got := w.ask(t, `SELECT sum(asked), sum(failed), sum(connect_micros)::bigint, max(whole_max) FROM check_hour`); got[0] != "40 26 28000 5000" {
		t.Errorf("the hours hold %s, want 40 questions, 26 failed, and the times of the 14 others", got)
	}
	if got := w.ask(t, `SELECT status FROM check_state`); got[0] != "working" {
		t.Errorf("the check is %s", got)
	}
	for _, table := range []string{"incident", "ticket", "message", "outage", "finding"} {
		if got := w.ask(t, "SELECT count(*) FROM "+table); got[0] != "0" {
			t.Errorf("%s rows in %s, want none: the line was good", got, table)
		}
	}
}

func TestWhatAnIsolatedProberAskedInVainSaysNothing(t *testing.T) {
	t.Parallel()
	w, check := withChecks(t)
	for n := range 10 {
		isolated := n >= 3 && n < 8
		reason := "ok"
		if isolated || n == 2 { // it was about to lose its uplink
			reason = "timeout"
		}
		w.apply(t, w.asked(n, check, reason, isolated), w.nth(n+1))
	}
	if got := w.ask(t, sqlOfTransitions); len(got) > 0 {
		t.Errorf("transitions %v, want none", got)
	}
	if got := w.ask(t, `SELECT sum(asked), sum(failed) FROM check_hour`); got[0] != "5 1" {
		t.Errorf("the hours hold %s, want the 5 answers of a connected prober", got)
	}
}

func TestACycleInPiecesIsJudgedOnceItsCanariesAreKnown(t *testing.T) {
	t.Parallel()
	w, check := withChecks(t)
	for n := range 4 {
		whole := w.asked(n, check, "timeout", false)
		first, rest := whole, whole
		first.Last, first.Observations = false, nil
		w.seqs["metz"]++
		rest.Seq, rest.Reports = w.seqs["metz"], nil
		w.apply(t, first, w.nth(n+1))
		if n == 0 {
			if got := w.ask(t, `SELECT count(*) FROM check_state`); got[0] != "0" {
				t.Error("judged before the canaries were known")
			}
		}
		w.apply(t, rest, w.nth(n+1))
	}
	if got := w.ask(t, `SELECT status FROM check_state`); len(got) != 1 || got[0] != "failing" {
		t.Errorf("the check is %v, want failing: the canaries answered", got)
	}
}

func TestACheckThatTheInventoryDoesNotKnowIsLeftOut(t *testing.T) {
	t.Parallel()
	w, check := withChecks(t)
	w.apply(t, w.asked(0, check+1000, "timeout", false), w.nth(1))
	ahead := w.asked(1, check, "timeout", false)
	ahead.Reports[0].At = w.nth(100) // a clock that is wrong
	w.apply(t, ahead, w.nth(2))
	if got := w.ask(t, `SELECT count(*) FROM check_state`); got[0] != "0" {
		t.Errorf("%s states, want none", got)
	}
}
