package ticket

import (
	"context"
	"time"
)

// Letter is a message as a channel carries it.
type Letter struct {
	To         string
	Subject    string
	Body       string
	MessageID  string
	References string // Message-ID of the conversation's first message; empty for that one
	Date       time.Time
}

// Channel carries letters to an operator. Send may be called again with the same
// letter after a crash: a channel that can search does so first, one that cannot
// (mail) repeats the same Message-ID.
type Channel interface {
	Send(ctx context.Context, l Letter) Outcome
}

// OutcomeKind is what a channel made of a letter.
type OutcomeKind int

// The outcomes.
const (
	Retry  OutcomeKind = iota // certainly not taken: again later
	Unsure                    // the way broke before the answer, it may have been taken: again later
	Done                      // taken, with Proof
	GiveUp                    // refused for good
)

// Outcome is a channel's typed answer.
type Outcome struct {
	Kind    OutcomeKind
	Proof   string // Done: the peer's answer, e.g. "250 2.0.0 OK: queued"
	Problem string // Retry, Unsure, GiveUp: why
}

// Send is the job that carries one message. It is enqueued in the transaction
// that decided the message.
type Send struct {
	Ticket int64 `json:"ticket"`
	Number int   `json:"number"`
}

// Kind names the job.
func (Send) Kind() string { return "ticket.send" }

// Remind is the job that looks, once the delay is over, whether an
// acknowledgement came for that period of the ticket.
type Remind struct {
	Ticket int64 `json:"ticket"`
	Period int   `json:"period"` // index of the period, from 0
}

// Kind names the job.
func (Remind) Kind() string { return "ticket.remind" }

// Scheduled is a reminder with its time.
type Scheduled struct {
	Remind Remind
	At     time.Time
}
