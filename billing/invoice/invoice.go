package invoice

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"vigie/billing/money"
	"vigie/billing/tariff"
)

// Kind is what a charge pays for.
type Kind string

// The kinds of charges that operators of internet access bill.
const (
	Subscription Kind = "subscription" // a full month
	Prorata      Kind = "prorata"      // a part of a month
	FAS          Kind = "fas"          // frais d'accès au service, one-off
	Option       Kind = "option"
)

// Charge is one line before tax.
type Charge struct {
	Lot    string
	Link   string // reference of the link
	Kind   Kind
	Period tariff.Period // days of service, inside the month of the invoice
	HT     money.Cents   // before tax, 0 or more
	Rate   *big.Rat      // VAT as a fraction, 0 to 1: 1/5 is 20 %
}

// Key identifies the line in its invoice, and breaks the last ties when VAT is
// spread: link, kind and period.
func (c Charge) Key() string { return fmt.Sprintf("%s %s %s", c.Link, c.Kind, c.Period) }

// Credit is a penalty that the operator owes for one link.
type Credit struct {
	Lot    string
	Link   string
	Day    time.Time   // day that decides the month and the split key, midnight UTC
	HT     money.Cents // what the operator owes, 0 (waived) or more; no VAT
	Cause  string      // incident or ticket it comes from
	Clause string      // clause of the contract that grants it
}

// Key identifies the credit in its invoice: link, cause and clause.
func (c Credit) Key() string { return fmt.Sprintf("%s %s %s", c.Link, c.Cause, c.Clause) }

// Line is a charge with its part of the invoice's VAT.
type Line struct {
	Charge
	VAT money.Cents
	TTC money.Cents // HT + VAT
}

// Tax is the VAT of one rate.
type Tax struct {
	Rate *big.Rat
	Base money.Cents // sum of the charges at this rate
	VAT  money.Cents
}

// Totals are the sums of an invoice, or of one payer's part in it.
type Totals struct {
	HT      money.Cents
	VAT     money.Cents
	TTC     money.Cents // HT + VAT; credits are not taken off
	Credits money.Cents // what the operator owes, 0 or more
}

// Plus adds two totals, figure by figure. Its error wraps money.ErrOverflow.
func (t Totals) Plus(other Totals) (Totals, error) {
	var errs [4]error
	t.HT, errs[0] = money.Sum(t.HT, other.HT)
	t.VAT, errs[1] = money.Sum(t.VAT, other.VAT)
	t.TTC, errs[2] = money.Sum(t.TTC, other.TTC)
	t.Credits, errs[3] = money.Sum(t.Credits, other.Credits)
	return t, errors.Join(errs[:]...)
}

// Invoice is one month of one lot. Lines and Credits are in the order of their
// keys, Taxes by rising rate.
type Invoice struct {
	Lot     string
	Month   time.Time // first day, midnight UTC
	Lines   []Line
	Taxes   []Tax
	Credits []Credit
	Totals  Totals
}
