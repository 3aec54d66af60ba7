package view

import (
	"fmt"
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/incident"
	"vigie/internal/measure"
	"vigie/internal/org"
	"vigie/internal/sla"
)

// Range is how far back a series looks.
type Range string

// The ranges.
const (
	Hour     Range = "1h"
	SixHours Range = "6h"
	Day      Range = "24h"
	Week     Range = "7d"
	Month    Range = "30d"
	Year     Range = "1y"
	// Compared is a year and the month before, so that a month stands beside the same
	// one of the year before.
	Compared Range = "13m"
)

// Ranges lists the ranges, the shortest first.
func Ranges() []Range { return []Range{Hour, SixHours, Day, Week, Month, Year, Compared} }

// ParseRange reads a range.
func ParseRange(s string) (Range, error) {
	if slices.Contains(Ranges(), Range(s)) {
		return Range(s), nil
	}
	return "", fmt.Errorf("range %q: expected 1h, 6h, 24h, 7d, 30d, 1y or 13m", s)
}

// civilDay is the step that is a day of Paris, 23 or 25 hours long where the clocks
// change.
const civilDay = 24 * time.Hour

// Next is when the step after the one that begins at at begins.
func (w Window) Next(at time.Time) time.Time {
	if w.Step != civilDay {
		return at.Add(w.Step)
	}
	return calendar.Midnight(calendar.Day(at).AddDate(0, 0, 1))
}

// stepOf is when the step that holds at begins, from one that does not lie behind it.
func (w Window) stepOf(from, at time.Time) time.Time {
	if w.Step == civilDay {
		return calendar.Midnight(calendar.Day(at))
	}
	return from.Add(at.Sub(from) / w.Step * w.Step)
}

// window gives the range's time up to now in whole minutes, and the step that a
// screen can show. A year is one of 365 civil days
// and what there is of this one, as thirteen months are whole days.
func (g Range) window(now time.Time) Window {
	length, step := time.Hour, time.Minute
	switch g {
	case SixHours:
		length, step = 6*time.Hour, 5*time.Minute
	case Day:
		length, step = 24*time.Hour, 15*time.Minute
	case Week:
		length, step = 7*24*time.Hour, time.Hour
	case Month:
		length, step = 30*24*time.Hour, 3*time.Hour
	}
	to := now.UTC().Truncate(time.Minute)
	switch g {
	case Year:
		return Window{From: calendar.Midnight(calendar.Day(to).AddDate(0, 0, -365)), To: to, Step: civilDay}
	case Compared:
		return Window{From: calendar.Midnight(calendar.Day(to).AddDate(0, -13, 0)), To: to, Step: civilDay}
	}
	return Window{From: to.Add(-length).Truncate(step), To: to, Step: step}
}

// Steps are when the steps of the window begin.
func (w Window) Steps() []time.Time {
	var all []time.Time
	for at := w.From; at.Before(w.To); at = w.Next(at) {
		all = append(all, at)
	}
	return all
}

// Point sums the minutes of one step, by the rules of measure.RollUp. Delays are 0
// where they are undefined, their variations measure.Undefined.
type Point struct {
	At       time.Time
	Sent     int
	Received int
	// CoveredMillis is the measured time, in thousandths of a minute: a minute of
	// which half the planned echoes left counts 500.
	CoveredMillis int64
	MinMicros     int32
	// MedianMicros and P95Micros are the percentiles of the step's echoes, the lost ones
	// infinite, where all their delays were kept (Whole); else the median of the
	// minutes' medians and the 95th percentile of the minutes' 95th percentiles.
	MedianMicros int32
	P95Micros    int32
	MaxMicros    int32
	JitterMicros int32
	// PDVMicros is the 95th percentile less the least of the step, where all delays were
	// kept; else the 95th percentile of the minutes' own.
	PDVMicros int32
	// Detailed are those of the echoes sent of which Extras and PDVMicros tell.
	Detailed int64
	measure.Extras
	Delays    measure.Distribution
	Simulated bool
}

// Whole reports whether the delays of all echoes of the step are in Delays.
func (p Point) Whole() bool { return p.Delays.Sent() == int64(p.Sent) }

// quantile is one of the step's echoes, 0 where it is undefined; the width of a bucket
// takes it neither below the least nor above the largest.
func (p Point) quantile(q measure.Quantile) int32 {
	micros := p.Delays.At(q)
	if micros == measure.Undefined {
		return 0
	}
	return min(max(micros, p.MinMicros), p.MaxMicros)
}

// Measured is what was measured of a link in the minute or the hour that begins at At.
type Measured struct {
	At time.Time
	measure.Figures
	Delays    measure.Distribution // none of what an older version measured
	Simulated bool
}

// sum sums minutes or hours, in order of time, in the steps of a window.
func sum(w Window, list []Measured) []Point {
	var points []Point
	next := w.From
	for len(list) > 0 {
		at := w.stepOf(next, list[0].At)
		next = w.Next(at)
		n := 1
		for n < len(list) && list[n].At.Before(next) {
			n++
		}
		points = append(points, sumStep(at, list[:n]))
		list = list[n:]
	}
	return points
}

// total sums all that was measured in a window; points are the same in its steps.
func total(w Window, list []Measured, points []Point) Point {
	if len(list) == 0 {
		return Point{At: w.From, JitterMicros: measure.Undefined, PDVMicros: measure.Undefined}
	}
	all := Point{At: w.From}
	for i := range points {
		all.Simulated = all.Simulated || points[i].Simulated
		all.Delays.Merge(points[i].Delays)
	}
	all.sum(list)
	return all
}

// sumStep sums what was measured in one step.
func sumStep(at time.Time, list []Measured) Point {
	point := Point{At: at}
	for i := range list {
		point.Simulated = point.Simulated || list[i].Simulated
		point.Delays.Merge(list[i].Delays)
	}
	point.sum(list)
	return point
}

// sum fills in the figures of a point whose delays are there.
func (p *Point) sum(list []Measured) {
	parts := make([]measure.Figures, len(list))
	for i := range list {
		parts[i] = list[i].Figures
	}
	f := measure.RollUp(parts)
	p.Sent, p.Received, p.CoveredMillis = int(f.Sent), int(f.Received), f.CoveredMillis
	p.Detailed, p.Extras = f.Detailed, f.Extras
	p.MinMicros, p.MaxMicros = max(f.MinMicros, 0), max(f.MaxMicros, 0)
	p.MedianMicros, p.P95Micros = max(f.MedianMicros, 0), max(f.P95Micros, 0)
	if p.Whole() {
		p.MedianMicros, p.P95Micros = p.quantile(measure.Median), p.quantile(measure.P95)
	}
	p.JitterMicros, p.PDVMicros = f.JitterMicros, f.PDVMicros
	if p.Whole() {
		p.PDVMicros = p.pdv()
	}
}

// pdv is the packet delay variation of the step's echoes (RFC 5481), its reference the
// least delay of the step; undefined where the 95th percentile of the delay is.
func (p Point) pdv() int32 {
	if p.P95Micros == 0 {
		return measure.Undefined
	}
	return p.P95Micros - p.MinMicros
}

// Lost is the number of echoes without answer.
func (p Point) Lost() int { return p.Sent - p.Received }

// Series is what was measured on a link: the points that have a measure, in order
// of time. What has no point was not measured.
type Series struct {
	Range    Range
	Window   Window
	Points   []Point
	Coverage Coverage
	Outages  []Outage // the latest first
	Works    []Window // announced maintenance
	// Total is the whole window as one step.
	Total Point
	// LimitMicros is the contract's limit of a round trip, 0 without one.
	LimitMicros int32
	Simulated   bool
}

// Coverage is measured time over the time that should have been.
type Coverage struct {
	CoveredMillis int64 // thousandths of a minute
	Expected      int64 // thousandths of a minute
}

// Whole reports whether nothing is missing.
func (c Coverage) Whole() bool { return c.CoveredMillis >= c.Expected }

// Outage is a confirmed absence of one link [From, To); a zero To lasts.
type Outage struct {
	Link     int64
	From, To time.Time
	Incident int64         // 0 when none is known
	Kind     incident.Kind // of that incident
	// Finding is what the link's router told after it; zero while nothing tells.
	sla.Finding
	// Simulated is set for one of a demonstration.
	Simulated bool
}

// Told is an outage of which a router told what it was, with the name of its link.
type Told struct {
	LinkName
	Outage
}

// Requalified reports whether the outage turned out to be no fault of the operator's.
func (o Outage) Requalified() bool { return o.Origin.Excuses(o.Kind) }

// told names those of the outages that somebody sees.
func (r reach) told(action org.Action, outages []Outage) []Told {
	var out []Told
	for _, o := range outages {
		if link, ok := r.LinkByID(o.Link); ok && r.sees(action, link) {
			out = append(out, Told{r.nameLink(link), o})
		}
	}
	return out
}

// Duration is how long the outage lasted, until now for one that lasts.
func (o Outage) Duration(now time.Time) time.Duration {
	if o.To.IsZero() {
		return now.Sub(o.From)
	}
	return o.To.Sub(o.From)
}

// summaryDelay is how long after its end a minute may still be unwritten without
// being a gap.
const summaryDelay = 75 * time.Second

// newSeries puts points into a window. A link in service since a later day owes
// nothing before, and the last minutes nothing until they are due.
func newSeries(g Range, w Window, points []Point, starts, now time.Time) Series {
	due := now.Add(-summaryDelay).Truncate(time.Minute)
	if last := len(points) - 1; last >= 0 && points[last].At.Add(w.Step).After(due) {
		due = calendar.Earlier(w.To, points[last].At.Add(w.Step))
	}
	series := Series{Range: g, Window: w, Points: points}
	from := w.From
	if starts.After(from) {
		from = starts
	}
	series.Coverage.Expected = max(0, int64(due.Sub(from)/time.Minute)*1000)
	for _, p := range points {
		series.Coverage.CoveredMillis += p.CoveredMillis
		series.Simulated = series.Simulated || p.Simulated
	}
	return series
}
