package audit

import (
	"time"

	"vigie/internal/calendar"
)

// Policy is what the audit's figures and recommendations rest on. Percentages are
// whole. The rules are our own, not a text of law.
type Policy struct {
	// MinCoverage is the least part of the period, percent, that must have been
	// measured for a figure to be given.
	MinCoverage int64
	// Week is the hours of a school.
	Week calendar.Week
	// SaturatedAt and NearFullAt are the parts of the guaranteed rate, percent, from
	// which on a five-minute average in school time counts as saturated and as full.
	SaturatedAt, NearFullAt int64
	// A raise is recommended when the p95 of school time reached RaiseAt percent of
	// the guaranteed rate in RaiseMonths of the last RaiseWindow school months, or
	// when more than RaiseSaturation percent of the school time was saturated.
	RaiseAt, RaiseSaturation int64
	RaiseMonths, RaiseWindow int
	// A lower rate is recommended when that p95 stayed below LowerAt percent in every
	// school month of LowerMonths, and the next lower rate on the price list is at
	// least LowerRoom percent of the p95.
	LowerAt, LowerRoom int64
	LowerMonths        int
	// SchoolMonth is the least school time of a month that is judged as one.
	SchoolMonth time.Duration
}

// DefaultPolicy is the policy of an installation that has not chosen another.
func DefaultPolicy() Policy {
	return Policy{
		MinCoverage: 90,
		Week:        calendar.DefaultWeek(),
		SaturatedAt: 80, NearFullAt: 95,
		RaiseAt: 70, RaiseSaturation: 2, RaiseMonths: 3, RaiseWindow: 6,
		LowerAt: 30, LowerRoom: 150, LowerMonths: 12,
		SchoolMonth: 40 * time.Hour,
	}
}

// enough reports whether a share reaches the least coverage.
func (p Policy) enough(s Share) bool { return s.Whole > 0 && s.Part*100 >= s.Whole*p.MinCoverage }
