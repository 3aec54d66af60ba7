package tariff

import (
	"fmt"
	"math/big"
	"time"

	"vigie/billing/money"
)

// Prorate returns the part of a monthly fee that one period bears: fee x days /
// days of the month, rounded to the cent, half away from zero. A full month is
// exactly the fee. The error says which bound or day count is wrong.
func Prorate(fee money.Cents, p Period, basis Basis) (money.Cents, error) {
	days, ofMonth, err := basis.count(p)
	if err != nil {
		return 0, fmt.Errorf("prorate %s over %s: %w", fee, p, err)
	}
	return fee.Times(big.NewRat(days, ofMonth))
}

// Part is one piece of a period that was cut, with its share of the fee.
type Part struct {
	Period Period
	Cents  money.Cents
}

// Cut splits the amount of one period at the given days, which must ascend
// strictly inside it. Each part is the difference of two cumulative amounts
// rounded from the period's first day, so the parts add up to what Prorate
// returns for the whole: rounding each on its own would gain or lose a cent.
func Cut(fee money.Cents, whole Period, basis Basis, at ...time.Time) ([]Part, error) {
	if err := whole.Check(); err != nil {
		return nil, fmt.Errorf("cut %s over %s: %w", fee, whole, err)
	}
	parts := make([]Part, 0, len(at)+1)
	from, spent := whole.From, money.Cents(0)
	for _, to := range append(at[:len(at):len(at)], whole.To) {
		piece := Period{From: from, To: to}
		if err := piece.Check(); err != nil {
			return nil, fmt.Errorf("cut %s over %s: %w", fee, whole, err)
		}
		cumulative, err := Prorate(fee, Period{From: whole.From, To: to}, basis)
		if err != nil {
			return nil, err
		}
		parts = append(parts, Part{Period: piece, Cents: cumulative - spent})
		from, spent = to, cumulative
	}
	return parts, nil
}
