package view

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/calendar"
	"vigie/internal/measure"
)

// tuesday is a school day of winter at midnight in Paris.
var tuesday = time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)

func TestALoadSumsItsStepsAndLeavesGapsOut(t *testing.T) {
	t.Parallel()
	w := Window{From: tuesday, To: tuesday.Add(3 * time.Hour), Step: 30 * time.Minute}
	at := func(minutes int) time.Time { return tuesday.Add(time.Duration(minutes) * time.Minute) }
	figures := []FiveMinutes{
		{At: at(0), Down: 100, Up: 10}, {At: at(25), Down: 300, Up: 30, Simulated: true}, // one step, two figures of six
		{At: at(125), Down: 1000, Up: 1}, // two whole steps are missing before
	}
	school := []calendar.Interval{{From: at(20), To: at(60)}}
	got := newLoad(Week, w, figures, school)
	want := Load{
		Range: Week, Window: w, School: school, Simulated: true,
		Points: []LoadPoint{
			{At: at(0), Measured: 2, Down: Use{1600, 2400}, Up: Use{160, 240}},
			{At: at(120), Measured: 1, Down: Use{8000, 8000}, Up: Use{8, 8}},
		},
		Down:     Direction{P95: LoadRate{8000, true}, SchoolP95: LoadRate{2400, true}},
		Up:       Direction{P95: LoadRate{240, true}, SchoolP95: LoadRate{240, true}},
		Coverage: Coverage{CoveredMillis: 15_000},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("load (-want +got):\n%s", diff)
	}
	if nothing := newLoad(Week, w, nil, nil); nothing.Down.P95.Known || len(nothing.Points) > 0 {
		t.Errorf("nothing measured: %+v", nothing)
	}
}

func TestAYearIsMadeOfDaysOfParis(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 13, 47, 20, 0, time.UTC)
	w := Year.window(now)
	if want := time.Date(2025, 11, 23, 23, 0, 0, 0, time.UTC); !w.From.Equal(want) {
		t.Errorf("the year begins at %v, want %v", w.From, want)
	}
	lengths := map[time.Duration]int{}
	for at := w.From; at.Before(w.To); at = w.Next(at) {
		lengths[w.Next(at).Sub(at)]++
		if begin := w.stepOf(w.From, w.Next(at).Add(-time.Hour)); !begin.Equal(at) {
			t.Fatalf("the last hour of the day that begins at %v lies in the one of %v", at, begin)
		}
	}
	want := map[time.Duration]int{23 * time.Hour: 1, 24 * time.Hour: 364, 25 * time.Hour: 1}
	if diff := cmp.Diff(want, lengths); diff != "" {
		t.Errorf("days by length (-want +got):\n%s", diff)
	}
}

func TestEveryRangeFitsOnAScreen(t *testing.T) {
	t.Parallel()
	for _, g := range Ranges() {
		for name, w := range map[string]Window{"delays": g.window(tuesday), "load": g.loadWindow(tuesday)} {
			steps := 0
			for at := w.From; at.Before(w.To); at = w.Next(at) {
				steps++
			}
			if steps < 12 || steps > 400 {
				t.Errorf("%s of %s have %d steps, want 12 to 400", name, g, steps)
			}
		}
	}
}

func TestMeasuresAreSummedInTheStepsOfTheirWindow(t *testing.T) {
	t.Parallel()
	hour := func(n int, micros int32) Measured {
		return Measured{At: tuesday.Add(time.Duration(n) * time.Hour), Simulated: n == 4, Figures: measure.Figures{
			Planned: 10, Sent: 10, Received: 9, CoveredMillis: 60_000,
			MinMicros: micros, MedianMicros: micros, P95Micros: micros, MaxMicros: micros, JitterMicros: micros, PDVMicros: measure.Undefined,
		}}
	}
	lost := hour(11, measure.Undefined)
	lost.Received = 0
	w := Window{From: tuesday, To: tuesday.Add(12 * time.Hour), Step: 3 * time.Hour}
	got := sum(w, []Measured{hour(0, 5), hour(1, 7), hour(2, 6), hour(4, 9), lost})
	want := []Point{
		{At: tuesday, Sent: 30, Received: 27, CoveredMillis: 180_000, MinMicros: 5, MedianMicros: 6, P95Micros: 7, MaxMicros: 7, JitterMicros: 6, PDVMicros: measure.Undefined},
		{At: tuesday.Add(3 * time.Hour), Sent: 10, Received: 9, CoveredMillis: 60_000, MinMicros: 9, MedianMicros: 9, P95Micros: 9, MaxMicros: 9, JitterMicros: 9, PDVMicros: measure.Undefined, Simulated: true},
		{At: tuesday.Add(9 * time.Hour), Sent: 10, CoveredMillis: 60_000, JitterMicros: measure.Undefined, PDVMicros: measure.Undefined},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}

func TestAStepHasThePercentilesOfItsEchoesWhereAllWereKept(t *testing.T) {
	t.Parallel()
	// Nine minutes of nine echoes at 1 ms, and one of which eight took 2 ms and one was lost.
	minute := func(n int) Measured {
		m := Measured{At: tuesday.Add(time.Duration(n) * time.Minute), Figures: measure.Figures{
			Planned: 9, Sent: 9, Received: 9, CoveredMillis: 1000, Detailed: 9, JitterMicros: 10, PDVMicros: 20,
			MinMicros: 1000, MedianMicros: 1000, P95Micros: 1000, MaxMicros: 1000,
		}}
		m.Delays.Add(1000, 9)
		return m
	}
	var minutes []Measured
	for n := range 9 {
		minutes = append(minutes, minute(n))
	}
	late := Measured{At: tuesday.Add(9 * time.Minute), Figures: measure.Figures{
		Planned: 9, Sent: 9, Received: 8, CoveredMillis: 1000, Detailed: 9, JitterMicros: 10, PDVMicros: measure.Undefined,
		MinMicros: 2000, MedianMicros: 2000, P95Micros: measure.Undefined, MaxMicros: 2000, Extras: measure.Extras{LossPeriods: 1, LongestLoss: 1},
	}, Delays: measure.Distribution{Lost: 1}}
	late.Delays.Add(2000, 8)
	w := Window{From: tuesday, To: tuesday.Add(time.Hour), Step: 15 * time.Minute}
	whole := sum(w, append(minutes, late))[0]
	if !whole.Whole() || whole.P95Micros != 2000 || whole.MedianMicros > 1004 || whole.PDVMicros != 1000 || whole.LossPeriods != 1 || whole.Detailed != 90 {
		t.Errorf("of the echoes: %+v, want the 95th percentile of 90 of which 81 took 1 ms and one was lost", whole)
	}
	late.Delays, late.Detailed = measure.Distribution{}, 0
	part := sum(w, append(minutes, late))[0]
	if part.Whole() || part.P95Micros != 1000 || part.PDVMicros != 20 || part.Detailed != 81 {
		t.Errorf("with a minute whose delays were not kept: %+v, want the percentile of the minutes", part)
	}
}

func TestALoadExpectsOnlyWhatIsDue(t *testing.T) {
	t.Parallel()
	now := tuesday.Add(10*time.Hour + 3*time.Minute)
	for name, row := range map[string]struct {
		starts  time.Time
		figures []FiveMinutes
		want    int64 // minutes
	}{
		"what may still be on its way is not missing": {time.Time{}, nil, 55},
		"what is there already was due":               {time.Time{}, []FiveMinutes{{At: now.Add(-8 * time.Minute)}}, 60},
		"a link of tomorrow owes nothing":             {time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), nil, 0},
	} {
		load := Load{Window: Hour.loadWindow(now)}
		load.expect(row.figures, row.starts, now)
		if got := load.Coverage.Expected / 1000; got != row.want {
			t.Errorf("%s: %d minutes expected, want %d", name, got, row.want)
		}
	}
}
