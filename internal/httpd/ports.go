package httpd

import (
	"context"
	"io"
	"time"

	"vigie/internal/access"
	"vigie/internal/invoicing"
	"vigie/internal/org"
	"vigie/internal/ticket"
	"vigie/internal/trial"
)

// Desk is what a person may do about tickets and sending; internal/desk does it.
// Errors carry their kind: NotFound outside the territory, Forbidden, Invalid,
// Conflict when somebody was quicker.
type Desk interface {
	Approve(ctx context.Context, who org.User, message int64, now time.Time) error
	Acknowledge(ctx context.Context, who org.User, ticket int64, reference string, at, now time.Time) error
	Judge(ctx context.Context, who org.User, ticket, gel int64, verdict ticket.Verdict, now time.Time) error
	StopSending(ctx context.Context, who org.User, stop bool, now time.Time) error
	SetMode(ctx context.Context, who org.User, operator string, mode ticket.Mode, now time.Time) error
}

// Trials takes what a person asks to be tested; internal/trial does it. Errors carry
// their kind: NotFound outside the territory, Forbidden, Invalid, Conflict with a
// trial.Refused, Unavailable where no link is tested.
type Trials interface {
	Available() bool
	Offer(ctx context.Context, who org.User, link int64, now time.Time) (trial.Offer, error)
	Ask(ctx context.Context, who org.User, link int64, a trial.Ask, now time.Time) error
}

// Statements makes the bill of a month, given by its first day at midnight UTC;
// internal/invoicing does it. The page shows each asker their part.
type Statements interface {
	Month(ctx context.Context, month, now time.Time) (invoicing.Bill, error)
}

// Changes tells that a cycle was decided, so that pages look again. The channel
// holds at most one pending word; the function ends the subscription.
type Changes interface {
	Subscribe() (<-chan struct{}, func())
}

// People finds those who sign in. An unknown one is NotFound.
type People interface {
	ByLogin(ctx context.Context, login string) (user org.User, passwordHash string, err error)
	ByID(ctx context.Context, id int64) (org.User, error)
}

// Access makes and checks the tokens of programs; internal/access does it. Errors carry
// their kind.
type Access interface {
	Asker(ctx context.Context, text string, now time.Time) (org.User, access.Token, error)
	CreateToken(ctx context.Context, who org.User, n access.NewToken, now time.Time) (string, error)
	Tokens(ctx context.Context, who org.User, person int64) ([]access.Token, error)
	RevokeToken(ctx context.Context, who org.User, person, id int64, now time.Time) error
}

// Health names the parts of Vigie and how each is.
type Health interface {
	Parts(ctx context.Context) []Part
}

// Part is one part of Vigie.
type Part struct {
	Name      string
	Healthy   bool
	Essential bool // nothing can be shown without it
}

// Metrics writes Vigie's own figures, which name no link, in the Prometheus text format.
type Metrics func(w io.Writer)

// LinkMetrics writes the figures of the links that somebody sees, in the same format. Its
// error is that of w.
type LinkMetrics func(w io.Writer, who org.User) error
