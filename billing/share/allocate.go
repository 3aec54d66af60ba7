package share

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"vigie/billing/money"
)

// Weight is what one payer counts for: pupils, square metres, percent. The value
// is exact, zero or more, and read only.
type Weight struct {
	Payer string // stable key of the payer; unique, and the last tie-break
	Value *big.Rat
}

// Part is what one payer bears of an amount.
type Part struct {
	Payer string
	Cents money.Cents
	// Remainder is 1 when a left-over cent of the absolute amount fell to this
	// payer, else 0.
	Remainder int
}

// Allocate splits an amount of either sign over weights and returns one part per
// weight, in the order given. The error names the payer whose weight is missing,
// negative or given twice, or says that there is nothing to split by.
func Allocate(amount money.Cents, weights []Weight) ([]Part, error) {
	total, err := Total(weights)
	if err != nil {
		return nil, fmt.Errorf("split %s: %w", amount, err)
	}
	perWeight := amount.Rat()
	perWeight.Abs(perWeight).Quo(perWeight, total)
	quotas := make([]quota, len(weights))
	left := new(big.Int).Abs(big.NewInt(int64(amount)))
	for i, w := range weights {
		quotas[i] = newQuota(w, perWeight)
		left.Sub(left, quotas[i].cents)
	}
	for _, i := range byRemainder(quotas)[:left.Int64()] { // less than one cent per weight is left
		quotas[i].cents.Add(quotas[i].cents, big.NewInt(1))
		quotas[i].extra = 1
	}
	parts := make([]Part, len(quotas))
	for i, q := range quotas {
		if amount < 0 {
			q.cents.Neg(q.cents)
		}
		parts[i] = Part{Payer: q.weight.Payer, Cents: money.Cents(q.cents.Int64()), Remainder: q.extra}
	}
	return parts, nil
}

// Total returns the sum of weights that can split an amount, or the error that
// Allocate would return.
func Total(weights []Weight) (*big.Rat, error) {
	total := new(big.Rat)
	seen := make(map[string]bool, len(weights))
	for _, w := range weights {
		switch {
		case w.Payer == "":
			return nil, errors.New("weight without payer: expected a payer key")
		case seen[w.Payer]:
			return nil, fmt.Errorf("payer %q has two weights: expected one", w.Payer)
		case w.Value == nil:
			return nil, fmt.Errorf("payer %q has no weight: expected a number of 0 or more", w.Payer)
		case w.Value.Sign() < 0:
			return nil, fmt.Errorf("payer %q has weight %s: expected 0 or more", w.Payer, w.Value.RatString())
		}
		seen[w.Payer] = true
		total.Add(total, w.Value)
	}
	if total.Sign() == 0 {
		return nil, fmt.Errorf("%d weights add up to 0: expected at least one above 0", len(weights))
	}
	return total, nil
}

// quota is one payer's exact share of the absolute amount, cut into whole cents
// and the fraction that remains.
type quota struct {
	weight Weight
	cents  *big.Int
	rest   *big.Rat
	extra  int
}

func newQuota(w Weight, perWeight *big.Rat) quota {
	exact := new(big.Rat).Mul(w.Value, perWeight)
	cents := new(big.Int).Quo(exact.Num(), exact.Denom())
	return quota{weight: w, cents: cents, rest: exact.Sub(exact, new(big.Rat).SetInt(cents))}
}

// byRemainder returns the indices of the quotas in the order in which left-over
// cents are given out.
func byRemainder(quotas []quota) []int {
	order := make([]int, len(quotas))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := quotas[i], quotas[j]
		return cmp.Or(
			b.rest.Cmp(a.rest),
			b.weight.Value.Cmp(a.weight.Value),
			cmp.Compare(a.weight.Payer, b.weight.Payer),
		)
	})
	return order
}
