package dashboards

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/measure"
	"vigie/internal/view"
)

// Chart is a series drawn: delays above, loss below, on one time axis. Places along
// the axis are percents of the width, so that one drawing fits a wall and a phone
// with text of one size; heights are the pixels of the constants here.
type Chart struct {
	ID      string // unique on the page
	Empty   bool   // nothing was measured
	Summary string // the drawing in words
	// Smoke are the bands in which the echoes lie, the widest first, as paths in the
	// plot's own units; none where no distribution was kept, which Bare says.
	Smoke   []string
	Bare    string
	Median  string // path
	Lossy   []Lossy
	Peak    string // path of the maxima
	Gaps    []Span // not measured
	Outages []Span
	Works   []Span // announced maintenance
	Losses  []Bar
	// LossTop is the top of the scale of the strip of losses: a round share that holds
	// the largest one.
	LossTop string
	Times   []Mark
	Delays  []Mark
	Limit   *Mark // the contract's limit, when it lies on the scale
	Rows    []ChartRow
	// Statistics are the figures of the whole series; none where nothing was measured.
	Statistics []StatisticRow
}

// Span is a stretch of the time axis.
type Span struct{ X, Width string }

// Bar is a loss: its height grows with the share lost.
type Bar struct {
	Span
	Y, Height string
}

// Mark is a place on an axis with its label.
type Mark struct{ At, Label string }

// ChartRow is one step of the series in the table that says the same.
type ChartRow struct {
	At       time.Time
	Measured bool
	Point    view.Point
	Coverage view.Coverage
	// Middle is between which delays the middle half of the echoes lies.
	Middle, IPDV, PDV string
}

// The plot is plotWidth x plotHeight units, stretched to the width of the drawing;
// the strip of losses lies below it.
const (
	plotWidth  = 1000
	plotHeight = 180
	lossTop    = 196
	lossHeight = 28
)

// drawing places instants and delays.
type drawing struct {
	window view.Window
	top    int32 // delay at the top of the plot, microseconds
}

func newChart(p i18n.Printer, s view.Series, id string) Chart {
	c := Chart{ID: id, Rows: chartRows(p, s), Empty: len(s.Points) == 0, Bare: bare(p, s)}
	if s.Total.Sent > 0 {
		c.Statistics = statistics(p, s.Total)
	}
	d := drawing{window: s.Window, top: scaleTop(s)}
	c.Smoke, c.Lossy = d.smoke(s), d.lossy(p, s)
	for _, run := range runs(s, func(p view.Point) bool { return p.MedianMicros > 0 }) {
		c.Median += d.line(run, func(p view.Point) int32 { return p.MedianMicros })
		c.Peak += d.line(run, func(p view.Point) int32 { return p.MaxMicros })
	}
	for _, gap := range gaps(s.Window, beginsOf(s.Points), notDue) {
		c.Gaps = append(c.Gaps, d.span(gap.From, gap.To))
	}
	for _, outage := range s.Outages {
		to := outage.To
		if to.IsZero() {
			to = s.Window.To
		}
		c.Outages = append(c.Outages, d.span(outage.From, to))
	}
	for _, works := range s.Works {
		c.Works = append(c.Works, d.span(works.From, works.To))
	}
	lossScale := lossScaleOf(s)
	for _, point := range s.Points {
		if point.Lost() > 0 {
			c.Losses = append(c.Losses, d.loss(point, lossScale))
		}
	}
	c.LossTop = p.Percent(int64(lossScale), 100, 0)
	c.Times, c.Delays = d.times(p), d.delays(p)
	if s.LimitMicros > 0 && s.LimitMicros <= d.top {
		c.Limit = &Mark{d.y(s.LimitMicros), p.T("chart.limit", p.Millis(int64(s.LimitMicros)))}
	}
	c.Summary = summary(p, s)
	return c
}

// runs cuts the points where a step is missing or is not to be drawn.
func runs(s view.Series, drawn func(view.Point) bool) [][]view.Point {
	var all [][]view.Point
	var last time.Time
	for _, point := range s.Points {
		if !drawn(point) {
			continue
		}
		if len(all) == 0 || !point.At.Equal(s.Window.Next(last)) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], point)
		last = point.At
	}
	return all
}

// notDue is how much of the end of a series may be missing because its minutes are
// not written yet.
const notDue = 2 * time.Minute

// gaps are the steps without any measure, joined; begins are those that have one.
func gaps(w view.Window, begins []time.Time, notDue time.Duration) []view.Window {
	var all []view.Window
	from := w.From
	for _, at := range begins {
		if at.After(from) {
			all = append(all, view.Window{From: from, To: at})
		}
		from = w.Next(at)
	}
	if w.To.Sub(from) > notDue {
		all = append(all, view.Window{From: from, To: w.To})
	}
	return all
}

// scaleTop is a round delay that leaves room above every median and above the smoke of
// all but a few steps; what lies beyond is cut off at the top.
func scaleTop(s view.Series) int32 {
	var highest int32
	smoke := make([]int32, len(s.Points))
	for i, point := range s.Points {
		highest = max(highest, point.MedianMicros)
		smoke[i] = max(point.P95Micros, point.Delays.ReceivedAt(measure.P95))
	}
	// A few bad steps must not flatten all others.
	usual, _ := measure.Percentile(smoke, measure.Quantile{Num: 97, Den: 100})
	highest = max(highest, usual)
	if s.LimitMicros <= 3*highest {
		highest = max(highest, s.LimitMicros)
	}
	wanted := max(int64(highest)*5/4, 2000)
	for step := int64(1000); ; step *= 10 {
		for _, factor := range []int64{1, 2, 4, 6, 8} {
			if top := step * factor; top >= wanted {
				return int32(min(top, 1<<30))
			}
		}
	}
}

// x is a place on the time axis as a share of 1, inside the drawing.
func (d drawing) x(at time.Time) float64 {
	share := float64(at.Sub(d.window.From)) / float64(d.window.To.Sub(d.window.From))
	return min(max(share, 0), 1)
}

// y is the height of a delay in the plot, counted from its top.
func (d drawing) y(micros int32) string {
	return fmt.Sprintf("%.1f", plotHeight*(1-float64(min(micros, d.top))/float64(d.top)))
}

func (d drawing) span(from, to time.Time) Span {
	x := d.x(from)
	// An instant is still seen: a third of a percent is a pixel on a phone.
	return Span{fmt.Sprintf("%.3f%%", 100*x), fmt.Sprintf("%.3f%%", max(100*(d.x(to)-x), 0.3))}
}

// lossScaleOf is the top of the strip of losses, in percent.
func lossScaleOf(s view.Series) int {
	worst := 0.0
	for _, point := range s.Points {
		if point.Lost() > 0 {
			worst = max(worst, float64(point.Lost())/float64(point.Sent))
		}
	}
	return roundPercent(worst)
}

// loss is the bar of a step under a scale in percent; one is seen, however low.
func (d drawing) loss(p view.Point, scale int) Bar {
	height := max(lossHeight*100*float64(p.Lost())/float64(p.Sent)/float64(scale), 3)
	return Bar{d.span(p.At, d.window.Next(p.At)), fmt.Sprintf("%.1f", lossTop+lossHeight-height), fmt.Sprintf("%.1f", height)}
}

// edges are the places where a run of steps is drawn: its start, the middle of each
// step, its end, so that even a single step is a line.
func (d drawing) edges(begins []time.Time) []string {
	place := func(at time.Time) string { return fmt.Sprintf("%.1f", plotWidth*d.x(at)) }
	all := []string{place(begins[0])}
	for _, at := range begins {
		all = append(all, place(at.Add(d.window.Next(at).Sub(at)/2)))
	}
	return append(all, place(d.window.Next(begins[len(begins)-1])))
}

// path joins a run of steps at the heights that belong to them.
func (d drawing) path(begins []time.Time, height func(i int) string) string {
	var path strings.Builder
	for i, x := range d.edges(begins) {
		command := "L"
		if i == 0 {
			command = "M"
		}
		path.WriteString(command + x + " " + height(min(max(i-1, 0), len(begins)-1)))
	}
	return path.String()
}

func beginsOf(run []view.Point) []time.Time {
	begins := make([]time.Time, len(run))
	for i, point := range run {
		begins[i] = point.At
	}
	return begins
}

func (d drawing) line(run []view.Point, value func(view.Point) int32) string {
	return d.path(beginsOf(run), func(i int) string { return d.y(value(run[i])) })
}

// times labels round civil times of Paris inside the window, some six of them, by
// day or month where it is long. A label needs room: none stands at the very edges.
func (d drawing) times(p i18n.Printer) []Mark {
	var marks []Mark
	for at, label := range d.ticks(p) {
		if x := d.x(at); !at.Before(d.window.From) && x >= 0.04 && x <= 0.96 {
			marks = append(marks, Mark{fmt.Sprintf("%.3f%%", 100*x), label})
		}
	}
	return marks
}

// ticks are the round times up to the window's end.
func (d drawing) ticks(p i18n.Printer) iter.Seq2[time.Time, string] {
	const day = 24 * time.Hour
	length := d.window.To.Sub(d.window.From)
	step := 2 * 30 * day
	for _, wanted := range []time.Duration{10 * time.Minute, time.Hour, 4 * time.Hour, day, 5 * day} {
		if length <= 8*wanted {
			step = wanted
			break
		}
	}
	local := d.window.From.In(i18n.Paris())
	year, month, date := local.Date()
	// By the clock on the wall, which a night of clock change does not shift.
	tick := func(i int) time.Time {
		if step > 5*day {
			return time.Date(year, month+time.Month(2*i), 1, 0, 0, 0, 0, i18n.Paris())
		}
		return time.Date(year, month, date, 0, i*int(step/time.Minute), 0, 0, i18n.Paris())
	}
	return func(yield func(time.Time, string) bool) {
		for i := 0; tick(i).Before(d.window.To); i++ {
			label := p.Clock(tick(i))
			if step >= day {
				label = p.DayMonth(tick(i))
			}
			if !yield(tick(i), label) {
				return
			}
		}
	}
}

func (d drawing) delays(p i18n.Printer) []Mark {
	var marks []Mark
	for i := int32(1); i <= 4; i++ {
		micros := d.top / 4 * i
		marks = append(marks, Mark{d.y(micros), p.Millis(int64(micros))})
	}
	return marks
}

// chartRows gives every step of the window, measured or not, the latest first.
func chartRows(p i18n.Printer, s view.Series) []ChartRow {
	points := make(map[int64]view.Point, len(s.Points))
	for _, point := range s.Points {
		points[point.At.Unix()] = point
	}
	var rows []ChartRow
	for at := s.Window.From; at.Before(s.Window.To); at = s.Window.Next(at) {
		point, ok := points[at.Unix()]
		end := s.Window.Next(at)
		if end.After(s.Window.To) {
			end = s.Window.To
		}
		expected := int64(end.Sub(at)/time.Minute) * 1000
		row := ChartRow{At: at, Measured: ok, Point: point, Coverage: view.Coverage{CoveredMillis: point.CoveredMillis, Expected: expected}}
		row.IPDV, row.PDV, row.Middle = defined(p, point.JitterMicros, measure.Undefined), defined(p, point.PDVMicros, measure.Undefined), p.T("stat.none")
		if point.Received > 0 && point.Whole() {
			row.Middle = p.T("chart.table.from-to", p.Millis(int64(point.Delays.ReceivedAt(quartiles[0]))), p.Millis(int64(point.Delays.ReceivedAt(quartiles[1]))))
		}
		rows = append(rows, row)
	}
	slices.Reverse(rows)
	return rows
}

// summary says in words what the drawing shows.
func summary(p i18n.Printer, s view.Series) string {
	if len(s.Points) == 0 {
		return p.T("chart.summary.empty", p.Time(s.Window.From), p.Time(s.Window.To))
	}
	var sent, lost int
	lowest, highest := s.Points[0].MedianMicros, int32(0)
	for _, point := range s.Points {
		sent += point.Sent
		lost += point.Lost()
		highest = max(highest, point.MedianMicros)
		if point.MedianMicros > 0 && (lowest == 0 || point.MedianMicros < lowest) {
			lowest = point.MedianMicros
		}
	}
	return p.T("chart.summary.full", p.Time(s.Window.From), p.Time(s.Window.To), p.Millis(int64(lowest)), p.Millis(int64(highest)),
		p.Percent(int64(lost), int64(sent), 1), p.N("chart.summary.outages", len(s.Outages)),
		p.Percent(s.Coverage.CoveredMillis, s.Coverage.Expected, 1))
}
