package app

import (
	"testing"
	"time"
)

func TestTheDemosSchoolsRestInTheVacations(t *testing.T) {
	t.Parallel()
	c, err := labCalendar()
	if err != nil {
		t.Fatal(err)
	}
	for day, off := range map[string]bool{
		"2026-11-25": false, // a Wednesday of term
		"2026-11-11": true,  // armistice
		"2026-12-28": true,  // Christmas vacations
		"2026-11-28": true,  // a Saturday
		"2026-04-03": true,  // Good Friday, Alsace
		"2026-08-05": true,
	} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Off(at); got != off {
			t.Errorf("%s without school: %v, want %v", day, got, off)
		}
	}
	if c.Zone.String() != "Europe/Paris" {
		t.Errorf("hours of %s, want Europe/Paris", c.Zone)
	}
}
