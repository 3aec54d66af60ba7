package invoicing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/tariff"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/inventory"
)

// maker holds what the steps of one bill share.
type maker struct {
	x       *inventory.Index
	period  tariff.Period
	span    calendar.Interval // the month in local time
	cuts    []time.Time       // days at which a line ends besides, whoever pays
	now     time.Time
	started time.Time
	unknown []calendar.Interval
	markets map[string]contract.Market      // by lot
	keys    map[string][]inventory.KeyShare // by subject
	outages map[int64][]Outage              // by link
	cases   map[int64][]Case                // by link
}

func newMaker(x *inventory.Index, events Events) *maker {
	m := &maker{
		x: x, started: events.Started, unknown: events.Unknown,
		markets: map[string]contract.Market{}, keys: map[string][]inventory.KeyShare{},
		outages: map[int64][]Outage{}, cases: map[int64][]Case{},
	}
	for _, lot := range x.Lots {
		for _, market := range x.Markets {
			if market.Key == lot.Market {
				m.markets[lot.Key] = market
			}
		}
	}
	for _, row := range x.Keys {
		m.keys[row.Subject] = append(m.keys[row.Subject], row)
	}
	for _, o := range events.Outages {
		m.outages[o.Link] = append(m.outages[o.Link], o)
	}
	for _, c := range events.Cases {
		for _, link := range c.Ticket.Links {
			m.cases[link] = append(m.cases[link], c)
		}
	}
	return m
}

func (m *maker) bill() (Bill, error) {
	b := Bill{Month: m.period.From, Draft: m.draft()}
	for _, lot := range m.x.Lots {
		made, err := m.lot(lot.Key, &b)
		if err != nil {
			return Bill{}, fmt.Errorf("lot %s: %w", lot.Key, err)
		}
		made.Name, made.Operator = lot.Name, lot.Operator
		b.Lots = append(b.Lots, made)
	}
	return b, m.total(&b)
}

func (m *maker) draft() bool { return m.now.Before(m.span.To) }

// total adds up the invoices and, apart from them, the members, and holds the two
// sums equal.
func (m *maker) total(b *Bill) error {
	members := map[string]Member{}
	var err error
	for _, lot := range b.Lots {
		if b.Totals, err = b.Totals.Plus(lot.Invoice.Totals); err != nil {
			return err
		}
		for _, part := range lot.Statement.Members {
			member := members[part.Payer]
			member.Key, member.BudgetLine = part.Payer, part.Imputation
			if member.Totals, err = member.Totals.Plus(part.Totals); err != nil {
				return err
			}
			members[part.Payer] = member
		}
	}
	var sum invoice.Totals
	for _, key := range slices.Sorted(maps.Keys(members)) {
		member := members[key]
		o, _ := m.x.Organisation(key)
		member.Name = cmp.Or(o.Name, key)
		if member.Due, err = money.Sum(member.Totals.TTC, -member.Totals.Credits); err != nil {
			return err
		}
		if sum, err = sum.Plus(member.Totals); err != nil {
			return err
		}
		b.Members = append(b.Members, member)
	}
	if sum != b.Totals {
		return fmt.Errorf("the members add up to %+v, the invoices to %+v", sum, b.Totals)
	}
	b.Due, err = money.Sum(b.Totals.TTC, -b.Totals.Credits)
	return err
}
