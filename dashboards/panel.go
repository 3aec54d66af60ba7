package dashboards

import (
	"fmt"
	"time"

	"vigie/internal/view"
)

// Panels are figures over time, drawn one below the other on one time axis. Places are
// those of Chart.
type Panels struct {
	List   []Panel
	Gaps   []Span
	Times  []Mark
	Bottom int // where the time axis is, in pixels
}

// TicksEnd, TimesAt and Height are the places of what stands below the last panel.
func (p Panels) TicksEnd() int { return p.Bottom + 6 }

// TimesAt is the line on which the times stand.
func (p Panels) TimesAt() int { return p.Bottom + 19 }

// Height is that of the whole drawing.
func (p Panels) Height() int { return p.Bottom + 24 }

// Panel is one figure over time.
type Panel struct {
	Y, Height int
	TitleY    int
	Title     string
	Lines     []PanelLine // paths in the panel's own units
	Bars      []PanelBars
	Marks     []Mark
}

// PanelLine is a path with the class that gives its look.
type PanelLine struct{ Class, Path string }

// PanelBars are bars of one look.
type PanelBars struct {
	Class string
	Bars  []Bar
}

// titleAbove is where the title stands above its panel.
const titleAbove = 8

// newPanel is a panel with its title above it.
func newPanel(y, height int, title string) Panel {
	return Panel{Y: y + titleAbove + 12, Height: height - 12, TitleY: y + titleAbove, Title: title}
}

// share is a height in a panel: 0 at the bottom and 1 at the top; only steps that are
// kept have one.
type share[P any] func(P) (height float64, kept bool)

// steps are points in the steps of a window.
type steps[P any] struct {
	drawing
	points []P
	at     func(P) time.Time
}

// line draws a value of each step.
func (s steps[P]) line(panel *Panel, class string, height share[P]) {
	path := ""
	for _, run := range s.runs(height) {
		path += s.path(s.begins(run), func(i int) string { return s.place(panel, height, run[i]) })
	}
	panel.Lines = append(panel.Lines, PanelLine{class, path})
}

// area fills what lies between two values of each step.
func (s steps[P]) area(panel *Panel, class string, low, high share[P]) {
	path := ""
	for _, run := range s.runs(low) {
		begins := s.begins(run)
		edges := s.edges(begins)
		path += s.path(begins, func(i int) string { return s.place(panel, high, run[i]) })
		for i := len(edges) - 1; i >= 0; i-- {
			path += "L" + edges[i] + " " + s.place(panel, low, run[min(max(i-1, 0), len(run)-1)])
		}
		path += "Z"
	}
	panel.Lines = append(panel.Lines, PanelLine{class, path})
}

func (s steps[P]) place(panel *Panel, height share[P], point P) string {
	at, _ := height(point)
	return fmt.Sprintf("%.1f", float64(panel.Height)*(1-min(max(at, 0), 1)))
}

// bar stands on the bottom of the panel, or on another bar; a bar is seen, however low.
func (s steps[P]) bar(panel *Panel, point P, low, high float64) Bar {
	const seen = 3
	height := max(float64(panel.Height)*(high-low), seen)
	bottom := float64(panel.Y+panel.Height) - float64(panel.Height)*low
	return Bar{s.span(s.at(point), s.window.Next(s.at(point))), fmt.Sprintf("%.1f", bottom-height), fmt.Sprintf("%.1f", height)}
}

// gaps are the steps without a point.
func (s steps[P]) gaps(notDue time.Duration) []Span {
	var all []Span
	for _, gap := range gaps(s.window, s.begins(s.points), notDue) {
		all = append(all, s.span(gap.From, gap.To))
	}
	return all
}

func (s steps[P]) begins(run []P) []time.Time {
	begins := make([]time.Time, len(run))
	for i, point := range run {
		begins[i] = s.at(point)
	}
	return begins
}

// runs cuts the points where a step is missing or not kept.
func (s steps[P]) runs(kept share[P]) [][]P {
	var all [][]P
	var last time.Time
	for _, point := range s.points {
		if _, ok := kept(point); !ok {
			continue
		}
		if len(all) == 0 || !s.at(point).Equal(s.window.Next(last)) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], point)
		last = s.at(point)
	}
	return all
}

// mark labels a height of the panel.
func (panel *Panel) mark(share float64, label string) {
	panel.Marks = append(panel.Marks, Mark{fmt.Sprintf("%.1f", float64(panel.Y)+float64(panel.Height)*(1-share)), label})
}

// byStep are the points by the beginning of their step, in Unix seconds.
func byStep[P any](s steps[P]) map[int64]P {
	all := make(map[int64]P, len(s.points))
	for _, point := range s.points {
		all[s.at(point).Unix()] = point
	}
	return all
}

// stepsOf are points in the steps of a window, to be placed on its axis.
func stepsOf[P any](w view.Window, points []P, at func(P) time.Time) steps[P] {
	return steps[P]{drawing{window: w}, points, at}
}
