package app

import (
	"time"

	"vigie/internal/calendar"
	"vigie/internal/i18n"
	"vigie/internal/lab"
)

// labAcademie is whose vacations the demo's schools keep: both of its académies
// are in zone B.
const labAcademie = "Strasbourg"

// labCalendar is when the demo's schools work: the vacations that Vigie ships and
// the public holidays.
func labCalendar() (lab.Calendar, error) {
	vacations, err := SchoolCalendar()
	if err != nil {
		return lab.Calendar{}, err
	}
	school := calendar.School{
		Vacations: vacations, Academie: labAcademie, Holidays: calendar.AlsaceMoselle, Week: calendar.DefaultWeek(),
	}
	return lab.Calendar{
		Zone: i18n.Paris(),
		Off:  func(day time.Time) bool { return school.Day(day).Open == calendar.No },
	}, nil
}
