package ticket

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigie/internal/incident"
	"vigie/internal/inventory"
)

// Policy holds the ladder's delays.
type Policy struct {
	// RemindAfter is the time without acknowledgement, counted from delivery,
	// after which the second level is called once.
	RemindAfter time.Duration
	// Domain is the right-hand side of the Message-IDs.
	Domain string
	// LookEvery is the time between two looks at a ticket in the operator's system.
	LookEvery time.Duration
	// Simulated marks the messages of a demonstration.
	Simulated bool
}

// DefaultPolicy is the policy of a real installation: no acknowledgement 30
// minutes after delivery calls the second level, and an operator's system is asked
// every minute.
func DefaultPolicy() Policy {
	return Policy{RemindAfter: 30 * time.Minute, LookEvery: time.Minute, Domain: "vigie.invalid"}
}

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
	BackToObserve     Reason = "operator-back-to-observe"
	BackToAsk         Reason = "operator-back-to-ask"
	NoAcknowledgement Reason = "no-acknowledgement"
	OperatorAck       Reason = "operator-acknowledged" // by the operator's system
	OperatorSaid      Reason = "operator-said"
	GelAccepted       Reason = "gel-accepted"
	GelRefused        Reason = "gel-refused"
	Looked            Reason = "looked" // nothing new: not worth a line of the journal
	NothingToDo       Reason = "nothing-to-do"
)

// Decision is the next ticket and what must happen in the same transaction.
type Decision struct {
	Ticket Ticket
	Sends  []Send
	Remind []Scheduled
	Looks  []ScheduledLook
	Said   []Remark // new ones of the operator's system
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
	t.Status, t.Channel = Open, f.Operator.Channel
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

// Reopen tells that the service is absent again after a resolution. To an
// operator that nothing had reached before, it is an outage like any other.
func Reopen(t Ticket, f Facts, p Policy, now time.Time) Decision {
	d := Decision{Ticket: t.clone(), Reason: Reopened}
	d.Ticket.Status = Open
	d.Ticket.ResolvedAt = time.Time{}
	kind := OpenMessage
	if t.Mode == Observe || anyIn(t.Messages, Sending, Sent) {
		kind = ReopenMessage
	}
	d.Ticket.Periods = append(d.Ticket.Periods, Period{Since: f.Since, OpenedAt: now})
	d.say(kind, f, p, now)
	return d
}

// Resolve closes the ticket after a stable recovery; restoredAt is the first
// good round. What still waits of this period is cancelled; when nothing of it
// may have left, nothing is said at all. What an earlier period has still to say
// stays.
func Resolve(t Ticket, f Facts, restoredAt time.Time, p Policy, now time.Time) Decision {
	d := Decision{Ticket: t.clone(), Reason: Restored}
	d.Ticket.Status = Resolved
	d.Ticket.ResolvedAt = now
	d.Ticket.Current().RestoredAt = restoredAt
	d.Ticket.endGels(restoredAt)
	period := d.Ticket.said()
	cancel(period, func(Message) bool { return true })
	if !anyIn(period, Held, Sending, Sent) {
		d.Reason = RestoredUnsaid
		return d
	}
	f.RestoredAt = restoredAt
	d.say(ResolveMessage, f, p, now)
	return d
}

// cancel takes back those of the messages that nobody can have received.
func cancel(messages []Message, which func(Message) bool) {
	for i := range messages {
		m := &messages[i]
		if (m.State == Waiting || m.State == Queued) && which(*m) {
			m.State = Cancelled
		}
	}
}

// Approve lets a waiting message go. Messages are approved in their order, as
// they leave in it.
func Approve(t Ticket, number int, user int64, now time.Time) (Decision, error) {
	d := Decision{Ticket: t.clone(), Reason: Approved}
	m, err := d.Ticket.Message(number)
	if err != nil {
		return Decision{}, err
	}
	if m.State != Waiting {
		return Decision{}, fmt.Errorf("message %d of ticket %s is %s: only a waiting one is approved", number, t.Number, m.State)
	}
	for _, earlier := range t.Messages[:number-1] {
		if earlier.State == Waiting {
			return Decision{}, fmt.Errorf("message %d of ticket %s: message %d waits for an approval before it", number, t.Number, earlier.Number)
		}
	}
	m.State, m.ApprovedBy, m.ApprovedAt = Queued, user, now
	d.Sends = []Send{{Ticket: t.ID, Number: number}}
	return d, nil
}

// maxReference is the length of an operator's reference, in characters.
const maxReference = 100

// Acknowledge records the operator's reference, without the spaces around it,
// and its time. A later one corrects the former; a time before the outage or in
// the future is refused, and so is a reference of several lines. A reminder that
// has not left is cancelled: it would no longer be true.
func Acknowledge(t Ticket, a Ack, now time.Time) (Decision, error) {
	a.Reference = strings.TrimSpace(a.Reference)
	length := utf8.RuneCountInString(a.Reference)
	switch {
	case length == 0:
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: the operator's reference is missing", t.Number)
	case length > maxReference:
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: the operator's reference has %d characters, at most %d are expected", t.Number, length, maxReference)
	case !utf8.ValidString(a.Reference) || strings.ContainsFunc(a.Reference, notGraphic):
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: the operator's reference %q holds a line break or another invisible character", t.Number, a.Reference)
	case a.At.After(now):
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: %s is in the future", t.Number, a.At.Format(time.RFC3339))
	case a.At.Before(t.Current().Since):
		return Decision{}, fmt.Errorf("acknowledgement of ticket %s: %s is before the outage (%s)", t.Number, a.At.Format(time.RFC3339), t.Current().Since.Format(time.RFC3339))
	}
	d := Decision{Ticket: t.clone(), Reason: Acknowledged}
	d.Ticket.Current().Ack = a
	cancel(d.Ticket.said(), func(m Message) bool { return m.Kind == ReminderMessage })
	return d, nil
}

func notGraphic(r rune) bool { return !unicode.IsGraphic(r) }

// Escalate is called when a reminder is due: it speaks to the second level once,
// unless an acknowledgement came, the service is back, or the period is over.
func Escalate(t Ticket, r Remind, f Facts, p Policy, now time.Time) Decision {
	over := t.Status != Open || r.Period != len(t.Periods)-1
	reminded := slices.ContainsFunc(t.said(), func(m Message) bool { return m.Kind == ReminderMessage })
	if over || t.Current().Ack.Reference != "" || f.Operator.Escalation == "" || reminded {
		return Decision{Ticket: t, Reason: NothingToDo}
	}
	d := Decision{Ticket: t.clone(), Reason: NoAcknowledgement}
	d.say(ReminderMessage, f, p, now)
	return d
}

// say adds a message in the state that the modes give it, the ticket's own and
// the operator's at this moment. Whoever was not told that a period began is told
// nothing else about it.
func (d *Decision) say(kind MessageKind, f Facts, p Policy, now time.Time) {
	t := &d.Ticket
	m := Message{Number: len(t.Messages) + 1, Kind: kind, Level: 1, CreatedAt: now}
	m.MessageID = fmt.Sprintf("<%s.%d@%s>", t.Number, m.Number, p.Domain)
	m.Recipient = f.Operator.Desk
	if t.Channel == inventory.ByTMF621 {
		m.Recipient = "TMF621"
	}
	if kind == ReminderMessage {
		m.Level, m.Recipient = 2, f.Operator.Escalation
	}
	m.Subject, m.Body = Compose(*t, kind, f)
	mode := stricter(t.Mode, f.Operator.Mode)
	if !m.opens() && !anyIn(t.said(), Waiting, Queued, Sending, Sent) {
		mode = Observe
	}
	switch mode {
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

// stricter keeps a conversation from becoming freer than it began; what is not a
// mode lets nothing go.
func stricter(began, now Mode) Mode {
	free := func(m Mode) bool { return m == Ask || m == Automatic }
	switch {
	case !free(began) || !free(now):
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
