package invoicing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/billing/invoice"
	"vigie/billing/tariff"
	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/sla"
)

// Account is what one link cost over a period and how available it was.
type Account struct {
	Link string
	// Totals are the link's part of the months' invoices; Credits its penalties.
	Totals invoice.Totals
	Uptime sla.Uptime
	// Refused says what kept a month or a penalty from being priced, each once.
	Refused []string
}

// Accounts gives the account of every link for the days [from, to), both at
// midnight UTC, of which none may lie in the future. The euros are those of the
// monthly bills: a month that the period cuts is billed whole, with a line for each
// side of the cut, so that the parts of two adjacent periods add up to the bill.
func (s *Service) Accounts(ctx context.Context, from, to, now time.Time) ([]Account, error) {
	name := (tariff.Period{From: from, To: to}).String()
	if !from.Before(to) || to.After(calendar.Day(now)) {
		return nil, fault.Errorf(fault.Invalid, "accounts of %s: expected at least one day, and none after yesterday", name)
	}
	first, last := tariff.MonthOf(from), tariff.MonthOf(to.AddDate(0, 0, -1))
	x, events, err := s.store.Month(ctx, calendar.Midnight(first.From), calendar.Midnight(last.To))
	if err != nil {
		return nil, fmt.Errorf("accounts of %s: %w", name, err)
	}
	m := newMaker(x, events)
	m.now, m.cuts = now, []time.Time{from, to}
	book := newAccountBook(x)
	for month := first; month.From.Before(to); month = tariff.MonthOf(month.To) {
		m.period = month
		m.span = calendar.Interval{From: calendar.Midnight(month.From), To: calendar.Midnight(month.To)}
		bill, err := m.bill()
		if err != nil {
			return nil, fmt.Errorf("accounts of %s, %s: %w", name, month.From.Format("2006-01"), err)
		}
		book.add(bill, from, to)
	}
	m.period = tariff.Period{From: from, To: to}
	m.span = calendar.Interval{From: calendar.Midnight(from), To: calendar.Midnight(to)}
	for i, l := range x.Links {
		book.accounts[i].Uptime = m.uptime(l, m.served(l))
	}
	return book.accounts, nil
}

// accountBook gathers the months by link.
type accountBook struct {
	accounts []Account // as the index has the links
	places   map[string]int
}

func newAccountBook(x *inventory.Index) accountBook {
	b := accountBook{accounts: make([]Account, len(x.Links)), places: make(map[string]int, len(x.Links))}
	for i, l := range x.Links {
		b.accounts[i].Link, b.places[l.Ref] = l.Ref, i
	}
	return b
}

// add takes what a month's bill charges on days of [from, to).
func (b *accountBook) add(bill Bill, from, to time.Time) {
	inside := func(day time.Time) bool { return !day.Before(from) && day.Before(to) }
	for _, lot := range bill.Lots {
		for _, line := range lot.Invoice.Lines {
			if inside(line.Period.From) {
				totals := &b.accounts[b.places[line.Link]].Totals
				totals.HT += line.HT // the invoice's own sum is in range
				totals.VAT += line.VAT
				totals.TTC += line.TTC
			}
		}
		for _, credit := range lot.Invoice.Credits {
			if inside(credit.Day) {
				b.accounts[b.places[credit.Link]].Totals.Credits += credit.HT
			}
		}
	}
	for _, r := range bill.Refusals {
		if r.Cause != NoPrice && r.Cause != NoPenalty && r.HT != 0 {
			continue // the amount is on the invoice; who pays it is not asked here
		}
		a := &b.accounts[b.places[r.Link]]
		if reason := strings.TrimSpace(r.Reason); !slices.Contains(a.Refused, reason) {
			a.Refused = append(a.Refused, reason)
		}
	}
}
