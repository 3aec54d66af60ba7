package calendar

import (
	"slices"
	"time"
)

// Interval is the time from From up to, not including, To; both in UTC. It is
// empty unless From is before To.
type Interval struct{ From, To time.Time }

// Duration is the real time between the two ends, 0 when empty.
func (i Interval) Duration() time.Duration { return max(0, i.To.Sub(i.From)) }

// Contains tells whether the instant lies in the interval.
func (i Interval) Contains(at time.Time) bool { return !at.Before(i.From) && at.Before(i.To) }

// Intersect is what two intervals have in common, possibly empty.
func (i Interval) Intersect(other Interval) Interval {
	return Interval{From: Later(i.From, other.From), To: Earlier(i.To, other.To)}
}

func (i Interval) empty() bool { return !i.From.Before(i.To) }

// Union gives the same set of instants as sorted intervals that neither overlap
// nor touch, so that time covered twice counts once. Empty intervals vanish.
func Union(intervals []Interval) []Interval {
	sorted := slices.DeleteFunc(slices.Clone(intervals), Interval.empty)
	slices.SortFunc(sorted, func(a, b Interval) int { return a.From.Compare(b.From) })
	var union []Interval
	for _, next := range sorted {
		last := len(union) - 1
		if last < 0 || next.From.After(union[last].To) {
			union = append(union, next)
			continue
		}
		union[last].To = Later(union[last].To, next.To)
	}
	return union
}

// Intersection gives the instants that lie in both sets, in the form of Union.
func Intersection(a, b []Interval) []Interval {
	a, b = Union(a), Union(b)
	var common []Interval
	for len(a) > 0 && len(b) > 0 {
		if both := a[0].Intersect(b[0]); !both.empty() {
			common = append(common, both)
		}
		if a[0].To.Before(b[0].To) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return common
}

// Difference gives the instants of the first set outside the second, in the form
// of Union.
func Difference(set, minus []Interval) []Interval {
	minus = Union(minus)
	var rest []Interval
	for _, whole := range Union(set) {
		for _, hole := range minus {
			if whole.empty() || !hole.From.Before(whole.To) {
				break
			}
			if before := (Interval{whole.From, Earlier(hole.From, whole.To)}); !before.empty() {
				rest = append(rest, before)
			}
			whole.From = Later(whole.From, hole.To)
		}
		if !whole.empty() {
			rest = append(rest, whole)
		}
	}
	return rest
}

// Total is the duration of the set: overlaps count once.
func Total(intervals []Interval) time.Duration {
	var total time.Duration
	for _, interval := range Union(intervals) {
		total += interval.Duration()
	}
	return total
}

// Earlier is the first of two instants.
func Earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Later is the last of two instants.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
