package main

import (
	"bytes"
	"strings"
	"testing"

	"vigie/internal/app"
	"vigie/internal/calendar"
	"vigie/internal/i18n"
)

func TestANearEndOfTheSchoolCalendarIsAFailure(t *testing.T) {
	t.Parallel()
	vacations, err := app.SchoolCalendar()
	if err != nil {
		t.Fatal(err)
	}
	ends := calendar.Midnight(vacations.Ends())
	var out bytes.Buffer
	s := surroundings{out: &out, print: i18n.For(i18n.English)}
	until := s.print.CivilDate(vacations.Ends().AddDate(0, 0, -1))
	if err := s.checkCalendar(vacations, ends.AddDate(0, 0, -43)); err != nil || !strings.Contains(out.String(), until) {
		t.Errorf("43 days before: %v, %q, want %s", err, out.String(), until)
	}
	if err := s.checkCalendar(vacations, ends.AddDate(0, 0, -42)); err == nil || !strings.Contains(err.Error(), until) {
		t.Errorf("42 days before: %v, want an error with %s", err, until)
	}
}
