package ticket_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vigie/internal/incident"
	"vigie/internal/ticket"
)

// edges are the steps that a message may take in one event.
var edges = map[ticket.MessageState][]ticket.MessageState{
	ticket.Waiting: {ticket.Queued, ticket.Cancelled},
	ticket.Queued:  {ticket.Sending, ticket.Waiting, ticket.Held, ticket.Cancelled},
	ticket.Sending: {ticket.Sent, ticket.Failed, ticket.Queued, ticket.Held, ticket.Cancelled},
}

// history plays random events against a ticket.
type history struct {
	ticket.Ticket
	operator ticket.Mode
	stopped  bool
	now      time.Time
	jobs     map[ticket.Send]int
	reminds  []ticket.Scheduled
	mayHave  map[int]bool // numbers of the messages that may have reached the operator
}

func (h *history) take(rt *rapid.T, d ticket.Decision) {
	for i, m := range d.Ticket.Messages {
		if m.Number != i+1 {
			rt.Fatalf("message %d has the number %d", i+1, m.Number)
		}
		if i >= len(h.Messages) {
			continue
		}
		if before := h.Messages[i].State; before != m.State && !allowed(before, m.State) {
			rt.Fatalf("message %d went from %s to %s", m.Number, before, m.State)
		}
		if h.mayHave[m.Number] && (m.State == ticket.Queued || m.State == ticket.Cancelled) {
			rt.Fatalf("message %d may have been taken and is %s", m.Number, m.State)
		}
	}
	for _, s := range d.Sends {
		h.jobs[s]++
	}
	h.reminds = append(h.reminds, d.Remind...)
	h.Ticket = d.Ticket
}

func allowed(from, to ticket.MessageState) bool {
	for _, state := range edges[from] {
		if state == to {
			return true
		}
	}
	return false
}

func (h *history) modes() ticket.Modes {
	m := modes(h.operator)
	m.Stopped = h.stopped
	return m
}

func (h *history) facts() ticket.Facts {
	f := facts(h.operator)
	f.Since = h.now.Add(-time.Minute)
	return f
}

// carry plays one run of a job: the turn, what happens meanwhile, and what the
// channel answers.
func (h *history) carry(rt *rapid.T, number int, o ticket.OutcomeKind, meanwhile func(*rapid.T)) {
	d, turn, err := ticket.Next(h.Ticket, number, h.modes())
	if err != nil {
		rt.Fatal(err)
	}
	h.take(rt, d)
	if turn != ticket.Go && turn != ticket.Again {
		return
	}
	if turn == ticket.Go && h.mayHave[number] {
		rt.Fatalf("message %d may have left before and is said to go for the first time", number)
	}
	if h.stopped || h.operator == ticket.Observe {
		rt.Fatalf("message %d leaves while stopped=%t in mode %s", number, h.stopped, h.operator)
	}
	meanwhile(rt)
	if o == ticket.Unsure || o == ticket.Done {
		h.mayHave[number] = true
	}
	d, err = ticket.Settle(h.Ticket, ticket.Attempt{Number: number, Turn: turn, Outcome: ticket.Outcome{Kind: o}}, policy(), h.now)
	if err != nil {
		rt.Fatal(err)
	}
	h.take(rt, d)
}

func (h *history) events() map[string]func(*rapid.T) {
	anyMode := rapid.SampledFrom([]ticket.Mode{ticket.Observe, ticket.Ask, ticket.Automatic})
	number := func(rt *rapid.T) int { return rapid.IntRange(1, len(h.Messages)).Draw(rt, "number") }
	return map[string]func(*rapid.T){
		"":     h.check,
		"tick": func(*rapid.T) { h.now = h.now.Add(time.Minute) },
		"mode": func(rt *rapid.T) {
			h.operator, h.stopped = anyMode.Draw(rt, "mode"), rapid.Bool().Draw(rt, "stopped")
		},
		"carry": func(rt *rapid.T) {
			outcome := rapid.SampledFrom([]ticket.OutcomeKind{ticket.Retry, ticket.Unsure, ticket.Done, ticket.GiveUp}).Draw(rt, "outcome")
			meanwhile := func(*rapid.T) {}
			if rapid.Bool().Draw(rt, "meanwhile") {
				meanwhile = h.change
			}
			if n := number(rt); h.jobs[ticket.Send{Ticket: h.ID, Number: n}] > 0 {
				h.carry(rt, n, outcome, meanwhile)
			}
		},
		"approve": func(rt *rapid.T) {
			if d, err := ticket.Approve(h.Ticket, number(rt), 4, h.now); err == nil {
				h.take(rt, d)
			}
		},
		"acknowledge": func(rt *rapid.T) {
			d, err := ticket.Acknowledge(h.Ticket, ticket.Ack{Reference: "OP-1", At: h.now}, h.now)
			if err != nil {
				rt.Fatal(err)
			}
			h.take(rt, d)
		},
		"remind": func(rt *rapid.T) {
			for _, r := range h.reminds {
				h.take(rt, ticket.Escalate(h.Ticket, r.Remind, h.facts(), policy(), h.now))
			}
		},
		"change": h.change,
	}
}

// change is what may happen to the links at any moment.
func (h *history) change(rt *rapid.T) {
	h.now = h.now.Add(time.Second)
	switch resolve := rapid.Bool().Draw(rt, "resolve"); {
	case h.Status == ticket.Resolved:
		h.take(rt, ticket.Reopen(h.Ticket, h.facts(), policy(), h.now))
	case resolve:
		h.take(rt, ticket.Resolve(h.Ticket, h.facts(), h.now, policy(), h.now))
	default:
		h.take(rt, ticket.Join(h.Ticket, nil, h.facts(), policy(), h.now))
	}
}

// check holds what is true of a ticket at any moment.
func (h *history) check(rt *rapid.T) {
	openings, reminders := map[int]int{}, map[int]int{}
	for _, m := range h.Messages {
		period := 0
		for i, p := range h.Periods {
			if !p.OpenedAt.After(m.CreatedAt) {
				period = i
			}
		}
		switch m.Kind {
		case ticket.OpenMessage, ticket.ReopenMessage:
			openings[period]++
		case ticket.ReminderMessage:
			reminders[period]++
		}
		job := h.jobs[ticket.Send{Ticket: h.ID, Number: m.Number}]
		if m.State == ticket.Queued && job == 0 {
			rt.Fatalf("message %d is queued without a job", m.Number)
		}
		if h.Mode == ticket.Observe && m.State != ticket.Held {
			rt.Fatalf("message %d of an observed ticket is %s", m.Number, m.State)
		}
		if h.Mode == ticket.Ask && job > 0 && m.ApprovedBy == 0 {
			rt.Fatalf("message %d has a job and nobody approved it", m.Number)
		}
		if want := fmt.Sprintf("<%s.%d@vigie.example>", h.Number, m.Number); m.MessageID != want {
			rt.Fatalf("message %d is %s, want %s", m.Number, m.MessageID, want)
		}
	}
	for i := range h.Periods {
		if openings[i] != 1 || reminders[i] > 1 {
			rt.Fatalf("period %d has %d openings and %d reminders", i, openings[i], reminders[i])
		}
	}
	if (h.Status == ticket.Resolved) != !h.ResolvedAt.IsZero() {
		rt.Fatalf("the ticket is %s, resolved at %s", h.Status, h.ResolvedAt)
	}
}

func TestAnyHistoryKeepsTheRulesOfTheConversation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		mode := rapid.SampledFrom([]ticket.Mode{ticket.Observe, ticket.Ask, ticket.Automatic}).Draw(rt, "mode")
		h := &history{operator: mode, now: start, jobs: map[ticket.Send]int{}, mayHave: map[int]bool{}}
		h.take(rt, ticket.Start(ticket.Ticket{
			ID: 123, Incident: 123, Kind: incident.KindLink, Addressee: incident.ToOperator, Operator: "un", Mode: mode,
		}, facts(mode), policy(), start))
		rt.Repeat(h.events())
		h.finish(rt)
	})
}

// finish lets everything leave that may, and looks at what may have reached the
// operator: an end only after its beginning.
func (h *history) finish(rt *rapid.T) {
	h.stopped = false
	for i := range h.Messages {
		if h.jobs[ticket.Send{Ticket: h.ID, Number: i + 1}] > 0 {
			h.carry(rt, i+1, ticket.Done, func(*rapid.T) {})
		}
	}
	told := 0
	for _, m := range h.Messages {
		if m.State != ticket.Sent && !h.mayHave[m.Number] {
			continue
		}
		switch m.Kind {
		case ticket.OpenMessage, ticket.ReopenMessage:
			told++
		case ticket.ResolveMessage:
			if told--; told < 0 {
				rt.Fatalf("the operator is told of more ends than beginnings: %v", states(h.Ticket))
			}
		}
	}
}
