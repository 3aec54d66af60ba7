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

// letIn gives a prober a credential; site is "" for one that looks at links.
func (w *world) letIn(t *testing.T, name, site string) {
	t.Helper()
	_, err := w.db.Pool().Exec(context.Background(), `
		INSERT INTO prober_key (name, site, public_key, created_at) VALUES ($1, nullif($2, ''), $1, now())`, name, site)
	if err != nil {
		t.Fatal(err)
	}
}

// withSchool is a world with a prober inside the first site, that asks one service.
func withSchool(t *testing.T) (*world, int64) {
	t.Helper()
	w := newWorld(t, quickPolicy(), someLinks)
	site := someLinks[0].sites[0]
	w.letIn(t, "inside", site)
	w.change(t, inventory.Snapshot{Checks: []inventory.Check{{
		Key: "ent", Scope: inventory.ScopeSite, Subject: site, Name: "ENT", From: inventory.FromSite,
		Service: "https://192.0.2.9/", Every: 30 * time.Second, Source: "s",
	}}}, origin)
	stored, err := store.NewInventory(w.db).Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return w, stored.Checks[0].ID
}

// fromInside is what a prober inside a school delivers: canaries and one answer.
func (w *world) fromInside(n int, check int64, reason string, isolated bool) probe.Batch {
	b := w.batch("inside", w.nth(n), isolated, func(int) result { return "none" })
	at := w.nth(n).Add(w.cycle() / 2)
	b.Reports = []probe.Report{{Link: w.links[0], At: at, Finding: &probe.Check{ID: check, Reason: reason, Known: true, WholeMicros: 5000}}}
	return b
}

func (w *world) none(t *testing.T, tables ...string) {
	t.Helper()
	for _, table := range tables {
		if got := w.ask(t, "SELECT count(*) FROM "+table); got[0] != "0" {
			t.Errorf("%s rows in %s, want none", got, table)
		}
	}
}

func TestAProberInsideASchoolThatIsCutOffIsNoIncident(t *testing.T) {
	t.Parallel()
	w, check := withSchool(t)
	for n := range 40 {
		w.apply(t, w.batch("metz", w.nth(n), false, ok), w.nth(n+1))
		cut := n >= 5 && n < 15
		reason := "ok"
		if cut {
			reason = "timeout"
		}
		if n < 25 { // then it falls silent
			w.apply(t, w.fromInside(n, check, reason, cut), w.nth(n+1))
		}
		w.decide(t, w.nth(n), false, w.nth(n+1))
	}
	w.none(t, "incident", "ticket", "transition", "gap", "check_transition")
	if got := w.ask(t, `SELECT sum(asked), sum(failed) FROM check_hour`); got[0] != "15 0" {
		t.Errorf("the hours hold %s, want the 15 answers found while it was not cut off", got)
	}
	if got := w.ask(t, `SELECT p.name, count(*) FROM prober_quality q JOIN prober p ON p.id = q.prober GROUP BY p.name ORDER BY p.name`); len(got) != 2 {
		t.Errorf("quality is kept of %v, want both", got)
	}
}

// With nobody else there is no vantage point, so that the links are unknown and the
// incident is that of the probers: one at a site is not connected in the sense of R3.
func TestAProberInsideASchoolIsNotTheOneThatIsConnected(t *testing.T) {
	t.Parallel()
	w, check := withSchool(t)
	for n := range 40 {
		if n < 5 {
			w.apply(t, w.batch("metz", w.nth(n), false, ok), w.nth(n+1))
		}
		b := w.fromInside(n, check, "ok", false)
		// It lies: a school's prober says nothing of lines, nor of routers.
		b.Observations = append(b.Observations, probe.Observation{Target: w.links[0], Kind: probe.Link, At: w.nth(n), RTTMicros: []int32{probe.Lost, probe.Lost}})
		b.Polls = []probe.Poll{{Link: w.links[0], At: w.nth(n), Problem: "timeout"}}
		w.apply(t, b, w.nth(n+1))
		w.decide(t, w.nth(n), false, w.nth(n+1))
	}
	if diff := cmp.Diff([]string{"prober"}, w.ask(t, `SELECT kind FROM incident`)); diff != "" {
		t.Errorf("incidents (-want +got):\n%s", diff)
	}
	if got := w.ask(t, `SELECT DISTINCT after FROM transition`); len(got) != 1 || got[0] != "unknown" {
		t.Errorf("links became %v, want unknown: nobody looks at them", got)
	}
	if got := w.ask(t, `SELECT DISTINCT p.name FROM minute m JOIN prober p ON p.id = m.prober`); len(got) != 1 || got[0] != "metz" {
		t.Errorf("minutes of links by %v, want metz alone", got)
	}
	_, events, err := store.NewInvoicing(w.db).Month(context.Background(), origin.AddDate(0, 0, -1), origin.AddDate(0, 0, 1))
	if err != nil || len(events.Unknown) != 1 {
		t.Errorf("unknown time of the month: %v, %v; want that in which nobody looked at links", events.Unknown, err)
	}
	w.none(t, "ticket_link WHERE ticket_id IN (SELECT id FROM ticket WHERE addressee = 'operator')", "router_poll")
}

func TestNoCycleWaitsForAProberInsideASchool(t *testing.T) {
	inBubble(t, func(t *testing.T, l *liveWorld) {
		l.letIn(t, "inside", someLinks[0].sites[0])
		l.probers = map[string]time.Duration{"a": time.Second, "inside": 4 * time.Second}
		stop := l.start()
		time.Sleep(5*l.cycle() + 15*time.Second)
		l.set(func() { l.silent["inside"] = true })
		time.Sleep(3 * l.cycle())
		stop()
		for i, lag := range l.lags() {
			if lag >= 20 {
				t.Errorf("cycle %d was decided %d tenths of a second after its end, want those of the prober that looks at links", i, lag)
			}
		}
	})
}

// What a service is, only the prober tells that is to ask it.
func TestACheckFromASiteIsAnsweredByItsProberAlone(t *testing.T) {
	t.Parallel()
	w, check := withSchool(t)
	other := w.asked(0, check, "timeout", false) // of metz
	w.apply(t, other, w.nth(1))
	w.none(t, "check_state")
	w.apply(t, w.fromInside(0, check, "ok", false), w.nth(1))
	if got := w.ask(t, `SELECT status FROM check_state`); len(got) != 1 || got[0] != "working" {
		t.Errorf("the check is %v, want working", got)
	}
}
