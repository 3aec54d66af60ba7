package money

import (
	"errors"
	"fmt"
	"math"
	"math/big"
)

// Cents is an amount in euro cents; negative amounts are in the other party's
// favour.
type Cents int64

// ErrOverflow reports an amount outside the range of Cents
// (about 92 million billion euros).
var ErrOverflow = errors.New("amount out of range")

// Round returns an exact number of cents rounded to the cent, half away from
// zero. It is meant for a final figure only. Its error wraps ErrOverflow.
func Round(cents *big.Rat) (Cents, error) {
	doubled := new(big.Int).Abs(cents.Num())
	doubled.Lsh(doubled, 1).Add(doubled, cents.Denom())
	rounded := doubled.Quo(doubled, new(big.Int).Lsh(cents.Denom(), 1))
	if cents.Sign() < 0 {
		rounded.Neg(rounded)
	}
	if !rounded.IsInt64() {
		return 0, fmt.Errorf("round %s cents: %w", cents.FloatString(2), ErrOverflow)
	}
	return Cents(rounded.Int64()), nil
}

// Rat returns the amount as an exact number of cents.
func (c Cents) Rat() *big.Rat { return new(big.Rat).SetInt64(int64(c)) }

// Times returns the amount multiplied by an exact factor and rounded once, half
// away from zero. Its error wraps ErrOverflow.
func (c Cents) Times(factor *big.Rat) (Cents, error) {
	return Round(new(big.Rat).Mul(c.Rat(), factor))
}

// Sum adds amounts. Its error wraps ErrOverflow, also when only an intermediate
// sum leaves the range.
func Sum(amounts ...Cents) (Cents, error) {
	var total Cents
	for _, amount := range amounts {
		if amount > 0 && total > math.MaxInt64-amount || amount < 0 && total < math.MinInt64-amount {
			return 0, fmt.Errorf("add %s to %s: %w", amount, total, ErrOverflow)
		}
		total += amount
	}
	return total, nil
}

// String writes the amount in euros with a point and two decimals ("-412.50"),
// the form ParseEuros reads back. It is not meant for a page.
func (c Cents) String() string {
	sign, magnitude := "", uint64(c)
	if c < 0 {
		sign, magnitude = "-", -magnitude
	}
	return fmt.Sprintf("%s%d.%02d", sign, magnitude/100, magnitude%100)
}
