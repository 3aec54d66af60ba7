package lab_test

import (
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/i18n"
	"vigie/internal/lab"
)

// paris is where the schools of the tests are.
func paris() lab.Calendar { return lab.Calendar{Zone: i18n.Paris()} }

// rated is a region whose links have 100 Mbit/s down and 20 up.
func rated(n int) []lab.Link {
	links := topology(n).Links
	for i := range links {
		links[i].DownKbps, links[i].UpKbps = 100_000, 20_000
	}
	return links
}

func TestWhatPiecesOfASpanCarryAddsUpToTheWhole(t *testing.T) {
	t.Parallel()
	links := rated(20)
	rapid.Check(t, func(t *rapid.T) {
		link := rapid.SampledFrom(links).Draw(t, "link")
		micros := rapid.Int64Range(0, 3*86_400_000_000)
		from := monday.Add(time.Duration(micros.Draw(t, "from")) * time.Microsecond)
		middle := from.Add(time.Duration(micros.Draw(t, "first piece")/100) * time.Microsecond)
		to := middle.Add(time.Duration(micros.Draw(t, "second piece")/100) * time.Microsecond)

		traffic := lab.NewTraffic(seed, link, paris())
		first, second := traffic.Carried(from, middle), traffic.Carried(middle, to)
		sum := lab.Octets{Down: first.Down + second.Down, Up: first.Up + second.Up}
		whole := lab.NewTraffic(seed, link, paris()).Carried(from, to)
		if whole != sum {
			t.Fatalf("carried %+v in one piece, %+v in two", whole, sum)
		}
		if back := traffic.Carried(to, from); from.Before(to) && back != (lab.Octets{}) {
			t.Fatalf("carried %+v from later to earlier, want nothing", back)
		}
	})
}

func TestASlotCarriesAtItsRate(t *testing.T) {
	t.Parallel()
	traffic := lab.NewTraffic(seed, rated(1)[0], paris())
	for at := monday; at.Before(monday.AddDate(0, 0, 2)); at = at.Add(lab.SlotLength) {
		rate := traffic.Rate(at)
		want := lab.Octets{Down: 300 * rate.Down, Up: 300 * rate.Up}
		if got := traffic.Carried(at, at.Add(lab.SlotLength)); got != want {
			t.Fatalf("at %v carried %+v, want %+v", at, got, want)
		}
	}
}

// busy is the p95 of a link's downward rate in school hours of one week, as a
// share of its contract.
func busy(t *testing.T, link lab.Link, calendar lab.Calendar) float64 {
	t.Helper()
	traffic := lab.NewTraffic(seed, link, calendar)
	var rates []uint64
	for at := monday; at.Before(monday.AddDate(0, 0, 5)); at = at.Add(lab.SlotLength) {
		rate := traffic.Rate(at)
		if rate.Down > uint64(link.DownKbps)*125 || rate.Up > uint64(link.UpKbps)*125 {
			t.Fatalf("link %s carries %+v octets a second at %v, above its contract", link.Ref, rate, at)
		}
		if rate.Down == 0 || rate.Up == 0 {
			t.Fatalf("link %s is wholly silent at %v", link.Ref, at)
		}
		if local := at.In(calendar.Zone); local.Hour() >= 8 && local.Hour() < 17 {
			rates = append(rates, rate.Down)
		}
	}
	slices.Sort(rates)
	return float64(rates[len(rates)*95/100]) / float64(link.DownKbps*125)
}

func TestSomeLinksAreNearlySaturatedAndSomeHardlyUsed(t *testing.T) {
	t.Parallel()
	var saturated, idle, between int
	for _, link := range rated(200) {
		switch share := busy(t, link, paris()); {
		case share > 0.95:
			saturated++
		case share < 0.15:
			idle++
		default:
			between++
		}
	}
	if saturated < 8 || idle < 30 || between < 60 {
		t.Errorf("of 200 links %d nearly saturated, %d hardly used, %d between, want some of each", saturated, idle, between)
	}
}

func TestTrafficFollowsTheSchoolDay(t *testing.T) {
	t.Parallel()
	zone := i18n.Paris()
	thursdayOff := lab.Calendar{Zone: zone, Off: func(day time.Time) bool { return day.Weekday() == time.Thursday }}
	hour := func(calendar lab.Calendar, day, hour int) (sum uint64) {
		from := time.Date(2026, time.March, day, hour, 0, 0, 0, zone)
		for _, link := range rated(30) {
			sum += lab.NewTraffic(seed, link, calendar).Carried(from, from.Add(time.Hour)).Down
		}
		return sum
	}
	tuesday := hour(paris(), 3, 10)
	for name, quiet := range map[string]uint64{
		"at night":              hour(paris(), 3, 2),
		"on Sunday":             hour(paris(), 8, 10),
		"in the holidays":       hour(thursdayOff, 5, 10),
		"on Wednesday at three": hour(paris(), 4, 15),
	} {
		if quiet*2 > tuesday {
			t.Errorf("%s %d octets, on Tuesday at ten %d, want clearly fewer", name, quiet, tuesday)
		}
	}
	if thursday := hour(paris(), 5, 10); thursday*2 < tuesday {
		t.Errorf("on Thursday at ten %d octets, on Tuesday %d, want about as many", thursday, tuesday)
	}
}

func TestTheSchoolDayKeepsItsHoursWhenTheClocksChange(t *testing.T) {
	t.Parallel()
	zone := i18n.Paris()
	links := rated(30)
	share := func(day time.Time) float64 {
		var early, late uint64
		for _, link := range links {
			traffic := lab.NewTraffic(seed, link, paris())
			early += traffic.Carried(day.Add(7*time.Hour), day.Add(7*time.Hour+30*time.Minute)).Down
			late += traffic.Carried(day.Add(9*time.Hour), day.Add(9*time.Hour+30*time.Minute)).Down
		}
		return float64(early) / float64(late)
	}
	winter := share(time.Date(2026, time.March, 27, 0, 0, 0, 0, zone))
	summer := share(time.Date(2026, time.March, 30, 0, 0, 0, 0, zone))
	if winter < summer*0.6 || winter > summer*1.6 {
		t.Errorf("seven o'clock is %.2f of nine o'clock in winter, %.2f in summer time, want about the same", winter, summer)
	}
}

func TestALinkWithoutRatesCarriesNothing(t *testing.T) {
	t.Parallel()
	traffic := lab.NewTraffic(seed, topology(1).Links[0], paris())
	if diff := gocmp.Diff(lab.Octets{}, traffic.Carried(monday, monday.AddDate(0, 0, 1))); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkTraffic draws one slot; thirteen months of 180 links are 20 million.
func BenchmarkTraffic(b *testing.B) {
	traffic := lab.NewTraffic(seed, rated(1)[0], paris())
	at := monday
	for b.Loop() {
		at = at.Add(lab.SlotLength)
		traffic.Rate(at)
	}
}
