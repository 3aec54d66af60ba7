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
// which fee, VAT and payers stay the same. The error says what is missing to
// price it.
func (m *maker) charges(l inventory.Link) ([]invoice.Charge, error) {
	stretches, err := m.stretches(l)
	if err != nil {
		return nil, err
	}
	cuts := append(m.payerDays(l), m.cuts...)
	var out []invoice.Charge
	for _, s := range stretches {
		parts, err := tariff.Cut(s.fee.cents, s.Period, s.fee.basis, inside(s.Period, cuts)...)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			kind := invoice.Prorata
			if part.Period == m.period {
				kind = invoice.Subscription
			}
			out = append(out, invoice.Charge{Lot: l.Lot, Link: l.Ref, Kind: kind, Period: part.Period, HT: part.Cents, Rate: s.fee.rate})
		}
	}
	return out, nil
}

// stretch is a part of the month with one fee.
type stretch struct {
	tariff.Period
	fee fee
}

// stretches cut the served part of the month where the fee changes. A new version
// of clause, price or terms that leaves the fee as it was cuts nothing: two parts of one
// fee, each rounded on its own, may miss it by a cent.
func (m *maker) stretches(l inventory.Link) ([]stretch, error) {
	var out []stretch
	for _, p := range pieces(m.served(l), m.priceDays(l)) {
		f, err := m.fee(l, p.From)
		if err != nil {
			return nil, err
		}
		if n := len(out) - 1; n >= 0 && out[n].fee.same(f) {
			out[n].To = p.To
			continue
		}
		out = append(out, stretch{p, f})
	}
	return out, nil
}

// served is the part of the month in which the link is billed: from its mise en
// service to its end, while its market lasts. It is empty or reversed when there
// is none.
func (m *maker) served(l inventory.Link) tariff.Period {
	p := m.period
	market := m.markets[l.Lot]
	for _, starts := range []time.Time{l.Starts, market.Starts} {
		if starts.After(p.From) {
			p.From = starts
		}
	}
	for _, ends := range []time.Time{l.Ends, market.Ends} {
		if !ends.IsZero() && ends.Before(p.To) {
			p.To = ends
		}
	}
	return p
}

// priceDays are the days on which the terms of a link, the price of one of them or the
// clause changes.
func (m *maker) priceDays(l inventory.Link) []time.Time {
	var days []time.Time
	items := map[string]bool{}
	for _, t := range m.x.TermsOf(l) {
		days = append(days, t.From)
		items[t.PriceItem] = true
	}
	for _, p := range m.x.Prices {
		if p.Lot == l.Lot && items[p.Item] {
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

// pieces cuts a period at the days that lie in it; an empty one gives none.
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

// same reports whether both make the same line.
func (f fee) same(other fee) bool {
	return f.cents == other.cents && f.basis == other.basis && f.rate.Cmp(other.rate) == 0
}

func (m *maker) fee(l inventory.Link, day time.Time) (fee, error) {
	clause, ok := m.x.ClauseAt(l.Lot, day)
	if !ok {
		return fee{}, fmt.Errorf("lot %s has no clause in force on %s", l.Lot, day.Format(time.DateOnly))
	}
	item := m.x.TermsAt(l, day).PriceItem
	price, ok := m.x.PriceAt(l.Lot, item, day)
	if !ok {
		return fee{}, fmt.Errorf("lot %s has no price for item %s on %s", l.Lot, item, day.Format(time.DateOnly))
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
