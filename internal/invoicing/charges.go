package invoicing

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/tariff"
	"vigie/internal/contract"
	"vigie/internal/inventory"
)

// charges prices one link over the month: one line for each stretch of days on
// which price, clause and split key stay the same. The error says what is
// missing to price it.
func (m *maker) charges(l inventory.Link) ([]invoice.Charge, error) {
	service := m.served(l)
	var out []invoice.Charge
	for _, stretch := range pieces(service, m.priceDays(l)) {
		fee, err := m.fee(l, stretch.From)
		if err != nil {
			return nil, err
		}
		parts, err := tariff.Cut(fee.cents, stretch, fee.basis, inside(stretch, m.keyDays(l))...)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			kind := invoice.Prorata
			if part.Period == m.period {
				kind = invoice.Subscription
			}
			out = append(out, invoice.Charge{Lot: l.Lot, Link: l.Ref, Kind: kind, Period: part.Period, HT: part.Cents, Rate: fee.rate})
		}
	}
	return out, nil
}

// served is the part of the month in which the link is billed, from its mise en
// service to its end; empty when there is none.
func (m *maker) served(l inventory.Link) tariff.Period {
	p := m.period
	if l.Starts.After(p.From) {
		p.From = l.Starts
	}
	if !l.Ends.IsZero() && l.Ends.Before(p.To) {
		p.To = l.Ends
	}
	return p
}

// priceDays are the days on which the price or the clause of a link changes.
func (m *maker) priceDays(l inventory.Link) []time.Time {
	var days []time.Time
	for _, p := range m.x.Prices {
		if p.Lot == l.Lot && p.Item == l.PriceItem {
			days = append(days, p.From, p.To)
		}
	}
	for _, c := range m.x.Clauses {
		if c.Lot == l.Lot {
			days = append(days, c.From)
		}
	}
	return days
}

// keyDays are the days on which the split key of a link changes.
func (m *maker) keyDays(l inventory.Link) []time.Time {
	var days []time.Time
	for _, k := range m.x.Keys {
		if k.Subject == inventory.PayerSubject(l) {
			days = append(days, k.From, k.To)
		}
	}
	return days
}

// inside gives the days that cut a period, in order, each once.
func inside(p tariff.Period, days []time.Time) []time.Time {
	var cuts []time.Time
	for _, d := range days {
		if d.After(p.From) && d.Before(p.To) {
			cuts = append(cuts, d)
		}
	}
	slices.SortFunc(cuts, time.Time.Compare)
	return slices.CompactFunc(cuts, time.Time.Equal)
}

func pieces(p tariff.Period, days []time.Time) []tariff.Period {
	if !p.From.Before(p.To) {
		return nil
	}
	var out []tariff.Period
	for _, cut := range inside(p, days) {
		out = append(out, tariff.Period{From: p.From, To: cut})
		p.From = cut
	}
	return append(out, p)
}

// fee is a link's monthly fee on a day, as its clause and price list give it.
type fee struct {
	cents  money.Cents // HT, revised
	rate   *big.Rat    // VAT as a fraction
	basis  tariff.Basis
	clause contract.Clause
}

func (m *maker) fee(l inventory.Link, day time.Time) (fee, error) {
	clause, ok := m.x.ClauseAt(l.Lot, day)
	if !ok {
		return fee{}, fmt.Errorf("lot %s has no clause in force on %s", l.Lot, day.Format(time.DateOnly))
	}
	price, ok := m.x.PriceAt(l.Lot, l.PriceItem, day)
	if !ok {
		return fee{}, fmt.Errorf("lot %s has no price for item %s on %s", l.Lot, l.PriceItem, day.Format(time.DateOnly))
	}
	rate, err := money.ParsePercent(clause.VATPercent)
	if err != nil {
		return fee{}, fmt.Errorf("lot %s: VAT: %w", l.Lot, err)
	}
	cents, err := revised(price.Monthly, clause.Revision)
	if err != nil {
		return fee{}, fmt.Errorf("lot %s: %w", l.Lot, err)
	}
	return fee{cents: cents, rate: rate, basis: tariff.Basis(clause.Proration), clause: clause}, nil
}

// revised applies the price formula, when the clause has one.
func revised(p0 money.Cents, r contract.Revision) (money.Cents, error) {
	if r == (contract.Revision{}) {
		return p0, nil
	}
	figures := make([]*big.Rat, 3)
	for i, text := range []string{r.Fixed, r.Index0, r.Index} {
		value, err := money.ParseDecimal(text)
		if err != nil {
			return 0, fmt.Errorf("price revision: %w", err)
		}
		figures[i] = value
	}
	formula := tariff.Revision{Fixed: figures[0], Index0: figures[1], RoundUpDecimals: r.Decimals}
	return formula.Price(p0, figures[2])
}
