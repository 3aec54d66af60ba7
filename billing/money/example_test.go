package money_test

import (
	"fmt"

	"vigie/billing/money"
)

func ExampleParseEuros() {
	fee, err := money.ParseEuros("412,50")
	fmt.Println(int64(fee), fee, err)
	_, err = money.ParseEuros("412,5 €")
	fmt.Println(err)
	// Output:
	// 41250 412.50 <nil>
	// "412,5 €" is not valid: expected euros such as 412, 412,50 or 412.50
}

func ExampleCents_Times() {
	rate, err := money.ParsePercent("5")
	if err != nil {
		fmt.Println(err)
		return
	}
	penalty, err := money.Cents(41250).Times(rate) // 20,625 euros
	fmt.Println(penalty, err)
	// Output: 20.63 <nil>
}
