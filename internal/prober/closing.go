package prober

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/i18n"
	"vigie/probe"
	"vigie/probe/throughput"
)

// Closing is when no heavy probe runs, school hours aside.
type Closing struct {
	from, until int // local minutes of the day in which they run; from > until goes over midnight
	exams       [][2]time.Time
}

// ParseClosing reads the local hours in which heavy probes run, HH:MM-HH:MM, and the days
// of exams, 2027-06-14 or 2027-06-14/2027-06-18.
func ParseClosing(hours string, examDays []string) (Closing, error) {
	var c Closing
	first, second, ok := strings.Cut(hours, "-")
	from, err := time.Parse("15:04", first)
	until, err2 := time.Parse("15:04", second)
	if !ok || err != nil || err2 != nil || from.Equal(until) {
		return c, fmt.Errorf("hours: %q, expected such as 22:00-05:00", hours)
	}
	c.from, c.until = minuteOf(from), minuteOf(until)
	if length := (c.until - c.from + day) % day; length <= int(margin/time.Minute) {
		return c, fmt.Errorf("hours: %q, expected more than %d minutes: a test has to end in them", hours, int(margin/time.Minute))
	}
	for _, text := range examDays {
		first, last, span := strings.Cut(text, "/")
		if !span {
			last = first
		}
		from, err := time.Parse(time.DateOnly, first)
		to, err2 := time.Parse(time.DateOnly, last)
		if err != nil || err2 != nil || to.Before(from) {
			return c, fmt.Errorf("exam_days: %q, expected a day such as 2027-06-14, or 2027-06-14/2027-06-18", text)
		}
		c.exams = append(c.exams, [2]time.Time{from, to})
	}
	return c, nil
}

// day is how many minutes one has.
const day = 24 * 60

func minuteOf(t time.Time) int { return t.Hour()*60 + t.Minute() }

// At is why no heavy probe may start on a link of a school now; empty = it may. Nothing
// is closed for the whole of the longest one, so that none runs on into a school day, a
// day of exams or beyond the hours.
func (c Closing) At(now time.Time, school calendar.School) probe.NotRun {
	end := now.Add(margin)
	for _, at := range []time.Time{now, end} {
		if c.exam(calendar.Day(at)) {
			return probe.InExams
		}
	}
	for _, of := range school.Windows(now, end) {
		if of.Open == calendar.Unknown {
			return probe.CalendarUnknown
		}
		return probe.InSchoolHours
	}
	for at := now; !at.After(end); at = at.Add(time.Minute) {
		if !c.hours(minuteOf(at.In(i18n.Paris()))) {
			return probe.OutsideWindow
		}
	}
	return ""
}

func (c Closing) exam(day time.Time) bool {
	return slices.ContainsFunc(c.exams, func(e [2]time.Time) bool { return !day.Before(e[0]) && !day.After(e[1]) })
}

// hours reports whether heavy probes run in a minute of the day.
func (c Closing) hours(minute int) bool {
	if c.from > c.until {
		return minute >= c.from || minute < c.until
	}
	return minute >= c.from && minute < c.until
}

// margin is longer than the longest test of both directions, each with a slow start as
// long as itself.
const margin = 4*throughput.LongestTest + time.Minute
