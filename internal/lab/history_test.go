package lab_test

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/lab"
)

// monday is a Monday of term at midnight UTC.
var monday = time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)

func TestPiecesOfAHistoryFitTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		link := rapid.SampledFrom(topology(20).Links).Draw(t, "link")
		second := rapid.IntRange(0, 7*86_400)
		from := monday.Add(time.Duration(second.Draw(t, "from")) * time.Second)
		middle := from.Add(time.Duration(second.Draw(t, "first piece")%20_000) * time.Second)
		to := middle.Add(time.Duration(second.Draw(t, "second piece")%20_000) * time.Second)

		whole := lab.History(seed, link, from, to)
		pieces := append(lab.History(seed, link, from, middle), lab.History(seed, link, middle, to)...)
		if diff := gocmp.Diff(whole, pieces); diff != "" {
			t.Fatalf("pieces (-whole +pieces):\n%s", diff)
		}
		for _, m := range whole {
			if m.At.Before(from) || !m.At.Before(to) || m.At.Second() != 0 || m.At.Location() != time.UTC {
				t.Fatalf("minute %v between %v and %v", m.At, from, to)
			}
		}
	})
}

func TestAMonthOfHistoryIsPlausible(t *testing.T) {
	t.Parallel()
	const days = 28
	var disturbed int
	for _, link := range topology(20).Links {
		minutes := lab.History(seed, link, monday, monday.AddDate(0, 0, days))
		if len(minutes) != days*1440 {
			t.Fatalf("link %s has %d minutes, want %d", link.Ref, len(minutes), days*1440)
		}
		var lost int
		for _, m := range minutes {
			if m.Sent != lab.EchoesPerMinute || m.Received <= m.Sent/2 || m.Received > m.Sent {
				t.Fatalf("link %s at %v: %d of %d echoes answered", link.Ref, m.At, m.Received, m.Sent)
			}
			if m.MinMicros < 2_000 || m.MinMicros > m.MedianMicros || m.MedianMicros > m.P95Micros ||
				m.P95Micros > m.MaxMicros || m.MaxMicros > 100_000 || m.JitterMicros <= 0 || m.JitterMicros > 5_000 {
				t.Fatalf("link %s at %v: %+v", link.Ref, m.At, m)
			}
			lost += m.Sent - m.Received
			if m.Sent-m.Received > 1 {
				disturbed++
			}
		}
		if most := len(minutes) * lab.EchoesPerMinute / 200; lost > most {
			t.Errorf("link %s lost %d echoes in a month, want %d at most", link.Ref, lost, most)
		}
	}
	if disturbed < 20 || disturbed > 20*days*4 {
		t.Errorf("%d disturbed minutes on 20 links in a month, want some", disturbed)
	}
}

func TestSchoolHoursAreBusierInTheLocationOfTheCaller(t *testing.T) {
	t.Parallel()
	link := topology(1).Links[0]
	median := func(from time.Time) (sum int64) {
		for _, m := range lab.History(seed, link, from, from.Add(time.Hour)) {
			sum += m.MedianMicros
		}
		return sum / 60
	}
	for name, zone := range map[string]*time.Location{"UTC": time.UTC, "east": time.FixedZone("east", 6*3600)} {
		day := time.Date(2026, time.March, 3, 0, 0, 0, 0, zone)
		busy, night, sunday := median(day.Add(10*time.Hour)), median(day.Add(2*time.Hour)), median(day.AddDate(0, 0, 5).Add(10*time.Hour))
		if busy < night+200 || busy < sunday+200 {
			t.Errorf("%s: medians at ten %d, at night %d, on Sunday %d µs, want the first clearly above", name, busy, night, sunday)
		}
		wednesday, thursday := median(day.AddDate(0, 0, 1).Add(15*time.Hour)), median(day.AddDate(0, 0, 2).Add(15*time.Hour))
		if thursday < wednesday+100 {
			t.Errorf("%s: median on Thursday afternoon %d µs, on Wednesday %d, want the first clearly above", name, thursday, wednesday)
		}
	}
}

func TestAnEmptySpanHasNoHistory(t *testing.T) {
	t.Parallel()
	link := topology(1).Links[0]
	for _, to := range []time.Time{monday, monday.Add(-time.Hour)} {
		if got := lab.History(seed, link, monday, to); len(got) != 0 {
			t.Errorf("from %v to %v: %d minutes, want none", monday, to, len(got))
		}
	}
}
