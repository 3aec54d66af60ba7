package ticket

import (
	"context"
	"fmt"
	"time"

	"vigie/internal/inventory"
)

// Letter is a message as a channel carries it: what a person reads, and what a
// system needs beside it.
type Letter struct {
	To         string
	Subject    string
	Body       string
	MessageID  string
	References string // Message-ID of the conversation's first message; empty for that one
	Date       time.Time

	Way         inventory.Channel // empty = by mail
	Operator    string            // key
	Key         string            // number of the ticket: with Number the idempotency key
	Number      int               // of the message within the ticket, from 1
	Kind        MessageKind
	Services    []string  // references of the ticket's links
	RequestedAt time.Time // of an opening: when the time to restore is over if the request arrives now; zero = no such time
	RestoredAt  time.Time // of a resolution: the first good round
}

// Channel carries letters to an operator. Send may be called again with the same
// letter after a crash: a channel that can search does so first, one that cannot
// (mail) repeats the same Message-ID.
type Channel interface {
	Send(ctx context.Context, l Letter) Outcome
}

// API is a channel to a system that tells what became of a ticket.
type API interface {
	Channel
	// Told reads the operator's ticket. An error says what came instead; it is then
	// asked again later.
	Told(ctx context.Context, q Question) (Told, error)
}

// Question names the ticket that is asked about.
type Question struct {
	Operator string // key
	Key      string // number of our ticket
	Messages int    // how many messages the conversation has
}

// Channels is every way to the operators.
type Channels struct {
	Mail Channel
	APIs map[string]API // by the operator's key
}

// Send hands the letter to the channel of its way. Without that channel it waits.
func (c Channels) Send(ctx context.Context, l Letter) Outcome {
	if l.Way != inventory.ByTMF621 {
		return c.Mail.Send(ctx, l)
	}
	api, ok := c.APIs[l.Operator]
	if !ok {
		return Outcome{Kind: Retry, Problem: noAPI(l.Operator).Error()}
	}
	return api.Send(ctx, l)
}

// Told asks the system of the operator.
func (c Channels) Told(ctx context.Context, q Question) (Told, error) {
	api, ok := c.APIs[q.Operator]
	if !ok {
		return Told{}, noAPI(q.Operator)
	}
	return api.Told(ctx, q)
}

func noAPI(operator string) error {
	return fmt.Errorf("operator %s takes tickets by %s, and the configuration has no %s.%s", operator, inventory.ByTMF621, inventory.ByTMF621, operator)
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

// Look is the job that asks the operator's system about the ticket, again and again
// while that period of it lasts.
type Look struct {
	Ticket int64 `json:"ticket"`
	Period int   `json:"period"` // index of the period, from 0
}

// Kind names the job.
func (Look) Kind() string { return "ticket.look" }

// LookQueue is where looks wait: a system that does not answer holds up those who ask
// it, and must not hold up the letters to other operators.
const LookQueue = "looks"

// ScheduledLook is a first look with its time.
type ScheduledLook struct {
	Look Look
	At   time.Time
}
