package lab_test

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/lab"
)

func TestPiecesOfThePastsOutagesFitTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		link := rapid.SampledFrom(topology(20).Links).Draw(t, "link")
		from := monday.Add(time.Duration(rapid.IntRange(0, 400*86_400).Draw(t, "from")) * time.Second)
		middle := from.Add(time.Duration(rapid.IntRange(1, 40*86_400).Draw(t, "first")) * time.Second)
		to := middle.Add(time.Duration(rapid.IntRange(1, 40*86_400).Draw(t, "second")) * time.Second)
		whole := lab.Outages(seed, link, from, to)
		pieces := lab.Outages(seed, link, from, middle)
		for _, o := range lab.Outages(seed, link, middle, to) {
			if !o.From.Before(middle) || o.To.Before(from) {
				pieces = append(pieces, o)
			}
		}
		if diff := gocmp.Diff(whole, pieces); diff != "" {
			t.Fatalf("pieces (-whole +pieces):\n%s", diff)
		}
		for i, o := range whole {
			if !o.From.Before(o.To) || !o.To.After(from) || !o.From.Before(to) || i > 0 && o.From.Before(whole[i-1].To) {
				t.Fatalf("outage %d of %v", i, whole)
			}
		}
	})
}

func TestAYearHasAFewOutagesForEachLink(t *testing.T) {
	t.Parallel()
	links := topology(60).Links
	var count, long, power, shared int
	starts := map[time.Time]string{}
	for _, link := range links {
		for _, o := range lab.Outages(seed, link, monday, monday.AddDate(1, 0, 0)) {
			count++
			if o.To.Sub(o.From) > 4*time.Hour {
				long++
			}
			if o.Power {
				power++
			}
			if other, seen := starts[o.From]; seen && other == link.POP {
				shared++
			}
			starts[o.From] = link.POP
		}
	}
	if count < 2*len(links) || count > 6*len(links) || long < len(links)/10 || long*3 > count || power == 0 || shared == 0 {
		t.Errorf("%d outages of %d links: %d over four hours, %d of power, %d shared by a POP", count, len(links), long, power, shared)
	}
}

func TestAnOutageSwallowsTheAnswersOfItsRounds(t *testing.T) {
	t.Parallel()
	link := topology(3).Links[0]
	minutes := lab.History(seed, link, monday, monday.Add(10*time.Minute))
	before := append([]lab.Minute(nil), minutes...)
	lab.Silence(minutes, []lab.Outage{{From: monday.Add(2*time.Minute + 45*time.Second), To: monday.Add(5*time.Minute + 5*time.Second)}})
	for i, m := range minutes {
		want := before[i].Received
		switch i {
		case 2:
			want -= 15
		case 3, 4:
			want = 0
		case 5:
			want -= 5
		}
		if m.Received != want || m.Sent != lab.EchoesPerMinute || (m.MedianMicros == 0) != (want == 0) {
			t.Errorf("minute %d: %+v, want %d answers", i, m, want)
		}
	}
}
