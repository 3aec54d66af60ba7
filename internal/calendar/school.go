package calendar

import (
	"fmt"
	"iter"
	"strings"
	"time"
)

// Certainty says how far a day of the school calendar can be relied on.
type Certainty string

// The degrees, from the strongest to the weakest.
const (
	// Official is taken from the ministry's published calendar.
	Official Certainty = "official"
	// Announced is what the ministry or the press has said, not yet checked against the text.
	Announced Certainty = "announced"
	// Assumed repeats what the years before did.
	Assumed Certainty = "assumed"
	// Beyond is a day for which the calendar has no dates: it follows the week.
	Beyond Certainty = "beyond"
)

func (c Certainty) rank() int {
	switch c {
	case Official:
		return 0
	case Announced:
		return 1
	case Assumed:
		return 2
	}
	return 3
}

// weaker is the less certain of two degrees.
func weaker(a, b Certainty) Certainty {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// Answer is yes, no or unknown: the end of a calendar is not a school day.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// SchoolDay says of one civil day whether pupils are at school, and why not.
type SchoolDay struct {
	// Open is Unknown for a day of the school week past the end of the calendar.
	Open      Answer
	Certainty Certainty
	// Vacation and Holiday name what closes a day of the school week; both may.
	Vacation VacationName
	Holiday  HolidayName
}

// Week is the hours of a school, one window a day: for each ISO weekday (index 1
// Monday to 7 Sunday) minutes after local midnight. Open = Close is a day without.
type Week [8]struct{ Open, Close int }

// DefaultWeek is Monday to Friday from 08:00 to 18:00, Wednesday to 13:00.
func DefaultWeek() Week {
	week, err := ParseWeek("1,2,4-5 08:00-18:00; 3 08:00-13:00")
	if err != nil {
		panic(err) // a constant text, read by the tests
	}
	return week
}

// ParseWeek reads windows of service hours joined by semicolons, each day in at
// most one: "1,2,4-5 08:00-18:00; 3 08:00-13:00".
func ParseWeek(text string) (Week, error) {
	var week Week
	for part := range strings.SplitSeq(text, ";") {
		service, err := ParseService(strings.TrimSpace(part))
		if err != nil {
			return Week{}, fmt.Errorf("school hours %q: %w", text, err)
		}
		if service.Always {
			return Week{}, fmt.Errorf("school hours %q: expected weekdays and hours, not %s", text, alwaysNotation)
		}
		for day := 1; day <= 7; day++ {
			if !service.Days[day] {
				continue
			}
			if week.hasHours(day) {
				return Week{}, fmt.Errorf("school hours %q: weekday %d stands twice, expected one window a day", text, day)
			}
			week[day].Open, week[day].Close = service.OpenMinute, service.CloseMinute
		}
	}
	return week, nil
}

func (w Week) hasHours(isoWeekday int) bool { return w[isoWeekday].Open < w[isoWeekday].Close }

// String gives the notation that ParseWeek reads, days with equal hours together.
func (w Week) String() string {
	var parts []string
	var done [8]bool
	for day := 1; day <= 7; day++ {
		if done[day] || !w.hasHours(day) {
			continue
		}
		service := Service{OpenMinute: w[day].Open, CloseMinute: w[day].Close}
		for same := day; same <= 7; same++ {
			if w[same] == w[day] {
				service.Days[same], done[same] = true, true
			}
		}
		parts = append(parts, service.String())
	}
	return strings.Join(parts, "; ")
}

// School is the calendar of one school: the vacations of its académie, the public
// holidays of its commune, the hours of its week.
type School struct {
	Vacations *Vacations
	Academie  string
	Holidays  Holidays
	Week      Week
}

// Day tells whether the civil day named by the date of day is a school day. Past
// the end of the known vacations a day of the week with hours is Unknown.
func (s School) Day(day time.Time) SchoolDay {
	year, month, dayOfMonth := day.Date()
	return s.day(dayOf(year, month, dayOfMonth))
}

func (s School) day(day civilDay) SchoolDay {
	answer := SchoolDay{Open: No, Certainty: Official}
	if !s.Week.hasHours(day.isoWeekday()) {
		return answer // a Sunday is one whatever the ministry decides
	}
	name, holiday := Holiday(day.date(), s.Holidays)
	vacation, certainty := s.Vacations.at(s.Academie, day)
	answer.Holiday, answer.Vacation, answer.Certainty = name, vacation, certainty
	switch {
	case holiday:
		answer.Certainty = Official // the law's own day
	case vacation != "":
	case certainty == Beyond:
		answer.Open = Unknown
	default:
		answer.Open = Yes
	}
	return answer
}

// Hours gives the school time inside [from, to), in UTC and in order. A day whose
// answer is Unknown follows the week: Known says how much rests on real dates.
func (s School) Hours(from, to time.Time) []Interval {
	var hours []Interval
	for window := range s.Windows(from, to) {
		hours = append(hours, window)
	}
	return hours
}

// Known is the part of the school time of [from, to) that lies on days the
// calendar knows, and the whole of it.
func (s School) Known(from, to time.Time) (known, whole time.Duration) {
	for window, day := range s.Windows(from, to) {
		whole += window.Duration()
		if day.Open == Yes {
			known += window.Duration()
		}
	}
	return known, whole
}

// Windows yields the school time inside [from, to) with the day it lies on, in UTC and
// in order, of each day that is not closed.
func (s School) Windows(from, to time.Time) iter.Seq2[Interval, SchoolDay] {
	span := Interval{from.UTC(), to.UTC()}
	return func(yield func(Interval, SchoolDay) bool) {
		for day := localDay(from); !day.at(0).After(span.To); day++ {
			answer := s.day(day)
			if answer.Open == No {
				continue
			}
			hours := s.Week[day.isoWeekday()]
			window := Interval{day.at(hours.Open), day.at(hours.Close)}.Intersect(span)
			if !window.empty() && !yield(window, answer) {
				return
			}
		}
	}
}
