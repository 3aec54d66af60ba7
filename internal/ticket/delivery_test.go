package ticket_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/ticket"
)

func TestTheTurnOfAMessageFollowsItsStateTheModeAndTheSwitch(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		began   ticket.Mode
		before  func(*talk)
		now     ticket.Modes
		turn    ticket.Turn
		reason  ticket.Reason
		becomes ticket.MessageState
	}{
		"queued leaves": {
			ticket.Automatic, nil, modes(ticket.Automatic), ticket.Go, ticket.Started, ticket.Sending,
		},
		"found sending goes again": {
			ticket.Automatic, func(k *talk) { k.next(1) }, modes(ticket.Automatic), ticket.Again, ticket.NothingToDo, ticket.Sending,
		},
		"the switch is off": {
			ticket.Automatic, nil, ticket.Modes{Stopped: true, Operators: modes(ticket.Automatic).Operators}, ticket.Later, ticket.NothingToDo, ticket.Queued,
		},
		"the switch is off while it may have left": {
			ticket.Automatic, func(k *talk) { k.next(1) },
			ticket.Modes{Stopped: true, Operators: modes(ticket.Automatic).Operators},
			ticket.Later, ticket.NothingToDo, ticket.Sending,
		},
		"back to observe": {
			ticket.Automatic, nil, modes(ticket.Observe), ticket.Over, ticket.BackToObserve, ticket.Held,
		},
		"back to observe while it may have left": {
			ticket.Automatic, func(k *talk) { k.next(1) }, modes(ticket.Observe), ticket.Over, ticket.BackToObserve, ticket.Held,
		},
		"back to observe wins over the switch": {
			ticket.Automatic, nil, ticket.Modes{Stopped: true}, ticket.Over, ticket.BackToObserve, ticket.Held,
		},
		"back to ask": {
			ticket.Automatic, nil, modes(ticket.Ask), ticket.Over, ticket.BackToAsk, ticket.Waiting,
		},
		"approved in ask": {
			ticket.Ask, func(k *talk) { k.approve(1) }, modes(ticket.Ask), ticket.Go, ticket.Started, ticket.Sending,
		},
		"may have left, back to ask": {
			ticket.Automatic, func(k *talk) { k.next(1) }, modes(ticket.Ask), ticket.Again, ticket.NothingToDo, ticket.Sending,
		},
		"sent already": {
			ticket.Automatic, func(k *talk) { k.carry(1, ticket.Done, at(1)) }, modes(ticket.Automatic), ticket.Over, ticket.NothingToDo, ticket.Sent,
		},
		"cancelled": {
			ticket.Automatic, func(k *talk) { k.resolve(at(1)) }, modes(ticket.Automatic), ticket.Over, ticket.NothingToDo, ticket.Cancelled,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := open(t, c.began)
			if c.before != nil {
				c.before(k)
			}
			d, turn, err := ticket.Next(k.Ticket, 1, c.now)
			if err != nil {
				t.Fatal(err)
			}
			if turn != c.turn || d.Reason != c.reason || d.Ticket.Messages[0].State != c.becomes {
				t.Errorf("turn %d, %s, message %s; want %d, %s, %s", turn, d.Reason, d.Ticket.Messages[0].State, c.turn, c.reason, c.becomes)
			}
		})
	}
}

func TestMessagesLeaveInTheirOrder(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.join(at(1))
	if turn := k.next(2); turn != ticket.Later {
		t.Errorf("the second message gets turn %d while the first is queued", turn)
	}
	k.carry(1, ticket.Unsure, at(2))
	if turn := k.next(2); turn != ticket.Later {
		t.Errorf("the second message gets turn %d while the first may have left", turn)
	}
	k.carry(1, ticket.GiveUp, at(3))
	if turn := k.next(2); turn != ticket.Go {
		t.Errorf("the second message gets turn %d after the first came to an end", turn)
	}
}

func TestAMessageThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	one := opened(ticket.Automatic).Ticket
	if _, _, err := ticket.Next(one, 2, modes(ticket.Automatic)); err == nil {
		t.Error("a turn was given to message 2 of 1")
	}
	if _, err := ticket.Settle(one, ticket.Attempt{Number: 2}, policy(), at(1)); err == nil {
		t.Error("message 2 of 1 was settled")
	}
	if _, err := one.Letter(2); err == nil {
		t.Error("message 2 of 1 is a letter")
	}
}

func TestAnAnswerOfTheChannelMovesTheMessage(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		turn    ticket.Turn
		outcome ticket.OutcomeKind
		reason  ticket.Reason
		state   ticket.MessageState
		problem string
	}{
		"taken":                       {ticket.Go, ticket.Done, ticket.Delivered, ticket.Sent, ""},
		"taken the second time":       {ticket.Again, ticket.Done, ticket.Delivered, ticket.Sent, ""},
		"refused for good":            {ticket.Go, ticket.GiveUp, ticket.Refused, ticket.Failed, "problem"},
		"certainly not taken":         {ticket.Go, ticket.Retry, ticket.RetryLater, ticket.Queued, "problem"},
		"not taken the second time":   {ticket.Again, ticket.Retry, ticket.RetryLater, ticket.Sending, "problem"},
		"perhaps taken":               {ticket.Go, ticket.Unsure, ticket.RetryLater, ticket.Sending, "problem"},
		"perhaps taken a second time": {ticket.Again, ticket.Unsure, ticket.RetryLater, ticket.Sending, "problem"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := open(t, ticket.Automatic)
			k.next(1)
			d := k.settle(1, c.turn, c.outcome, at(1))
			m := k.Messages[0]
			if d.Reason != c.reason || m.State != c.state || m.Problem != c.problem {
				t.Errorf("%s, message %s, problem %q; want %s, %s, %q", d.Reason, m.State, m.Problem, c.reason, c.state, c.problem)
			}
			if sent := c.state == ticket.Sent; sent != m.SentAt.Equal(at(1)) || sent != (m.Proof == "250 OK") || sent != (len(d.Remind) == 1) {
				t.Errorf("sent at %s, proof %q, reminders %v", m.SentAt, m.Proof, d.Remind)
			}
		})
	}
}

func TestNothingTakesAProofBackAndAProofIsNeverLost(t *testing.T) {
	t.Parallel()
	sent := open(t, ticket.Automatic)
	sent.carry(1, ticket.Done, at(1))
	for _, late := range []ticket.OutcomeKind{ticket.Done, ticket.Retry, ticket.Unsure, ticket.GiveUp} {
		if d := sent.settle(1, ticket.Again, late, at(2)); d.Reason != ticket.NothingToDo || !sent.Messages[0].SentAt.Equal(at(1)) {
			t.Errorf("outcome %d of a second worker decides %s, sent at %s", late, d.Reason, sent.Messages[0].SentAt)
		}
	}
	held := open(t, ticket.Automatic)
	held.next(1)
	held.mode = ticket.Observe
	held.next(1)
	if problem := held.Messages[0].Problem; problem == "" {
		t.Error("a message held while it may have left does not say so")
	}
	if d := held.settle(1, ticket.Go, ticket.GiveUp, at(2)); d.Reason != ticket.NothingToDo {
		t.Errorf("a refusal of a held message decides %s", d.Reason)
	}
	if held.settle(1, ticket.Go, ticket.Done, at(2)); held.Messages[0].State != ticket.Sent {
		t.Errorf("a held message with a late proof is %s", held.Messages[0].State)
	}
}

func TestOnlyOpeningsOfOpenTicketsStartTheWaitForAnAcknowledgement(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.carry(1, ticket.Done, at(1))
	k.join(at(2))
	if d := k.carry(2, ticket.Done, at(3)); d.Remind != nil || !k.Current().DeliveredAt.Equal(at(1)) {
		t.Errorf("a join schedules %v and moves the delivery to %s", d.Remind, k.Current().DeliveredAt)
	}
	late := open(t, ticket.Automatic)
	late.next(1)
	late.resolve(at(10))
	if d := late.settle(1, ticket.Go, ticket.Done, at(11)); d.Remind != nil || !late.Current().DeliveredAt.Equal(at(11)) {
		t.Errorf("an opening that arrived after the resolution schedules %v, delivered at %s", d.Remind, late.Current().DeliveredAt)
	}
}

func TestAnOpeningThatArrivesAfterTheReopeningDatesItsOwnPeriod(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.next(1)
	k.resolve(at(10))
	k.reopen(at(20))
	k.settle(1, ticket.Go, ticket.Done, at(21))
	if !k.Periods[0].DeliveredAt.Equal(at(21)) || !k.Periods[1].DeliveredAt.IsZero() {
		t.Errorf("delivered at %s and %s", k.Periods[0].DeliveredAt, k.Periods[1].DeliveredAt)
	}
}

func TestALetterRefersToTheFirstOfItsConversation(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.join(at(1))
	first, err := k.Letter(1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := k.Letter(2)
	if err != nil {
		t.Fatal(err)
	}
	m := k.Messages[1]
	want := ticket.Letter{
		To: "guichet@un.example", Subject: m.Subject, Body: m.Body, MessageID: "<VIGIE-2026-000123.2@vigie.example>",
		References: "<VIGIE-2026-000123.1@vigie.example>", Date: at(1),
		Operator: "un", Key: "VIGIE-2026-000123", Number: 2, Kind: ticket.JoinMessage,
	}
	if diff := cmp.Diff(second, want); diff != "" {
		t.Errorf("letter (-got +want):\n%s", diff)
	}
	if first.References != "" {
		t.Errorf("the first letter refers to %s", first.References)
	}
}

func TestAnUnknownOperatorIsOnlyObserved(t *testing.T) {
	t.Parallel()
	if got := modes(ticket.Automatic).Of("deux"); got != ticket.Observe {
		t.Errorf("mode %s, want observe", got)
	}
	for text, want := range map[string]bool{"observe": true, "ask": true, "automatic": true, "": false, "Ask": false} {
		if _, err := ticket.ParseMode(text); (err == nil) != want {
			t.Errorf("mode %q: %v", text, err)
		}
	}
}
