package dashboards

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
	"vigie/internal/measure"
	"vigie/internal/view"
)

func TestSmokeIsDrawnWhereDelaysWereKeptAndNowhereElse(t *testing.T) {
	t.Parallel()
	c := newChart(i18n.For(i18n.French), hour(), "c")
	if len(c.Smoke) != len(smokeBands) {
		t.Fatalf("%d bands, want %d", len(c.Smoke), len(smokeBands))
	}
	for i, path := range c.Smoke {
		// The first two steps follow each other, the third was not measured, the fourth
		// lost all and of the fifth no delays were kept: up to there, 33.3 % of the plot.
		if n := strings.Count(path, "M"); n != 1 || strings.Contains(path, "L500") || !strings.Contains(path, "L333.3 ") {
			t.Errorf("band %d is %s, want one piece of two steps", i, path)
		}
	}
	if !strings.Contains(c.Bare, "13:50") {
		t.Errorf("what has no smoke is told as %q, want before 13:50", c.Bare)
	}
	whole := hour()
	whole.Points = whole.Points[:3]
	if got := newChart(i18n.For(i18n.French), whole, "c").Bare; got != "" {
		t.Errorf("nothing lacks smoke, and it is told: %q", got)
	}
	old := hour()
	old.Points = old.Points[3:]
	old.Window.To = old.Points[0].At.Add(old.Window.Step)
	c = newChart(i18n.For(i18n.English), old, "c")
	if c.Smoke != nil || !strings.Contains(c.Bare, "this period") || c.Median == "" {
		t.Errorf("a series of which no delays were kept: %d bands, %q, median %q", len(c.Smoke), c.Bare, c.Median)
	}
}

func TestBandsLieWithinOneAnother(t *testing.T) {
	t.Parallel()
	for i := 1; i < len(smokeBands); i++ {
		outer, inner := smokeBands[i-1], smokeBands[i]
		share := func(q measure.Quantile) float64 { return float64(q.Num) / float64(q.Den) }
		if share(outer[0]) >= share(inner[0]) || share(outer[1]) <= share(inner[1]) {
			t.Errorf("band %d does not lie within the one before", i)
		}
	}
}

func TestTheMedianHasTheColourOfItsLoss(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ sent, lost, want int }{
		{1000, 0, 0}, {1000, 1, 1}, {100, 1, 1}, {1000, 11, 2}, {100, 5, 2}, {100, 6, 3}, {100, 20, 3}, {1000, 201, 4}, {10, 10, 4},
	} {
		if got := lossClass(view.Point{Sent: test.sent, Received: test.sent - test.lost}); got != test.want {
			t.Errorf("%d of %d lost has the colour %d, want %d", test.lost, test.sent, got, test.want)
		}
	}
	c := newChart(i18n.For(i18n.French), hour(), "c")
	var drawn []int
	for _, l := range c.Lossy {
		if l.Path != "" {
			drawn = append(drawn, l.Class)
		}
	}
	// A twentieth lost; the step that lost all has no median to colour.
	if diff := cmp.Diff([]int{2}, drawn); diff != "" {
		t.Errorf("colours on the median (-want +got):\n%s", diff)
	}
}

func TestAFewBadStepsDoNotFlattenTheOthers(t *testing.T) {
	t.Parallel()
	quiet := view.Point{MedianMicros: 5000, P95Micros: 8000}
	s := view.Series{Points: slices.Repeat([]view.Point{quiet}, 100)}
	for i := range 3 {
		s.Points[20*i].P95Micros = 190_000
	}
	if got := scaleTop(s); got != 10_000 {
		t.Errorf("with three bad steps of a hundred the scale ends at %d µs, want 10,000", got)
	}
	s.Points[3].P95Micros = 190_000
	if got := scaleTop(s); got < 190_000 {
		t.Errorf("with four the scale ends at %d µs", got)
	}
	s.Points[3] = view.Point{MedianMicros: 400_000}
	if got := scaleTop(s); got < 400_000 {
		t.Errorf("a median of 400 ms is cut off at %d µs", got)
	}
}

func TestEveryFigureNamesItsStandard(t *testing.T) {
	t.Parallel()
	known := map[string]string{}
	for _, row := range statistics(i18n.For(i18n.French), hour().Total) {
		if row.Standard == "" || row.Value == "" {
			t.Errorf("%s has the standard %q and the value %q", row.Name, row.Standard, row.Value)
		}
		for _, lang := range i18n.Languages() {
			for _, key := range []string{"stat.name." + row.Name, "stat.means." + row.Name} {
				if !i18n.For(lang).Has(key) {
					t.Errorf("no %s in %s", key, lang)
				}
			}
		}
		known[row.Name] = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(row.Value)
	}
	want := map[string]string{
		"loss": "30 % (630 sur 2 100 échos)", "delay": "médiane 6 ms, 95e centile –, de 4 ms à 90 ms",
		"ipdv": "0,30 ms", "pdv": "4,9 ms (relevé pour 85,7 % des échos)", "periods": "7, dont la plus longue de 600 échos (relevé pour 85,7 % des échos)",
		"duplicates": "2 (relevé pour 85,7 % des échos)", "reordered": "1 (relevé pour 85,7 % des échos)",
	}
	if diff := cmp.Diff(want, known); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	calm := view.Point{Sent: 60, Received: 60, Detailed: 60}
	if got := statisticValue(i18n.For(i18n.French), "periods", calm); got != "0" {
		t.Errorf("without loss there are %q runs of it", got)
	}
	calm.Received, calm.LossPeriods, calm.LongestLoss = 58, 2, 1
	if got := statisticValue(i18n.For(i18n.French), "periods", calm); got != "2, dont la plus longue d’un écho" {
		t.Errorf("two echoes lost alone are %q", got)
	}
	unknown := hour().Total
	unknown.Detailed, unknown.Extras = 0, measure.Extras{}
	for _, row := range statistics(i18n.For(i18n.English), unknown) {
		if row.Name == "duplicates" && row.Value != "not recorded at that time" {
			t.Errorf("what was not looked at is %q, want no zero", row.Value)
		}
	}
}
