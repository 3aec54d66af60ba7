package i18n

import (
	"fmt"
	"strconv"
	"time"
)

// paris is the civil time of every contract watched.
var paris = mustLocation("Europe/Paris")

func mustLocation(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("load time zone %s: %v", name, err))
	}
	return location
}

// Paris is the zone every instant is shown in.
func Paris() *time.Location { return paris }

// Time writes an instant to the minute: 24/11/2026 14:05 or 2026-11-24 14:05. The
// zero time is not known: a dash, as for every writer of instants here.
func (p Printer) Time(t time.Time) string {
	return p.layout(t, "02/01/2006 15:04", "2006-01-02 15:04")
}

// TimeSeconds writes an instant to the second.
func (p Printer) TimeSeconds(t time.Time) string {
	return p.layout(t, "02/01/2006 15:04:05", "2006-01-02 15:04:05")
}

// TimeTenths writes an instant to the tenth of a second below it.
func (p Printer) TimeTenths(t time.Time) string {
	return p.layout(t, "02/01/2006 15:04:05,0", "2006-01-02 15:04:05.0")
}

// ClockTenths writes the time of day to the tenth of a second below it.
func (p Printer) ClockTenths(t time.Time) string { return p.layout(t, "15:04:05,0", "15:04:05.0") }

// Date writes the civil day of an instant in Paris: 24/11/2026 or 2026-11-24.
func (p Printer) Date(t time.Time) string {
	return p.layout(t, "02/01/2006", "2006-01-02")
}

// CivilDate writes a day that is kept as midnight UTC.
func (p Printer) CivilDate(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return p.Date(time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, paris))
}

// Clock writes the time of day: 14:05.
func (p Printer) Clock(t time.Time) string { return p.layout(t, "15:04", "15:04") }

// ClockSeconds writes the time of day to the second: 14:05:09.
func (p Printer) ClockSeconds(t time.Time) string { return p.layout(t, "15:04:05", "15:04:05") }

// DayMonth writes a day without its year: 24/11 or 11-24.
func (p Printer) DayMonth(t time.Time) string { return p.layout(t, "02/01", "01-02") }

// Month writes the month of a civil day: novembre 2026.
func (p Printer) Month(t time.Time) string {
	return p.T("month."+strconv.Itoa(int(t.Month()))) + " " + strconv.Itoa(t.Year())
}

func (p Printer) layout(t time.Time, french, english string) string {
	if t.IsZero() {
		return none
	}
	if p.lang == English {
		return t.In(paris).Format(english)
	}
	return t.In(paris).Format(french)
}

// Duration writes an elapsed time with the two units that matter, rounded down:
// 45 s, 4 min 05 s, 42 min, 2 h 05 min, 3 j 04 h; a whole number of minutes, hours
// or days stands alone: 4 h. A negative one has a minus sign.
func (p Printer) Duration(d time.Duration) string {
	if d < 0 {
		return minus + p.Duration(-d)
	}
	seconds := int64(d / time.Second)
	minutes, hours, days := seconds/60, seconds/3600, seconds/86400
	day := noBreak + p.T("unit.day")
	switch {
	case days > 0 && d%(24*time.Hour) == 0:
		return p.Number(days) + day
	case days == 0 && hours > 0 && d%time.Hour == 0:
		return fmt.Sprintf("%d\u00a0h", hours)
	case hours == 0 && minutes > 0 && d%time.Minute == 0:
		return fmt.Sprintf("%d\u00a0min", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d\u00a0s", seconds)
	case minutes < 10:
		return fmt.Sprintf("%d\u00a0min\u00a0%02d\u00a0s", minutes, seconds%60)
	case hours == 0:
		return fmt.Sprintf("%d\u00a0min", minutes)
	case days == 0:
		return fmt.Sprintf("%d\u00a0h\u00a0%02d\u00a0min", hours, minutes%60)
	default:
		return fmt.Sprintf("%s%s\u00a0%02d\u00a0h", p.Number(days), day, hours%24)
	}
}
