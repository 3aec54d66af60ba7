package dashboards

import (
	"fmt"
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
	Panels  []QualityPanel
	Gaps    []Span
	Times   []Mark
	Rows    []QualityRow
}

// QualityPanel is one figure over time.
type QualityPanel struct {
	Y, Height int
	TitleY    int
	Title     string
	Lines     []QualityLine // paths in the panel's own units
	Bars      []Bar
	Marks     []Mark
}

// QualityLine is a path with the class that gives its look.
type QualityLine struct{ Class, Path string }

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
	titleAbove              = 8
)

func newQualityChart(p i18n.Printer, q view.ProberQuality, id string) QualityChart {
	c := QualityChart{ID: id, Empty: len(q.Points) == 0, Rows: qualityRows(q)}
	d := drawing{window: q.Window}
	begins := make([]time.Time, len(q.Points))
	for i, point := range q.Points {
		begins[i] = point.At
	}
	for _, gap := range gaps(q.Window, begins, notDue) {
		c.Gaps = append(c.Gaps, d.span(gap.From, gap.To))
	}
	c.Panels = []QualityPanel{coveredPanel(p, d, q), lagPanel(p, d, q), failedPanel(p, d, q), offsetPanel(p, d, q)}
	c.Times = d.times(p)
	c.Summary = p.T("quality.summary", p.Time(q.Window.From), p.Time(q.Window.To),
		p.Percent(q.HourCoverage.CoveredMillis, q.HourCoverage.Expected, 1), spanText(p, q.Hour.WorstLag))
	return c
}

// newPanel is a panel with its title above it.
func newPanel(y, height int, title string) QualityPanel {
	return QualityPanel{Y: y + titleAbove + 12, Height: height - 12, TitleY: y + titleAbove, Title: title}
}

// line draws a value of each step from its height in the panel, 0 at the bottom and 1
// at the top; only steps that are kept have one.
func (panel *QualityPanel) line(d drawing, q view.ProberQuality, class string, height func(view.QualityPoint) (share float64, kept bool)) {
	path := ""
	for _, run := range qualityRuns(q, func(point view.QualityPoint) bool {
		_, kept := height(point)
		return kept
	}) {
		begins := make([]time.Time, len(run))
		for i, point := range run {
			begins[i] = point.At
		}
		path += d.path(begins, func(i int) string {
			share, _ := height(run[i])
			return fmt.Sprintf("%.1f", float64(panel.Height)*(1-min(max(share, 0), 1)))
		})
	}
	panel.Lines = append(panel.Lines, QualityLine{class, path})
}

// mark labels a height of the panel.
func (panel *QualityPanel) mark(share float64, label string) {
	panel.Marks = append(panel.Marks, Mark{fmt.Sprintf("%.1f", float64(panel.Y)+float64(panel.Height)*(1-share)), label})
}

func coveredPanel(p i18n.Printer, d drawing, q view.ProberQuality) QualityPanel {
	panel := newPanel(coveredY, coveredHeight, p.T("quality.covered"))
	panel.line(d, q, "load-mean", func(point view.QualityPoint) (float64, bool) {
		covered := stepCoverage(q.Window, point)
		return float64(covered.CoveredMillis) / float64(max(covered.Expected, 1)), true
	})
	panel.mark(1, p.Percent(1, 1, 0))
	return panel
}

func lagPanel(p i18n.Printer, d drawing, q view.ProberQuality) QualityPanel {
	panel := newPanel(lagY, lagHeight, p.T("quality.lag"))
	var highest time.Duration
	for _, point := range q.Points {
		highest = max(highest, point.WorstLag)
	}
	top := roundSpan(highest)
	panel.line(d, q, "peak", func(point view.QualityPoint) (float64, bool) { return float64(point.WorstLag) / float64(top), true })
	panel.line(d, q, "median", func(point view.QualityPoint) (float64, bool) { return float64(point.Lag95) / float64(top), true })
	panel.mark(1, spanText(p, top))
	panel.mark(0.5, spanText(p, top/2))
	return panel
}

func failedPanel(p i18n.Printer, d drawing, q view.ProberQuality) QualityPanel {
	panel := newPanel(failedY, failedHeight, p.T("quality.failed"))
	var highest int64 = 1
	for _, point := range q.Points {
		highest = max(highest, failed(point.Counts))
	}
	for _, point := range q.Points {
		count := failed(point.Counts)
		if count == 0 {
			continue
		}
		height := max(float64(panel.Height)*float64(count)/float64(highest), 3)
		panel.Bars = append(panel.Bars, Bar{
			d.span(point.At, d.window.Next(point.At)), fmt.Sprintf("%.1f", float64(panel.Y+panel.Height)-height), fmt.Sprintf("%.1f", height),
		})
	}
	if len(panel.Bars) > 0 {
		panel.mark(1, p.Number(highest))
	}
	return panel
}

func offsetPanel(p i18n.Printer, d drawing, q view.ProberQuality) QualityPanel {
	panel := newPanel(offsetY, offsetHeight, p.T("quality.offset"))
	var farthest time.Duration
	for _, point := range q.Points {
		farthest = max(farthest, point.Offset.Abs())
	}
	top := roundSpan(farthest)
	panel.line(d, q, "median", func(point view.QualityPoint) (float64, bool) {
		return (float64(point.Offset)/float64(top) + 1) / 2, point.OffsetKnown
	})
	panel.mark(1, "+"+spanText(p, top))
	panel.mark(0.5, "0")
	panel.mark(0, "−"+spanText(p, top))
	return panel
}

// failed is what a prober failed to do of its own.
func failed(c view.QualityCounts) int64 { return c.Unsent + c.Void + c.Dropped + c.Overrun }

// qualityRuns cuts the points where a step is missing or not kept.
func qualityRuns(q view.ProberQuality, kept func(view.QualityPoint) bool) [][]view.QualityPoint {
	var all [][]view.QualityPoint
	var last time.Time
	for _, point := range q.Points {
		if !kept(point) {
			continue
		}
		if len(all) == 0 || !point.At.Equal(q.Window.Next(last)) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], point)
		last = point.At
	}
	return all
}

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
