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
	"vigie/internal/fault"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// Outage is one confirmed absence of a link.
type Outage struct {
	Link int64
	From time.Time     // first failed round
	To   time.Time     // first good round; zero while it lasts
	Kind incident.Kind // of the incident it belongs to
	// Origin is what the router told afterwards, once and for all.
	Origin sla.Origin
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
	// Outages are those that touch the month, and every other one of the cases;
	// those of one link are in order of time.
	Outages []Outage
	// Cases are the tickets to an operator with an absence that touches the
	// month, in the order in which they were opened.
	Cases []Case
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
	Members   []Member  // by key; one of them may be Unassigned
	Penalties []Penalty // by lot, link and ticket
	Refusals  []Refusal
	// Totals and Due are those of the invoices; the members add up to them.
	Totals   invoice.Totals
	Due      money.Cents // TTC without the penalties
	Coverage Coverage
}

// Lot is one lot's invoice and its split.
type Lot struct {
	Key, Name, Operator string
	Invoice             invoice.Invoice
	Statement           statement.Statement
}

// Member is what one payer owes over all lots.
type Member struct {
	Key, Name  string
	BudgetLine string
	Totals     invoice.Totals
	Due        money.Cents // TTC without the penalties
}

// Coverage is how much of the time that the availability penalties rest on was
// measured, over all links; both are zero in a draft, which has none.
type Coverage struct{ KnownSeconds, OwedSeconds int64 }

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

// Cause is why an amount is refused.
type Cause string

// The causes of a refusal.
const (
	NoPrice      Cause = "price"       // no price or no clause in force: nothing is invoiced
	NoPenalty    Cause = "penalty"     // a penalty cannot be priced; the charges are billed
	NoKey        Cause = "key"         // shared, and no key that can split it
	NoBudgetLine Cause = "budget-line" // a payer has no imputation
)

// Refusal is an amount that nobody is asked to pay, and why.
type Refusal struct {
	Link   string
	Site   string
	Cause  Cause
	Reason string      // the details: which key, which day
	HT     money.Cents // what stays unassigned on the invoice; 0 when nothing is on it
}

// Unassigned is the payer under which a statement keeps the refused amounts, so
// that the lot still adds up.
const Unassigned = "(unassigned)"

// horizon is how many months ahead a bill is foreseen.
const horizon = 12

// Month makes the bill of the month that contains a day (midnight UTC). A month
// before the first market has an empty bill; one more than a year ahead is
// fault.NotFound.
func (s *Service) Month(ctx context.Context, month, now time.Time) (Bill, error) {
	period := tariff.MonthOf(month)
	name := period.From.Format("2006-01")
	if last := tariff.MonthOf(calendar.Day(now)).From.AddDate(0, horizon, 0); period.From.After(last) {
		return Bill{}, fault.Errorf(fault.NotFound, "bill of %s: the last month foreseen is %s", name, last.Format("2006-01"))
	}
	span := calendar.Interval{From: calendar.Midnight(period.From), To: calendar.Midnight(period.To)}
	x, events, err := s.store.Month(ctx, span.From, span.To)
	if err != nil {
		return Bill{}, fmt.Errorf("bill of %s: %w", name, err)
	}
	m := newMaker(x, events)
	m.period, m.span, m.now = period, span, now
	bill, err := m.bill()
	if err != nil {
		return Bill{}, fmt.Errorf("bill of %s: %w", name, err)
	}
	return bill, nil
}
