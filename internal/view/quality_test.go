package view

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/org"
	"vigie/probe"
)

// measured is a store with one prober, whose minutes are those of a window.
type measured struct {
	fixed
	seen   time.Time
	points func(w Window) []QualityPoint
	now    ProberNow
}

func (m measured) Probers(context.Context, time.Time) ([]Prober, error) {
	return []Prober{{Name: "metz", LastSeen: m.seen}}, nil
}

func (m measured) Quality(_ context.Context, _ string, w Window, _ time.Time) ([]QualityPoint, ProberNow, error) {
	return m.points(w), m.now, nil
}

func TestAProberThatMeasuresBadlySaysWhy(t *testing.T) {
	t.Parallel()
	right := probe.Clock{Source: "ntp.example", Synchronised: true, Offset: 2 * time.Millisecond}
	good := ProberNow{First: noon.Add(-30 * 24 * time.Hour), Clock: right, Arrived: true, Arrival: time.Second}
	hour := QualityPoint{Measured: time.Hour, Lag95: 20 * time.Millisecond}
	for name, test := range map[string]struct {
		seen time.Duration // ago
		hour func(*QualityPoint)
		now  func(*ProberNow)
		want []Trouble
	}{
		"all is well":             {},
		"silent, whatever it was": {seen: 10 * time.Minute, hour: func(p *QualityPoint) { p.Counts.Overrun = 9 }, want: []Trouble{TroubleSilent}},
		"a cycle in a hundred":    {hour: func(p *QualityPoint) { p.Measured -= 36 * time.Second }},
		"more":                    {hour: func(p *QualityPoint) { p.Measured -= 37 * time.Second }, want: []Trouble{TroubleCoverage}},
		"young, and whole since": {
			hour: func(p *QualityPoint) { p.Measured = 10 * time.Minute },
			now:  func(n *ProberNow) { n.First = noon.Add(-13 * time.Minute) }, // two minutes may be on their way, the first is not whole
		},
		"ahead":              {now: func(n *ProberNow) { n.Arrival = -time.Hour }, want: []Trouble{TroubleAhead}},
		"behind":             {now: func(n *ProberNow) { n.Arrival = time.Hour }, want: []Trouble{TroubleBehind}},
		"no whole cycle":     {now: func(n *ProberNow) { n.Arrived, n.Arrival = false, 0 }},
		"wrong by its own":   {now: func(n *ProberNow) { n.Clock.Offset = -2 * time.Second }, want: []Trouble{TroubleOffset}},
		"free":               {now: func(n *ProberNow) { n.Clock = probe.Clock{Source: "kernel"} }, want: []Trouble{TroubleFree}},
		"nothing known":      {now: func(n *ProberNow) { n.Clock = probe.Clock{} }, want: []Trouble{TroubleUnknown}},
		"its own drops":      {hour: func(p *QualityPoint) { p.Counts = QualityCounts{Dropped: 1, LostBatches: 1} }, want: []Trouble{TroubleLost, TroubleDropped}},
		"overrun and late":   {hour: func(p *QualityPoint) { p.Counts.Overrun, p.Lag95 = 1, time.Second }, want: []Trouble{TroubleOverrun, TroubleLag}},
		"errands alone":      {hour: func(p *QualityPoint) { p.Counts.Errands = 2 }, want: []Trouble{TroubleErrands}},
		"replies of others":  {hour: func(p *QualityPoint) { p.Counts = QualityCounts{Forged: 99, Late: 9, Duplicate: 9, Malformed: 9} }},
		"late but for a few": {hour: func(p *QualityPoint) { p.WorstLag = time.Second }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := measured{fixed: fixed{index: town()}, seen: noon.Add(-test.seen), now: good}
			h := hour
			if test.hour != nil {
				test.hour(&h)
			}
			if test.now != nil {
				test.now(&m.now)
			}
			m.points = func(w Window) []QualityPoint {
				h.At = w.From
				return []QualityPoint{h}
			}
			who := org.User{ID: 1, Role: org.Network, Territory: org.Territory{All: true}}
			page, err := New(m, 90*time.Second, nil).Probers(t.Context(), who, SixHours, noon)
			if err != nil {
				t.Fatal(err)
			}
			q := page.Probers[0].Quality
			if diff := cmp.Diff(test.want, q.Troubles); diff != "" {
				t.Errorf("troubles (-want +got):\n%s", diff)
			}
			if page.Range != Day || q.Window.To.Sub(q.Window.From) < 24*time.Hour || q.Window.Step != 15*time.Minute {
				t.Errorf("range %s over %+v, want a day", page.Range, q.Window)
			}
		})
	}
}

// What was measured in the first minute, which began midway, does not hide what is missing
// in the later ones.
func TestAYoungProberThatMissesEchoesIsNotWhole(t *testing.T) {
	t.Parallel()
	began := noon.Add(-13 * time.Minute) // ten whole minutes until two before noon, and one
	m := measured{fixed: fixed{index: town()}, seen: noon, now: ProberNow{First: began}}
	m.points = func(w Window) []QualityPoint {
		sum := QualityPoint{At: w.From}
		for at := began; at.Before(w.To); at = at.Add(time.Minute) {
			if !at.Before(w.From) {
				sum.Measured += 57 * time.Second
			}
		}
		return []QualityPoint{sum}
	}
	for name, test := range map[string]struct {
		now  time.Time
		want Coverage
	}{
		"ten minutes": {noon, Coverage{CoveredMillis: 9500, Expected: 10000}},
		"none yet":    {began.Add(2 * time.Minute), Coverage{}},
	} {
		page, err := New(m, 90*time.Second, nil).Probers(t.Context(), org.User{ID: 1, Role: org.Network, Territory: org.Territory{All: true}}, Day, test.now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, page.Probers[0].Quality.HourCoverage); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
