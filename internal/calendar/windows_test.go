package calendar_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the tests need Europe/Paris on any machine

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/calendar"
)

func service(t *testing.T, hours string, holidays calendar.Holidays) calendar.Service {
	t.Helper()
	parsed, err := calendar.ParseService(hours)
	if err != nil {
		t.Fatal(err)
	}
	parsed.Holidays = holidays
	return parsed
}

func local(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := calendar.ParseLocal(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestLocalTimesOfTheClockChanges(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, local, want string }{
		{"winter is one hour ahead", "2026-01-15T12:00", "2026-01-15T11:00:00Z"},
		{"summer is two hours ahead", "2026-07-15T12:00", "2026-07-15T10:00:00Z"},
		{"the last minute before the hole", "2026-03-29T01:59", "2026-03-29T00:59:00Z"},
		{"the hole's first minute is its end", "2026-03-29T02:00", "2026-03-29T01:00:00Z"},
		{"the middle of the hole is its end", "2026-03-29T02:30", "2026-03-29T01:00:00Z"},
		{"the first minute after the hole", "2026-03-29T03:00", "2026-03-29T01:00:00Z"},
		{"a repeated time is its first occurrence", "2026-10-25T02:30", "2026-10-25T00:30:00Z"},
		{"the first repeated minute too", "2026-10-25T02:00", "2026-10-25T00:00:00Z"},
		{"the last minute before the repetition", "2026-10-25T01:59", "2026-10-24T23:59:00Z"},
		{"the first minute after the repetition", "2026-10-25T03:00", "2026-10-25T02:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := local(t, tt.local).Format(time.RFC3339); got != tt.want {
				t.Errorf("%s is %s, want %s", tt.local, got, tt.want)
			}
		})
	}
	if _, err := calendar.ParseLocal("2026-02-30T10:00"); err == nil {
		t.Error("30 February is accepted")
	}
}

func TestMidnightIsTheLocalOne(t *testing.T) {
	t.Parallel()
	if got, want := calendar.Midnight(date(2026, 7, 1)), local(t, "2026-07-01T00:00"); !got.Equal(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheNightsOfAClockChangeHaveTheirRealLength(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, hours, from, to string
		want                  time.Duration
	}{
		{"spring night, always", "24x7", "2026-03-28T22:00", "2026-03-29T06:00", 7 * time.Hour},
		{"autumn night, always", "24x7", "2026-10-24T22:00", "2026-10-25T06:00", 9 * time.Hour},
		{"spring night, every whole day", "1-7 00:00-24:00", "2026-03-28T22:00", "2026-03-29T06:00", 7 * time.Hour},
		{"autumn night, every whole day", "1-7 00:00-24:00", "2026-10-24T22:00", "2026-10-25T06:00", 9 * time.Hour},
		{"spring Sunday from 1 to 5", "7 01:00-05:00", "2026-03-29T00:00", "2026-03-30T00:00", 3 * time.Hour},
		{"autumn Sunday from 1 to 5", "7 01:00-05:00", "2026-10-25T00:00", "2026-10-26T00:00", 5 * time.Hour},
		{"a window inside the hole does not exist", "7 02:10-02:50", "2026-03-29T00:00", "2026-03-30T00:00", 0},
		{"a window inside the repetition exists once", "7 02:10-02:50", "2026-10-25T00:00", "2026-10-26T00:00", 40 * time.Minute},
		{"office hours are not touched", "1-5 08:00-18:00", "2026-03-27T00:00", "2026-03-31T00:00", 20 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := calendar.Elapsed(service(t, tt.hours, calendar.Metropole), local(t, tt.from), local(t, tt.to), nil)
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWindowsOverEasterDependOnTheSet(t *testing.T) {
	t.Parallel()
	day := func(date string) calendar.Interval {
		return calendar.Interval{From: local(t, date+"T08:00"), To: local(t, date+"T18:00")}
	}
	from, to := local(t, "2026-04-02T16:20"), local(t, "2026-04-07T12:45")
	thursday := calendar.Interval{From: from, To: local(t, "2026-04-02T18:00")}
	tuesday := calendar.Interval{From: local(t, "2026-04-07T08:00"), To: to}
	tests := map[calendar.Holidays][]calendar.Interval{
		calendar.AlsaceMoselle:             {thursday, tuesday},
		calendar.AlsaceMoselleNoGoodFriday: {thursday, day("2026-04-03"), tuesday},
		calendar.Metropole:                 {thursday, day("2026-04-03"), tuesday},
		calendar.NoHolidays:                {thursday, day("2026-04-03"), day("2026-04-06"), tuesday},
	}
	for set, want := range tests {
		got := calendar.Windows(service(t, "1-5 08:00-18:00", set), from, to)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("windows of %q (-want +got):\n%s", set, diff)
		}
	}
}

func TestNextOpening(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, at, want string }{
		{"inside hours it is now", "2026-04-02T16:20", "2026-04-02T16:20"},
		{"at the opening it is now", "2026-04-02T08:00", "2026-04-02T08:00"},
		{"at the closing it is tomorrow", "2026-04-01T18:00", "2026-04-02T08:00"},
		{"before the opening it is today's", "2026-04-02T03:00", "2026-04-02T08:00"},
		{"a Friday evening before Easter skips the Monday", "2026-04-03T18:30", "2026-04-07T08:00"},
		{"in the night of a clock change", "2026-03-28T23:00", "2026-03-30T08:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := calendar.NextOpening(service(t, "1-5 08:00-18:00", calendar.Metropole), local(t, tt.at))
			if want := local(t, tt.want); !ok || !got.Equal(want) {
				t.Errorf("got %s, %t, want %s", got, ok, want)
			}
		})
	}
}

func TestAServiceThatIsNeverServedHasNoInstant(t *testing.T) {
	t.Parallel()
	never := calendar.Service{OpenMinute: 480, CloseMinute: 1080}
	if at, ok := calendar.NextOpening(never, origin); ok {
		t.Errorf("it opens at %s", at)
	}
	if at, ok := calendar.Add(never, origin, time.Second, nil); ok {
		t.Errorf("a second is consumed at %s", at)
	}
	if got := calendar.Elapsed(never, origin, origin.AddDate(1, 0, 0), nil); got != 0 {
		t.Errorf("%v elapsed", got)
	}
}

func TestAddStopsAtTheFirstInstant(t *testing.T) {
	t.Parallel()
	office := service(t, "1-5 08:00-18:00", calendar.Metropole)
	friday := local(t, "2026-03-27T17:00")
	tests := []struct {
		name  string
		d     time.Duration
		minus []calendar.Interval
		want  string
	}{
		{"nothing to consume is the start", 0, nil, "2026-03-27T17:00"},
		{"what ends with the day ends at its closing", time.Hour, nil, "2026-03-27T18:00"},
		{"what passes the weekend of the clock change", 2 * time.Hour, nil, "2026-03-30T09:00"},
		{
			"a suspension over the opening", 2 * time.Hour,
			[]calendar.Interval{{From: local(t, "2026-03-30T06:00"), To: local(t, "2026-03-30T08:30")}},
			"2026-03-30T09:30",
		},
		{
			"a suspension that begins exactly at the end", time.Hour,
			[]calendar.Interval{{From: local(t, "2026-03-27T18:00"), To: calendar.Forever}},
			"2026-03-27T18:00",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := calendar.Add(office, friday, tt.d, tt.minus)
			if want := local(t, tt.want); !ok || !got.Equal(want) {
				t.Errorf("got %s, %t, want %s", got, ok, want)
			}
		})
	}
	if at, ok := calendar.Add(office, friday, 2*time.Hour, []calendar.Interval{{From: friday, To: calendar.Forever}}); ok {
		t.Errorf("consumed at %s in a suspension without end", at)
	}
}

// anyInstant draws an instant of 2024 to 2028, to the second.
func anyInstant(t *rapid.T, label string) time.Time {
	return date(2024, 1, 1).Add(time.Duration(rapid.IntRange(0, 5*365*86400).Draw(t, label)) * time.Second)
}

// anyGels draws suspensions in the weeks that follow start.
func anyGels(t *rapid.T, start time.Time) []calendar.Interval {
	gels := make([]calendar.Interval, rapid.IntRange(0, 4).Draw(t, "gels"))
	for i := range gels {
		from := start.Add(time.Duration(rapid.IntRange(-86400, 20*86400).Draw(t, "gel")) * time.Second)
		gels[i] = calendar.Interval{From: from, To: from.Add(time.Duration(rapid.IntRange(0, 3*86400).Draw(t, "length")) * time.Second)}
	}
	return gels
}

func TestElapsedOfAddIsWhatWasAddedAndNotAnInstantSooner(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hours := anyService(t)
		hours.Always = rapid.Bool().Draw(t, "always")
		start := anyInstant(t, "start")
		gels := anyGels(t, start)
		d := time.Duration(rapid.IntRange(1, 200*3600).Draw(t, "d")) * time.Second
		end, ok := calendar.Add(hours, start, d, gels)
		if !ok {
			t.Fatalf("%s from %s: %v is never consumed", hours, start, d)
		}
		if got := calendar.Elapsed(hours, start, end, gels); got != d {
			t.Fatalf("%s from %s to %s: %v elapsed, want %v", hours, start, end, got, d)
		}
		if got := calendar.Elapsed(hours, start, end.Add(-1), gels); got >= d {
			t.Fatalf("%s from %s: %v is consumed before %s", hours, start, d, end)
		}
	})
}

func TestWindowsPartitionAnySpan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hours := anyService(t)
		from := anyInstant(t, "from")
		middle := from.Add(time.Duration(rapid.IntRange(0, 40*86400).Draw(t, "first")) * time.Second)
		to := middle.Add(time.Duration(rapid.IntRange(0, 40*86400).Draw(t, "second")) * time.Second)
		whole := calendar.Windows(hours, from, to)
		parts := append(calendar.Windows(hours, from, middle), calendar.Windows(hours, middle, to)...)
		if diff := cmp.Diff(calendar.Union(whole), calendar.Union(parts)); diff != "" {
			t.Fatalf("%s cut at %s (-whole +parts):\n%s", hours, middle, diff)
		}
		for i, window := range whole {
			if !window.From.Before(window.To) || i > 0 && window.From.Before(whole[i-1].To) {
				t.Fatalf("%s: window %v is empty or out of order", hours, window)
			}
		}
	})
}

func TestElapsedIsWhatAClockOnTheWallCounts(t *testing.T) {
	t.Parallel()
	changes := []time.Time{date(2026, 3, 28), date(2026, 10, 24), date(2026, 4, 2), date(2026, 12, 24), date(2027, 5, 5)}
	rapid.Check(t, func(t *rapid.T) {
		hours := anyService(t)
		from := rapid.SampledFrom(changes).Draw(t, "near").Add(time.Duration(rapid.IntRange(0, 1440).Draw(t, "from")) * time.Minute)
		length := rapid.IntRange(0, 4*1440).Draw(t, "length")
		var want time.Duration
		for i := range length {
			if owed(hours, from.Add(time.Duration(i)*time.Minute)) {
				want += time.Minute
			}
		}
		if got := calendar.Elapsed(hours, from, from.Add(time.Duration(length)*time.Minute), nil); got != want {
			t.Fatalf("%s from %s for %d min: %v, the wall says %v", hours, from, length, got, want)
		}
	})
}

// owed reads the local clock: weekday, holiday, minute of the day.
func owed(hours calendar.Service, at time.Time) bool {
	wall := calendar.Local(at)
	weekday := (int(wall.Weekday())+6)%7 + 1
	minute := wall.Hour()*60 + wall.Minute()
	_, holiday := calendar.Holiday(wall, hours.Holidays)
	return hours.Days[weekday] && !holiday && hours.OpenMinute <= minute && minute < hours.CloseMinute
}

func BenchmarkAddAYearAhead(b *testing.B) {
	office := calendar.Service{Days: [8]bool{1: true, 2: true, 3: true, 4: true, 5: true}, OpenMinute: 480, CloseMinute: 1080, Holidays: calendar.AlsaceMoselle}
	for b.Loop() {
		calendar.Add(office, origin, 2500*time.Hour, nil)
	}
}
