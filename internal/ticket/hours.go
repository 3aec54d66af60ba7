package ticket

import (
	"fmt"
	"strings"

	"vigie/internal/calendar"
	"vigie/internal/i18n"
)

// hours writes service hours in words; a text that is not in their notation
// stays as it is.
func hours(p i18n.Printer, notation string) string {
	s, err := calendar.ParseService(notation)
	switch {
	case err != nil:
		return notation
	case s.Always:
		return p.T("mail.hours.always")
	}
	return p.T("mail.hours.window", weekdays(p, s.Days), clock(s.OpenMinute), clock(s.CloseMinute))
}

// weekdays names the days, three and more in a row as "from ... to ...".
func weekdays(p i18n.Printer, served [8]bool) string {
	var names []string
	for day := 1; day <= 7; day++ {
		if !served[day] {
			continue
		}
		last := day
		for last < 7 && served[last+1] {
			last++
		}
		if last < day+2 {
			names = append(names, dayName(p, day))
			continue
		}
		names = append(names, p.T("mail.hours.run", dayName(p, day), dayName(p, last)))
		day = last
	}
	if len(names) == 1 {
		return names[0]
	}
	end := len(names) - 1
	return p.T("mail.hours.and", strings.Join(names[:end], ", "), names[end])
}

func dayName(p i18n.Printer, isoWeekday int) string {
	return p.T("mail.day." + fmt.Sprint(isoWeekday))
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
