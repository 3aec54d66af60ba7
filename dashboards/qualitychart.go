package dashboards

import (
	"slices"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/view"
)

// QualityChart is how well a prober measured, drawn on one time axis: what it covered,
// how late it was, what it failed to do, how wrong its clock was. Places are those of
// Chart.
type QualityChart struct {
	ID      string
	Empty   bool
	Summary string
	Panels
	Rows []QualityRow
}

// QualityRow is one step in the table that says the same.
type QualityRow struct {
	At       time.Time
	Measured bool
	Point    view.QualityPoint
	Coverage view.Coverage
}

// The panels of the drawing, in its pixels.
const (
	coveredY, coveredHeight = 0, 56
	lagY, lagHeight         = 84, 84
	failedY, failedHeight   = 196, 40
	offsetY, offsetHeight   = 264, 76
	qualityBottom           = 348
)

func newQualityChart(p i18n.Printer, q view.ProberQuality, id string) QualityChart {
	c := QualityChart{ID: id, Empty: len(q.Points) == 0, Rows: qualityRows(q)}
	s := stepsOf(q.Window, q.Points, func(point view.QualityPoint) time.Time { return point.At })
	c.Panels = Panels{
		List: []Panel{coveredPanel(p, s), lagPanel(p, s), failedPanel(p, s), offsetPanel(p, s)},
		Gaps: s.gaps(notDue), Times: s.times(p), Bottom: qualityBottom,
	}
	c.Summary = p.T("quality.summary", p.Time(q.Window.From), p.Time(q.Window.To),
		p.Percent(q.HourCoverage.CoveredMillis, q.HourCoverage.Expected, 1), spanText(p, q.Hour.WorstLag))
	return c
}

type qualitySteps = steps[view.QualityPoint]

func coveredPanel(p i18n.Printer, s qualitySteps) Panel {
	panel := newPanel(coveredY, coveredHeight, p.T("quality.covered"))
	s.line(&panel, "load-mean", func(point view.QualityPoint) (float64, bool) {
		covered := stepCoverage(s.window, point)
		return float64(covered.CoveredMillis) / float64(max(covered.Expected, 1)), true
	})
	panel.mark(1, p.Percent(1, 1, 0))
	return panel
}

func lagPanel(p i18n.Printer, s qualitySteps) Panel {
	panel := newPanel(lagY, lagHeight, p.T("quality.lag"))
	var highest time.Duration
	for _, point := range s.points {
		highest = max(highest, point.WorstLag)
	}
	top := roundSpan(highest)
	s.line(&panel, "peak", func(point view.QualityPoint) (float64, bool) { return float64(point.WorstLag) / float64(top), true })
	s.line(&panel, "median", func(point view.QualityPoint) (float64, bool) { return float64(point.Lag95) / float64(top), true })
	panel.mark(1, spanText(p, top))
	panel.mark(0.5, spanText(p, top/2))
	return panel
}

func failedPanel(p i18n.Printer, s qualitySteps) Panel {
	panel := newPanel(failedY, failedHeight, p.T("quality.failed"))
	var highest int64 = 1
	for _, point := range s.points {
		highest = max(highest, failed(point.Counts))
	}
	bars := PanelBars{Class: "losses"}
	for _, point := range s.points {
		count := failed(point.Counts)
		if count == 0 {
			continue
		}
		bars.Bars = append(bars.Bars, s.bar(&panel, point, 0, float64(count)/float64(highest)))
	}
	if len(bars.Bars) > 0 {
		panel.Bars = []PanelBars{bars}
		panel.mark(1, p.Number(highest))
	}
	return panel
}

func offsetPanel(p i18n.Printer, s qualitySteps) Panel {
	panel := newPanel(offsetY, offsetHeight, p.T("quality.offset"))
	var farthest time.Duration
	for _, point := range s.points {
		farthest = max(farthest, point.Offset.Abs())
	}
	top := roundSpan(farthest)
	s.line(&panel, "median", func(point view.QualityPoint) (float64, bool) {
		return (float64(point.Offset)/float64(top) + 1) / 2, point.OffsetKnown
	})
	panel.mark(1, "+"+spanText(p, top))
	panel.mark(0.5, "0")
	panel.mark(0, "−"+spanText(p, top))
	return panel
}

// failed is what a prober failed to do of its own.
func failed(c view.QualityCounts) int64 { return c.Unsent + c.Void + c.Dropped + c.Overrun }

// roundSpan is a round time that is not shorter than the given one, and at least a
// millisecond.
func roundSpan(d time.Duration) time.Duration {
	for step := time.Millisecond; step < 1000*time.Hour; step *= 10 {
		for _, factor := range []time.Duration{1, 2, 5} {
			if step*factor >= d {
				return step * factor
			}
		}
	}
	return d
}

// spanText writes a time of any size without its sign: milliseconds below ten seconds,
// then as time passed is written.
func spanText(p i18n.Printer, d time.Duration) string {
	if d = d.Abs(); d < 10*time.Second {
		return p.Millis(d.Microseconds())
	}
	return p.Duration(d)
}

// stepCoverage is what a step has of the time that lies in the window.
func stepCoverage(w view.Window, point view.QualityPoint) view.Coverage {
	end := w.Next(point.At)
	if end.After(w.To) {
		end = w.To
	}
	expected := millis(end.Sub(point.At))
	return view.Coverage{CoveredMillis: min(millis(point.Measured), expected), Expected: expected}
}

// qualityRows gives every step of the window, the latest first.
func qualityRows(q view.ProberQuality) []QualityRow {
	points := make(map[int64]view.QualityPoint, len(q.Points))
	for _, point := range q.Points {
		points[point.At.Unix()] = point
	}
	var rows []QualityRow
	for at := q.Window.From; at.Before(q.Window.To); at = q.Window.Next(at) {
		point, measured := points[at.Unix()]
		point.At = at
		rows = append(rows, QualityRow{at, measured, point, stepCoverage(q.Window, point)})
	}
	slices.Reverse(rows)
	return rows
}

// troubleText is a trouble with the figures that its words need.
type troubleText struct {
	Kind    view.Trouble
	Quality view.ProberQuality
}

// offsetText says how a clock stands to the right time.
func offsetText(p i18n.Printer, d time.Duration) string {
	switch {
	case d >= time.Microsecond:
		return p.T("quality.ahead", spanText(p, d))
	case d <= -time.Microsecond:
		return p.T("quality.behind", spanText(p, d))
	}
	return p.T("quality.right")
}
