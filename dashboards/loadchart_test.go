package dashboards

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/calendar"
	"vigie/internal/i18n"
	"vigie/internal/view"
)

// afternoon is three hours in steps of half an hour: two measured, a gap, one that goes
// beyond the contracted rate, a gap to the end; school until 15:00 in Paris.
func afternoon() view.Load {
	at := func(step int) time.Time { return start.Add(time.Duration(step) * 30 * time.Minute) }
	use := func(mean, peak int64) view.Use {
		return view.Use{MeanBits: mean * 1_000_000, PeakBits: peak * 1_000_000}
	}
	return view.Load{
		Range:  view.Week,
		Window: view.Window{From: at(0), To: at(6), Step: 30 * time.Minute},
		Points: []view.LoadPoint{
			{At: at(0), Measured: 6, Down: use(40, 80), Up: use(5, 9)},
			{At: at(1), Measured: 3, Down: use(20, 30), Up: use(4, 4)},
			{At: at(4), Measured: 6, Down: use(95, 110), Up: use(10, 12)},
		},
		Down:        view.Direction{GuaranteedBits: 100_000_000, P95: view.LoadRate{Bits: 95_000_000, Known: true}, SchoolP95: view.LoadRate{Bits: 40_000_000, Known: true}},
		Up:          view.Direction{GuaranteedBits: 20_000_000, P95: view.LoadRate{Bits: 10_000_000, Known: true}},
		Coverage:    view.Coverage{CoveredMillis: 75_000, Expected: 180_000},
		School:      []calendar.Interval{{From: at(0), To: at(4)}},
		SchoolKnown: time.Hour, SchoolWhole: 2 * time.Hour,
		Simulated: true,
	}
}

func TestALoadIsDrawnAsAgreed(t *testing.T) {
	t.Parallel()
	renderer, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := renderer.views[i18n.French]["link"].ExecuteTemplate(&got, "load", newLoadChart(i18n.For(i18n.French), afternoon(), "u")); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/load.golden.html"
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
		t.Errorf("load (-want +got), -update writes it anew:\n%s", diff)
	}
}

func TestALoadNeverJoinsWhatWasNotMeasured(t *testing.T) {
	t.Parallel()
	c := newLoadChart(i18n.For(i18n.French), afternoon(), "u")
	for name, path := range map[string]string{"down": c.Down.Mean, "up": c.Up.Mean, "peaks": c.Down.Peak} {
		if n := strings.Count(path, "M"); n != 2 {
			t.Errorf("%s is drawn in %d pieces, want 2: %s", name, n, path)
		}
	}
	if diff := cmp.Diff([]Span{{"33.333%", "33.333%"}, {"83.333%", "16.667%"}}, c.Gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if len(c.Rows) != 6 || c.Rows[0].Point.Measured != 0 || c.Rows[4].Coverage != (view.Coverage{CoveredMillis: 15_000, Expected: 30_000}) {
		t.Errorf("the table: %+v, want every step, the latest first", c.Rows)
	}
}

// What is beyond the contracted rate is drawn beyond its line, inside the panel.
func TestALoadBeyondTheContractStaysInItsPanel(t *testing.T) {
	t.Parallel()
	c := newLoadChart(i18n.For(i18n.French), afternoon(), "u")
	if strings.Contains(c.Down.Peak, " -") {
		t.Errorf("a peak leaves the panel: %s", c.Down.Peak)
	}
	if c.Down.Guaranteed.At <= "14.4" || c.Down.Guaranteed.At > "27" {
		t.Errorf("the contracted rate stands at %s, want below the largest peak", c.Down.Guaranteed.At)
	}
}

func TestTimesOfAYearAreMonths(t *testing.T) {
	t.Parallel()
	d := drawing{window: view.Window{From: start.AddDate(-1, 0, 0), To: start, Step: 24 * time.Hour}}
	var labels []string
	for _, mark := range d.times(i18n.For(i18n.French)) {
		labels = append(labels, mark.Label)
	}
	if diff := cmp.Diff([]string{"01/01", "01/03", "01/05", "01/07", "01/09", "01/11"}, labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}
