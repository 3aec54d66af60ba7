package audit

import (
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
)

// Period is the civil days [From, To), both at midnight UTC.
type Period struct{ From, To time.Time }

// CivilYear is 1 January to 31 December.
func CivilYear(year int) Period {
	from := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC)
	return Period{from, from.AddDate(1, 0, 0)}
}

// SchoolYear is 1 September of the year to 31 August of the next.
func SchoolYear(year int) Period {
	from := time.Date(year, time.September, 1, 0, 0, 0, 0, time.UTC)
	return Period{from, from.AddDate(1, 0, 0)}
}

// LastTwelveMonths is the twelve whole months before the one of now.
func LastTwelveMonths(now time.Time) Period {
	today := calendar.Day(now)
	to := today.AddDate(0, 0, 1-today.Day())
	return Period{to.AddDate(-1, 0, 0), to}
}

// FirstYear and LastYear bound the days of a period.
const (
	FirstYear = 2000
	LastYear  = 2100
)

// longest bounds a period, so that nobody asks for a century by a slip.
const longest = 5 * 366 * 24 * time.Hour

// elapsed is the part of the period that is over: whole days, none of them today.
// The error is fault.Invalid for a period that is none, or of which no day is over.
func (p Period) elapsed(now time.Time) (Period, error) {
	const form = time.DateOnly
	today := calendar.Day(now)
	switch {
	case p.From.Year() < FirstYear || p.LastDay().Year() > LastYear:
		return p, fault.Errorf(fault.Invalid, "audit: from %s to %s: expected days of the years %d to %d", p.From.Format(form), p.LastDay().Format(form), FirstYear, LastYear)
	case !p.From.Before(p.To):
		return p, fault.Errorf(fault.Invalid, "audit: from %s to %s: expected a last day on or after the first", p.From.Format(form), p.LastDay().Format(form))
	case p.To.Sub(p.From) > longest:
		return p, fault.Errorf(fault.Invalid, "audit: from %s to %s: expected five years at most", p.From.Format(form), p.LastDay().Format(form))
	case !p.From.Before(today):
		return p, fault.Errorf(fault.Invalid, "audit: from %s: expected a day before today, %s", p.From.Format(form), today.Format(form))
	case p.To.After(today):
		p.To = today
	}
	return p, nil
}

// LastDay is the last day that belongs to the period.
func (p Period) LastDay() time.Time { return p.To.AddDate(0, 0, -1) }

// span is the period as instants of Europe/Paris.
func (p Period) span() calendar.Interval {
	return calendar.Interval{From: calendar.Midnight(p.From), To: calendar.Midnight(p.To)}
}

// cut gives the part of the period between two days, of which the second may be
// unknown; it is empty or reversed when there is none.
func (p Period) cut(starts, ends time.Time) Period {
	if starts.After(p.From) {
		p.From = starts
	}
	if !ends.IsZero() && ends.Before(p.To) {
		p.To = ends
	}
	return p
}

// months lists the first days of the civil months that the period touches.
func (p Period) months() []time.Time {
	var firsts []time.Time
	first := time.Date(p.From.Year(), p.From.Month(), 1, 0, 0, 0, 0, time.UTC)
	for ; first.Before(p.To); first = first.AddDate(0, 1, 0) {
		firsts = append(firsts, first)
	}
	return firsts
}
