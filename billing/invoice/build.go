package invoice

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"vigie/billing/money"
	"vigie/billing/share"
	"vigie/billing/tariff"
)

// Draft is what an invoice is made of, in any order.
type Draft struct {
	Lot     string
	Month   time.Time // first day, midnight UTC
	Charges []Charge
	Credits []Credit
}

// Build checks a draft and returns its invoice. The order of the draft does not
// matter. The error names the line at fault, its value and what is expected; a
// total out of range wraps money.ErrOverflow.
func Build(d Draft) (Invoice, error) {
	built, err := d.build()
	if err != nil {
		return Invoice{}, fmt.Errorf("invoice of lot %q for %s: %w", d.Lot, d.Month.Format("2006-01"), err)
	}
	return built, nil
}

func (d Draft) build() (Invoice, error) {
	if err := d.check(); err != nil {
		return Invoice{}, err
	}
	built := Invoice{Lot: d.Lot, Month: d.Month, Credits: slices.Clone(d.Credits)}
	for _, charge := range d.Charges {
		built.Lines = append(built.Lines, Line{Charge: charge})
	}
	slices.SortFunc(built.Lines, func(a, b Line) int { return strings.Compare(a.Key(), b.Key()) })
	slices.SortFunc(built.Credits, func(a, b Credit) int { return strings.Compare(a.Key(), b.Key()) })

	var err error
	if built.Taxes, err = tax(built.Lines); err != nil {
		return Invoice{}, err
	}
	for i := range built.Lines {
		line := &built.Lines[i]
		if line.TTC, err = money.Sum(line.HT, line.VAT); err != nil {
			return Invoice{}, fmt.Errorf("line %s: %w", line.Key(), err)
		}
	}
	built.Totals, err = total(built)
	return built, err
}

func (d Draft) check() error {
	if d.Lot == "" {
		return fmt.Errorf("lot %q: expected the reference of a lot", d.Lot)
	}
	if !tariff.MonthOf(d.Month).From.Equal(d.Month) {
		return fmt.Errorf("month %s: expected the first day of a month, at midnight UTC", d.Month.Format(time.RFC3339))
	}
	seen := make(map[string]bool, len(d.Charges)+len(d.Credits))
	once := func(key string, err error) error {
		if err == nil && seen[key] {
			err = errors.New("given twice: expected once")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		seen[key] = true
		return nil
	}
	for _, charge := range d.Charges {
		if err := once("line "+charge.Key(), charge.check(d.Lot, d.Month)); err != nil {
			return err
		}
	}
	for _, credit := range d.Credits {
		if err := once("credit "+credit.Key(), credit.check(d.Lot, d.Month)); err != nil {
			return err
		}
	}
	return nil
}

func (c Charge) check(lot string, month time.Time) error {
	if err := c.Period.Check(); err != nil {
		return err
	}
	switch {
	case c.Lot != lot:
		return fmt.Errorf("lot %q: expected %q", c.Lot, lot)
	case c.Link == "":
		return fmt.Errorf("link %q: expected the reference of a link", c.Link)
	case c.Kind == "":
		return fmt.Errorf("kind %q: expected one such as %q", c.Kind, Subscription)
	case !tariff.MonthOf(c.Period.From).From.Equal(month):
		return fmt.Errorf("period %s: expected days of %s", c.Period, month.Format("2006-01"))
	case c.HT < 0:
		return fmt.Errorf("amount %s: expected 0 or more, a correction is a credit note", c.HT)
	case c.Rate == nil || c.Rate.Sign() < 0 || c.Rate.Cmp(big.NewRat(1, 1)) > 0:
		return fmt.Errorf("VAT rate %v: expected a fraction from 0 to 1", c.Rate)
	}
	return nil
}

func (c Credit) check(lot string, month time.Time) error {
	day := tariff.Period{From: c.Day, To: c.Day.AddDate(0, 0, 1)}
	if err := day.Check(); err != nil {
		return err
	}
	switch {
	case c.Lot != lot:
		return fmt.Errorf("lot %q: expected %q", c.Lot, lot)
	case c.Link == "":
		return fmt.Errorf("link %q: expected the reference of a link", c.Link)
	case c.Cause == "":
		return fmt.Errorf("cause %q: expected an incident or a ticket", c.Cause)
	case c.Clause == "":
		return fmt.Errorf("clause %q: expected the clause that grants the penalty", c.Clause)
	case !tariff.MonthOf(c.Day).From.Equal(month):
		return fmt.Errorf("day %s: expected a day of %s", c.Day.Format(time.DateOnly), month.Format("2006-01"))
	case c.HT < 0:
		return fmt.Errorf("amount %s: expected what the operator owes, 0 or more", c.HT)
	}
	return nil
}

// tax computes the VAT of each rate and spreads it over the lines in place.
func tax(lines []Line) ([]Tax, error) {
	byRate := make(map[string][]*Line)
	for i := range lines {
		rate := lines[i].Rate.RatString()
		byRate[rate] = append(byRate[rate], &lines[i])
	}
	taxes := make([]Tax, 0, len(byRate))
	for _, group := range byRate {
		due, err := taxGroup(group)
		if err != nil {
			return nil, err
		}
		taxes = append(taxes, due)
	}
	slices.SortFunc(taxes, func(a, b Tax) int { return a.Rate.Cmp(b.Rate) })
	return taxes, nil
}

// taxGroup computes the VAT of the lines of one rate. Their amounts are the
// weights of its split, their keys the last tie-break.
func taxGroup(lines []*Line) (Tax, error) {
	due := Tax{Rate: lines[0].Rate}
	weights := make([]share.Weight, len(lines))
	var err error
	for i, line := range lines {
		weights[i] = share.Weight{Payer: line.Key(), Value: line.HT.Rat()}
		if due.Base, err = money.Sum(due.Base, line.HT); err != nil {
			return Tax{}, err
		}
	}
	if due.Base == 0 { // free lines only: nothing to tax, and nothing to weigh by
		return due, nil
	}
	if due.VAT, err = due.Base.Times(due.Rate); err != nil {
		return Tax{}, err
	}
	parts, err := share.Allocate(due.VAT, weights)
	if err != nil {
		return Tax{}, err
	}
	for i, part := range parts {
		lines[i].VAT = part.Cents
	}
	return due, nil
}

func total(built Invoice) (Totals, error) {
	var sums Totals
	var err error
	for _, line := range built.Lines {
		if sums, err = sums.Plus(Totals{HT: line.HT, VAT: line.VAT, TTC: line.TTC}); err != nil {
			return Totals{}, err
		}
	}
	for _, credit := range built.Credits {
		if sums, err = sums.Plus(Totals{Credits: credit.HT}); err != nil {
			return Totals{}, err
		}
	}
	return sums, nil
}
