package statement_test

import (
	"fmt"
	"log"

	"vigie/billing/invoice"
	"vigie/billing/statement"
)

func ExampleBuild() {
	of, err := invoice.Build(invoice.Draft{
		Lot: "L1", Month: may.From,
		Charges: []invoice.Charge{subscription("67-0001", 60002), subscription("67-0002", 41250)},
		Credits: []invoice.Credit{penalty("67-0001", 4125)},
	})
	if err != nil {
		log.Fatal(err)
	}
	made, err := statement.Build(statement.Input{
		Invoice:     of,
		Subjects:    []statement.Subject{shared("67-0001", pupils(1127, 512, 389)), alone("67-0002", "67-cea")},
		Imputations: imputations,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range made.Members {
		fmt.Printf("%-9s HT %s TVA %s TTC %s, penalties %s\n", m.Payer, m.Totals.HT, m.Totals.VAT, m.Totals.TTC, m.Totals.Credits)
	}
	// Output:
	// 55-meuse  HT 115.09 TVA 23.02 TTC 138.11, penalties 7.91
	// 67-cea    HT 745.94 TVA 149.19 TTC 895.13, penalties 22.92
	// region    HT 151.49 TVA 30.29 TTC 181.78, penalties 10.42
}

func ExampleBuild_refused() {
	of, err := invoice.Build(invoice.Draft{
		Lot: "L1", Month: may.From, Charges: []invoice.Charge{subscription("67-0001", 60002), subscription("67-0003", 41250)},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = statement.Build(statement.Input{Invoice: of, Subjects: []statement.Subject{shared("67-0001")}, Imputations: imputations})
	fmt.Println(err)
	// Output:
	// statement of lot "L1" refused: 67-0001 (Cité scolaire fictive) on 2026-05-01: no key in force; 67-0003: the link is not in the market
}
