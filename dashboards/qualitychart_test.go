package dashboards

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/i18n"
	"vigie/internal/view"
)

// Three quarters of an hour: a good quarter, one without a batch, one that left out half
// and whose clock nobody kept.
func TestAQualityIsDrawnWithItsGapsAndItsFailures(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	q := view.ProberQuality{
		Window: view.Window{From: from, To: from.Add(45 * time.Minute), Step: 15 * time.Minute},
		Points: []view.QualityPoint{
			{At: from, Measured: 15 * time.Minute, WorstLag: 40 * time.Millisecond, Lag95: 10 * time.Millisecond, Offset: -time.Millisecond, OffsetKnown: true},
			{At: from.Add(30 * time.Minute), Measured: 450 * time.Second, WorstLag: 50 * time.Millisecond, Counts: view.QualityCounts{Unsent: 30, Overrun: 10}},
		},
	}
	c := newQualityChart(i18n.For(i18n.French), q, "q")
	if diff := cmp.Diff([]Span{{"33.333%", "33.333%"}}, c.Gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	covered, lag, failures, offset := c.List[0], c.List[1], c.List[2], c.List[3]
	if n := strings.Count(covered.Lines[0].Path, "M"); n != 2 {
		t.Errorf("what was covered is drawn in %d runs, want 2: %s", n, covered.Lines[0].Path)
	}
	if last := covered.Lines[0].Path[strings.LastIndex(covered.Lines[0].Path, " ")+1:]; last != "22.0" {
		t.Errorf("half of what was due is at %s of %d, want the middle", last, covered.Height)
	}
	if diff := cmp.Diff("50\u00a0ms", lag.Marks[0].Label); diff != "" {
		t.Errorf("the top of the lag (-want +got):\n%s", diff)
	}
	if len(failures.Bars) != 1 || len(failures.Bars[0].Bars) != 1 || failures.Bars[0].Bars[0].X != "66.667%" || failures.Marks[0].Label != "40" {
		t.Errorf("failures: %+v, %+v; want one bar of 40 in the last third", failures.Bars, failures.Marks)
	}
	if path := offset.Lines[0].Path; strings.Count(path, "M") != 1 || !strings.HasSuffix(path, "64.0") {
		t.Errorf("the clock is drawn as %s, want one run at the bottom, a millisecond behind", path)
	}
	var rows []string
	for _, row := range c.Rows {
		words := "not measured"
		if row.Measured {
			words = i18n.For(i18n.French).Percent(row.Coverage.CoveredMillis, row.Coverage.Expected, 0)
		}
		rows = append(rows, row.At.Format("15:04 ")+words)
	}
	if diff := cmp.Diff([]string{"10:30 50\u00a0%", "10:15 not measured", "10:00 100\u00a0%"}, rows); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestAScaleIsRoundAndNotMuchLargerThanItsFigures(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(t, "d"))
		if top := roundSpan(d); top < d || top > max(time.Millisecond, d*5/2+1) {
			t.Fatalf("a scale up to %s for %s", top, d)
		}
	})
}

func TestAClockIsWordedByItsSide(t *testing.T) {
	t.Parallel()
	p := i18n.For(i18n.French)
	got := []string{
		offsetText(p, 1500*time.Microsecond), offsetText(p, -time.Hour), offsetText(p, 0), offsetText(p, -300),
	}
	if diff := cmp.Diff([]string{"en avance de 1,5\u00a0ms", "en retard de 1\u00a0h", "juste", "juste"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
