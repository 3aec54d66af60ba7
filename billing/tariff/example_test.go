package tariff_test

import (
	"fmt"
	"math/big"
	"time"

	"vigie/billing/tariff"
)

func ExampleProrate() {
	inService := time.Date(2026, time.May, 12, 0, 0, 0, 0, time.UTC)
	rest := tariff.Period{From: inService, To: tariff.MonthOf(inService).To}
	due, err := tariff.Prorate(41250, rest, tariff.Actual)
	fmt.Println(rest, due, err)
	// Output: [2026-05-12, 2026-06-01) 266.13 <nil>
}

func ExampleCut() {
	newKey := time.Date(2026, time.April, 16, 0, 0, 0, 0, time.UTC)
	parts, err := tariff.Cut(41201, tariff.MonthOf(newKey), tariff.Actual, newKey)
	if err != nil {
		fmt.Println(err)
	}
	for _, part := range parts {
		fmt.Println(part.Period, part.Cents)
	}
	// Output:
	// [2026-04-01, 2026-04-16) 206.01
	// [2026-04-16, 2026-05-01) 206.00
}

func ExampleRevision_Price() {
	clause := tariff.Revision{Fixed: big.NewRat(15, 100), Index0: big.NewRat(1212, 10), RoundUpDecimals: 3}
	price, err := clause.Price(41250, big.NewRat(1305, 10))
	fmt.Println(price, err)
	// Output: 439.73 <nil>
}
