package calendar_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/calendar"
)

func TestServiceHoursAreReadAndWrittenBack(t *testing.T) {
	t.Parallel()
	week := [8]bool{1: true, 2: true, 3: true, 4: true, 5: true}
	tests := []struct {
		text, canonical string
		want            calendar.Service
	}{
		{"24x7", "24x7", calendar.Service{Always: true}},
		{"1-5 08:00-18:00", "1-5 08:00-18:00", calendar.Service{Days: week, OpenMinute: 480, CloseMinute: 1080}},
		{"1,2,3,4,5 08:00-18:00", "1-5 08:00-18:00", calendar.Service{Days: week, OpenMinute: 480, CloseMinute: 1080}},
		{"1,2,4-5 08:00-12:30", "1-2,4-5 08:00-12:30", calendar.Service{
			Days: [8]bool{1: true, 2: true, 4: true, 5: true}, OpenMinute: 480, CloseMinute: 750,
		}},
		{"7 00:00-24:00", "7 00:00-24:00", calendar.Service{Days: [8]bool{7: true}, CloseMinute: 1440}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			got, err := calendar.ParseService(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("service (-want +got):\n%s", diff)
			}
			if got.String() != tt.canonical {
				t.Errorf("written back as %q, want %q", got, tt.canonical)
			}
		})
	}
}

func TestServiceHoursThatAreNotStrictAreRefusedWithTheValue(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // text to a part of the error
		"":                       `expected "24x7"`,
		"24X7":                   `expected "24x7"`,
		"24x7 ":                  "weekdays",
		"1-5":                    `expected "24x7"`,
		"0-5 08:00-18:00":        `"0-5"`,
		"1-8 08:00-18:00":        `"1-8"`,
		"5-1 08:00-18:00":        `"5-1"`,
		"1-1 08:00-18:00":        `"1-1"`,
		"2,1 08:00-18:00":        `"1"`,
		"1,1 08:00-18:00":        `"1"`,
		"1-3,3 08:00-18:00":      `"3"`,
		"1, 08:00-18:00":         `weekdays ""`,
		"1-5  08:00-18:00":       `" 08:00-18:00"`,
		"1-5 8:00-18:00":         `"8:00-18:00"`,
		"1-5 08:60-18:00":        `"08:60-18:00"`,
		"1-5 08:00-24:01":        `"08:00-24:01"`,
		"1-5 08:00":              `"08:00"`,
		"1-5 08:00-12:00-18:00":  `"08:00-12:00-18:00"`,
		"1-5 0a:00-18:00":        `"0a:00-18:00"`,
		"1-5 08h00-18h00":        `"08h00-18h00"`,
		"1-5 18:00-08:00":        "before the closing",
		"1-5 08:00-08:00":        "before the closing",
		"lun-ven 08:00-18:00":    `"lun-ven"`,
		"1-5 08:00-18:00 demain": `"08:00-18:00 demain"`,
	}
	for text, part := range tests {
		_, err := calendar.ParseService(text)
		if err == nil {
			t.Errorf("%q is accepted", text)
			continue
		}
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q: error %q does not say %s", text, err, part)
		}
	}
}

func TestAServiceWithoutDaysIsNever(t *testing.T) {
	t.Parallel()
	if got := (calendar.Service{}).String(); got != "never" {
		t.Errorf("got %q, want never", got)
	}
}

// anyService draws hours with edges outside the hour that a clock change repeats
// or skips, so that a clock read minute by minute can be the oracle.
func anyService(t *rapid.T) calendar.Service {
	quarter := rapid.IntRange(0, 96).Filter(func(q int) bool { return q <= 8 || q >= 12 })
	service := calendar.Service{
		OpenMinute:  15 * quarter.Draw(t, "open"),
		CloseMinute: 15 * quarter.Draw(t, "close"),
		Holidays: rapid.SampledFrom([]calendar.Holidays{
			calendar.NoHolidays, calendar.Metropole, calendar.AlsaceMoselle, calendar.AlsaceMoselleNoGoodFriday,
		}).Draw(t, "holidays"),
	}
	switch {
	case service.OpenMinute > service.CloseMinute:
		service.OpenMinute, service.CloseMinute = service.CloseMinute, service.OpenMinute
	case service.OpenMinute == service.CloseMinute:
		service.OpenMinute, service.CloseMinute = 480, 1080
	}
	days := rapid.IntRange(1, 127).Draw(t, "days")
	for day := 1; day <= 7; day++ {
		service.Days[day] = days>>(day-1)&1 == 1
	}
	return service
}

func TestAnyServiceRoundTripsThroughItsNotation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		service := anyService(t)
		service.Holidays = calendar.NoHolidays
		got, err := calendar.ParseService(service.String())
		if err != nil || got != service {
			t.Fatalf("%v written %q, read %v, %v", service.Days, service, got, err)
		}
	})
}

func FuzzParseService(f *testing.F) {
	for _, seed := range []string{"24x7", "1-5 08:00-18:00", "1,2,4-5 08:00-12:30", "7 00:00-24:00", "5-1 18:00-08:00", "", "1 \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		service, err := calendar.ParseService(text)
		if err != nil {
			return
		}
		if !service.Served() {
			t.Fatalf("%q gives a service that is never served", text)
		}
		again, err := calendar.ParseService(service.String())
		if err != nil || again != service {
			t.Fatalf("%q written back as %q reads %v, %v", text, service, again, err)
		}
	})
}
