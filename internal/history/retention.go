package history

import "fmt"

// Retention is how long each form of what was measured is kept. Outages, incidents,
// tickets, their messages and the journal are kept for ever.
type Retention struct {
	// Batches are the rounds as they came: what can be replayed.
	Batches Span `yaml:"batches" json:"batches"`
	// Rows are minutes and five-minute figures beside their packed form, hours of checks
	// and the quality of probers: how late a measurement may still change its day.
	Rows Span `yaml:"rows" json:"rows"`
	// Hours are packed hours, the packed five-minute figures, findings and the
	// transitions of checks.
	Hours Span `yaml:"hours" json:"hours"`
	// Days are the figures of whole days.
	Days Span `yaml:"days" json:"days"`
}

// DefaultRetention keeps enough to argue about a year, and the days of ten.
func DefaultRetention() Retention {
	return Retention{Batches: Span{24, Hour}, Rows: Span{35, Day}, Hours: Span{13, Month}, Days: Span{10, Year}}
}

// The shortest retention that works: a minute is summarised from its batches, and a day
// is packed from its rows after it is over.
const (
	leastBatchHours = 1
	leastRowDays    = 3
	mostDays        = 100 * daysAYear
)

// Validate refuses spans with which something would be dropped before its next form is
// made; the error names the key.
func (r Retention) Validate() error {
	switch {
	case r.Batches.Days() < leastBatchHours/24.0 || r.Batches.Days() > r.Rows.Days():
		return fmt.Errorf("batches: %s, expected 1 hour to the %s of rows", r.Batches, r.Rows)
	case r.Rows.Days() < leastRowDays || r.Rows.Days() > r.Hours.Days():
		return fmt.Errorf("rows: %s, expected 3 days to the %s of hours", r.Rows, r.Hours)
	case r.Hours.Days() > r.Days.Days():
		return fmt.Errorf("hours: %s, expected no more than the %s of days", r.Hours, r.Days)
	case r.Days.Days() > mostDays:
		return fmt.Errorf("days: %s, expected up to 100 years", r.Days)
	}
	return nil
}
