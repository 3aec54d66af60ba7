package ticket

import (
	"fmt"
	"time"

	"vigie/internal/incident"
)

// Policy holds the ladder's delays.
type Policy struct {
	// RemindAfter is the time without acknowledgement, counted from delivery,
	// after which the second level is called once.
	RemindAfter time.Duration
	// Domain is the right-hand side of the Message-IDs.
	Domain string
	// Simulated marks the messages of a demonstration.
	Simulated bool
}

// DefaultPolicy is the policy of a real installation: no acknowledgement 30
// minutes after delivery calls the second level.
func DefaultPolicy() Policy { return Policy{RemindAfter: 30 * time.Minute, Domain: "vigie.invalid"} }

// Reason says why a decision is what it is; it goes to the journal.
type Reason string

// The reasons.
const (
	Opened            Reason = "opened"
	Joined            Reason = "links-joined"
	Reopened          Reason = "reopened"
	Requalified       Reason = "requalified"
	Restored          Reason = "restored"
	RestoredUnsaid    Reason = "restored-before-sending" // nothing had left: nothing leaves
	Approved          Reason = "approved"
	Acknowledged      Reason = "acknowledged"
	Started           Reason = "sending-started"
	Delivered         Reason = "delivered"
	RetryLater        Reason = "retry-later"
	Refused           Reason = "refused"
	ModeChanged       Reason = "operator-back-to-observe"
	NoAcknowledgement Reason = "no-acknowledgement"
	NothingToDo       Reason = "nothing-to-do"
)

// Decision is the next ticket and what must happen in the same transaction.
type Decision struct {
	Ticket Ticket
	Sends  []Send
	Remind []Scheduled
	Reason Reason
}

// Number is a ticket's public number, e.g. VIGIE-2026-000123.
func Number(id int64, openedAt time.Time) string {
	return fmt.Sprintf("VIGIE-%04d-%06d", openedAt.UTC().Year(), id)
}

// Start opens the conversation: t carries the identity, facts what to say.
func Start(t Ticket, f Facts, p Policy, now time.Time) Decision {
	t = t.clone()
	t.Number = Number(t.ID, now)
	t.Status = Open
	t.OpenedAt = now
	t.Periods = []Period{{Since: f.Since, OpenedAt: now}}
	d := Decision{Ticket: t, Reason: Opened}
	d.say(OpenMessage, f, p, now)
	return d
}

// Join tells of further links of the same cause.
func Join(t Ticket, links []int64, f Facts, p Policy, now time.Time) Decision {
	d := Decision{Ticket: t.clone(), Reason: Joined}
	d.Ticket.Links = append(d.Ticket.Links, links...)
	d.say(JoinMessage, f, p, now)
	return d
}

// Reopen tells that the service is absent again after a resolution.
func Reopen(t Ticket, f Facts, p Policy, now time.Time) Decision {
	d := Decision{Ticket: t.clone(), Reason: Reopened}
	d.Ticket.Status = Open
	d.Ticket.ResolvedAt = time.Time{}
	d.Ticket.Periods = append(d.Ticket.Periods, Period{Since: f.Since, OpenedAt: now})
	d.say(ReopenMessage, f, p, now)
	return d
}

// Resolve closes the ticket after a stable recovery; restoredAt is the first
// good round. When nothing of the ticket has left, what waits is cancelled and
// nothing is said at all.
func Resolve(t Ticket, f Facts, restoredAt time.Time, p Policy, now time.Time) Decision {
	d := Decision{Ticket: t.clone(), Reason: Restored}
	d.Ticket.Status = Resolved
	d.Ticket.ResolvedAt = now
	d.Ticket.Current().RestoredAt = restoredAt
	said := false
	for i := range d.Ticket.Messages {
		m := &d.Ticket.Messages[i]
		switch m.State {
		case Waiting, Queued:
			m.State = Cancelled
		case Sending, Sent, Held:
			said = true
		}
	}
	if !said {
		d.Reason = RestoredUnsaid
		return d
	}
	f.RestoredAt = restoredAt
	d.say(ResolveMessage, f, p, now)
	return d
}

// Approve lets a waiting message go.
func Approve(t Ticket, number int, user int64, now time.Time) (Decision, error) {
	d := Decision{Ticket: t.clone(), Reason: Approved}
	m, err := d.Ticket.Message(number)
	if err != nil {
		return Decision{}, err
	}
	if m.State != Waiting {
		return Decision{}, fmt.Errorf("message %d of ticket %s is %s: only a waiting one is approved", number, t.Number, m.State)
	}
	m.State, m.ApprovedBy, m.ApprovedAt = Queued, user, now
	d.Sends = []Send{{Ticket: t.ID, Number: number}}
	return d, nil
}

// Acknowledge records the operator's reference and its time. A later one
// corrects the former; a time before the outage or in the future is refused.
func Acknowledge(t Ticket, a Ack, now time.Time) (Decision, error) {
	switch {
	case a.Reference == "":
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: the operator's reference is missing", t.Number)
	case len(a.Reference) > 100:
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: the operator's reference has %d characters, at most 100 are expected", t.Number, len(a.Reference))
	case a.At.After(now):
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: %s is in the future", t.Number, a.At.Format(time.RFC3339))
	case a.At.Before(t.Current().Since):
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: %s is before the outage (%s)", t.Number, a.At.Format(time.RFC3339), t.Current().Since.Format(time.RFC3339))
	}
	d := Decision{Ticket: t.clone(), Reason: Acknowledged}
	d.Ticket.Current().Ack = a
	return d, nil
}

// Escalate is called when a reminder is due: it speaks to the second level once,
// unless an acknowledgement came, the service is back, or the period is over.
func Escalate(t Ticket, r Remind, f Facts, p Policy, now time.Time) Decision {
	over := t.Status != Open || r.Period != len(t.Periods)-1
	if over || t.Current().Ack.Reference != "" || f.Operator.Escalation == "" || t.reminded() {
		return Decision{Ticket: t, Reason: NothingToDo}
	}
	d := Decision{Ticket: t.clone(), Reason: NoAcknowledgement}
	d.say(ReminderMessage, f, p, now)
	return d
}

// reminded reports whether the current period has its reminder.
func (t *Ticket) reminded() bool {
	for _, m := range t.Messages {
		if m.Kind == ReminderMessage && !m.CreatedAt.Before(t.Current().OpenedAt) {
			return true
		}
	}
	return false
}

// say adds a message in the state that the ticket's mode gives it.
func (d *Decision) say(kind MessageKind, f Facts, p Policy, now time.Time) {
	t := &d.Ticket
	m := Message{Number: len(t.Messages) + 1, Kind: kind, Level: 1, CreatedAt: now}
	m.MessageID = fmt.Sprintf("<%s.%d@%s>", t.Number, m.Number, p.Domain)
	m.Recipient = f.Operator.Desk
	if kind == ReminderMessage {
		m.Level, m.Recipient = 2, f.Operator.Escalation
	}
	m.Subject, m.Body = Compose(*t, kind, f)
	t.Mode = stricter(t.Mode, f.Operator.Mode)
	switch t.Mode {
	case Automatic:
		m.State = Queued
		d.Sends = append(d.Sends, Send{Ticket: t.ID, Number: m.Number})
	case Ask:
		m.State = Waiting
	default:
		m.State = Held
	}
	t.Messages = append(t.Messages, m)
}

// stricter keeps a conversation from becoming freer than it began: an operator
// that was never told of an outage is not told of its end.
func stricter(began, now Mode) Mode {
	switch {
	case began == Observe || now == Observe:
		return Observe
	case began == Ask || now == Ask:
		return Ask
	}
	return Automatic
}

// Requalify changes what the ticket is about; nothing is said.
func Requalify(t Ticket, kind incident.Kind) Decision {
	d := Decision{Ticket: t.clone(), Reason: Requalified}
	d.Ticket.Kind = kind
	return d
}
