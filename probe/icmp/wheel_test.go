package icmp

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A wheel that turned many times, and rounds further ahead than a turn, must give the
// same as a list sorted by tick, then by the order of adding.
func TestTheWheelGivesRoundsByTickThenByOrderOfAdding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var w wheel
		var want []*round
		order := map[*round]int64{}
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "adds") {
				r := &round{due: now + time.Duration(rapid.Int64Range(-int64(time.Second), 3*spokes*int64(tick)).Draw(t, "ahead"))}
				w.put(r)
				order[r] = max(tickOf(r.due), w.turned-1) // those too late come next, as they were added
				want = append(want, r)
				continue
			}
			soon := w.next(now + time.Hour)
			for _, r := range want {
				if r.due > now && soon > time.Duration(tickOf(r.due))*tick {
					t.Fatalf("the next is at %s, and a round due at %s", soon, r.due)
				}
			}
			now += time.Duration(rapid.Int64Range(0, 2*spokes*int64(tick)).Draw(t, "passes"))
			slices.SortStableFunc(want, func(a, b *round) int { return int(order[a] - order[b]) })
			for r := w.take(now); r != nil; r = w.take(now) {
				if len(want) == 0 || r != want[0] || tickOf(r.due) > int64(now/tick) {
					t.Fatalf("a round due at %s is given at %s, of %d", r.due, now, len(want))
				}
				want = want[1:]
			}
			if len(want) > 0 && tickOf(want[0].due) <= int64(now/tick) {
				t.Fatalf("a round due at %s is not given at %s", want[0].due, now)
			}
		}
	})
}
