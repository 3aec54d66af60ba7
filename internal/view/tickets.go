package view

import (
	"context"
	"strconv"
	"strings"
	"time"

	"vigie/internal/fault"
	"vigie/internal/incident"
	"vigie/internal/journal"
	"vigie/internal/org"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// TicketList is the answer to "what was asked of the operators?".
type TicketList struct {
	Notices
	Tickets  []TicketLine
	OpenOnly bool
	Cut      bool // there are older ones
}

// TicketLine is one ticket in a list.
type TicketLine struct {
	TicketRef
	Kind         incident.Kind
	Addressee    incident.Addressee
	OperatorName string
	Mode         ticket.Mode
	Status       ticket.Status
	Since        time.Time // first failed round of the current absence
	OpenedAt     time.Time
	ResolvedAt   time.Time
	Reopens      int
	Links        []LinkName
	Hidden       int // links outside the asker's territory
	Ack          ticket.Ack
	Delivered    time.Time // zero: no proof that the operator has the current request
	Waiting      int       // messages that wait for a person
	ToJudge      int       // suspensions that wait for one
	// Clock is the current absence's clock under the link that is worst off; false
	// in Clocked when no link has a clause.
	Clock   sla.Reading
	Clocked bool
}

// TicketPage is the answer to "what was said, and how long has the operator had?".
type TicketPage struct {
	Notices
	TicketLine
	Incident int64
	Related  TicketRef
	Periods  []Period // the latest first
	Traces   []Trace  // made when links of the last absence fell silent
	Gels     []sla.Gel
	// Suspensions are the gels with who decided on them.
	Suspensions []ticket.Gel
	System      *System // nil for an operator that takes mail
	Messages    []Message
	// Textless is set when the messages name links outside the asker's territory:
	// their subjects and texts are then left out.
	Textless bool
	Journal  []journal.Record // empty for a role that does not see it
	Intact   bool             // the journal's chain verifies
	People   map[int64]string
	Rights   TicketRights
}

// TicketRights is what the asker may do with the ticket.
type TicketRights struct {
	Approve, Acknowledge, Judge, SeeJournal bool
}

// Message is one message of a ticket with the id it is approved by.
type Message struct {
	ID int64
	ticket.Message
}

// Period is one absence of the service with its clocks.
type Period struct {
	ticket.Period
	Clocks []LinkClock
	Told   []Told // by the routers of the links seen, in order of time
	Began  Beginning
	// Contested is set when the operator claims the restoration much earlier or later
	// than it was measured, by Dispute.
	Contested bool
	Dispute   time.Duration
}

// LinkClock is a reading shared by some links of a ticket.
type LinkClock struct {
	Links   []LinkName
	GTR     time.Duration
	Reading sla.Reading
}

// Tickets answers with the latest tickets first.
func (s *Service) Tickets(ctx context.Context, who org.User, openOnly bool, now time.Time) (TicketList, error) {
	return s.TicketsOf(ctx, who, Part{OpenOnly: openOnly, Limit: listLimit}, now)
}

// TicketsOf answers with a piece of the list of tickets, the latest first.
func (s *Service) TicketsOf(ctx context.Context, who org.User, part Part, now time.Time) (TicketList, error) {
	r, err := s.reach(ctx, who, org.SeeTickets, now)
	if err != nil {
		return TicketList{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return TicketList{}, err
	}
	tickets, err := s.store.Tickets(ctx, Query{
		Links: r.links(org.SeeTickets), OpenOnly: part.OpenOnly, After: part.After, Number: part.Number, Limit: part.Limit,
	})
	if err != nil {
		return TicketList{}, err
	}
	return TicketList{
		Notices:  s.notices(r, live, now),
		Tickets:  r.ticketLines(tickets, now),
		OpenOnly: part.OpenOnly,
		Cut:      len(tickets) == part.Limit,
	}, nil
}

// Ticket answers for one ticket.
func (s *Service) Ticket(ctx context.Context, who org.User, id int64, now time.Time) (TicketPage, error) {
	r, err := s.reach(ctx, who, org.SeeTickets, now)
	if err != nil {
		return TicketPage{}, err
	}
	file, err := s.store.Ticket(ctx, id)
	if err != nil {
		return TicketPage{}, err
	}
	line := r.ticketLine(file, now)
	if len(line.Links) == 0 && !who.Territory.All {
		return TicketPage{}, fault.Errorf(fault.NotFound, "ticket %d is not in the territory of user %d", id, who.ID)
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return TicketPage{}, err
	}
	page := TicketPage{
		Notices: s.notices(r, live, now), TicketLine: line, Incident: file.Ticket.Incident,
		Related: file.Related, Gels: file.Gels, Suspensions: file.Ticket.Gels, System: systemOf(file.Ticket),
		Rights: r.ticketRights(file.Ticket),
	}
	for i, m := range file.Ticket.Messages {
		page.Messages = append(page.Messages, Message{file.MessageIDs[i], m})
	}
	page.hideTexts()
	if page.People, err = s.store.Names(ctx, file.people()); err != nil {
		return TicketPage{}, err
	}
	began, err := s.beginnings(ctx, r, file.Ticket)
	if err != nil {
		return TicketPage{}, err
	}
	if page.Traces, err = s.tracesOf(ctx, r, file.Ticket); err != nil {
		return TicketPage{}, err
	}
	told := toldList(r.told(org.SeeTickets, file.Told))
	for i := len(file.Ticket.Periods) - 1; i >= 0; i-- {
		period := file.Ticket.Periods[i]
		p := Period{Period: period, Clocks: r.clocks(file, period, now), Told: told.in(period), Began: began[i]}
		p.Dispute, p.Contested = period.Dispute(now)
		page.Periods = append(page.Periods, p)
	}
	if page.Rights.SeeJournal {
		page.Journal = file.Journal
		_, broken := journal.Verify(file.Journal)
		page.Intact = broken == nil
	}
	return page, nil
}

// toldList are outages under a ticket.
type toldList []Told

// in gives those that belong to one absence.
func (l toldList) in(p ticket.Period) []Told {
	var out []Told
	for _, t := range l {
		if !t.From.Before(p.Since) && (p.RestoredAt.IsZero() || t.From.Before(p.RestoredAt)) {
			out = append(out, t)
		}
	}
	return out
}

// people are those that the ticket or its journal names, by id.
func (f TicketFile) people() []int64 {
	actors := []string{}
	ids := []int64{}
	for _, record := range f.Journal {
		actors = append(actors, record.Actor)
	}
	for _, gel := range f.Ticket.Gels {
		actors = append(actors, gel.DeclaredBy)
		ids = append(ids, gel.DecidedBy)
	}
	for _, actor := range actors {
		if id, err := strconv.ParseInt(strings.TrimPrefix(actor, "user:"), 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	for _, m := range f.Ticket.Messages {
		ids = append(ids, m.ApprovedBy)
	}
	return ids
}

// hideTexts takes away what names places that the asker does not see.
func (p *TicketPage) hideTexts() {
	if p.Hidden == 0 {
		return
	}
	p.Textless = true
	for i := range p.Messages {
		p.Messages[i].Subject, p.Messages[i].Body = "", ""
	}
	for i := range p.Suspensions {
		p.Suspensions[i].Reason = ""
	}
	p.System.hideTexts()
}

// ticketRights asks for each right on everyone the ticket touches.
func (r reach) ticketRights(t ticket.Ticket) TicketRights {
	var owners []string
	for _, id := range t.Links {
		if link, ok := r.LinkByID(id); ok {
			owners = append(owners, r.OwnersOfLink(link, r.day)...)
		}
	}
	return TicketRights{
		Approve:     org.Allowed(r.who, org.ApproveMessage, owners...),
		Acknowledge: org.Allowed(r.who, org.Acknowledge, owners...),
		Judge:       org.Allowed(r.who, org.Acknowledge, owners...),
		SeeJournal:  org.Allowed(r.who, org.SeeJournal),
	}
}

func (r reach) ticketLines(files []TicketFile, now time.Time) []TicketLine {
	lines := make([]TicketLine, 0, len(files))
	for _, file := range files {
		lines = append(lines, r.ticketLine(file, now))
	}
	return lines
}

func (r reach) ticketLine(file TicketFile, now time.Time) TicketLine {
	t := file.Ticket
	current := t.Current()
	line := TicketLine{
		TicketRef: TicketRef{t.ID, t.Number}, Kind: t.Kind, Addressee: t.Addressee,
		Mode: t.Mode, Status: t.Status, Since: current.Since, OpenedAt: t.OpenedAt,
		ResolvedAt: t.ResolvedAt, Reopens: t.Reopens(), Ack: current.Ack, Delivered: current.DeliveredAt,
	}
	if operator, ok := r.Operator(t.Operator); ok {
		line.OperatorName = operator.Name
	}
	line.Links, line.Hidden = r.nameLinks(org.SeeTickets, t.Links)
	for _, m := range t.Messages {
		if m.State == ticket.Waiting {
			line.Waiting++
		}
	}
	for _, g := range t.Gels {
		if g.Candidate() {
			line.ToJudge++
		}
	}
	for _, clock := range r.clocks(file, *current, now) {
		if !line.Clocked || worse(clock.Reading, line.Clock) {
			line.Clock, line.Clocked = clock.Reading, true
		}
	}
	return line
}
