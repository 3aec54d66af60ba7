package tariff

import (
	"fmt"
	"time"
)

const day = 24 * time.Hour

// Period is the half-open interval of days [From, To), both at midnight UTC, To
// at most the first day of the month after From.
type Period struct{ From, To time.Time }

// MonthOf returns the whole month that contains a day.
func MonthOf(t time.Time) Period {
	year, month, _ := t.UTC().Date()
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return Period{From: first, To: first.AddDate(0, 1, 0)}
}

// Check returns an error when the period is empty, reversed, crosses the end of
// a month, or has a bound that is not midnight UTC.
func (p Period) Check() error {
	for _, bound := range []time.Time{p.From, p.To} {
		if !bound.Equal(bound.Truncate(day)) {
			return fmt.Errorf("period bound %s: expected a day, at midnight UTC", bound.Format(time.RFC3339))
		}
	}
	switch {
	case !p.From.Before(p.To):
		return fmt.Errorf("period %s: expected an end after its beginning", p)
	case p.To.After(MonthOf(p.From).To):
		return fmt.Errorf("period %s: expected an end inside the month or on the first day of the next", p)
	}
	return nil
}

// LastDay returns the last day that belongs to the period.
func (p Period) LastDay() time.Time { return p.To.Add(-day) }

// String writes the period with the bracket that excludes its end.
func (p Period) String() string {
	return fmt.Sprintf("[%s, %s)", p.From.UTC().Format(time.DateOnly), p.To.UTC().Format(time.DateOnly))
}

// Basis is how a contract counts the days of a month.
type Basis string

const (
	// Actual counts calendar days over the days of that month.
	Actual Basis = "actual"
	// Thirty360 counts every month as thirty days; the 31st adds nothing, and a
	// short February counts its missing days on its last one.
	Thirty360 Basis = "30/360"
)

// count returns the days that the period bears and the days of its month.
func (b Basis) count(p Period) (days, ofMonth int64, err error) {
	if err := p.Check(); err != nil {
		return 0, 0, err
	}
	month := MonthOf(p.From)
	switch b {
	case Actual:
		return int64(p.To.Sub(p.From) / day), int64(month.To.Sub(month.From) / day), nil
	case Thirty360:
		end := int64(30)
		if !p.To.Equal(month.To) {
			end = thirtieths(p.To)
		}
		return end - thirtieths(p.From), 30, nil
	}
	return 0, 0, fmt.Errorf("day count %q: expected %q or %q", b, Actual, Thirty360)
}

// thirtieths returns how many days of a thirty-day month lie before a day.
func thirtieths(t time.Time) int64 { return min(int64(t.UTC().Day()-1), 30) }
