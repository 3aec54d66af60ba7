package share_test

import (
	"fmt"
	"math/big"
	"time"

	"vigie/billing/share"
)

func ExampleAllocate() {
	pupils := []share.Weight{
		{Payer: "67-cea", Value: big.NewRat(1127, 1)},
		{Payer: "region", Value: big.NewRat(512, 1)},
		{Payer: "55-meuse", Value: big.NewRat(389, 1)},
	}
	parts, err := share.Allocate(60002, pupils)
	if err != nil {
		fmt.Println(err)
	}
	for _, part := range parts {
		fmt.Println(part.Payer, part.Cents, part.Remainder)
	}
	// Output:
	// 67-cea 333.44 0
	// region 151.49 1
	// 55-meuse 115.09 0
}

func ExampleInForce() {
	key := share.Key{
		ID: "cite-1", From: time.Date(2025, time.September, 1, 0, 0, 0, 0, time.UTC),
		Basis: "effectifs, constat d'octobre 2024", Legal: "convention fictive 2025-12",
		Weights: []share.Weight{{Payer: "region", Value: big.NewRat(1, 1)}},
	}
	_, err := share.InForce("Cité scolaire fictive", []share.Key{key}, time.Date(2025, time.August, 31, 0, 0, 0, 0, time.UTC))
	fmt.Println(err)
	// Output: Cité scolaire fictive on 2025-08-31: no key in force
}
