package calendar_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/calendar"
)

// strasbourg is a school of a commune with a temple under the shipped calendar.
func strasbourg(t *testing.T) calendar.School {
	t.Helper()
	return calendar.School{
		Vacations: shipped(t), Academie: "Strasbourg",
		Holidays: calendar.AlsaceMoselle, Week: calendar.DefaultWeek(),
	}
}

func TestASchoolDayIsAskedOfWeekHolidaysAndVacations(t *testing.T) {
	t.Parallel()
	school := strasbourg(t)
	for name, c := range map[string]struct {
		day  time.Time
		want calendar.SchoolDay
	}{
		"a Monday of term":                       {date(2026, 3, 9), calendar.SchoolDay{Open: calendar.Yes, Certainty: calendar.Official}},
		"a Sunday":                               {date(2026, 3, 8), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Official}},
		"a Sunday past the calendar":             {date(2031, 3, 9), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Official}},
		"the first day of winter vacations":      {date(2026, 2, 16), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Official, Vacation: calendar.Hiver}},
		"the first day back":                     {date(2026, 3, 2), calendar.SchoolDay{Open: calendar.Yes, Certainty: calendar.Official}},
		"Good Friday with a temple":              {date(2026, 4, 3), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Official, Holiday: calendar.GoodFriday}},
		"Christmas lies in vacations":            {date(2026, 12, 25), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Official, Vacation: calendar.Noel, Holiday: calendar.ChristmasDay}},
		"the return in 2026 is announced":        {date(2026, 9, 1), calendar.SchoolDay{Open: calendar.Yes, Certainty: calendar.Announced}},
		"the last day before it":                 {date(2026, 8, 31), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Announced, Vacation: calendar.Ete}},
		"the bridge of 2027 is assumed":          {date(2027, 5, 7), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Assumed, Vacation: calendar.AscensionBridge}},
		"a term day beside an assumed vacation":  {date(2027, 6, 1), calendar.SchoolDay{Open: calendar.Yes, Certainty: calendar.Assumed}},
		"a Wednesday past the calendar":          {date(2027, 9, 1), calendar.SchoolDay{Open: calendar.Unknown, Certainty: calendar.Beyond}},
		"a day before the calendar":              {date(2017, 10, 20), calendar.SchoolDay{Open: calendar.Unknown, Certainty: calendar.Beyond}},
		"a public holiday past the calendar":     {date(2028, 5, 1), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Official, Holiday: calendar.LabourDay}},
		"a public holiday of term, not official": {date(2026, 11, 11), calendar.SchoolDay{Open: calendar.No, Certainty: calendar.Official, Holiday: calendar.ArmisticeDay}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, school.Day(c.day)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.day.Format(time.DateOnly), diff)
			}
		})
	}
}

func TestAMeuseSchoolWorksOnGoodFriday(t *testing.T) {
	t.Parallel()
	school := strasbourg(t)
	school.Academie, school.Holidays = "Nancy-Metz", calendar.Metropole
	if got := school.Day(date(2026, 4, 3)).Open; got != calendar.Yes {
		t.Errorf("Good Friday 2026: %s", got)
	}
}

func TestWithoutAnyCalendarEveryWeekdayIsUnknown(t *testing.T) {
	t.Parallel()
	school := calendar.School{Week: calendar.DefaultWeek()}
	if got := school.Day(date(2026, 8, 3)); got.Open != calendar.Unknown || got.Certainty != calendar.Beyond {
		t.Errorf("a Monday of August: %+v", got)
	}
	known, whole := school.Known(local(t, "2026-08-03T00:00"), local(t, "2026-08-10T00:00"))
	if known != 0 || whole != 45*time.Hour {
		t.Errorf("%v of %v are known, want 0 of 45 h", known, whole)
	}
}

func TestSchoolHoursFollowTheWeekAndTheClockChange(t *testing.T) {
	t.Parallel()
	got := strasbourg(t).Hours(local(t, "2026-03-27T17:00"), local(t, "2026-04-01T12:00"))
	want := []calendar.Interval{
		{From: local(t, "2026-03-27T17:00"), To: local(t, "2026-03-27T18:00")},
		{From: local(t, "2026-03-30T08:00"), To: local(t, "2026-03-30T18:00")}, // 06:00 UTC, an hour sooner than on Friday
		{From: local(t, "2026-03-31T08:00"), To: local(t, "2026-03-31T18:00")},
		{From: local(t, "2026-04-01T08:00"), To: local(t, "2026-04-01T12:00")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("school hours (-want +got):\n%s", diff)
	}
	if got := want[1].From.Hour(); got != 6 {
		t.Errorf("Monday opens at %d UTC, want 6", got)
	}
}

func TestTheEndOfTheCalendarLowersItsCoverage(t *testing.T) {
	t.Parallel()
	known, whole := strasbourg(t).Known(local(t, "2026-09-01T00:00"), local(t, "2027-09-01T00:00"))
	if known != whole || whole < 1400*time.Hour || whole > 1700*time.Hour {
		t.Errorf("2026-2027: %v of %v are known", known, whole)
	}
	known, whole = strasbourg(t).Known(local(t, "2027-08-30T00:00"), local(t, "2027-09-06T00:00"))
	if known != 0 || whole != 25*time.Hour { // Wednesday to Friday; Monday and Tuesday lie in the summer
		t.Errorf("the first week of September 2027: %v of %v are known", known, whole)
	}
}

func TestSchoolHoursLieOnSchoolDaysAndPartitionAnySpan(t *testing.T) {
	t.Parallel()
	school := strasbourg(t)
	rapid.Check(t, func(t *rapid.T) {
		from := anyInstant(t, "from")
		middle := from.Add(time.Duration(rapid.IntRange(0, 40*86400).Draw(t, "first")) * time.Second)
		to := middle.Add(time.Duration(rapid.IntRange(0, 40*86400).Draw(t, "second")) * time.Second)
		whole := school.Hours(from, to)
		parts := append(school.Hours(from, middle), school.Hours(middle, to)...)
		if diff := cmp.Diff(calendar.Union(whole), calendar.Union(parts)); diff != "" {
			t.Fatalf("cut at %s (-whole +parts):\n%s", middle, diff)
		}
		for _, window := range whole {
			if school.Day(calendar.Day(window.From)).Open == calendar.No {
				t.Fatalf("%v lies on a closed day", window)
			}
			if window.Duration() > 10*time.Hour {
				t.Fatalf("%v is longer than a school day", window)
			}
		}
	})
}

func TestTheHoursOfAWeekAreReadAndWrittenBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1-2,4-5 08:00-18:00; 3 08:00-13:00",
		"1-5 07:30-17:30",
		"6 08:00-12:00",
	} {
		week, err := calendar.ParseWeek(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := week.String(); got != text {
			t.Errorf("%q is written back as %q", text, got)
		}
	}
	if got := calendar.DefaultWeek().String(); got != "1-2,4-5 08:00-18:00; 3 08:00-13:00" {
		t.Errorf("the default is %q", got)
	}
	for _, text := range []string{"", "24x7", "1-5 08:00-18:00; 3 08:00-12:00", "1-5 08:00-18:00;"} {
		if week, err := calendar.ParseWeek(text); err == nil {
			t.Errorf("%q is read as %s", text, week)
		}
	}
}
