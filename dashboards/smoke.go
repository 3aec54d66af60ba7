package dashboards

import (
	"fmt"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/measure"
	"vigie/internal/view"
)

// smokeBands are the quantiles between which smoke is drawn, the widest first. Each lies
// over the one before, so that smoke is the darker the more echoes took that long.
var smokeBands = [][2]measure.Quantile{
	{{Num: 2, Den: 100}, {Num: 98, Den: 100}},
	{{Num: 10, Den: 100}, {Num: 90, Den: 100}},
	quartiles,
	{{Num: 40, Den: 100}, {Num: 60, Den: 100}},
}

var quartiles = [2]measure.Quantile{{Num: 1, Den: 4}, {Num: 3, Den: 4}}

// lossClasses are the shares of loss, in percent, up to which the median has a colour;
// beyond the last it has one more.
var lossClasses = [...]int{1, 5, 20}

// lossClass is the colour of a step's median, from 1 on; 0 for one without loss.
func lossClass(p view.Point) int {
	if p.Lost() == 0 {
		return 0
	}
	for i, percent := range lossClasses {
		if 100*p.Lost() <= percent*p.Sent {
			return i + 1
		}
	}
	return len(lossClasses) + 1
}

// Lossy are the medians of the steps of one class of loss.
type Lossy struct {
	Class int    // from 1 on
	Path  string // empty when there are none
	Label string // "1 %", the most of it; empty for the class beyond all
}

func (d drawing) lossy(p i18n.Printer, s view.Series) []Lossy {
	all := make([]Lossy, len(lossClasses)+1)
	for i := range all {
		all[i].Class = i + 1
		if i < len(lossClasses) {
			all[i].Label = p.Percent(int64(lossClasses[i]), 100, 0)
		}
	}
	for _, point := range s.Points {
		class := lossClass(point)
		if class == 0 || point.MedianMicros == 0 {
			continue
		}
		from, to := plotWidth*d.x(point.At), plotWidth*d.x(s.Window.Next(point.At))
		all[class-1].Path += fmt.Sprintf("M%.1f %sH%.1f", from, d.y(point.MedianMicros), max(to, from+2))
	}
	return all
}

// smoke draws what the distributions of the steps show, a path for each band: the
// delays of the echoes that came back. A step of which not all delays were kept has
// none.
func (d drawing) smoke(s view.Series) []string {
	runs := runs(s, func(p view.Point) bool { return p.Received > 0 && p.Whole() })
	if len(runs) == 0 {
		return nil
	}
	bands := make([]string, len(smokeBands))
	for _, run := range runs {
		for i, band := range smokeBands {
			bands[i] += d.band(run, band)
		}
	}
	return bands
}

// band goes along the upper quantile and back along the lower one.
func (d drawing) band(run []view.Point, band [2]measure.Quantile) string {
	begins := beginsOf(run)
	edges := d.edges(begins)
	back := ""
	for i := len(edges) - 1; i >= 0; i-- {
		back += "L" + edges[i] + " " + d.y(run[min(max(i-1, 0), len(run)-1)].Delays.ReceivedAt(band[0]))
	}
	return d.path(begins, func(i int) string { return d.y(run[i].Delays.ReceivedAt(band[1])) }) + back + "Z"
}

// bare says which part of a series has no smoke because its delays were not kept; empty
// when there is none.
func bare(p i18n.Printer, s view.Series) string {
	var last time.Time
	for _, point := range s.Points {
		if !point.Whole() {
			last = point.At
		}
	}
	if last.IsZero() {
		return ""
	}
	if next := s.Window.Next(last); next.Before(s.Window.To) {
		return p.T("smoke.bare.before", p.Time(next))
	}
	return p.T("smoke.bare.all")
}

// StatisticRow is one figure of a period with the standard that defines it. Name is that
// of measure.Statistic.
type StatisticRow struct{ Name, Standard, Value string }

// statistics are the figures of a whole series.
func statistics(p i18n.Printer, total view.Point) []StatisticRow {
	rows := make([]StatisticRow, len(measure.Statistics))
	for i, s := range measure.Statistics {
		rows[i] = StatisticRow{s.Name, s.Standard, statisticValue(p, s.Name, total)}
	}
	return rows
}

func statisticValue(p i18n.Printer, name string, t view.Point) string {
	count := func(n int64) string { return p.Number(n) }
	switch name {
	case "loss":
		return p.T("stat.loss.value", p.Percent(int64(t.Lost()), int64(t.Sent), 2), count(int64(t.Lost())), count(int64(t.Sent)))
	case "delay":
		if t.Received == 0 {
			return p.T("stat.none")
		}
		return p.T("stat.delay.value", defined(p, t.MedianMicros, 0), defined(p, t.P95Micros, 0), p.Millis(int64(t.MinMicros)), p.Millis(int64(t.MaxMicros)))
	case "ipdv":
		return defined(p, t.JitterMicros, measure.Undefined)
	}
	if t.Detailed == 0 {
		return p.T("stat.unknown")
	}
	value := ""
	switch name {
	case "pdv":
		value = defined(p, t.PDVMicros, measure.Undefined)
	case "periods":
		value = count(t.LossPeriods)
		if t.LossPeriods > 0 {
			value = p.N("stat.periods.value", int(t.LongestLoss), value)
		}
	case "duplicates":
		value = count(t.Duplicates)
	case "reordered":
		value = count(t.Reordered)
	}
	if t.Detailed < int64(t.Sent) {
		value = p.T("stat.part", value, p.Percent(t.Detailed, int64(t.Sent), 1))
	}
	return value
}

// defined words a delay, or that there is none.
func defined(p i18n.Printer, micros, undefined int32) string {
	if micros == undefined {
		return p.T("stat.none")
	}
	return p.Millis(int64(micros))
}
