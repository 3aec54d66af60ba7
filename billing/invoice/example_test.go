package invoice_test

import (
	"fmt"

	"vigie/billing/invoice"
)

func ExampleBuild() {
	built, err := invoice.Build(invoice.Draft{
		Lot: "L1", Month: may.From,
		Charges: []invoice.Charge{subscription("67-0002", 41250), subscription("67-0001", 60002)},
		Credits: []invoice.Credit{penalty("67-0001", 4125)},
	})
	if err != nil {
		fmt.Println(err)
	}
	for _, line := range built.Lines {
		fmt.Println(line.Link, line.HT, line.VAT, line.TTC)
	}
	fmt.Printf("%+v\n", built.Totals)
	// Output:
	// 67-0001 600.02 120.00 720.02
	// 67-0002 412.50 82.50 495.00
	// {HT:1012.52 VAT:202.50 TTC:1215.02 Credits:41.25}
}
