package calendar

import (
	"iter"
	"slices"
	"time"
)

// Forever is an end that is never reached: a clock suspended until further notice.
var Forever = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// WindowsFrom yields the service's windows from an instant on, in UTC and in
// order, each computed only when asked for. The first is cut at from. The
// sequence ends only with a service that is never served, or at Forever.
func WindowsFrom(service Service, from time.Time) iter.Seq[Interval] {
	from = from.UTC()
	return func(yield func(Interval) bool) {
		if service.Always {
			yield(Interval{from, Forever})
			return
		}
		if !service.Served() {
			return
		}
		for day := localDay(from); day.date().Before(Forever); day++ {
			if !service.servesDay(day) {
				continue
			}
			window := Interval{Later(from, day.at(service.OpenMinute)), day.at(service.CloseMinute)}
			if !window.empty() && !yield(window) {
				return
			}
		}
	}
}

// Windows gives the service's windows inside [from, to), in UTC and in order. On
// the nights of a clock change they have the length they really have.
func Windows(service Service, from, to time.Time) []Interval {
	return slices.Collect(open(service, Interval{from, to}, nil))
}

// open yields the service time of a span, without the instants of minus.
func open(service Service, span Interval, minus []Interval) iter.Seq[Interval] {
	return func(yield func(Interval) bool) {
		if span.empty() {
			return
		}
		minus := Union(minus)
		for window := range WindowsFrom(service, span.From) {
			if !window.From.Before(span.To) {
				return
			}
			window = window.Intersect(span)
			for len(minus) > 0 && !minus[0].To.After(window.From) {
				minus = minus[1:]
			}
			for _, part := range Difference([]Interval{window}, minus) {
				if !yield(part) {
					return
				}
			}
		}
	}
}

// NextOpening is the first instant at or after at when the service is owed: at
// itself inside a window. It is false when the service is never served.
func NextOpening(service Service, at time.Time) (time.Time, bool) {
	for window := range WindowsFrom(service, at) {
		return window.From, true
	}
	return time.Time{}, false
}

// Elapsed is the service time of [from, to), without the instants of minus
// (overlaps count once).
func Elapsed(service Service, from, to time.Time, minus []Interval) time.Duration {
	var elapsed time.Duration
	for window := range open(service, Interval{from, to}, minus) {
		elapsed += window.Duration()
	}
	return elapsed
}

// Add is the first instant at which d of service time has been consumed from
// start on, without the instants of minus: start itself when d is zero or less,
// the closing and not the next opening when d ends there. It is false when that
// instant never comes: nothing is served, or minus runs until Forever.
func Add(service Service, start time.Time, d time.Duration, minus []Interval) (time.Time, bool) {
	if d <= 0 {
		return start.UTC(), true
	}
	end := Forever
	if union := Union(minus); len(union) > 0 && !union[len(union)-1].To.Before(Forever) {
		end = union[len(union)-1].From
	}
	for window := range open(service, Interval{start.UTC(), end}, minus) {
		if window.Duration() >= d {
			return window.From.Add(d), true
		}
		d -= window.Duration()
	}
	return time.Time{}, false
}
