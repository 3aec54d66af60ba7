package api

import (
	"context"
	"strconv"
	"time"

	"vigie/internal/fault"
	"vigie/internal/journal"
	"vigie/internal/org"
	"vigie/internal/ticket"
	"vigie/internal/view"
)

// TicketBrief is one ticket in a list.
type TicketBrief struct {
	ID           int64      `json:"id"`
	Number       string     `json:"number"`
	Kind         string     `json:"kind"`
	Addressee    string     `json:"addressee"`
	OperatorName string     `json:"operator_name" doc:"Empty for a ticket to ourselves."`
	Mode         string     `json:"mode" enum:"observe,ask,automatic"`
	Status       string     `json:"status"`
	Since        time.Time  `json:"since" doc:"First failed round of the current absence."`
	OpenedAt     time.Time  `json:"opened_at"`
	DeliveredAt  *time.Time `json:"delivered_at" doc:"Proof that the operator has the current request."`
	Acknowledged *time.Time `json:"acknowledged_at"`
	Reference    *string    `json:"operator_reference" doc:"The operator's own number."`
	ResolvedAt   *time.Time `json:"resolved_at"`
	Reopenings   int        `json:"reopenings"`
	Waiting      int        `json:"messages_waiting" doc:"Messages that wait for a person."`
	ClockState   *string    `json:"clock_state" doc:"Of the GTR clock of the link that is worst off; null when no link has a clause."`
	Deadline     *time.Time `json:"clock_deadline"`
	Elapsed      *int64     `json:"clock_elapsed_seconds"`
	Overrun      *int64     `json:"clock_overrun_seconds" doc:"Beyond the GTR."`
	Links        []LinkRef  `json:"links" cell:"ref" doc:"Those of the asker's territory."`
	HiddenLinks  int        `json:"hidden_links" doc:"Number of links outside the asker's territory."`
}

// Ticket is one ticket with what was said, and how long the operator had.
type Ticket struct {
	TicketBrief
	IncidentID    int64     `json:"incident_id"`
	RelatedID     *int64    `json:"related_id" doc:"Of the ticket that this one follows."`
	RelatedNumber *string   `json:"related_number"`
	Absences      []Absence `json:"absences" doc:"The latest first."`
	Gels          []Gel     `json:"gels" doc:"Suspensions of the clock."`
	System        *System   `json:"operator_system,omitempty" doc:"The operator's own ticket, as its system tells it; left out for an operator that takes mail."`
	Messages      []Message `json:"messages"`
	Textless      bool      `json:"textless" doc:"Subjects and texts name links outside the asker's territory, and are left out."`
	Journal       []Entry   `json:"journal" doc:"Empty for a role that does not see it."`
	JournalIntact *bool     `json:"journal_intact" doc:"The hash chain verifies; null for a role that does not see it."`
}

// Absence is one absence of the service under a ticket.
type Absence struct {
	Since       time.Time  `json:"since"`
	OpenedAt    time.Time  `json:"opened_at"`
	SentAt      *time.Time `json:"sent_at"`
	DeliveredAt *time.Time `json:"delivered_at"`
	RestoredAt  *time.Time `json:"restored_at" doc:"First good round that lasted; null while absent."`
	ClaimedAt   *time.Time `json:"claimed_at" doc:"When the operator's system says that the service was back: a claim, which decides nothing."`
	Contested   bool       `json:"contested" doc:"The claim is more than five minutes off the measure."`
	Clocks      []Clock    `json:"clocks"`
}

// Clock is a GTR clock that some links share.
type Clock struct {
	Links     []string   `json:"links" doc:"References."`
	GTR       int64      `json:"gtr_seconds"`
	State     string     `json:"state"`
	Start     *time.Time `json:"start"`
	Deadline  *time.Time `json:"deadline"`
	Elapsed   int64      `json:"elapsed_seconds"`
	Remaining int64      `json:"remaining_seconds"`
	Overrun   int64      `json:"overrun_seconds"`
	Contested int64      `json:"contested_seconds" doc:"The part of elapsed that lies in gels that were not accepted."`
}

// Gel is a suspension of the clock for a cause on the customer's side.
type Gel struct {
	From     time.Time  `json:"from"`
	To       *time.Time `json:"to"`
	Cause    string     `json:"cause"`
	Reason   string     `json:"reason" doc:"As the operator gave it."`
	Accepted bool       `json:"accepted" doc:"It stops the clock."`
	ToDecide bool       `json:"to_decide" doc:"A person has still to accept or refuse it."`
}

// Message is one message of a ticket.
type Message struct {
	ID        int64      `json:"id"`
	Number    int        `json:"number"`
	Kind      string     `json:"kind"`
	Level     int        `json:"level" doc:"1 the desk, 2 the escalation."`
	State     string     `json:"state"`
	Recipient string     `json:"recipient"`
	Subject   string     `json:"subject"`
	Body      string     `json:"body"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at"`
	Proof     string     `json:"proof" doc:"What the channel answered when it took the message."`
	Problem   string     `json:"problem"`
}

// Entry is one entry of a ticket's journal.
type Entry struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor" doc:"vigie, or user: and an id."`
	Action string    `json:"action"`
	Hash   string    `json:"hash" doc:"Hexadecimal."`
}

// TicketQuery is a question for tickets.
type TicketQuery struct {
	PastQuery
	Number string `query:"number" maxLength:"40" pattern:"^[A-Za-z0-9-]+$" doc:"Only the ticket with this number."`
}

// Tickets answers with tickets, the latest first.
func (s *Service) Tickets(ctx context.Context, who org.User, q TicketQuery, now time.Time) (Live[TicketBrief], error) {
	part, err := q.part()
	if err != nil {
		return Live[TicketBrief]{}, err
	}
	part.OpenOnly, part.Number = q.OpenOnly, q.Number
	list, err := s.view.TicketsOf(ctx, who, part, now)
	if err != nil {
		return Live[TicketBrief]{}, err
	}
	next := ""
	if list.Cut {
		next = strconv.FormatInt(list.Tickets[len(list.Tickets)-1].ID, 10)
	}
	return newLive(each(list.Tickets, newTicketBrief), next, list.Notices), nil
}

// TicketNumbered answers for the ticket with a number; fault.NotFound without it.
func (s *Service) TicketNumbered(ctx context.Context, who org.User, number string, now time.Time) (Ticket, error) {
	list, err := s.view.TicketsOf(ctx, who, view.Part{Number: number, Limit: 1}, now)
	if err != nil {
		return Ticket{}, err
	}
	if len(list.Tickets) == 0 {
		return Ticket{}, fault.Errorf(fault.NotFound, "no ticket %q: expected a number such as VIGIE-2026-000001", number)
	}
	return s.Ticket(ctx, who, list.Tickets[0].ID, now)
}

// Ticket answers for one ticket.
func (s *Service) Ticket(ctx context.Context, who org.User, id int64, now time.Time) (Ticket, error) {
	p, err := s.view.Ticket(ctx, who, id, now)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{
		TicketBrief: newTicketBrief(p.TicketLine), IncidentID: p.Incident, RelatedID: known(p.Related.ID), RelatedNumber: known(p.Related.Number),
		Absences: each(p.Periods, newAbsence), Gels: each(p.Suspensions, newGel), System: newSystem(p.System), Messages: each(p.Messages, newMessage), Textless: p.Textless,
		Journal: each(p.Journal, newEntry),
	}
	if p.Rights.SeeJournal {
		t.JournalIntact = &p.Intact
	}
	return t, nil
}

func newTicketBrief(l view.TicketLine) TicketBrief {
	t := TicketBrief{
		ID: l.ID, Number: l.Number, Kind: string(l.Kind), Addressee: string(l.Addressee), OperatorName: l.OperatorName, Mode: string(l.Mode),
		Status: string(l.Status), Since: l.Since.UTC(), OpenedAt: l.OpenedAt.UTC(), DeliveredAt: instant(l.Delivered),
		Acknowledged: instant(l.Ack.At), Reference: known(l.Ack.Reference), ResolvedAt: instant(l.ResolvedAt), Reopenings: l.Reopens,
		Waiting: l.Waiting, Links: each(l.Links, newLinkRef), HiddenLinks: l.Hidden,
	}
	if l.Clocked {
		state, elapsed, overrun := string(l.Clock.State), seconds(l.Clock.Elapsed), seconds(l.Clock.Overrun)
		t.ClockState, t.Deadline, t.Elapsed, t.Overrun = &state, instant(l.Clock.Deadline), &elapsed, &overrun
	}
	return t
}

func newAbsence(p view.Period) Absence {
	return Absence{
		Since: p.Since.UTC(), OpenedAt: p.OpenedAt.UTC(), SentAt: instant(p.SentAt), DeliveredAt: instant(p.DeliveredAt),
		RestoredAt: instant(p.RestoredAt), ClaimedAt: instant(p.ClaimedAt), Contested: p.Contested, Clocks: each(p.Clocks, newClock),
	}
}

func newClock(c view.LinkClock) Clock {
	r := c.Reading
	return Clock{
		Links: each(c.Links, func(n view.LinkName) string { return n.Ref }), GTR: seconds(c.GTR), State: string(r.State), Start: instant(r.Start),
		Deadline: instant(r.Deadline), Elapsed: seconds(r.Elapsed), Remaining: seconds(r.Remaining), Overrun: seconds(r.Overrun),
		Contested: seconds(r.Contested),
	}
}

func newGel(g ticket.Gel) Gel {
	return Gel{From: g.From.UTC(), To: instant(g.To), Cause: string(g.Cause), Reason: g.Reason, Accepted: g.Accepted, ToDecide: g.Candidate()}
}

func newMessage(m view.Message) Message {
	return Message{
		ID: m.ID, Number: m.Number, Kind: string(m.Kind), Level: m.Level, State: string(m.State), Recipient: m.Recipient,
		Subject: m.Subject, Body: m.Body, CreatedAt: m.CreatedAt.UTC(), SentAt: instant(m.SentAt), Proof: m.Proof, Problem: m.Problem,
	}
}

func newEntry(r journal.Record) Entry {
	return Entry{Seq: r.Seq, At: r.At.UTC(), Actor: r.Actor, Action: r.Action, Hash: r.Hash.String()}
}
