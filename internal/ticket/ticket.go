package ticket

import (
	"fmt"
	"slices"
	"time"

	"vigie/internal/incident"
	"vigie/internal/inventory"
)

// Mode is how freely Vigie speaks to an operator.
type Mode string

// The modes. A real installation starts with Observe.
const (
	Observe   Mode = "observe"   // write the messages, send none
	Ask       Mode = "ask"       // a person approves each message
	Automatic Mode = "automatic" // send at once
)

// ParseMode reads a mode.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case Observe, Ask, Automatic:
		return m, nil
	}
	return "", fmt.Errorf("sending mode %q: expected observe, ask or automatic", s)
}

// Status is whether the ticket still waits for the service.
type Status string

// The statuses of a ticket.
const (
	Open     Status = "open"
	Resolved Status = "resolved"
)

// MessageKind is what a message says.
type MessageKind string

// The kinds of message.
const (
	OpenMessage     MessageKind = "open"
	JoinMessage     MessageKind = "join"     // further links of the same cause
	ReminderMessage MessageKind = "reminder" // second level, no acknowledgement came
	ReopenMessage   MessageKind = "reopen"
	ResolveMessage  MessageKind = "resolve"
)

// MessageState is where a message stands on its way.
type MessageState string

// The states of a message. Held, Sent, Failed and Cancelled are final, but for a
// proof of delivery that comes late.
const (
	Held      MessageState = "held"    // the mode sends nothing
	Waiting   MessageState = "waiting" // a person has to approve
	Queued    MessageState = "queued"
	Sending   MessageState = "sending" // a channel may have taken it: it can no longer be cancelled
	Sent      MessageState = "sent"
	Failed    MessageState = "failed" // the channel refused it for good
	Cancelled MessageState = "cancelled"
)

// Final reports whether nothing more happens to the message.
func (s MessageState) Final() bool {
	return s == Held || s == Sent || s == Failed || s == Cancelled
}

// Message is one thing said, or that would have been.
type Message struct {
	Number     int // 1, 2, 3 within the ticket: with the ticket's number the idempotency key
	Kind       MessageKind
	Level      int // 1 the desk, 2 the escalation
	State      MessageState
	Recipient  string
	MessageID  string // stable: a resend carries the same one
	Subject    string
	Body       string
	CreatedAt  time.Time
	ApprovedBy int64
	ApprovedAt time.Time
	SentAt     time.Time
	Proof      string // what the channel answered when it took the message
	Problem    string // why it failed, or the last reason of a retry
}

// Ack is the operator's acknowledgement.
type Ack struct {
	Reference string // the operator's own number
	At        time.Time
	By        int64 // person who typed it; 0 = the operator's own system
}

// Period is one absence of the service under the ticket: a re-opening adds one.
type Period struct {
	Since       time.Time // first failed round
	OpenedAt    time.Time
	SentAt      time.Time
	DeliveredAt time.Time
	RestoredAt  time.Time // first good round that lasted; zero while absent
	Ack         Ack       // zero while the operator has not answered
	ClaimedAt   time.Time // when the operator's system says that the service was back
}

// Ticket is what the operator was told about one incident.
type Ticket struct {
	ID         int64
	Incident   int64 // the incident that opened it: one incident, one ticket
	Number     string
	Kind       incident.Kind
	Addressee  incident.Addressee
	Operator   string            // key; empty for an internal ticket
	Channel    inventory.Channel // in which it began, and goes on; empty = by mail
	Mode       Mode              // in which it began: no message of it is freer
	Status     Status
	OpenedAt   time.Time
	ResolvedAt time.Time
	Related    int64
	Links      []int64
	Periods    []Period
	Messages   []Message
	Heard      Heard    // of the operator's system, when there is one
	Remarks    []Remark // what that told, in the order in which it was read
	Gels       []Gel
}

// Reopens is how many times the ticket was opened again.
func (t Ticket) Reopens() int { return max(len(t.Periods)-1, 0) }

// Current returns the last period of absence.
func (t *Ticket) Current() *Period { return &t.Periods[len(t.Periods)-1] }

// said are the messages of the current period; they share the ticket's memory.
func (t *Ticket) said() []Message { return t.saidDuring(len(t.Periods) - 1) }

// saidDuring are the messages of one period.
func (t *Ticket) saidDuring(period int) []Message {
	first, end := len(t.Messages), len(t.Messages)
	for i := len(t.Messages) - 1; i >= 0; i-- {
		switch in := t.periodOf(t.Messages[i]); {
		case in > period:
			first, end = i, i
		case in == period:
			first = i
		}
	}
	return t.Messages[first:end]
}

// periodOf is the index of the period that a message belongs to.
func (t *Ticket) periodOf(m Message) int {
	index := 0
	for i, p := range t.Periods {
		if !p.OpenedAt.After(m.CreatedAt) {
			index = i
		}
	}
	return index
}

// anyIn reports whether one of the messages is in one of the states.
func anyIn(messages []Message, states ...MessageState) bool {
	return slices.ContainsFunc(messages, func(m Message) bool { return slices.Contains(states, m.State) })
}

// opens reports whether the message tells that a period began.
func (m Message) opens() bool { return m.Kind == OpenMessage || m.Kind == ReopenMessage }

// Message returns the message with that number.
func (t *Ticket) Message(number int) (*Message, error) {
	if number < 1 || number > len(t.Messages) {
		return nil, fmt.Errorf("ticket %s has no message %d", t.Number, number)
	}
	return &t.Messages[number-1], nil
}

func (t Ticket) clone() Ticket {
	t.Links = slices.Clone(t.Links)
	t.Periods = slices.Clone(t.Periods)
	t.Messages = slices.Clone(t.Messages)
	t.Remarks = slices.Clone(t.Remarks)
	t.Gels = slices.Clone(t.Gels)
	return t
}
