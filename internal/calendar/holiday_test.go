package calendar_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/calendar"
)

// sharedFile opens a file of the data that may not be committed, or skips.
func sharedFile(t *testing.T, name string) *os.File {
	t.Helper()
	shared := os.Getenv("VIGIE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "shared")
	}
	if !filepath.IsAbs(shared) {
		shared = filepath.Join("..", "..", shared) // from the repository's root
	}
	file, err := os.Open(filepath.Join(shared, "data", "calendrier", name))
	if os.IsNotExist(err) {
		t.Skipf("the published holidays are absent (VIGIE_SHARED): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() }) // only read
	return file
}

// publishedNames maps the names of the published files.
var publishedNames = map[string]calendar.HolidayName{
	"1er janvier": calendar.NewYear, "Vendredi saint": calendar.GoodFriday, "Lundi de Pâques": calendar.EasterMonday,
	"1er mai": calendar.LabourDay, "8 mai": calendar.VictoryDay, "Ascension": calendar.AscensionDay,
	"Lundi de Pentecôte": calendar.WhitMonday, "14 juillet": calendar.BastilleDay, "Assomption": calendar.AssumptionDay,
	"Toussaint": calendar.AllSaintsDay, "11 novembre": calendar.ArmisticeDay, "Jour de Noël": calendar.ChristmasDay,
	"2ème jour de Noël": calendar.StStephensDay,
}

func published(t *testing.T, name string) map[string][]calendar.HolidayName {
	t.Helper()
	rows, err := csv.NewReader(sharedFile(t, name)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	days := map[string][]calendar.HolidayName{}
	for _, row := range rows[1:] {
		key, known := publishedNames[row[3]]
		if !known {
			t.Fatalf("%s: unknown holiday %q", name, row[3])
		}
		days[row[0]] = append(days[row[0]], key)
	}
	return days
}

func TestComputedHolidaysAreThePublishedOnesFrom2006To2031(t *testing.T) {
	t.Parallel()
	tests := []struct {
		set    calendar.Holidays
		file   string
		except calendar.HolidayName
	}{
		{calendar.Metropole, "jours_feries_metropole_2006_2031.csv", ""},
		{calendar.AlsaceMoselle, "jours_feries_alsace-moselle_2006_2031.csv", ""},
		{calendar.AlsaceMoselleNoGoodFriday, "jours_feries_alsace-moselle_2006_2031.csv", calendar.GoodFriday},
	}
	for _, tt := range tests {
		t.Run(string(tt.set), func(t *testing.T) {
			t.Parallel()
			want := map[string]calendar.HolidayName{}
			for date, names := range published(t, tt.file) {
				if names[0] != tt.except {
					want[date] = names[0]
				}
			}
			// Two holidays on one day: the fixed one is named.
			want["2008-05-01"] = calendar.LabourDay
			got := map[string]calendar.HolidayName{}
			for day := date(2006, 1, 1); day.Year() <= 2031; day = day.AddDate(0, 0, 1) {
				if name, closed := calendar.Holiday(day, tt.set); closed {
					got[day.Format(time.DateOnly)] = name
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("holidays (-published +computed):\n%s", diff)
			}
		})
	}
}

func date(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

func TestEasterFallsOnItsEarliestAndLatestDays(t *testing.T) {
	t.Parallel()
	// Years at the ends of the computus and at its two exceptions, by Easter Monday.
	for _, monday := range []time.Time{
		date(1818, 3, 23), date(1943, 4, 26), date(1954, 4, 19), date(1981, 4, 20),
		date(2026, 4, 6), date(2038, 4, 26), date(2049, 4, 19), date(2076, 4, 20), date(2285, 3, 23),
		date(3165, 4, 19),
	} {
		if name, _ := calendar.Holiday(monday, calendar.Metropole); name != calendar.EasterMonday {
			t.Errorf("%s is %q, want Easter Monday", monday.Format(time.DateOnly), name)
		}
	}
}

func TestTheTwoLocalHolidaysDependOnTheCommune(t *testing.T) {
	t.Parallel()
	goodFriday, stStephen := date(2026, 4, 3), date(2026, 12, 26)
	tests := []struct {
		name                  string
		departement           string
		temple                bool
		set                   calendar.Holidays
		wantFriday, wantFeast bool
	}{
		{"Bas-Rhin with a temple", "67", true, calendar.AlsaceMoselle, true, true},
		{"Haut-Rhin without one", "68", false, calendar.AlsaceMoselleNoGoodFriday, false, true},
		{"Moselle with a temple", "57", true, calendar.AlsaceMoselle, true, true},
		{"Meuse, where a temple changes nothing", "55", true, calendar.Metropole, false, false},
		{"Corse-du-Sud", "2A", false, calendar.Metropole, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			set := calendar.ForCommune(tt.departement, tt.temple)
			if set != tt.set {
				t.Errorf("set %q, want %q", set, tt.set)
			}
			if _, got := calendar.Holiday(goodFriday, set); got != tt.wantFriday {
				t.Errorf("Good Friday is a holiday: %t, want %t", got, tt.wantFriday)
			}
			if _, got := calendar.Holiday(stStephen, set); got != tt.wantFeast {
				t.Errorf("26 December is a holiday: %t, want %t", got, tt.wantFeast)
			}
		})
	}
}

func TestOnlyTheSiteSetIsResolvedByTheCommune(t *testing.T) {
	t.Parallel()
	site := calendar.Service{Days: [8]bool{5: true}, OpenMinute: 480, CloseMinute: 1080, Holidays: calendar.SiteHolidays}
	national := site
	national.Holidays = calendar.Metropole
	if got := calendar.Resolve(site, "67", true).Holidays; got != calendar.AlsaceMoselle {
		t.Errorf("site set resolved as %q", got)
	}
	if got := calendar.Resolve(national, "67", true); got != national {
		t.Errorf("the contract's own set became %q", got.Holidays)
	}
}

func TestWithoutASetNoDayIsAHolidayAndAnUnresolvedOneKeepsTheNationalDays(t *testing.T) {
	t.Parallel()
	if name, closed := calendar.Holiday(date(2026, 12, 25), calendar.NoHolidays); closed {
		t.Errorf("Christmas is %q in no set", name)
	}
	if _, closed := calendar.Holiday(date(2026, 12, 25), calendar.SiteHolidays); !closed {
		t.Error("Christmas is not a holiday of an unresolved set")
	}
	if _, closed := calendar.Holiday(date(2026, 12, 26), calendar.SiteHolidays); closed {
		t.Error("26 December is a holiday of an unresolved set")
	}
}

func TestOnlyTheFourNamesOfSetsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"metropole", "alsace-moselle", "alsace-moselle-sans-vendredi-saint", "site"} {
		if got, err := calendar.ParseHolidays(text); err != nil || string(got) != text {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "Metropole", "alsace", "none"} {
		if _, err := calendar.ParseHolidays(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
