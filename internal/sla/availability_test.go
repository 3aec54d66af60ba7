package sla_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/calendar"
	"vigie/internal/sla"
)

func TestAvailability(t *testing.T) {
	t.Parallel()
	type set = []calendar.Interval
	tests := []struct {
		name                         string
		outages, exclusions, unknown set
		owed, known, down            int // minutes, of a period of 1000
		ratio                        *big.Rat
	}{
		{"no outage", nil, nil, nil, 1000, 1000, 0, big.NewRat(1, 1)},
		{"an outage that passes both ends is cut", set{minutes(-50, 2000)}, nil, nil, 1000, 1000, 1000, new(big.Rat)},
		{"outages that overlap count once", set{minutes(0, 10), minutes(5, 20)}, nil, nil, 1000, 1000, 20, big.NewRat(98, 100)},
		{"an exclusion leaves outage and period", set{minutes(0, 100)}, set{minutes(50, 250)}, nil, 800, 800, 50, big.NewRat(15, 16)},
		{"unknown is neither up nor down", set{minutes(0, 100)}, nil, set{minutes(50, 550)}, 1000, 500, 50, big.NewRat(9, 10)},
		{"unknown inside an exclusion costs no coverage", nil, set{minutes(0, 500)}, set{minutes(100, 200)}, 500, 500, 0, big.NewRat(1, 1)},
		{"nothing known has no ratio", set{minutes(0, 10)}, nil, set{minutes(0, 1000)}, 1000, 0, 0, nil},
		{"nothing owed has no ratio", nil, set{minutes(0, 1000)}, nil, 0, 0, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sla.Availability(minutes(0, 1000), tt.outages, tt.exclusions, tt.unknown)
			want := sla.Uptime{
				Owed:  time.Duration(tt.owed) * time.Minute,
				Known: time.Duration(tt.known) * time.Minute,
				Down:  time.Duration(tt.down) * time.Minute,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("uptime (-want +got):\n%s", diff)
			}
			ratio, known := got.Ratio()
			if diff := cmp.Diff(tt.ratio, ratio, exact); diff != "" || known != (tt.ratio != nil) {
				t.Errorf("ratio %v, %t, want %v", ratio, known, tt.ratio)
			}
		})
	}
}

func TestCoverageIsThePartOfTheOwedTimeThatIsKnown(t *testing.T) {
	t.Parallel()
	half := sla.Availability(minutes(0, 100), nil, []calendar.Interval{minutes(0, 20)}, []calendar.Interval{minutes(10, 60)})
	if got := half.Coverage(); got.Cmp(big.NewRat(1, 2)) != 0 {
		t.Errorf("coverage %s, want 1/2", got)
	}
	nothingOwed := sla.Availability(minutes(0, 0), nil, nil, nil)
	if got := nothingOwed.Coverage(); got.Cmp(big.NewRat(1, 1)) != 0 {
		t.Errorf("coverage of nothing %s, want 1", got)
	}
}

func TestUnknownTimeNeverMakesAnOutageLongerNorCoverageBetter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) []calendar.Interval {
			set := make([]calendar.Interval, rapid.IntRange(0, 4).Draw(t, label))
			for i := range set {
				set[i] = minutes(rapid.IntRange(-20, 120).Draw(t, label), rapid.IntRange(-20, 120).Draw(t, label))
			}
			return set
		}
		outages, exclusions, unknown := draw("outages"), draw("exclusions"), draw("unknown")
		seen := sla.Availability(minutes(0, 100), outages, exclusions, nil)
		blind := sla.Availability(minutes(0, 100), outages, exclusions, unknown)
		if blind.Owed != seen.Owed || blind.Down > seen.Down || blind.Known > seen.Known || blind.Down > blind.Known {
			t.Fatalf("seen %+v, with unknown time %+v", seen, blind)
		}
	})
}
