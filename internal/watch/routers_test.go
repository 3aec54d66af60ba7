package watch_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

// routers are those of a world's links: each counts 1,000 octets a second towards
// the site and 100 from it.
type routers struct {
	links   []int64
	began   time.Time
	started []time.Time
}

func newRouters(w *world, at time.Time) *routers {
	r := &routers{links: w.links, began: at.Add(-time.Hour)}
	for range w.links {
		r.started = append(r.started, r.began)
	}
	return r
}

// poll asks every router once; those without power start again with the first poll
// that finds them back.
func (r *routers) poll(at time.Time, silent, dark func(link int) bool) []probe.Poll {
	var out []probe.Poll
	for i, link := range r.links {
		if dark(i) {
			r.started[i] = at.Add(time.Second)
		}
		if silent(i) || dark(i) {
			out = append(out, probe.Poll{Link: link, At: at, Problem: "no answer"})
			continue
		}
		up := at.Sub(r.started[i])
		out = append(out, probe.Poll{Link: link, At: at, Uptime: up, Access: probe.Interface{
			Index: 2, Name: "wan", Up: true, Counted: true, SpeedBits: 1e6,
			InOctets: uint64(up.Milliseconds()), OutOctets: uint64(up.Milliseconds() / 10),
		}})
	}
	return out
}

func nothing(int) bool { return false }

// runWithRouters applies and decides cycles, with a poll of every router in each.
func (w *world) runWithRouters(t *testing.T, from, to int, see func(link int) result, poll func(at time.Time) []probe.Poll) {
	t.Helper()
	for i := from; i < to; i++ {
		b := w.batch("a", w.nth(i), false, see)
		b.Polls = poll(w.nth(i).Add(2 * time.Second))
		w.apply(t, b, w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
}

func (w *world) utilisation(t testing.TB, link int64) []string {
	t.Helper()
	return w.ask(t, `SELECT to_char(at, 'HH24:MI'), down_octets, up_octets, covered_millis FROM utilisation WHERE link_id = $1 ORDER BY at`, link)
}

func TestWhatALinkCarriesIsCountedOnceInItsFiveMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	r := newRouters(w, origin)
	w.runWithRouters(t, 58, 63, ok, func(at time.Time) []probe.Poll { return r.poll(at, nothing, nothing) })
	// The polls are at 06:04:52 to 06:05:12.
	want := []string{"06:00 8000 800 8000", "06:05 12000 1200 12000"}
	if diff := cmp.Diff(want, w.utilisation(t, w.links[0])); diff != "" {
		t.Errorf("utilisation (-want +got):\n%s", diff)
	}
	repeated := w.batch("a", w.nth(63), false, ok)
	repeated.Polls = r.poll(w.nth(62).Add(2*time.Second), nothing, nothing) // at the time of the last
	older := w.batch("a", w.nth(64), false, ok)
	older.Polls = r.poll(w.nth(60), nothing, nothing)
	ahead := w.batch("a", w.nth(65), false, ok)
	ahead.Polls = r.poll(w.nth(90), nothing, nothing)
	for _, b := range []probe.Batch{repeated, repeated, older, ahead} {
		w.apply(t, b, w.nth(66))
	}
	if diff := cmp.Diff(want, w.utilisation(t, w.links[0])); diff != "" {
		t.Errorf("after polls that are not newer, or not yet (-want +got):\n%s", diff)
	}
}

func TestADoubtfulPollIsAGapAndTheNextBase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	r := newRouters(w, origin)
	poll := func(at time.Time) []probe.Poll { return r.poll(at, nothing, nothing) }
	w.runWithRouters(t, 0, 2, ok, poll)
	r.started[0] = w.nth(2) // it started again, and has counted 2 s
	w.runWithRouters(t, 2, 3, ok, poll)
	if got := w.ask(t, `SELECT doubt FROM router_poll WHERE link_id = $1`, w.links[0]); got[0] != "restarted" {
		t.Errorf("doubt: got %q, want restarted", got)
	}
	w.runWithRouters(t, 3, 5, ok, poll)
	for link, want := range map[int]string{0: "06:00 15000 1500 15000", 1: "06:00 20000 2000 20000"} {
		if got := w.utilisation(t, w.links[link]); len(got) != 1 || got[0] != want {
			t.Errorf("link %d: got %q, want %s", link, got, want)
		}
	}
}

func TestASilentRouterKeepsItsBase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	r := newRouters(w, origin)
	for i, silent := range []bool{true, false, true, false} {
		w.runWithRouters(t, 2*i, 2*i+1, ok, func(at time.Time) []probe.Poll {
			return r.poll(at, func(int) bool { return silent }, nothing)
		})
	}
	// Answers lie 20 s apart, within two and a half intervals.
	if got := w.utilisation(t, w.links[0]); len(got) != 1 || got[0] != "06:00 20000 2000 20000" {
		t.Errorf("got %q", got)
	}
}

func TestAClockThatWasSetBackDoesNotStopTheCounting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	r := newRouters(w, origin)
	b := w.batch("a", w.nth(0), false, ok)
	b.Polls = r.poll(w.nth(1000), nothing, nothing)
	w.apply(t, b, w.nth(1000))
	w.runWithRouters(t, 1, 4, ok, func(at time.Time) []probe.Poll { return r.poll(at, nothing, nothing) })
	if got := w.utilisation(t, w.links[0]); len(got) != 1 || got[0] != "06:00 10000 1000 10000" {
		t.Errorf("got %q", got)
	}
}

func TestANameThatTheStoreCannotKeepHoldsNothingUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	r := newRouters(w, origin)
	w.runWithRouters(t, 0, 3, ok, func(at time.Time) []probe.Poll {
		polls := r.poll(at, nothing, nothing)
		polls[0].Access.Name, polls[1] = "wan\x00\xff", probe.Poll{Link: polls[1].Link, At: at, Problem: "\x00"}
		return polls
	})
	if got := w.utilisation(t, w.links[0]); len(got) != 1 || got[0] != "06:00 10000 1000 10000" {
		t.Errorf("got %q", got)
	}
}

// TestTheRouterTellsPowerFromLineOnce has two links down for 40 s; the router of one
// starts again as it comes back.
func TestTheRouterTellsPowerFromLineOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	r := newRouters(w, origin)
	outage := func(cycle int) func(int) bool {
		return func(link int) bool { return cycle >= 4 && cycle < 12 && (link == 0 || link == 5) }
	}
	for i := range 24 {
		down := outage(i)
		see := func(link int) result {
			if down(link) {
				return "fail"
			}
			return "ok"
		}
		w.runWithRouters(t, i, i+1, see, func(at time.Time) []probe.Poll {
			return r.poll(at, down, func(link int) bool { return link == 0 && down(link) })
		})
	}
	got := w.ask(t, `SELECT link_id, cause, extract(epoch FROM told_at - to_at)::int, extract(epoch FROM router_started - to_at)::int FROM outage ORDER BY link_id`)
	// The recovery is confirmed at the third good round, and told by the poll after it.
	want := []string{fmt.Sprint(w.links[0], " power 17 -2"), fmt.Sprint(w.links[5], " line 17 -3660")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outages (-want +got):\n%s", diff)
	}
	journal := w.ask(t, `SELECT chain_id, action FROM journal_entry WHERE action LIKE 'outage.%' ORDER BY chain_id`)
	if diff := cmp.Diff([]string{fmt.Sprint(w.links[0], " outage.power"), fmt.Sprint(w.links[5], " outage.line")}, journal); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	w.checkWhole(t)
}

// TestCountedOctetsAreThoseOfThePolls adds up a history in the plainest way, without
// the code under test: the routers count evenly, so an interval that is covered by
// some milliseconds carried as many octets.
func TestCountedOctetsAreThoseOfThePolls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	r := newRouters(w, origin)
	w.runWithRouters(t, 0, 130, ok, func(at time.Time) []probe.Poll {
		second := at.Unix()
		return r.poll(at.Add(time.Duration(second%7)*137*time.Millisecond), func(link int) bool { return (second/5+int64(link))%11 == 0 },
			func(link int) bool { return (second/5+int64(link*3))%47 == 0 })
	})
	rows := w.ask(t, `SELECT link_id, at FROM utilisation WHERE down_octets <> covered_millis OR abs(up_octets - covered_millis / 10.0) > 60`)
	if len(rows) > 0 {
		t.Errorf("intervals that carried other than what they cover: %q", rows)
	}
	var total int64
	if err := w.db.Pool().QueryRow(context.Background(), `SELECT sum(covered_millis) FROM utilisation`).Scan(&total); err != nil {
		t.Fatal(err)
	}
	if all := int64(len(w.links)) * 129 * 5000; total < all*8/10 || total > all {
		t.Errorf("%d ms are covered of %d", total, all)
	}
	if starts := w.ask(t, `SELECT DISTINCT to_char(at, 'HH24:MI') FROM utilisation ORDER BY 1`); !slices.Equal(starts, []string{"06:00", "06:05", "06:10"}) {
		t.Errorf("intervals: %q", starts)
	}
}
