package calendar_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/configs"
	"vigie/internal/calendar"
)

func shipped(t testing.TB) *calendar.Vacations {
	t.Helper()
	v, err := calendar.ReadVacations(configs.VacationsName, bytes.NewReader(configs.Vacations))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheThreeAcademiesOfTheRegionAreInZoneB(t *testing.T) {
	t.Parallel()
	for departement, academie := range map[string]string{
		"67": "Strasbourg", "68": "Strasbourg", "57": "Nancy-Metz", "54": "Nancy-Metz", "55": "Nancy-Metz", "88": "Nancy-Metz",
		"08": "Reims", "10": "Reims", "51": "Reims", "52": "Reims",
	} {
		if got := calendar.AcademieOf(departement); got != academie {
			t.Errorf("%s is in %q, want %q", departement, got, academie)
		}
		if got := calendar.ZoneOf(academie); got != calendar.ZoneB {
			t.Errorf("%s is in zone %q", academie, got)
		}
	}
	if got := calendar.AcademieOf("2A"); got != "" {
		t.Errorf("Corse-du-Sud is in %q, which is in no zone", got)
	}
}

func TestEveryOtherDepartementOfTheMainlandHasOneAcademie(t *testing.T) {
	t.Parallel()
	for number := 1; number <= 95; number++ {
		code := string([]byte{byte('0' + number/10), byte('0' + number%10)})
		if got := calendar.AcademieOf(code); (got == "") != (code == "20") {
			t.Errorf("%s is in %q", code, got)
		}
	}
}

// TestTheShippedVacationsAreThePublishedOnes reads the ministry's file with its
// defects: teachers' summers beside the pupils', and a summer without end.
func TestTheShippedVacationsAreThePublishedOnes(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(sharedFile(t, "vacances_academies_2017_2026.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	v := shipped(t)
	compared := 0
	for _, row := range rows[1:] {
		year, academie, title, population := row[0], row[1], row[3], row[4]
		if population == "Enseignants" {
			continue
		}
		from, back := row[5][:10], row[6][:10]
		found := false
		for _, vacation := range v.Of(academie) {
			if vacation.From.Format(time.DateOnly) != from {
				continue
			}
			found = true
			endless := strings.HasPrefix(title, "Début")
			if got := vacation.Back.Format(time.DateOnly); got != back && !endless {
				t.Errorf("%s %s %s: back on %s, published %s", academie, year, title, got, back)
			}
			if want := map[bool]calendar.Certainty{false: calendar.Official, true: calendar.Announced}[endless]; vacation.Certainty != want {
				t.Errorf("%s %s %s is %s, want %s", academie, year, title, vacation.Certainty, want)
			}
		}
		if !found {
			t.Errorf("%s %s %s from %s is not shipped", academie, year, title, from)
		}
		compared++
	}
	if compared < 150 {
		t.Errorf("only %d vacations compared", compared)
	}
}

func TestTheCalendarSaysHowFarItReaches(t *testing.T) {
	t.Parallel()
	v := shipped(t)
	if got := v.KnownUntil("Strasbourg"); !got.Equal(date(2027, 9, 1)) {
		t.Errorf("Strasbourg is known until %s", got.Format(time.DateOnly))
	}
	if got := v.KnownUntil("Paris"); !got.IsZero() {
		t.Errorf("Paris is known until %s, and no date of its zone is shipped", got.Format(time.DateOnly))
	}
}

func TestAPeriodIsAsCertainAsItsWeakestDay(t *testing.T) {
	t.Parallel()
	v := shipped(t)
	for _, c := range []struct {
		from, to time.Time
		want     calendar.Certainty
	}{
		{date(2025, 1, 1), date(2026, 1, 1), calendar.Official},
		{date(2026, 1, 1), date(2027, 1, 1), calendar.Announced},
		{date(2026, 9, 1), date(2027, 9, 1), calendar.Assumed},
		{date(2026, 9, 1), date(2027, 9, 2), calendar.Beyond},
		{date(2017, 10, 20), date(2018, 1, 1), calendar.Beyond},
	} {
		if got := v.Certainty("Strasbourg", c.from, c.to); got != c.want {
			t.Errorf("from %s to %s: %s, want %s", c.from.Format(time.DateOnly), c.to.Format(time.DateOnly), got, c.want)
		}
	}
}

const (
	fileHead = "school_year,zone,academie,name,from,back,certainty,source\n"
	wholeB   = `2025-2026,B,,toussaint,2025-10-18,2025-11-03,official,s
2025-2026,B,,noel,2025-12-20,2026-01-05,official,s
2025-2026,B,,hiver,2026-02-14,2026-03-02,official,s
2025-2026,B,,printemps,2026-04-11,2026-04-27,official,s
2025-2026,B,,ete,2026-07-04,2026-09-01,official,s
`
)

func TestAnAcademieMayMoveItsDates(t *testing.T) {
	t.Parallel()
	v, err := calendar.ReadVacations("v.csv", strings.NewReader(fileHead+wholeB+
		"2025-2026,B,Reims,printemps,2026-04-18,2026-05-04,official,arrêté\n"))
	if err != nil {
		t.Fatal(err)
	}
	spring := func(academie string) (froms []string) {
		for _, vacation := range v.Of(academie) {
			if vacation.Name == calendar.Printemps {
				froms = append(froms, vacation.From.Format(time.DateOnly))
			}
		}
		return froms
	}
	if diff := cmp.Diff([]string{"2026-04-18"}, spring("Reims")); diff != "" {
		t.Errorf("Reims (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"2026-04-11"}, spring("Strasbourg")); diff != "" {
		t.Errorf("Strasbourg (-want +got):\n%s", diff)
	}
}

func TestAFileOfVacationsThatWouldInventSchoolDaysIsRefused(t *testing.T) {
	t.Parallel()
	row := "2025-2026,B,,toussaint,2025-10-18,2025-11-03,official,s\n"
	for name, c := range map[string]struct{ file, want string }{
		"nothing":                    {"", "header"},
		"another header":             {strings.Replace(fileHead, "zone", "area", 1), "expected"},
		"a column too few":           {fileHead + "2025-2026,B\n", "wrong number of fields"},
		"a year of one number":       {fileHead + strings.Replace(row, "2025-2026", "2025", 1), `v.csv:2: school_year: "2025"`},
		"two years apart":            {fileHead + strings.Replace(row, "2025-2026", "2025-2027", 1), `school_year: "2025-2027"`},
		"a zone that is none":        {fileHead + strings.Replace(row, ",B,", ",D,", 1), `zone: "D"`},
		"an académie of another":     {fileHead + strings.Replace(row, "B,,", "B,Lyon,", 1), `academie: "Lyon": expected an académie of zone B`},
		"an unknown vacation":        {fileHead + strings.Replace(row, "toussaint", "carnaval", 1), `name: "carnaval"`},
		"a day that is none":         {fileHead + strings.Replace(row, "2025-10-18", "18/10/2025", 1), `from: "18/10/2025"`},
		"a day of another year":      {fileHead + strings.Replace(row, "2025-10-18", "2024-10-18", 1), "a day of the school year"},
		"an end before the start":    {fileHead + strings.Replace(row, "2025-11-03", "2025-10-18", 1), "expected a day after"},
		"a certainty that is none":   {fileHead + strings.Replace(row, "official", "sure", 1), `certainty: "sure"`},
		"no source":                  {fileHead + strings.Replace(row, ",s\n", ",\n", 1), "source: empty"},
		"a year that is not whole":   {fileHead + row, "ends before its summer: expected noel"},
		"a vacation twice":           {fileHead + wholeB + row, "zone B: toussaint of 2025-2026"},
		"a year left out":            {fileHead + wholeB + strings.NewReplacer("2025-", "2027-", "2026-", "2028-").Replace(strings.ReplaceAll(wholeB, "2025-2026", "2027-2028")), "every year between"},
		"two that overlap":           {fileHead + strings.Replace(wholeB, "2025-11-03", "2025-12-21", 1), "expected a day after 2025-12-21"},
		"an exception that overlaps": {fileHead + wholeB + "2025-2026,B,Reims,hiver,2025-12-27,2026-01-20,official,s\n", "académie Reims"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := calendar.ReadVacations("v.csv", strings.NewReader(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "v.csv") {
				t.Errorf("error %v, want v.csv… with %q", err, c.want)
			}
		})
	}
}

func FuzzReadVacations(f *testing.F) {
	f.Add(fileHead + wholeB)
	f.Add(fileHead + wholeB + "2025-2026,B,Reims,printemps,2026-04-18,2026-05-04,official,arrêté\n")
	f.Add(fileHead)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := calendar.ReadVacations("v.csv", strings.NewReader(text))
		if err != nil {
			return
		}
		for _, academie := range []string{"Reims", "Strasbourg", "Lyon"} {
			school := calendar.School{Vacations: v, Academie: academie, Week: calendar.DefaultWeek()}
			list := v.Of(academie)
			for i, vacation := range list {
				if got := school.Day(vacation.From); got.Open == calendar.Yes {
					t.Fatalf("%s: the first day of %+v is a school day", academie, vacation)
				}
				if i > 0 && vacation.From.Before(list[i-1].Back) {
					t.Fatalf("%s: %+v overlaps the one before", academie, vacation)
				}
			}
		}
	})
}

func FuzzParseWeek(f *testing.F) {
	f.Add("1-2,4-5 08:00-18:00; 3 08:00-13:00")
	f.Add("7 00:00-24:00")
	f.Fuzz(func(t *testing.T, text string) {
		week, err := calendar.ParseWeek(text)
		if err != nil {
			return
		}
		again, err := calendar.ParseWeek(week.String())
		if err != nil || again != week {
			t.Fatalf("%q: written back as %q: %v", text, week, err)
		}
	})
}

func TestTheEndOfTheCalendarIsToldSixWeeksBefore(t *testing.T) {
	t.Parallel()
	known := shipped(t)
	for now, want := range map[string]bool{
		"2027-07-20T12:00": false,
		"2027-07-20T23:59": false,
		"2027-07-21T00:00": true, // 42 days before 1 September
		"2027-09-01T00:00": true,
		"2029-01-01T00:00": true,
	} {
		at, err := calendar.ParseLocal(now)
		if err != nil {
			t.Fatal(err)
		}
		if ends, soon := known.EndsSoon(at); soon != want || ends.Format(time.DateOnly) != "2027-09-01" {
			t.Errorf("%s: ends %s, soon %t, want 2027-09-01 and %t", now, ends.Format(time.DateOnly), soon, want)
		}
	}
	if _, soon := (*calendar.Vacations)(nil).EndsSoon(time.Unix(0, 0)); soon {
		t.Error("a calendar without a day has an end")
	}
}
