package dashboards

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
	"vigie/internal/measure"
	"vigie/internal/view"
)

var update = flag.Bool("update", false, "write the golden files")

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// hour is a series of an hour in steps of ten minutes: a gap, a step without
// answer inside an outage, a peak over the scale.
func hour() view.Series {
	at := func(step int) time.Time { return start.Add(time.Duration(step) * 10 * time.Minute) }
	spread := func(lost int64, delays ...int32) measure.Distribution {
		d := measure.Distribution{Lost: lost}
		for _, micros := range delays {
			d.Add(micros, uint32(600-lost)/uint32(len(delays)))
		}
		return d
	}
	return view.Series{
		Range:  view.Hour,
		Window: view.Window{From: at(0), To: at(6), Step: 10 * time.Minute},
		Points: []view.Point{
			{At: at(0), Sent: 600, Received: 600, CoveredMillis: 10000, MinMicros: 4000, MedianMicros: 5000, P95Micros: 8000, MaxMicros: 90000, JitterMicros: 300, PDVMicros: 4000, Detailed: 600, Delays: spread(0, 4000, 4800, 5000, 6000, 8000)},
			{At: at(1), Sent: 600, Received: 570, CoveredMillis: 10000, MinMicros: 4100, MedianMicros: 5500, P95Micros: 9000, MaxMicros: 12000, JitterMicros: 300, PDVMicros: 4900, Detailed: 600, Delays: spread(30, 4100, 5000, 5500, 6000, 9000)},
			{At: at(3), Sent: 600, Received: 0, CoveredMillis: 10000, JitterMicros: measure.Undefined, PDVMicros: measure.Undefined, Detailed: 600, Delays: measure.Distribution{Lost: 600}},
			{At: at(4), Sent: 300, Received: 300, CoveredMillis: 5000, MinMicros: 4000, MedianMicros: 5000, P95Micros: 8000, MaxMicros: 10000, JitterMicros: 0, PDVMicros: measure.Undefined},
		},
		Coverage: view.Coverage{CoveredMillis: 35000, Expected: 60000},
		Outages:  []view.Outage{{From: at(3), To: at(4)}},
		Works:    []view.Window{{From: at(4), To: at(5)}},
		Total: view.Point{
			At: at(0), Sent: 2100, Received: 1470, MinMicros: 4000, MedianMicros: 6000, MaxMicros: 90000, JitterMicros: 300, PDVMicros: 4900,
			Detailed: 1800, Extras: measure.Extras{Duplicates: 2, Reordered: 1, LossPeriods: 7, LongestLoss: 600},
		},
		LimitMicros: 20000,
	}
}

func TestAChartIsDrawnAsAgreed(t *testing.T) {
	t.Parallel()
	renderer, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := renderer.views[i18n.French]["link"].ExecuteTemplate(&got, "chart", newChart(i18n.For(i18n.French), hour(), "c")); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/chart.golden.html"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("chart (-want +got), -update writes it anew:\n%s", diff)
	}
}

func TestAChartNeverJoinsWhatWasNotMeasured(t *testing.T) {
	t.Parallel()
	c := newChart(i18n.For(i18n.French), hour(), "c")
	if n := strings.Count(c.Median, "M"); n != 2 {
		t.Errorf("the median is drawn in %d pieces, want 2: %s", n, c.Median)
	}
	if diff := cmp.Diff([]Span{{"33.333%", "16.667%"}, {"83.333%", "16.667%"}}, c.Gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if len(c.Losses) != 2 || c.Losses[1].Height != "28.0" {
		t.Errorf("losses %v, want a low bar and a whole one", c.Losses)
	}
	if len(c.Rows) != 6 || c.Rows[0].Measured || !c.Rows[5].Measured {
		t.Errorf("the table has %d rows, want every step, the latest first", len(c.Rows))
	}
}

func TestExtremeSeriesAreDrawn(t *testing.T) {
	t.Parallel()
	base := hour()
	point := func(p view.Point) view.Series {
		s := base
		p.At, s.Points, s.Outages = start, []view.Point{p}, nil
		return s
	}
	lasting := base
	lasting.Outages = []view.Outage{{From: start.Add(-time.Hour)}}
	empty := base
	empty.Points = nil
	for name, s := range map[string]view.Series{
		"one step":             point(view.Point{Sent: 1, Received: 1, MinMicros: 1, MedianMicros: 1, P95Micros: 1, MaxMicros: 1}),
		"two thousand s":       point(view.Point{Sent: 1, Received: 1, MinMicros: 1, MedianMicros: 2_000_000_000, P95Micros: 2_000_000_000, MaxMicros: 2_000_000_000}),
		"no answer at all":     point(view.Point{Sent: 60}),
		"outage without end":   lasting,
		"nothing was measured": empty,
	} {
		c := newChart(i18n.For(i18n.English), s, "c")
		for _, path := range append(c.Smoke, c.Median, c.Peak) {
			if strings.Contains(path, "NaN") || strings.Contains(path, "Inf") || strings.Contains(path, "-") {
				t.Errorf("%s: path %q leaves the drawing", name, path)
			}
		}
		if c.Summary == "" || c.Empty != (len(s.Points) == 0) {
			t.Errorf("%s: summary %q, empty %t", name, c.Summary, c.Empty)
		}
	}
}

func TestTheTimeAxisHasRoundTimesOfParis(t *testing.T) {
	t.Parallel()
	labels := func(from time.Time, length time.Duration) (all []string) {
		d := drawing{window: view.Window{From: from, To: from.Add(length), Step: time.Hour}, top: 1000}
		for _, mark := range d.times(i18n.For(i18n.French)) {
			all = append(all, mark.Label)
		}
		return all
	}
	autumn := time.Date(2026, 10, 24, 15, 30, 0, 0, time.UTC) // the clocks go back in the night
	for name, row := range map[string]struct{ got, want []string }{
		"an hour":         {labels(start.Add(3*time.Minute), time.Hour), []string{"13:10", "13:20", "13:30", "13:40", "13:50", "14:00"}},
		"six hours":       {labels(start.Add(-3*time.Minute), 6*time.Hour), []string{"14:00", "15:00", "16:00", "17:00", "18:00"}},
		"a day":           {labels(start, 24*time.Hour), []string{"16:00", "20:00", "00:00", "04:00", "08:00", "12:00"}},
		"a day of change": {labels(autumn, 24*time.Hour), []string{"20:00", "00:00", "04:00", "08:00", "12:00"}},
		"a week":          {labels(start, 7*24*time.Hour), []string{"25/11", "26/11", "27/11", "28/11", "29/11", "30/11", "01/12"}},
	} {
		if diff := cmp.Diff(row.want, row.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
