package ticket

import "time"

// Turn tells a job what to do with its message.
type Turn int

// The turns.
const (
	Over  Turn = iota // nothing to carry any more
	Later             // an earlier message is still on its way
	Go                // carry it now
)

// Modes is how freely Vigie speaks at this moment.
type Modes struct {
	Stopped   bool // the one switch: nothing leaves
	Operators map[string]Mode
}

// Of returns an operator's mode, Observe when it is not known.
func (m Modes) Of(operator string) Mode {
	if mode, ok := m.Operators[operator]; ok {
		return mode
	}
	return Observe
}

// Next says whether a message may leave now. A queued message becomes sending,
// to be saved before the channel is called; one found sending was interrupted
// and goes again with the same Message-ID. An operator that was put back to
// Observe meanwhile receives nothing any more.
func Next(t Ticket, number int, modes Modes) (Decision, Turn, error) {
	d := Decision{Ticket: t.clone(), Reason: NothingToDo}
	m, err := d.Ticket.Message(number)
	if err != nil {
		return Decision{}, Over, err
	}
	if m.State != Queued && m.State != Sending {
		return d, Over, nil
	}
	if modes.Of(t.Operator) == Observe {
		if m.State == Sending {
			m.Problem = "interrupted while leaving: it may have been taken"
		}
		m.State, d.Reason = Held, ModeChanged
		return d, Over, nil
	}
	if modes.Stopped {
		return d, Later, nil
	}
	for _, earlier := range d.Ticket.Messages[:number-1] {
		if !earlier.State.Final() {
			return d, Later, nil
		}
	}
	m.State, d.Reason = Sending, Started
	return d, Go, nil
}

// Letter is the message as it leaves.
func (t Ticket) Letter(number int) (Letter, error) {
	m, err := t.Message(number)
	if err != nil {
		return Letter{}, err
	}
	l := Letter{To: m.Recipient, Subject: m.Subject, Body: m.Body, MessageID: m.MessageID, Date: m.CreatedAt}
	if number > 1 {
		l.References = t.Messages[0].MessageID
	}
	return l, nil
}

// Settle records what the channel answered. The delivery of an opening starts
// the clock of its period and the wait for an acknowledgement.
func Settle(t Ticket, number int, o Outcome, p Policy, now time.Time) (Decision, error) {
	d := Decision{Ticket: t.clone()}
	m, err := d.Ticket.Message(number)
	if err != nil {
		return Decision{}, err
	}
	m.Problem = o.Problem
	switch o.Kind {
	case Retry:
		d.Reason = RetryLater
		return d, nil
	case GiveUp:
		m.State, d.Reason = Failed, Refused
		return d, nil
	}
	m.State, m.SentAt, m.Proof, d.Reason = Sent, now, o.Proof, Delivered
	if m.Kind == OpenMessage || m.Kind == ReopenMessage {
		d.delivered(*m, p, now)
	}
	return d, nil
}

func (d *Decision) delivered(m Message, p Policy, now time.Time) {
	index := 0
	for i, per := range d.Ticket.Periods {
		if !per.OpenedAt.After(m.CreatedAt) {
			index = i
		}
	}
	per := &d.Ticket.Periods[index]
	per.SentAt, per.DeliveredAt = now, now
	if d.Ticket.Status == Open {
		r := Remind{Ticket: d.Ticket.ID, Period: index}
		d.Remind = append(d.Remind, Scheduled{Remind: r, At: now.Add(p.RemindAfter)})
	}
}
