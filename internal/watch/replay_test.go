package watch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vigie/internal/fault"
	"vigie/internal/store"
	"vigie/internal/watch"
)

// story is what links do in each cycle: one is cut twice, a POP fails, one is slow.
func story(cycle int) func(link int) result {
	return func(link int) result {
		switch {
		case link == 0 && (cycle >= 60 && cycle < 90 || cycle >= 120 && cycle < 135),
			link <= 2 && cycle >= 180 && cycle < 200:
			return "fail"
		case link == 5 && cycle >= 150 && cycle < 175:
			return "slow"
		}
		return "ok"
	}
}

const storyEnds = 240

// tell has the live chain live a story; nothing comes from either prober in the cycles
// of silence.
func tell(t *testing.T, silence [2]int) *world {
	t.Helper()
	w := newWorld(t, quickPolicy(), someLinks)
	for i := range storyEnds {
		if i >= silence[0] && i < silence[1] {
			continue
		}
		for _, prober := range []string{"a", "b"} {
			w.apply(t, w.batch(prober, w.nth(i), false, story(i)), w.nth(i+1))
		}
		if i == silence[1] { // as the cycle clock does: all becomes unknown, then the next result
			for j := silence[0]; j <= silence[0]+3; j++ {
				w.decide(t, w.nth(j), true, w.nth(i+1))
			}
		}
		w.decide(t, w.nth(i), false, w.nth(i+1).Add(time.Second))
	}
	return w
}

func (w *world) replay(t *testing.T, policy watch.Policy, from, to int) (found watch.Replayed) {
	t.Helper()
	s, err := store.NewWatch(w.db)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Past(t.Context(), func(p watch.Past) error {
		found, err = watch.Replay(t.Context(), p, policy, w.nth(from), w.nth(to), func(time.Time) {})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func told(r watch.Replayed) []string {
	out := []string{}
	for _, h := range r.Differences {
		out = append(out, fmt.Sprintf("%s %s %s %s", h.Only, h.At.Format(time.TimeOnly), h.About, h.What))
	}
	return out
}

func TestTheSameRulesDecideTheSameAgain(t *testing.T) {
	t.Parallel()
	for name, silence := range map[string][2]int{"without a gap": {-1, -1}, "over a gap": {100, 118}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tell(t, silence)
			r := w.replay(t, w.policy, 45, storyEnds+100)
			if len(r.Differences) > 0 {
				t.Errorf("differences:\n%s", strings.Join(told(r), "\n"))
			}
			if r.Transitions < 10 || r.Changes < 8 || r.Tickets < 4 || !r.Warm || !r.To.Equal(w.nth(storyEnds)) {
				t.Errorf("too little was compared, or too much: %+v", r)
			}
			// In the middle of an outage and of a ticket, the rounds before tell what was open.
			if r := w.replay(t, w.policy, 75, 130); len(r.Differences) > 0 || r.Transitions == 0 {
				t.Errorf("of a part: %+v\n%s", r, strings.Join(told(r), "\n"))
			}
		})
	}
}

func TestOtherRulesAreToldByWhatTheyWouldDo(t *testing.T) {
	t.Parallel()
	w := tell(t, [2]int{-1, -1})
	policy := w.policy
	policy.Incident.OpenDelay = 10 * time.Minute // no single outage of the story is so long
	r := w.replay(t, policy, 45, storyEnds)
	tickets := 0
	for _, h := range r.Differences {
		if h.About == "transition" {
			t.Errorf("a delay changed a transition: %+v", h)
		}
		if h.About == "ticket" && h.Only == watch.OnlyStored && strings.HasPrefix(h.What, "open") {
			tickets++
		}
	}
	if tickets == 0 {
		t.Errorf("no ticket is missing under a delay that none reaches:\n%s", strings.Join(told(r), "\n"))
	}
}

func TestWhatIsStoredOtherwiseIsFound(t *testing.T) {
	t.Parallel()
	w := tell(t, [2]int{-1, -1})
	for _, sql := range []string{
		`DELETE FROM transition WHERE id = (SELECT min(id) FROM transition WHERE after = 'down' AND at >= $1)`,
		`UPDATE ticket_period SET since = since + interval '1 second' WHERE (ticket_id, ordinal) = (SELECT ticket_id, ordinal FROM ticket_period WHERE opened_at >= $1 ORDER BY opened_at LIMIT 1)`,
	} {
		if _, err := w.db.Pool().Exec(t.Context(), sql, w.nth(45)); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]int{}
	for _, h := range w.replay(t, w.policy, 45, storyEnds).Differences {
		got[h.About+" "+h.Only]++
	}
	if want := (map[string]int{"transition replayed": 1, "ticket stored": 1, "ticket replayed": 1}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("differences: %v, want %v", got, want)
	}
}

func TestAReplayWritesNothing(t *testing.T) {
	t.Parallel()
	w := tell(t, [2]int{-1, -1})
	sums := func() []string {
		return w.ask(t, `SELECT (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM transition t), (SELECT md5(string_agg(e::text, ',')) FROM engine e),
			(SELECT md5(string_agg(s::text, ',' ORDER BY link_id)) FROM link_state s), (SELECT count(*) FROM journal_entry), (SELECT count(*) FROM message)`)
	}
	before := sums()
	w.replay(t, w.policy, 0, storyEnds)
	if after := sums(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestAReplayOfWhatIsNotKeptIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	s, err := store.NewWatch(w.db)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(from, to int) (err error) {
		return s.Past(t.Context(), func(p watch.Past) error {
			_, err = watch.Replay(t.Context(), p, w.policy, w.nth(from), w.nth(to), func(time.Time) {})
			return err
		})
	}
	if err := ask(0, 10); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of nothing: %v", err)
	}
	w.run(t, 10, 20)
	for name, span := range map[string][2]int{"before the first round": {9, 15}, "backwards": {15, 12}, "after the last": {20, 30}} {
		if err := ask(span[0], span[1]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
