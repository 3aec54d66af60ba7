package figure

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Bound says what bounds the figures whose names begin so, and what was tried.
type Bound struct{ Begins, Told string }

// Printer prints figures.
type Printer struct {
	Out   io.Writer // the lines
	Short io.Writer // why a goal was missed
	// Bounds are looked through in order; the first that fits is told.
	Bounds []Bound
}

// AtMost prints a figure that should not exceed its goal.
func (p Printer) AtMost(name string, value float64, unit string, goal float64) {
	p.print(name, value, unit, goal, value <= goal)
}

// AtLeast prints a figure that should reach its goal.
func (p Printer) AtLeast(name string, value float64, unit string, goal float64) {
	p.print(name, value, unit, goal, value >= goal)
}

// Ratio prints ours over theirs, the medians of both; it is absent where there is
// nothing of theirs.
func (p Printer) Ratio(name string, ours, theirs []float64, goal float64) {
	if len(theirs) == 0 {
		fmt.Fprintf(p.Out, "%s\t-\tratio\t%g\tabsent\n", name, goal)
		return
	}
	p.AtMost(name, Median(ours)/Median(theirs), "ratio", goal)
}

// Tell prints a figure that has no goal.
func (p Printer) Tell(name string, value float64, unit string) {
	fmt.Fprintf(p.Out, "%s\t%.4g\t%s\t-\ttold\n", name, value, unit)
}

func (p Printer) print(name string, value float64, unit string, goal float64, reached bool) {
	verdict := "short"
	if reached {
		verdict = "ok"
	}
	fmt.Fprintf(p.Out, "%s\t%.4g\t%s\t%g\t%s\n", name, value, unit, goal, verdict)
	if !reached {
		fmt.Fprintf(p.Short, "%s is short: %s\n", name, p.bound(name))
	}
}

func (p Printer) bound(name string) string {
	for _, b := range p.Bounds {
		if strings.HasPrefix(name, b.Begins) {
			return b.Told
		}
	}
	return "run it on an idle machine, others took the time"
}

// Median is the middle value, the upper one of two. It sorts the values, of which there
// is at least one.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Quantile is the value below which that part of the values lies, from 0 to 1; the
// largest for 1. It sorts the values, of which there is at least one.
func Quantile(values []float64, part float64) float64 {
	slices.Sort(values)
	return values[min(int(part*float64(len(values))), len(values)-1)]
}
