package tariff

import (
	"fmt"
	"math/big"

	"vigie/billing/money"
)

// Revision is the price variation clause of a contract (code de la commande
// publique, R2112-13): P = P0 x (Fixed + (1 - Fixed) x index / Index0).
type Revision struct {
	Fixed  *big.Rat // part of the price that does not vary, 0 to 1
	Index0 *big.Rat // the index in the month the price was set, above 0
	// RoundUpDecimals is how many decimals the coefficient keeps, 0 to 12; it is
	// rounded up, as contracts usually say.
	RoundUpDecimals int
}

// Coefficient returns the factor that turns P0 into the price at an index above
// 0. The error names the figure that is out of its range.
func (r Revision) Coefficient(index *big.Rat) (*big.Rat, error) {
	one := big.NewRat(1, 1)
	switch {
	case r.Fixed == nil || r.Fixed.Sign() < 0 || r.Fixed.Cmp(one) > 0:
		return nil, fmt.Errorf("revision: fixed part %s: expected 0 to 1", written(r.Fixed))
	case r.Index0 == nil || r.Index0.Sign() <= 0:
		return nil, fmt.Errorf("revision: first index %s: expected more than 0", written(r.Index0))
	case index == nil || index.Sign() <= 0:
		return nil, fmt.Errorf("revision: index %s: expected more than 0", written(index))
	case r.RoundUpDecimals < 0 || r.RoundUpDecimals > 12:
		return nil, fmt.Errorf("revision: coefficient with %d decimals: expected 0 to 12", r.RoundUpDecimals)
	}
	exact := new(big.Rat).Sub(one, r.Fixed)
	exact.Mul(exact, index).Quo(exact, r.Index0).Add(exact, r.Fixed)
	return roundUp(exact, r.RoundUpDecimals), nil
}

// Price returns the revised price at an index, rounded to the cent once, half
// away from zero. It always starts from P0.
func (r Revision) Price(p0 money.Cents, index *big.Rat) (money.Cents, error) {
	coefficient, err := r.Coefficient(index)
	if err != nil {
		return 0, err
	}
	return p0.Times(coefficient)
}

// roundUp rounds a positive value up to a number of decimals.
func roundUp(value *big.Rat, decimals int) *big.Rat {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	units := new(big.Int).Mul(value.Num(), scale)
	units.Add(units, value.Denom()).Sub(units, big.NewInt(1)).Quo(units, value.Denom())
	return new(big.Rat).SetFrac(units, scale)
}

func written(value *big.Rat) string {
	if value == nil {
		return "missing"
	}
	return value.RatString()
}
