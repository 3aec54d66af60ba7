package ticket

import (
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/sla"
)

// Turn tells a job what to do with its message.
type Turn int

// The turns.
const (
	Over  Turn = iota // nothing to carry any more
	Later             // the switch is off, or an earlier message is still on its way
	Go                // carry it now; nothing of it has left before
	Again             // carry it again: it may have left before
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
// Observe meanwhile receives nothing any more, and for one put back to Ask a
// person approves what nobody has.
func Next(t Ticket, number int, modes Modes) (Decision, Turn, error) {
	d := Decision{Ticket: t.clone(), Reason: NothingToDo}
	m, err := d.Ticket.Message(number)
	if err != nil {
		return Decision{}, Over, err
	}
	if m.State != Queued && m.State != Sending {
		return d, Over, nil
	}
	switch mode := modes.Of(t.Operator); {
	case mode == Observe:
		if m.State == Sending {
			m.Problem = "interrupted while leaving: it may have been taken"
		}
		m.State, d.Reason = Held, BackToObserve
		return d, Over, nil
	case mode == Ask && m.State == Queued && m.ApprovedBy == 0:
		m.State, d.Reason = Waiting, BackToAsk
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
	if m.State == Sending {
		return d, Again, nil
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
	l := Letter{
		To: m.Recipient, Subject: m.Subject, Body: m.Body, MessageID: m.MessageID, Date: m.CreatedAt,
		Way: t.Channel, Operator: t.Operator, Key: t.Number, Number: number, Kind: m.Kind,
	}
	if m.Level > 1 {
		l.Way = inventory.ByMail // a person is called, not the system that nobody reads
	}
	if number > 1 {
		l.References = t.Messages[0].MessageID
	}
	if m.Kind == ResolveMessage {
		l.RestoredAt = t.Periods[t.periodOf(*m)].RestoredAt
	}
	return l, nil
}

// Concern says in a letter which links the ticket is about, and for an opening
// until when they are to be restored: the earliest of their clauses, in force on
// the day of the letter, counted from it.
func (l *Letter) Concern(x *inventory.Index, links []int64) {
	for _, id := range links {
		link, ok := x.LinkByID(id)
		if !ok {
			continue
		}
		l.Services = append(l.Services, link.Ref)
		clause, ok := x.ClauseAt(link.Lot, calendar.Day(l.Date))
		if !ok || clause.GTR <= 0 || l.Kind != OpenMessage && l.Kind != ReopenMessage {
			continue
		}
		service := clause.Service
		if sites := x.SitesOfLink(link); len(sites) > 0 {
			if commune, ok := x.Commune(sites[0].Commune); ok {
				service = calendar.Resolve(service, commune.Departement, commune.Temple)
			}
		}
		sent := sla.Timeline{Sent: l.Date, Delivered: l.Date, Acknowledged: l.Date}
		if at, ok := sla.Reach(sent, clause, service, clause.GTR); ok && (l.RequestedAt.IsZero() || at.Before(l.RequestedAt)) {
			l.RequestedAt = at
		}
	}
}

// Attempt is one message handed to a channel, and what came of it.
type Attempt struct {
	Number  int
	Turn    Turn // Go or Again
	Outcome Outcome
}

// Settle records what the channel answered. The delivery of an opening starts
// the clock of its period and the wait for an acknowledgement. What was
// certainly not taken is queued again, so that a resolution can still cancel it.
// A proof counts whatever became of the message meanwhile; nothing takes it back.
func Settle(t Ticket, a Attempt, p Policy, now time.Time) (Decision, error) {
	d := Decision{Ticket: t.clone(), Reason: NothingToDo}
	m, err := d.Ticket.Message(a.Number)
	if err != nil {
		return Decision{}, err
	}
	o := a.Outcome
	if m.State == Sent || m.State != Sending && o.Kind != Done {
		return d, nil
	}
	m.Problem = o.Problem
	switch o.Kind {
	case Done:
		m.State, m.SentAt, m.Proof, d.Reason = Sent, now, o.Proof, Delivered
		if m.opens() {
			d.delivered(*m, p, now)
		}
	case GiveUp:
		m.State, d.Reason = Failed, Refused
	default:
		if d.Reason = RetryLater; o.Kind == Retry && a.Turn == Go {
			m.State = Queued
		}
	}
	if a.Turn == Go && (o.Kind == Retry || o.Kind == GiveUp) {
		d.untaken(*m)
	}
	return d, nil
}

// untaken draws the consequences of a message that certainly reached nobody. Of
// an opening that was refused, or whose period ended while it tried to leave,
// nothing is said any more; any other message is not tried again when it would
// no longer be true.
func (d *Decision) untaken(m Message) {
	period := d.Ticket.periodOf(m)
	said := d.Ticket.saidDuring(period)
	restored := !d.Ticket.Periods[period].RestoredAt.IsZero()
	acknowledged := d.Ticket.Periods[period].Ack.Reference != ""
	switch {
	case m.opens() && (restored || m.State == Failed):
		cancel(said, func(Message) bool { return true })
	case restored && m.Kind != ResolveMessage, acknowledged && m.Kind == ReminderMessage:
		cancel(said, func(other Message) bool { return other.Number == m.Number })
	}
}

// delivered dates the period that the opening m began, and schedules the look
// for its acknowledgement, and those at the operator's system.
func (d *Decision) delivered(m Message, p Policy, now time.Time) {
	index := d.Ticket.periodOf(m)
	per := &d.Ticket.Periods[index]
	per.SentAt, per.DeliveredAt = now, now
	if d.Ticket.Channel == inventory.ByTMF621 {
		look := Look{Ticket: d.Ticket.ID, Period: index}
		d.Looks = append(d.Looks, ScheduledLook{Look: look, At: now.Add(p.LookEvery)})
	}
	if d.Ticket.Status == Open {
		r := Remind{Ticket: d.Ticket.ID, Period: index}
		d.Remind = append(d.Remind, Scheduled{Remind: r, At: now.Add(p.RemindAfter)})
	}
}
