package calendar_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/calendar"
)

var origin = time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC)

func minutes(from, to int) calendar.Interval {
	return calendar.Interval{
		From: origin.Add(time.Duration(from) * time.Minute),
		To:   origin.Add(time.Duration(to) * time.Minute),
	}
}

func TestUnionMergesWhatOverlapsOrTouches(t *testing.T) {
	t.Parallel()
	got := calendar.Union([]calendar.Interval{
		minutes(50, 60), minutes(0, 10), minutes(10, 20), minutes(5, 7), minutes(30, 30), minutes(45, 40), minutes(55, 70),
	})
	if diff := cmp.Diff([]calendar.Interval{minutes(0, 20), minutes(50, 70)}, got); diff != "" {
		t.Errorf("union (-want +got):\n%s", diff)
	}
}

const axis = 60

// anySet draws intervals over the axis, empty and inverted ones included.
func anySet(t *rapid.T, label string) []calendar.Interval {
	n := rapid.IntRange(0, 6).Draw(t, label)
	set := make([]calendar.Interval, n)
	for i := range set {
		set[i] = minutes(rapid.IntRange(0, axis).Draw(t, label), rapid.IntRange(0, axis).Draw(t, label))
	}
	return set
}

// covered is the set minute by minute: the oracle of the interval algebra.
func covered(set []calendar.Interval) (minutesIn [axis]bool) {
	for i := range minutesIn {
		for _, interval := range set {
			if interval.Contains(minutes(i, i).From) {
				minutesIn[i] = true
			}
		}
	}
	return minutesIn
}

func TestTheIntervalAlgebraIsThatOfTheMinutesItCovers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := anySet(t, "a"), anySet(t, "b")
		inA, inB := covered(a), covered(b)
		var both, onlyA [axis]bool
		total := 0
		for i := range axis {
			both[i], onlyA[i] = inA[i] && inB[i], inA[i] && !inB[i]
			if inA[i] {
				total++
			}
		}
		check := func(name string, want [axis]bool, got []calendar.Interval) {
			if covered(got) != want {
				t.Errorf("%s of %v and %v covers other minutes: %v", name, a, b, got)
			}
			for i := 1; i < len(got); i++ {
				if !got[i-1].To.Before(got[i].From) {
					t.Errorf("%s is not sorted and disjoint: %v", name, got)
				}
			}
		}
		check("union", inA, calendar.Union(a))
		check("intersection", both, calendar.Intersection(a, b))
		check("difference", onlyA, calendar.Difference(a, b))
		if got := calendar.Total(a); got != time.Duration(total)*time.Minute {
			t.Errorf("total of %v: %v, want %d min", a, got, total)
		}
		if diff := cmp.Diff(calendar.Union(a), calendar.Union(calendar.Union(a))); diff != "" {
			t.Errorf("union of a union differs:\n%s", diff)
		}
	})
}

func TestUnionLeavesItsArgumentAlone(t *testing.T) {
	t.Parallel()
	set := []calendar.Interval{minutes(5, 9), minutes(3, 3), minutes(0, 6)}
	calendar.Union(set)
	if diff := cmp.Diff([]calendar.Interval{minutes(5, 9), minutes(3, 3), minutes(0, 6)}, set); diff != "" {
		t.Errorf("the argument changed (-want +got):\n%s", diff)
	}
}
