package schedule_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/probe"
	"vigie/probe/schedule"
)

var usual = schedule.Shape{Cycle: 30 * time.Second, Echoes: 5, Gap: 100 * time.Millisecond}

func links(ids ...int64) []probe.Target {
	targets := make([]probe.Target, len(ids))
	for i, id := range ids {
		targets[i] = probe.Target{ID: id, Kind: probe.Link}
	}
	return targets
}

func offsets(slots []schedule.Slot) map[probe.Target]time.Duration {
	m := make(map[probe.Target]time.Duration, len(slots))
	for _, slot := range slots {
		m[slot.Target] = slot.Offset
	}
	return m
}

func TestATargetKeepsItsPlaceWhenOthersComeAndGo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.Int64(), 1, 50, rapid.ID[int64]).Draw(t, "ids")
		kept := rapid.IntRange(1, len(ids)).Draw(t, "kept")
		phase := rapid.Uint64().Draw(t, "phase")
		all := offsets(schedule.Spread(links(ids...), usual, phase))
		for target, offset := range offsets(schedule.Spread(links(ids[:kept]...), usual, phase)) {
			if all[target] != offset {
				t.Fatalf("target %d moved from %s to %s", target.ID, offset, all[target])
			}
		}
	})
}

func TestEveryEchoLeavesInsideTheCycleInOrder(t *testing.T) {
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
		ids := rapid.SliceOfN(rapid.Int64(), 0, 50).Draw(t, "ids")
		before := time.Duration(0)
		for _, slot := range schedule.Spread(links(ids...), shape, 7) {
			last := slot.Offset + time.Duration(shape.Echoes-1)*shape.Gap
			if slot.Offset < before || last >= shape.Cycle {
				t.Fatalf("target %d at %s after %s, last echo at %s of %s", slot.Target.ID, slot.Offset, before, last, shape.Cycle)
			}
			before = slot.Offset
		}
	})
}

// Whatever the pattern of the numbers, no tenth of the cycle may be crowded:
// six standard deviations of an even draw is far outside chance and far inside
// what the socket takes.
func TestTargetsAreEvenOverTheCycleWhateverTheirNumbers(t *testing.T) {
	t.Parallel()
	const count, parts = 6000, 10
	for _, stride := range []int64{1, 2, 89, 987, 1 << 32} {
		t.Run(fmt.Sprintf("numbers %d apart", stride), func(t *testing.T) {
			t.Parallel()
			var ids []int64
			for i := range int64(count) {
				ids = append(ids, i*stride)
			}
			var tally [parts]int
			for _, slot := range schedule.Spread(links(ids...), usual, 1) {
				tally[int(slot.Offset*parts/(usual.Cycle-4*usual.Gap))]++
			}
			const fair = count / parts
			for part, got := range tally {
				if math.Abs(float64(got-fair)) > 6*math.Sqrt(fair) {
					t.Errorf("part %d holds %d of %d targets, want about %d", part, got, count, fair)
				}
			}
		})
	}
}

func TestKindAndPhaseMoveATarget(t *testing.T) {
	t.Parallel()
	at := func(kind probe.Kind, prober string) time.Duration {
		return schedule.Spread([]probe.Target{{ID: 1, Kind: kind}}, usual, schedule.Phase(prober))[0].Offset
	}
	seen := map[time.Duration]bool{at(probe.Link, "metz"): true, at(probe.Canary, "metz"): true, at(probe.Link, "nancy"): true}
	if len(seen) != 3 {
		t.Errorf("got %d different offsets, want 3: %v", len(seen), seen)
	}
}

func TestAShapeThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		shape schedule.Shape
		want  string
	}{
		"fits":       {usual, ""},
		"no echo":    {schedule.Shape{Cycle: time.Second, Gap: 1}, "echoes: 0, expected at least 1"},
		"no gap":     {schedule.Shape{Cycle: time.Second, Echoes: 5}, "gap: 0s, expected more than 0"},
		"too narrow": {schedule.Shape{Cycle: time.Second, Echoes: 11, Gap: 100 * time.Millisecond}, "cycle: 1s, expected more than the 1s from the first to the last of 11 echoes 100ms apart"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := test.shape.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestCyclesStartAtMultiplesSinceTheEpoch(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		now, want time.Time
		cycle     time.Duration
	}{
		"on a boundary":     {day, day, 30 * time.Second},
		"just before":       {day.Add(-1), day.Add(-30 * time.Second), 30 * time.Second},
		"inside":            {day.Add(29 * time.Second), day, 30 * time.Second},
		"before the epoch":  {time.Unix(-1, 0), time.Unix(-5, 0), 5 * time.Second},
		"a length of seven": {time.Unix(700_006, 0), time.Unix(700_000, 0), 7 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := schedule.Start(test.now, test.cycle); !got.Equal(test.want) || got.Location() != time.UTC {
				t.Errorf("got %s, want %s in UTC", got, test.want.UTC())
			}
		})
	}
}

func TestNextCycle(t *testing.T) {
	t.Parallel()
	const cycle = 30 * time.Second
	base := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	tests := map[string]struct{ now, last, want time.Time }{
		"first, on a boundary":                {base, time.Time{}, base},
		"first, inside a cycle":               {base.Add(1), time.Time{}, base.Add(cycle)},
		"the one after the last":              {base.Add(1), base, base.Add(cycle)},
		"cycles slept through are skipped":    {base.Add(10*cycle + 1), base, base.Add(11 * cycle)},
		"woken a moment early":                {base.Add(-1), base, base.Add(cycle)},
		"set back a little: none twice":       {base.Add(-5 * time.Minute), base, base.Add(cycle)},
		"set back far: follows the new clock": {base.Add(-24*time.Hour + 1), base, base.Add(-24*time.Hour + cycle)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := schedule.Next(test.now, test.last, cycle); !got.Equal(test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func ExampleSpread() {
	targets := []probe.Target{{ID: 1, Kind: probe.Link}, {ID: 2, Kind: probe.Link}, {ID: 1, Kind: probe.Canary}}
	shape := schedule.Shape{Cycle: 30 * time.Second, Echoes: 5, Gap: 100 * time.Millisecond}
	for _, slot := range schedule.Spread(targets, shape, schedule.Phase("metz")) {
		fmt.Println(slot.Target.Kind, slot.Target.ID, slot.Offset.Round(time.Millisecond))
	}
	// Output:
	// link 1 753ms
	// link 2 14.394s
	// canary 1 27.202s
}

func ExampleStart() {
	now := time.Date(2026, 9, 1, 8, 0, 44, 0, time.UTC)
	fmt.Println(schedule.Start(now, 30*time.Second).Format(time.TimeOnly))
	// Output: 08:00:30
}
