package sla

import (
	"fmt"
	"math/big"
	"time"

	"vigie/billing/money"
	"vigie/internal/calendar"
	"vigie/internal/contract"
)

// Kind names the clause a penalty comes from.
type Kind string

// The kinds of penalty.
const (
	KindGTR          Kind = "gtr"
	KindAvailability Kind = "availability"
)

// Penalty is an amount, HT and without TVA, with its working: every figure that a
// reader needs to find it again.
type Penalty struct {
	Kind  Kind
	Fee   money.Cents // the monthly fee HT it is a part of
	Cents money.Cents // Fee x Part, half away from zero
	Part  *big.Rat    // of the fee, exact, after the cap: 11/20 is 55 %
	// GTR: started hours x PercentHour, no more than CapPercent (empty = no cap).
	StartedHours            int64
	PercentHour, CapPercent string
	Capped                  bool
	// Availability: the exact ratio measured, and the step it fell under, nil when
	// it fell under none.
	Ratio *big.Rat
	Step  *contract.Step
}

// GTRPenalty prices the overrun of one incident: PercentHour of the monthly fee
// per started hour, no more than CapPercent of it. A clause without PercentHour
// has no such penalty. An error names the field that is not a decimal percentage.
func GTRPenalty(fee money.Cents, clause contract.Clause, overrun time.Duration) (Penalty, error) {
	penalty := Penalty{
		Kind:         KindGTR,
		Fee:          fee,
		Part:         new(big.Rat),
		StartedHours: startedHours(overrun),
		PercentHour:  clause.PercentHour,
		CapPercent:   clause.CapPercent,
	}
	if clause.PercentHour == "" {
		return penalty, nil
	}
	perHour, err := money.ParsePercent(clause.PercentHour)
	if err != nil {
		return Penalty{}, fmt.Errorf("gtr penalty of lot %s: percent per started hour: %w", clause.Lot, err)
	}
	penalty.Part.Mul(perHour, new(big.Rat).SetInt64(penalty.StartedHours))
	if clause.CapPercent != "" {
		limit, err := money.ParsePercent(clause.CapPercent)
		if err != nil {
			return Penalty{}, fmt.Errorf("gtr penalty of lot %s: cap percent: %w", clause.Lot, err)
		}
		if penalty.Part.Cmp(limit) > 0 {
			penalty.Part, penalty.Capped = limit, true
		}
	}
	if penalty.Cents, err = fee.Times(penalty.Part); err != nil {
		return Penalty{}, fmt.Errorf("gtr penalty of lot %s: %w", clause.Lot, err)
	}
	return penalty, nil
}

// AvailabilityPenalty prices a period: the step that applies is the last one, in
// the order of the clause, whose Below the availability is strictly under. The
// ratio is exact, from 0 to 1 (Uptime.Ratio).
func AvailabilityPenalty(fee money.Cents, steps []contract.Step, ratio *big.Rat) (Penalty, error) {
	penalty := Penalty{Kind: KindAvailability, Fee: fee, Part: new(big.Rat), Ratio: ratio}
	for i, step := range steps {
		below, err := money.ParsePercent(step.Below)
		if err != nil {
			return Penalty{}, fmt.Errorf("availability penalty: step %d: below: %w", i+1, err)
		}
		part, err := money.ParsePercent(step.Percent)
		if err != nil {
			return Penalty{}, fmt.Errorf("availability penalty: step %d: percent: %w", i+1, err)
		}
		if ratio.Cmp(below) < 0 {
			penalty.Part, penalty.Step = part, &step
		}
	}
	var err error
	if penalty.Cents, err = fee.Times(penalty.Part); err != nil {
		return Penalty{}, fmt.Errorf("availability penalty: %w", err)
	}
	return penalty, nil
}

// Month is the month a GTR penalty belongs to: that of the restoration in
// Europe/Paris, as its first day at midnight UTC.
func Month(restored time.Time) time.Time {
	year, month, _ := calendar.Local(restored).Date()
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}
