package invoicing

import (
	"context"
	"fmt"
	"time"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/statement"
	"vigie/billing/tariff"
	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// Outage is one confirmed absence of a link.
type Outage struct {
	Link int64
	From time.Time // first failed round
	To   time.Time // first good round; zero while it lasts
}

// Case is a ticket with the suspensions of its clock.
type Case struct {
	Ticket ticket.Ticket // its messages are not needed
	Gels   []sla.Gel
}

// Events is what happened, as far as a month's bill needs it.
type Events struct {
	// Started is when the first measurement was made; zero before any.
	Started time.Time
	Outages []Outage // that touch the month
	Cases   []Case   // told to an operator, with an absence that touches the month
	// Unknown is the time in which no prober measured.
	Unknown []calendar.Interval
}

// Store gives the facts of a month, all as of one moment.
type Store interface {
	Month(ctx context.Context, from, to time.Time) (*inventory.Index, Events, error)
}

// Service makes bills.
type Service struct{ store Store }

// New returns the service.
func New(store Store) *Service { return &Service{store: store} }

// Bill is one month of the whole market.
type Bill struct {
	Month     time.Time // first day, midnight UTC
	Draft     bool      // the month is not over: figures may still move
	Lots      []Lot
	Penalties []Penalty
	Refusals  []Refusal
}

// Lot is one lot's invoice and its split.
type Lot struct {
	Key, Name, Operator string
	Invoice             invoice.Invoice
	Statement           statement.Statement
}

// Penalty is what one absence, or one month's availability, earns for one link.
type Penalty struct {
	Link   string
	Lot    string
	Ticket string // number; empty for availability
	Day    time.Time
	Clock  sla.Reading // zero for availability
	Uptime sla.Uptime  // zero for GTR
	sla.Penalty
}

// Refusal is an amount that nobody is asked to pay, and why.
type Refusal struct {
	Link   string
	Site   string
	Reason string
	HT     money.Cents // 0 when no price is known
}

// Unassigned is the payer under which a statement keeps the refused amounts, so
// that the lot still adds up.
const Unassigned = "(unassigned)"

// Month makes the bill of the month that starts at month (midnight UTC).
func (s *Service) Month(ctx context.Context, month, now time.Time) (Bill, error) {
	period := tariff.MonthOf(month)
	span := calendar.Interval{From: calendar.Midnight(period.From), To: calendar.Midnight(period.To)}
	x, events, err := s.store.Month(ctx, span.From, span.To)
	if err != nil {
		return Bill{}, fmt.Errorf("bill of %s: %w", month.Format("2006-01"), err)
	}
	m := maker{x: x, events: events, period: period, span: span, now: now, outages: map[int64][]calendar.Interval{}}
	for _, o := range events.Outages {
		m.outages[o.Link] = append(m.outages[o.Link], calendar.Interval{From: o.From, To: o.To})
	}
	bill, err := m.bill()
	if err != nil {
		return Bill{}, fmt.Errorf("bill of %s: %w", month.Format("2006-01"), err)
	}
	return bill, nil
}

// maker holds what the steps of one bill share.
type maker struct {
	x       *inventory.Index
	events  Events
	outages map[int64][]calendar.Interval // by link, in order
	period  tariff.Period
	span    calendar.Interval // the month in local time
	now     time.Time
}

func (m *maker) bill() (Bill, error) {
	b := Bill{Month: m.period.From, Draft: m.now.Before(m.span.To)}
	penalties, err := m.penalties(b.Draft)
	if err != nil {
		return Bill{}, err
	}
	b.Penalties = penalties
	for _, lot := range m.x.Lots {
		made, refusals, err := m.lot(lot.Key, penalties)
		if err != nil {
			return Bill{}, fmt.Errorf("lot %s: %w", lot.Key, err)
		}
		made.Name, made.Operator = lot.Name, lot.Operator
		b.Lots = append(b.Lots, made)
		b.Refusals = append(b.Refusals, refusals...)
	}
	return b, nil
}
