package watch_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/store"
	"vigie/probe"
)

// line is a row of ask.
func line(columns ...any) string { return strings.TrimSuffix(fmt.Sprintln(columns...), "\n") }

// lose has the first echo of each round of the kinds given be lost, of the canaries from
// the n-th on.
func lose(b *probe.Batch, canaries, links bool, n int) {
	seen := 0
	for i := range b.Observations {
		o := &b.Observations[i]
		if o.Kind == probe.Canary {
			seen++
		}
		if links && o.Kind == probe.Link || canaries && o.Kind == probe.Canary && seen > n {
			o.RTTMicros[0] = probe.Lost
		}
	}
}

// uplink plays 24 cycles of prober a, two minutes, of which those in [from, to) are an
// isolation; spoil is what the cut does to the cycles beside it.
func uplink(t *testing.T, from, to int, spoil func(*probe.Batch)) (*world, []probe.Observation) {
	t.Helper()
	w := newWorld(t, quickPolicy(), someLinks)
	var counted []probe.Observation
	for i := range 25 {
		isolated := i >= from && i < to
		see := ok
		if isolated {
			see = func(int) result { return "fail" }
		}
		b := w.batch("a", w.nth(i), isolated, see)
		if i == from-1 || i == to {
			spoil(&b)
		}
		w.apply(t, b, w.nth(i+1))
		r, err := w.service.Decide(context.Background(), w.nth(i), false, w.nth(i+1))
		if err != nil {
			t.Fatal(err)
		}
		counted = append(counted, r.Rounds...)
	}
	return w, counted
}

func (w *world) lostNothing(t *testing.T, counted []probe.Observation) {
	t.Helper()
	w.summarise(t, origin.Add(24*time.Hour))
	if got := w.ask(t, `SELECT sum(sent - received) FROM minute`); got[0] != "0" {
		t.Errorf("the minutes lost %s echoes, want none", got[0])
	}
	for _, o := range counted {
		if o.Received() < o.Sent() {
			t.Errorf("a round with loss counted: %+v", o)
		}
	}
}

func TestWhatOurUplinkLosesAsItGoesAndComesIsNoLossOfLines(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from, to int
		known    bool // that the cycle before is in doubt, when it is decided
		spoil    func(*probe.Batch)
	}{
		"within a minute, every canary lost some": {6, 10, true, func(b *probe.Batch) { lose(b, true, true, 0) }},
		"the canaries were asked before the cut":  {6, 10, false, func(b *probe.Batch) { lose(b, false, true, 0) }},
		"one canary was asked before the cut":     {6, 10, false, func(b *probe.Batch) { lose(b, true, true, 1) }},
		"it goes at the end of a minute":          {12, 16, false, func(b *probe.Batch) { lose(b, false, true, 0) }},
		"it comes back with a minute":             {8, 12, false, func(b *probe.Batch) { lose(b, false, true, 0) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, counted := uplink(t, test.from, test.to, test.spoil)
			w.lostNothing(t, counted)
			at := func(n int) int { return n * int(w.cycle().Seconds()) }
			want := []string{
				line("doubtful", at(test.from-1), at(test.from)), line("isolated", at(test.from), at(test.to)), line("doubtful", at(test.to), at(test.to+1)),
			}
			if diff := cmp.Diff(want, w.gaps(t, "a", origin)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			if got, want := w.ask(t, `SELECT sum(planned - sent) FROM minute`), line(len(w.links)*echoes*(test.to-test.from+2)); got[0] != want {
				t.Errorf("echoes planned and not sent: got %s, want %s", got[0], want)
			}
			if slow := w.ask(t, `SELECT link_id, state #>> '{state,slow,bits}' FROM link_state WHERE state #>> '{state,slow,bits}' <> '0'`); test.known && len(slow) > 0 {
				t.Errorf("links that were slow: %v, want none", slow)
			}
			if got := w.ask(t, `SELECT DISTINCT at = $1, sent, received FROM canary_round`, w.nth(24)); len(got) != 1 || got[0] != line("true", echoes, echoes) {
				t.Errorf("the canaries are kept as %v, want the last round", got)
			}
			w.checkWhole(t)
		})
	}
}

// The uplink loses a part of everything and is never gone.
func TestAnUplinkThatLosesSomeOnEveryPathAccusesNoLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	slow := func(int) result { return "slow" }
	var counted []probe.Observation
	for i := range 25 {
		b := w.batch("a", w.nth(i), false, slow)
		lose(&b, true, true, 0)
		w.apply(t, b, w.nth(i+1))
		r, err := w.service.Decide(context.Background(), w.nth(i), false, w.nth(i+1))
		if err != nil {
			t.Fatal(err)
		}
		counted = append(counted, r.Rounds...)
	}
	w.lostNothing(t, counted)
	w.noneDegraded(t)
	w.none(t, "incident", "ticket")
}

func (w *world) noneDegraded(t *testing.T) {
	t.Helper()
	if got := w.ask(t, `SELECT link_id FROM transition WHERE after = 'degraded'`); len(got) > 0 {
		t.Errorf("links degraded: %v, want none", got)
	}
}

// A fail stays one, so that an outage during a bad hour of ours is found.
func TestAnOutageIsFoundThoughOurUplinkLosesSome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	for i := range 6 {
		b := w.batch("a", w.nth(i), false, func(link int) result {
			if link == 3 {
				return "fail"
			}
			return "ok"
		})
		lose(&b, true, false, 0)
		w.apply(t, b, w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	if got := w.ask(t, `SELECT link_id FROM link_state WHERE status = 'down'`); !cmp.Equal(got, []string{line(w.links[3])}) {
		t.Errorf("links down: got %v, want %d", got, w.links[3])
	}
}

func TestOneCanaryAloneThatLosesChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	var batches []probe.Batch
	for i := range 25 {
		b := w.batch("a", w.nth(i), false, func(int) result { return "slow" })
		lose(&b, true, true, 1)
		w.apply(t, b, w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
		batches = append(batches, b)
	}
	w.compareMinutes(t, batches[:24])
	if got := w.ask(t, `SELECT sum(sent - received) = sum(planned) / 2 FROM minute`); got[0] != "true" {
		t.Error("half of the echoes were lost and the minutes do not hold them")
	}
	if got := w.ask(t, `SELECT count(*) FROM link_state WHERE status = 'degraded'`); got[0] != line(len(w.links)) {
		t.Errorf("%s links are degraded, want all", got[0])
	}
	w.none(t, "gap")
}

// What was measured while nobody listened comes afterwards, and is in doubt all the same.
func TestWhatComesLateIsInDoubtAsWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	var late []probe.Batch
	for i := range 25 {
		w.apply(t, w.batch("b", w.nth(i), false, ok), w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
		isolated := i >= 12 && i < 16
		see := ok
		if isolated {
			see = func(int) result { return "fail" }
		}
		b := w.batch("a", w.nth(i), isolated, see)
		if i == 11 || i == 16 {
			lose(&b, false, true, 0)
		}
		late = append(late, b)
	}
	w.apply(t, late[0], w.nth(25))
	for _, b := range late[1:24] {
		w.apply(t, b, w.nth(25))
	}
	w.lostNothing(t, nil)
	want := []string{"doubtful 55 60", "isolated 60 80", "doubtful 80 85"}
	got := w.gaps(t, "a", origin)
	if len(got) > 3 { // the last, that never came
		got = got[:3]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// An isolation that comes late decides nothing, and puts the cycle after it in doubt: in the
// minute, where what it lost is void, and as a gap.
func TestTheCycleAfterAnIsolationThatCameLateIsAGapToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	fail := func(int) result { return "fail" }
	for i := range 25 {
		w.apply(t, w.batch("b", w.nth(i), false, ok), w.nth(i+1))
		if i == 12 { // decided without it
			w.decide(t, w.nth(i), false, w.nth(i+1))
			w.apply(t, w.batch("a", w.nth(i), true, fail), w.nth(i+1))
			continue
		}
		b := w.batch("a", w.nth(i), false, ok)
		if i == 13 {
			lose(&b, false, true, 0)
		}
		w.apply(t, b, w.nth(i+1))
		w.decide(t, w.nth(i), false, w.nth(i+1))
	}
	w.lostNothing(t, nil)
	if diff := cmp.Diff([]string{"isolated 60 65", "doubtful 65 70"}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// A restart between the cut and the cycle before forgets nothing.
func TestTheCycleBeforeACutIsInDoubtOverARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.run(t, 0, 11)
	b := w.batch("a", w.nth(11), false, ok)
	lose(&b, false, true, 0)
	w.apply(t, b, w.nth(12))
	w.decide(t, w.nth(11), false, w.nth(12))
	if got := w.ask(t, `SELECT sum(sent - received) FROM minute`); got[0] != line(len(w.links)) {
		t.Errorf("before the cut the minute lost %s echoes, want %d", got[0], len(w.links))
	}
	w.restart(t)
	w.apply(t, w.batch("a", w.nth(12), true, func(int) result { return "fail" }), w.nth(13))
	w.decide(t, w.nth(12), false, w.nth(13))
	w.lostNothing(t, nil)
	if diff := cmp.Diff([]string{"doubtful 55 60", "isolated 60 65"}, w.gaps(t, "a", origin)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// Time in doubt is no time of which nothing is known: only its loss is not.
func TestTimeInDoubtIsNotUnknownToTheStatement(t *testing.T) {
	t.Parallel()
	w, _ := uplink(t, 6, 10, func(b *probe.Batch) { lose(b, true, true, 0) })
	_, events, err := store.NewInvoicing(w.db).Month(context.Background(), origin.Add(-time.Hour), origin.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var unknown time.Duration
	for _, i := range events.Unknown {
		unknown += i.To.Sub(i.From)
	}
	if want := 4 * w.cycle(); unknown != want {
		t.Errorf("%s are unknown, want the %s of the isolation", unknown, want)
	}
}
