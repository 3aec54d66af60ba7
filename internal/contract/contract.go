package contract

import (
	"time"

	"vigie/billing/money"
	"vigie/internal/calendar"
)

// Dates are times at midnight UTC that stand for a civil day.

// Market is one public contract, run by a coordinating member.
type Market struct {
	Key         string
	Name        string
	Number      string // as the notification names it
	Coordinator string // key of the organisation
	Starts      time.Time
	Ends        time.Time // first day after the contract; zero = not known
	Source      string
}

// Lot is the part of a market held by one operator.
type Lot struct {
	Key      string
	Market   string
	Operator string
	Name     string
	Source   string
}

// ClockStart says which event starts the contractual clock (DOMAIN: clock_start).
type ClockStart string

// The events that can start the clock. Without the named one the proof of
// delivery stands, and the evidence says so.
const (
	StartSent         ClockStart = "sent"
	StartDelivered    ClockStart = "delivered" // SMTP 250, HTTP 201: "arrivée de la demande"
	StartAcknowledged ClockStart = "acknowledged"
)

// Step is one step of the availability penalty: strictly below Below percent,
// Percent of the monthly fee. Both are decimal strings.
type Step struct {
	Below   string `json:"below"`
	Percent string `json:"percent"`
}

// Revision is the price formula P0 x (Fixed + (1 - Fixed) x Index/Index0), its
// coefficient rounded up to Decimals. The zero value means no revision.
type Revision struct {
	Fixed    string
	Index0   string
	Index    string
	Decimals int
}

// Clause is one dated version of what binds the operator of a lot.
type Clause struct {
	Lot          string
	From         time.Time
	Service      calendar.Service
	GTR          time.Duration
	ClockStart   ClockStart
	PercentHour  string // percent of the monthly fee per started hour beyond the GTR
	CapPercent   string // cap of the GTR penalties, percent of the monthly fee, per incident
	Availability []Step
	VATPercent   string // decimal string, e.g. "20"
	Proration    string // tariff basis: "actual" or "30/360"
	Revision     Revision
	// MaxRTTMicros and MaxLossPercent are the quality limits of a round trip; a
	// zero value sets no limit.
	MaxRTTMicros   int32
	MaxLossPercent int
	Source         string
}

// Price is one dated line of a lot's price list, HT per month.
type Price struct {
	Lot     string
	Item    string
	From    time.Time
	To      time.Time // first day without it; zero = open
	Monthly money.Cents
	Source  string
}

// Terms is one dated version of what is bought under a link, in force from its date
// until the date of the next version. A link's own row holds those of its start.
type Terms struct {
	Link      string // the operator's service reference
	From      time.Time
	PriceItem string // of the link's lot; empty outside the market
	DownKbps  int64  // guaranteed towards the site, kilobits per second
	UpKbps    int64
	Source    string
}
