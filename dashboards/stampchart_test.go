package dashboards

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
	"vigie/internal/view"
)

var stampFrom = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// anHourOfStamp has a good quarter, one that lost on both ways, none, and one in which
// nothing came back and no way is known.
func anHourOfStamp() view.StampSeries {
	return view.StampSeries{
		Window: view.Window{From: stampFrom, To: stampFrom.Add(time.Hour), Step: 15 * time.Minute},
		Points: []view.StampPoint{
			{
				At: stampFrom, Sent: 150, Received: 150, MinMicros: 3000, MedianMicros: 4000, MaxMicros: 5000,
				Synchronised: true, ForwardMicros: 2500, BackMicros: 1500, ErrorMicros: 300,
			},
			{
				At: stampFrom.Add(15 * time.Minute), Sent: 100, Received: 97, MinMicros: 3000, MedianMicros: 4000, MaxMicros: 90000,
				Synchronised: true, ForwardMicros: 2500, BackMicros: 1500, ForwardLost: 2, BackLost: 1,
			},
			{At: stampFrom.Add(45 * time.Minute), Sent: 150, UncountedWayLost: 150},
		},
	}
}

func TestSessionsAreDrawnByTheWayAndWithTheirGaps(t *testing.T) {
	t.Parallel()
	c := newStampChart(i18n.For(i18n.French), anHourOfStamp(), "st")
	if diff := cmp.Diff([]Span{{"50.000%", "25.000%"}}, c.Gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	round, ways, loss := c.List[0], c.List[1], c.List[2]
	if round.Marks[0].Label != "5\u00a0ms" || round.Marks[2].Label != "0" {
		t.Errorf("the scale of the round trip is %v, want it up to 5 ms: one packet of 90 ms is cut off", round.Marks)
	}
	for _, line := range append(round.Lines, ways.Lines...) {
		if strings.Count(line.Path, "M") != 1 {
			t.Errorf("%s is drawn as %q, want one run: nothing came back in the last quarter", line.Class, line.Path)
		}
	}
	if diff := cmp.Diff([]string{"way-there", "way-back"}, []string{ways.Lines[0].Class, ways.Lines[1].Class}); diff != "" {
		t.Errorf("ways (-want +got):\n%s", diff)
	}
	bars := map[string][]Bar{}
	for _, kind := range loss.Bars {
		bars[kind.Class] = kind.Bars
	}
	if len(bars["lost-there"]) != 1 || len(bars["lost-back"]) != 1 || len(bars["lost-somewhere"]) != 1 || bars["lost-somewhere"][0].Height != "52.0" {
		t.Errorf("losses are %v, want one bar each, of all packets in the last quarter", bars)
	}
	if loss.Marks[0].Label != "100\u00a0%" || loss.Marks[1].Label != "0\u00a0%" {
		t.Errorf("the scale of losses is %v", loss.Marks)
	}
	if len(c.Rows) != 4 || c.Rows[1].Measured || !c.Rows[0].Measured {
		t.Errorf("rows %v, want each quarter, the third without a measure", c.Rows)
	}
}

func TestWithoutSynchronisedClocksNoWayIsDrawn(t *testing.T) {
	t.Parallel()
	s := anHourOfStamp()
	s.Points = s.Points[2:]
	c := newStampChart(i18n.For(i18n.English), s, "st")
	if len(c.List) != 2 || c.Ways || c.Bottom >= newStampChart(i18n.For(i18n.English), anHourOfStamp(), "st").Bottom {
		t.Errorf("%d panels down to %d, want two and a lower drawing", len(c.List), c.Bottom)
	}
}

func TestTheStripOfLossesIsDrawnToItsScale(t *testing.T) {
	t.Parallel()
	s := hour()
	s.Points = s.Points[:1]
	s.Points[0].Sent, s.Points[0].Received = 1000, 975
	c := newChart(i18n.For(i18n.English), s, "c")
	if c.LossTop != "5%" || c.Losses[0].Height != "14.0" {
		t.Errorf("2.5 %% of loss is %s of %d high up to %s, want the half up to 5%%", c.Losses[0].Height, lossHeight, c.LossTop)
	}
}

func TestAScaleOfLossesIsRoundAndHoldsThem(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]int{0: 1, 0.01: 1, 0.011: 2, 0.2: 20, 0.21: 50, 1: 100} {
		if got := roundPercent(share); got != want {
			t.Errorf("a scale of %d %% for %v, want %d", got, share, want)
		}
	}
}
