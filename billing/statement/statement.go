package statement

import (
	"math/big"
	"time"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/share"
	"vigie/billing/tariff"
)

// Subject is one link of the market and who pays for it: either Payer alone, or
// the payers of its Keys.
type Subject struct {
	Link  string // reference, as on the invoice
	Site  string // label of the site or of the cluster of sites it serves
	Payer string // key of the only payer; empty when the subject is shared
	Keys  []share.Key
}

// Share is the ground on which a payer bears its part of a line.
type Share struct {
	KeyID   string    // empty when the payer is alone
	KeyFrom time.Time // version of the key; zero when the payer is alone
	Legal   string    // convention behind the key; empty when the payer is alone
	Weight  *big.Rat  // what the payer counts for; read only
	Total   *big.Rat  // of all payers; read only
}

// Line is one payer's part of one invoice line.
type Line struct {
	Link   string
	Site   string
	Kind   invoice.Kind
	Period tariff.Period
	Rate   *big.Rat // VAT as a fraction
	Share  Share
	HT     money.Cents
	VAT    money.Cents
	TTC    money.Cents // HT + VAT
	// HTRemainder and VATRemainder are 1 when a left-over cent fell to this payer.
	HTRemainder, VATRemainder int
}

// Credit is one payer's part of one penalty.
type Credit struct {
	Link      string
	Site      string
	Day       time.Time
	Cause     string
	Clause    string
	Share     Share
	HT        money.Cents // what the operator owes this payer, 0 or more; no VAT
	Remainder int         // 1 when a left-over cent fell to this payer
}

// Member is the part of one payer, lines and credits in the invoice's order.
type Member struct {
	Payer      string
	Imputation string // budget line that bears the charges
	Lines      []Line
	Credits    []Credit
	Totals     invoice.Totals
}

// Statement is an invoice split between its payers, in the order of their keys.
type Statement struct {
	Lot     string
	Month   time.Time // first day, midnight UTC
	Members []Member
	Totals  invoice.Totals
}
