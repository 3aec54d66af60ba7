package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Unit is what a span is counted in.
type Unit string

// The units of a span.
const (
	Hour  Unit = "hour"
	Day   Unit = "day"
	Month Unit = "month"
	Year  Unit = "year"
)

// Span is a length of time by the calendar: 13 months before 25 November is 25 October
// of the year before, however long the months between were.
type Span struct {
	Count int
	Unit  Unit
}

// The average length of months and years in days (Gregorian calendar, 400 years).
const (
	daysAYear  = 365.2425
	daysAMonth = daysAYear / 12
)

// maxCount keeps every span within the years that dates can be written in.
const maxCount = 100_000

// Before is the instant at which a span begins that ends at t.
func (s Span) Before(t time.Time) time.Time {
	switch s.Unit {
	case Hour:
		return t.Add(-time.Duration(s.Count) * time.Hour)
	case Day:
		return t.AddDate(0, 0, -s.Count)
	case Month:
		return t.AddDate(0, -s.Count, 0)
	}
	return t.AddDate(-s.Count, 0, 0)
}

// Days is the average length in days.
func (s Span) Days() float64 {
	switch s.Unit {
	case Hour:
		return float64(s.Count) / 24
	case Day:
		return float64(s.Count)
	case Month:
		return float64(s.Count) * daysAMonth
	}
	return float64(s.Count) * daysAYear
}

// String writes the span as UnmarshalText reads it: 35 days.
func (s Span) String() string {
	if s.Count == 1 {
		return "1 " + string(s.Unit)
	}
	return strconv.Itoa(s.Count) + " " + string(s.Unit) + "s"
}

// MarshalText writes the span.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// units are the ways in which people write a unit.
var units = map[string]Unit{
	"h": Hour, "hour": Hour, "hours": Hour, "d": Day, "day": Day, "days": Day,
	"month": Month, "months": Month, "y": Year, "year": Year, "years": Year,
}

// UnmarshalText reads a number and a unit: 24h, 35d, 35 days, 13 months, 10 years.
func (s *Span) UnmarshalText(text []byte) error {
	written := string(text)
	digits := len(written) - len(strings.TrimLeft(written, "0123456789"))
	count, err := strconv.Atoi(written[:digits])
	unit, known := units[strings.TrimSpace(written[digits:])]
	if err != nil || !known || count < 1 || count > maxCount {
		return fmt.Errorf("%q, expected a number of hours, days, months or years such as 24h, 35d, 13 months or 10 years", written)
	}
	*s = Span{Count: count, Unit: unit}
	return nil
}
