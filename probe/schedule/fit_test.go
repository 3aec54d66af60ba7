package schedule_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/probe"
	"vigie/probe/schedule"
)

func named(kind probe.Kind, ids ...int64) []probe.Target {
	targets := links(ids...)
	for i := range targets {
		targets[i].Kind = kind
	}
	return targets
}

func TestWhatIsNeededMostIsTakenFirst(t *testing.T) {
	t.Parallel()
	targets := append(named(probe.Router, 1, 2, 3), named(probe.Demarcation, 1, 2, 3)...)
	targets = append(append(targets, links(1, 2, 3)...), named(probe.Canary, 1, 2)...)
	need := schedule.Need{Urgent: map[int64]bool{3: true}}
	at := func(kind probe.Kind, id int64) schedule.Key { return schedule.Key{Kind: kind, ID: id} }
	first := []schedule.Key{at(probe.Canary, 1), at(probe.Canary, 2), at(probe.Link, 3)}
	for room := range len(targets) {
		taken, left := schedule.Fit(targets, room, need)
		if len(taken) != room || len(taken)+len(left) != len(targets) {
			t.Fatalf("room %d: %d taken, %d left of %d", room, len(taken), len(left), len(targets))
		}
		got := map[schedule.Key]bool{}
		counts := map[probe.Kind]int{}
		for _, target := range taken {
			got[schedule.KeyOf(target)] = true
			counts[target.Kind]++
		}
		if room >= 3 {
			for _, key := range first {
				if !got[key] {
					t.Errorf("room %d: %s %d is left out", room, key.Kind, key.ID)
				}
			}
		}
		want := map[probe.Kind]int{}
		rest := room
		for _, kind := range []struct {
			kind probe.Kind
			of   int
		}{{probe.Canary, 2}, {probe.Link, 3}, {probe.Demarcation, 3}, {probe.Router, 3}} {
			if n := min(rest, kind.of); n > 0 {
				want[kind.kind] = n
				rest -= n
			}
		}
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Errorf("room %d: -want +got:\n%s", room, diff)
		}
	}
}

// drawTargets are some of each kind, each named once.
func drawTargets(t *rapid.T, most int) []probe.Target {
	targets := named(probe.Canary, 1, 2)
	for _, kind := range []probe.Kind{probe.Link, probe.Demarcation, probe.Router} {
		targets = append(targets, named(kind, rapid.SliceOfNDistinct(rapid.Int64(), 0, most, rapid.ID[int64]).Draw(t, kind.String())...)...)
	}
	return targets
}

func TestWhatIsTakenAndLeftAreTheTargets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		targets := drawTargets(t, 20)
		need := schedule.Need{Urgent: map[int64]bool{}, Waited: map[schedule.Key]int{}}
		for _, target := range targets {
			need.Waited[schedule.KeyOf(target)] = rapid.IntRange(0, 100).Draw(t, "waited")
			need.Urgent[target.ID] = rapid.Bool().Draw(t, "urgent")
		}
		room := rapid.IntRange(-1, len(targets)+2).Draw(t, "room")
		taken, left := schedule.Fit(targets, room, need)
		if want := max(0, min(room, len(targets))); len(taken) != want {
			t.Fatalf("%d taken in room for %d", len(taken), want)
		}
		seen := map[schedule.Key]int{}
		for _, target := range append(append([]probe.Target{}, taken...), left...) {
			seen[schedule.KeyOf(target)]++
		}
		for _, target := range targets {
			if seen[schedule.KeyOf(target)] != 1 {
				t.Fatalf("%s %d stands %d times", target.Kind, target.ID, seen[schedule.KeyOf(target)])
			}
		}
	})
}

// However few fit, and whichever links fail meanwhile, each target has its turn; and
// the canaries are in every cycle.
func TestNoTargetIsForgotten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		targets := drawTargets(t, 12)
		room := rapid.IntRange(3, len(targets)+1).Draw(t, "room")
		bound := schedule.Starved + (len(targets)-2)/(room-2) + 1
		waited := map[schedule.Key]int{}
		for cycle := range 4 * bound {
			urgent := map[int64]bool{}
			for _, target := range targets {
				urgent[target.ID] = rapid.IntRange(0, 3).Draw(t, "urgent") == 0
			}
			taken, left := schedule.Fit(targets, room, schedule.Need{Urgent: urgent, Waited: waited})
			for _, target := range taken {
				delete(waited, schedule.KeyOf(target))
			}
			for _, target := range left {
				key := schedule.KeyOf(target)
				waited[key]++
				if target.Kind == probe.Canary {
					t.Fatalf("cycle %d: canary %d is left out", cycle, target.ID)
				}
				if waited[key] > bound {
					t.Fatalf("cycle %d: %s %d is left out for the %dth time, %d of %d fit", cycle, key.Kind, key.ID, waited[key], room, len(targets))
				}
			}
		}
	})
}

func TestAPlannedRoundIsWholeInItsCycleAndNearItsPlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		shape := schedule.Shape{
			Cycle:  time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "cycle")),
			Echoes: rapid.IntRange(1, 20).Draw(t, "echoes"),
			Gap:    time.Duration(rapid.Int64Range(1, int64(time.Second)).Draw(t, "gap")),
		}
		if shape.Validate() != nil {
			t.Skip("does not fit")
		}
		targets := links(rapid.SliceOfNDistinct(rapid.Int64(), 1, 30, rapid.ID[int64]).Draw(t, "ids")...)
		phase := rapid.Uint64().Draw(t, "phase")
		start := time.Unix(0, rapid.Int64Range(0, 1<<60).Draw(t, "start"))
		first := offsets(schedule.Plan(targets, shape, phase, start))
		alone := offsets(schedule.Plan(targets[:1], shape, phase, start))
		if first[targets[0]] != alone[targets[0]] {
			t.Fatalf("target %d moved from %s to %s because of the others", targets[0].ID, alone[targets[0]], first[targets[0]])
		}
		before := time.Duration(0)
		for _, slot := range schedule.Plan(targets, shape, phase, start.Add(shape.Cycle)) {
			last := slot.Offset + time.Duration(shape.Echoes-1)*shape.Gap
			if slot.Offset < before || last >= shape.Cycle {
				t.Fatalf("target %d at %s after %s, last echo at %s of %s", slot.Target.ID, slot.Offset, before, last, shape.Cycle)
			}
			if moved := (slot.Offset - first[slot.Target]).Abs(); moved > shape.Cycle/10 {
				t.Fatalf("target %d moved by %s from one cycle of %s to the next", slot.Target.ID, moved, shape.Cycle)
			}
			before = slot.Offset
		}
	})
}

// A target must not keep the same moment: over a hundred cycles its rounds lie in
// every tenth of the stretch over which they move.
func TestRoundsDoNotKeepTimeWithThemselves(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	seen := map[time.Duration]bool{}
	lowest, highest := usual.Cycle, time.Duration(0)
	for i := range 100 {
		at := schedule.Plan(links(7), usual, 1, start.Add(time.Duration(i)*usual.Cycle))[0].Offset
		seen[at/(300*time.Millisecond)] = true
		lowest, highest = min(lowest, at), max(highest, at)
	}
	if len(seen) < 9 || highest-lowest < 2*time.Second || highest-lowest > 3*time.Second {
		t.Errorf("rounds of a hundred cycles lie in %d tenths, from %s to %s", len(seen), lowest, highest)
	}
}

func TestTheRoomOfACycleFollowsTheRate(t *testing.T) {
	t.Parallel()
	for rate, want := range map[int]int{30_000: 180_000, 100: 600, 1: 6, 0: 1} {
		if got := usual.Room(rate); got != want {
			t.Errorf("%d echoes a second: room for %d rounds, want %d", rate, got, want)
		}
	}
}
