package dashboards

import (
	"slices"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/view"
)

// StampChart is what the sessions to the reflector of a link found, drawn on one time
// axis: the delay there and back, that of each way where the clocks tell it, and what
// was lost, by the way. Places are those of Chart.
type StampChart struct {
	ID      string
	Latest  view.StampMinute
	Summary string
	Panels
	Ways      bool // each way is known in a step at least
	Lost      bool // a packet was lost
	Simulated bool
	Rows      []StampRow
	Void      view.StampVoid
}

// StampRow is one step in the table that says the same.
type StampRow struct {
	At       time.Time
	Measured bool
	Point    view.StampPoint
}

// The panels of the drawing, in its pixels: that of the ways is left out where none is
// known.
const (
	roundY, roundHeight = 0, 130
	waysHeight          = 100
	lossesHeight        = 64
	betweenPanels       = 16
)

// stampNotDue is how much of the end of a window may lack a session: there is one a
// minute, known when it ends.
const stampNotDue = 3 * time.Minute

func newStampChart(p i18n.Printer, all view.StampSeries, id string) StampChart {
	c := StampChart{ID: id, Latest: all.Latest, Void: all.Void}
	s := stepsOf(all.Window, all.Points, func(point view.StampPoint) time.Time { return point.At })
	var sent, lost int
	var longest int64
	for _, point := range all.Points {
		sent, lost = sent+point.Sent, lost+point.Lost()
		longest = max(longest, point.MedianMicros)
		c.Ways = c.Ways || point.Synchronised
		c.Simulated = c.Simulated || point.Simulated
	}
	c.Lost = lost > 0
	c.Panels = Panels{List: []Panel{roundPanel(p, s)}, Gaps: s.gaps(stampNotDue), Times: s.times(p)}
	y := roundHeight + betweenPanels
	if c.Ways {
		c.List = append(c.List, waysPanel(p, s, y))
		y += waysHeight + betweenPanels
	}
	c.List = append(c.List, stampLossPanel(p, s, y))
	c.Bottom = y + lossesHeight + titleAbove
	c.Rows = stampRows(s)
	c.Summary = p.T("stampchart.summary", p.Time(all.Window.From), p.Time(all.Window.To), p.Millis(longest), p.Percent(int64(lost), int64(sent), 1))
	return c
}

type stampSteps = steps[view.StampPoint]

// roundPanel draws the two-way delay: the median of each step between its least and its
// greatest.
func roundPanel(p i18n.Printer, s stampSteps) Panel {
	panel := newPanel(roundY, roundHeight, p.T("stampchart.round"))
	medians, greatest := make([]int64, 0, len(s.points)), make([]int64, 0, len(s.points))
	for _, point := range s.points {
		if point.Received > 0 {
			medians, greatest = append(medians, point.MedianMicros), append(greatest, point.MaxMicros)
		}
	}
	// The few greatest of all must not flatten the rest: they are cut off at the top.
	top := scaleAbove(medians, greatest)
	of := func(value func(view.StampPoint) int64) share[view.StampPoint] {
		return func(point view.StampPoint) (float64, bool) {
			return float64(value(point)) / float64(top), point.Received > 0
		}
	}
	s.area(&panel, "smoke", of(func(point view.StampPoint) int64 { return point.MinMicros }), of(func(point view.StampPoint) int64 { return point.MaxMicros }))
	s.line(&panel, "median", of(func(point view.StampPoint) int64 { return point.MedianMicros }))
	panel.scale(p, top)
	return panel
}

// waysPanel draws the median delay of each way where both clocks follow UTC.
func waysPanel(p i18n.Printer, s stampSteps, y int) Panel {
	panel := newPanel(y, waysHeight, p.T("stampchart.ways"))
	var each []int64
	for _, point := range s.points {
		if point.Synchronised {
			each = append(each, point.ForwardMicros, point.BackMicros)
		}
	}
	top := scaleAbove(each, each)
	of := func(value func(view.StampPoint) int64) share[view.StampPoint] {
		return func(point view.StampPoint) (float64, bool) {
			return float64(value(point)) / float64(top), point.Synchronised
		}
	}
	s.line(&panel, "way-there", of(func(point view.StampPoint) int64 { return point.ForwardMicros }))
	s.line(&panel, "way-back", of(func(point view.StampPoint) int64 { return point.BackMicros }))
	panel.scale(p, top)
	return panel
}

// stampLossPanel stacks the share of packets lost on the way there, on the way back, and
// where nobody knows.
func stampLossPanel(p i18n.Printer, s stampSteps, y int) Panel {
	panel := newPanel(y, lossesHeight, p.T("stampchart.loss"))
	worst := 0.0
	for _, point := range s.points {
		worst = max(worst, float64(point.Lost())/float64(point.Sent))
	}
	percent := roundPercent(worst)
	top := float64(percent) / 100
	kinds := []PanelBars{{Class: "lost-there"}, {Class: "lost-back"}, {Class: "lost-somewhere"}}
	for _, point := range s.points {
		low := 0.0
		for i, lost := range []int{point.ForwardLost, point.BackLost, point.UncountedWayLost} {
			if lost > 0 {
				high := low + float64(lost)/float64(point.Sent)/top
				kinds[i].Bars = append(kinds[i].Bars, s.bar(&panel, point, low, high))
				low = high
			}
		}
	}
	panel.Bars = slices.DeleteFunc(kinds, func(k PanelBars) bool { return k.Bars == nil })
	panel.mark(1, p.Percent(int64(percent), 100, 0))
	panel.mark(0, p.Percent(0, 100, 0))
	return panel
}

// scale labels delays up to the top, which is in microseconds.
func (panel *Panel) scale(p i18n.Printer, top int64) {
	panel.mark(1, p.Millis(top))
	panel.mark(0.5, p.Millis(top/2))
	panel.mark(0, p.Number(0))
}

// scaleAbove is a round delay, in microseconds, above all medians and above the usual of
// what is greatest.
func scaleAbove(medians, greatest []int64) int64 {
	highest := time.Duration(0)
	for _, micros := range medians {
		highest = max(highest, time.Duration(micros)*time.Microsecond)
	}
	if len(greatest) > 0 {
		sorted := slices.Sorted(slices.Values(greatest))
		highest = max(highest, time.Duration(sorted[(len(sorted)-1)*9/10])*time.Microsecond)
	}
	return roundSpan(highest).Microseconds()
}

// roundPercent is a round share, in percent, that is not below the given one.
func roundPercent(share float64) int {
	for _, percent := range []int{1, 2, 5, 10, 20, 50} {
		if 100*share <= float64(percent) {
			return percent
		}
	}
	return 100
}

// stampRows gives every step of the window, the latest first.
func stampRows(s stampSteps) []StampRow {
	points := byStep(s)
	var rows []StampRow
	for _, at := range s.window.Steps() {
		point, measured := points[at.Unix()]
		rows = append(rows, StampRow{at, measured, point})
	}
	slices.Reverse(rows)
	return rows
}
