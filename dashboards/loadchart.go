package dashboards

import (
	"fmt"
	"slices"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/view"
)

// LoadChart is what a link carried, drawn: towards the site above, from it below,
// each against its contracted rate, on one time axis. Places are those of Chart.
type LoadChart struct {
	ID       string
	Load     view.Load
	Empty    bool // nothing was measured
	Summary  string
	Down, Up LoadPanel
	School   []Span
	Gaps     []Span
	Times    []Mark
	Peaks    bool // a step is longer than five minutes: its peak is drawn too
	Rows     []LoadRow
}

// LoadPanel is one direction.
type LoadPanel struct {
	Y, Height  int
	Mean       string // path of the means, in the panel's own units
	Area       string // closed path under the means
	Peak       string // path of the largest five minutes
	Guaranteed Mark
	Rates      []Mark
}

// LoadRow is one step in the table that says the same.
type LoadRow struct {
	At       time.Time
	Point    view.LoadPoint // Measured 0: a gap
	Coverage view.Coverage
}

// The two panels of the drawing.
const (
	downY, downHeight = 0, 130
	upY, upHeight     = 146, 84
	// loadNotDue is how much of the end of a load may be missing because its router was
	// not asked yet.
	loadNotDue = 11 * time.Minute
	// schoolUpTo is the longest range whose school hours are wide enough to be seen.
	schoolUpTo = 32 * 24 * time.Hour
)

func newLoadChart(p i18n.Printer, l view.Load, id string) LoadChart {
	c := LoadChart{ID: id, Load: l, Empty: len(l.Points) == 0, Rows: loadRows(l), Peaks: l.Window.Step > view.LoadStep}
	d := drawing{window: l.Window}
	runs := loadRuns(l)
	down := func(point view.LoadPoint) view.Use { return point.Down }
	up := func(point view.LoadPoint) view.Use { return point.Up }
	c.Down = newLoadPanel(p, d, runs, panelQuestion{downY, downHeight, "load.guaranteed.down", l.Down.GuaranteedBits, down})
	c.Up = newLoadPanel(p, d, runs, panelQuestion{upY, upHeight, "load.guaranteed.up", l.Up.GuaranteedBits, up})
	begins := make([]time.Time, len(l.Points))
	for i, point := range l.Points {
		begins[i] = point.At
	}
	for _, gap := range gaps(l.Window, begins, loadNotDue) {
		c.Gaps = append(c.Gaps, d.span(gap.From, gap.To))
	}
	if l.Window.To.Sub(l.Window.From) <= schoolUpTo {
		for _, hours := range l.School {
			c.School = append(c.School, d.span(hours.From, hours.To))
		}
	}
	c.Times = d.times(p)
	c.Summary = p.T("load.summary", p.Time(l.Window.From), p.Time(l.Window.To),
		rate(p, l.Down.P95), p.BitRate(l.Down.GuaranteedBits), rate(p, l.Up.P95), p.BitRate(l.Up.GuaranteedBits),
		p.Percent(l.Coverage.CoveredMillis, l.Coverage.Expected, 1))
	return c
}

// rate words a rate, or that there is none.
func rate(p i18n.Printer, r view.LoadRate) string {
	if !r.Known {
		return p.T("load.unknown")
	}
	return p.BitRate(r.Bits)
}

// loadRuns cuts the points where a step is missing.
func loadRuns(l view.Load) [][]view.LoadPoint {
	var all [][]view.LoadPoint
	var last time.Time
	for _, point := range l.Points {
		if len(all) == 0 || !point.At.Equal(l.Window.Next(last)) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], point)
		last = point.At
	}
	return all
}

// panelQuestion is what one panel shows and where.
type panelQuestion struct {
	y, height  int
	label      string // key
	guaranteed int64
	use        func(view.LoadPoint) view.Use
}

func newLoadPanel(p i18n.Printer, d drawing, runs [][]view.LoadPoint, q panelQuestion) LoadPanel {
	panel := LoadPanel{Y: q.y, Height: q.height}
	highest := q.guaranteed
	for _, run := range runs {
		for _, point := range run {
			highest = max(highest, q.use(point).PeakBits)
		}
	}
	top := max(highest*9/8, 8000) // room above the contracted rate for its label
	inside := func(bits int64) string {
		return fmt.Sprintf("%.1f", float64(q.height)*(1-float64(bits)/float64(top)))
	}
	onPage := func(bits int64) string {
		return fmt.Sprintf("%.1f", float64(q.y)+float64(q.height)*(1-float64(bits)/float64(top)))
	}
	for _, run := range runs {
		begins := make([]time.Time, len(run))
		for i, point := range run {
			begins[i] = point.At
		}
		mean := d.path(begins, func(i int) string { return inside(q.use(run[i]).MeanBits) })
		edges := d.edges(begins)
		panel.Mean += mean
		panel.Area += fmt.Sprintf("%sL%s %dL%s %dZ", mean, edges[len(edges)-1], q.height, edges[0], q.height)
		panel.Peak += d.path(begins, func(i int) string { return inside(q.use(run[i]).PeakBits) })
	}
	panel.Guaranteed = Mark{onPage(q.guaranteed), p.T(q.label, p.BitRate(q.guaranteed))}
	for step, bits := rateStep(top), int64(0); bits+step < top*9/10; {
		bits += step
		panel.Rates = append(panel.Rates, Mark{onPage(bits), p.BitRate(bits)})
	}
	return panel
}

// rateStep is a round rate that divides a scale in two or three.
func rateStep(top int64) int64 {
	for step := int64(1000); ; step *= 10 {
		for _, factor := range []int64{1, 2, 5} {
			if 3*step*factor >= top {
				return step * factor
			}
		}
	}
}

// loadRows gives every step of the window, measured or not, the latest first.
func loadRows(l view.Load) []LoadRow {
	points := make(map[int64]view.LoadPoint, len(l.Points))
	for _, point := range l.Points {
		points[point.At.Unix()] = point
	}
	var rows []LoadRow
	for at := l.Window.From; at.Before(l.Window.To); at = l.Window.Next(at) {
		end := l.Window.Next(at)
		if end.After(l.Window.To) {
			end = l.Window.To
		}
		point := points[at.Unix()]
		covered := view.Coverage{CoveredMillis: int64(point.Measured) * millis(view.LoadStep), Expected: millis(end.Sub(at))}
		rows = append(rows, LoadRow{at, point, covered})
	}
	slices.Reverse(rows)
	return rows
}

// millis is a time in thousandths of a minute.
func millis(d time.Duration) int64 { return int64(d / (time.Minute / 1000)) }
