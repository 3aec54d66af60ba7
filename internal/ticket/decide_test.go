package ticket_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/incident"
	"vigie/internal/ticket"
)

func TestAnOpeningIsHeldAskedOrQueuedByTheMode(t *testing.T) {
	t.Parallel()
	cases := map[ticket.Mode]struct {
		state ticket.MessageState
		sends []ticket.Send
	}{
		ticket.Observe:   {ticket.Held, nil},
		ticket.Ask:       {ticket.Waiting, nil},
		ticket.Automatic: {ticket.Queued, []ticket.Send{{Ticket: 123, Number: 1}}},
		"":               {ticket.Held, nil},
	}
	for mode, c := range cases {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			d := opened(mode)
			if d.Reason != ticket.Opened || d.Ticket.Number != "VIGIE-2026-000123" || d.Ticket.Status != ticket.Open {
				t.Errorf("decision %s, ticket %s %s", d.Reason, d.Ticket.Number, d.Ticket.Status)
			}
			if diff := cmp.Diff(d.Ticket.Periods, []ticket.Period{{Since: at(-5), OpenedAt: start}}); diff != "" {
				t.Errorf("periods (-got +want):\n%s", diff)
			}
			m := d.Ticket.Messages[0]
			m.Subject, m.Body = "", ""
			want := ticket.Message{
				Number: 1, Kind: ticket.OpenMessage, Level: 1, State: c.state, Recipient: "guichet@un.example",
				MessageID: "<VIGIE-2026-000123.1@vigie.example>", CreatedAt: start,
			}
			if diff := cmp.Diff(m, want); diff != "" {
				t.Errorf("message (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(d.Sends, c.sends); diff != "" {
				t.Errorf("jobs (-got +want):\n%s", diff)
			}
		})
	}
}

func TestATicketNeverBecomesFreerThanItBegan(t *testing.T) {
	t.Parallel()
	cases := []struct {
		began, later ticket.Mode
		want         ticket.MessageState
	}{
		{ticket.Observe, ticket.Automatic, ticket.Held},
		{ticket.Observe, ticket.Ask, ticket.Held},
		{ticket.Ask, ticket.Automatic, ticket.Waiting},
		{ticket.Ask, ticket.Observe, ticket.Held},
		{ticket.Automatic, ticket.Ask, ticket.Waiting},
		{ticket.Automatic, ticket.Observe, ticket.Held},
		{ticket.Automatic, ticket.Automatic, ticket.Queued},
	}
	for _, c := range cases {
		k := open(t, c.began)
		k.mode = c.later
		k.join(at(1))
		if got := k.Messages[1].State; got != c.want {
			t.Errorf("began %s, now %s: the next message is %s, want %s", c.began, c.later, got, c.want)
		}
		if k.Mode != c.began {
			t.Errorf("began %s, now %s: the ticket's mode became %s", c.began, c.later, k.Mode)
		}
	}
}

func TestLinksOutsideTheMarketThatJoinSilenceOnlyTheirOwnMessage(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.carry(1, ticket.Done, at(1))
	k.mode = ticket.Observe // what such links alone are told with
	k.join(at(2))
	k.mode = ticket.Automatic
	k.resolve(at(30))
	if diff := cmp.Diff(states(k.Ticket), []string{"open sent", "join held", "resolve queued"}); diff != "" {
		t.Errorf("messages (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(k.Links, []int64{7, 8}); diff != "" {
		t.Errorf("links (-got +want):\n%s", diff)
	}
}

func TestAResolutionSaysOnlyWhatFollowsFromWhatMayHaveLeft(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		mode   ticket.Mode
		before func(*talk)
		reason ticket.Reason
		want   []string
	}{
		"nothing has left: nothing leaves": {
			ticket.Automatic, func(*talk) {}, ticket.RestoredUnsaid, []string{"open cancelled"},
		},
		"nothing was approved: nothing leaves": {
			ticket.Ask, func(*talk) {}, ticket.RestoredUnsaid, []string{"open cancelled"},
		},
		"the server was away: nothing leaves": {
			ticket.Automatic, func(k *talk) { k.carry(1, ticket.Retry, at(1)) }, ticket.RestoredUnsaid, []string{"open cancelled"},
		},
		"the opening was refused for good: nothing leaves": {
			ticket.Automatic, func(k *talk) { k.carry(1, ticket.GiveUp, at(1)) }, ticket.RestoredUnsaid, []string{"open failed"},
		},
		"the opening may have left: the resolution follows": {
			ticket.Automatic, func(k *talk) { k.next(1) }, ticket.Restored, []string{"open sending", "resolve queued"},
		},
		"the answer was lost: the resolution follows": {
			ticket.Automatic, func(k *talk) { k.carry(1, ticket.Unsure, at(1)) }, ticket.Restored, []string{"open sending", "resolve queued"},
		},
		"once it may have left, a later refusal does not undo that": {
			ticket.Automatic, func(k *talk) { k.carry(1, ticket.Unsure, at(1)); k.carry(1, ticket.Retry, at(2)) },
			ticket.Restored,
			[]string{"open sending", "resolve queued"},
		},
		"the opening left: what waits behind it is cancelled": {
			ticket.Automatic, func(k *talk) { k.carry(1, ticket.Done, at(1)); k.join(at(2)) },
			ticket.Restored,
			[]string{"open sent", "join cancelled", "resolve queued"},
		},
		"observed: the resolution is written and held": {
			ticket.Observe, func(*talk) {}, ticket.Restored, []string{"open held", "resolve held"},
		},
		"put back to observe before it left, then free again: the resolution is held": {
			ticket.Automatic, func(k *talk) { k.mode = ticket.Observe; k.next(1); k.mode = ticket.Automatic },
			ticket.Restored,
			[]string{"open held", "resolve held"},
		},
		"a person is asked for the resolution too": {
			ticket.Ask, func(k *talk) { k.approve(1); k.carry(1, ticket.Done, at(1)) },
			ticket.Restored,
			[]string{"open sent", "resolve waiting"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := open(t, c.mode)
			c.before(k)
			d := k.resolve(at(30))
			if d.Reason != c.reason {
				t.Errorf("reason %s, want %s", d.Reason, c.reason)
			}
			if diff := cmp.Diff(states(k.Ticket), c.want); diff != "" {
				t.Errorf("messages (-got +want):\n%s", diff)
			}
			queued := strings.Contains(strings.Join(c.want, ","), "resolve queued")
			if queued != (len(d.Sends) == 1) {
				t.Errorf("jobs %v for messages %v", d.Sends, c.want)
			}
			if k.Status != ticket.Resolved || !k.ResolvedAt.Equal(at(30)) || !k.Current().RestoredAt.Equal(at(20)) {
				t.Errorf("the ticket is %s at %s, restored at %s", k.Status, k.ResolvedAt, k.Current().RestoredAt)
			}
		})
	}
}

func (k *talk) approve(number int) {
	k.Helper()
	d, err := ticket.Approve(k.Ticket, number, 4, at(1))
	if err != nil {
		k.Fatal(err)
	}
	k.Ticket = d.Ticket
}

func TestAReopeningBeginsAPeriodWithItsOwnAcknowledgement(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.carry(1, ticket.Done, at(1))
	if err := k.acknowledge("OP-1", at(2), at(3)); err != nil {
		t.Fatal(err)
	}
	k.resolve(at(30))
	k.carry(2, ticket.Done, at(31))
	k.reopen(at(60))
	if d := k.carry(3, ticket.Done, at(61)); len(d.Remind) != 1 || d.Remind[0].Remind.Period != 1 || !d.Remind[0].At.Equal(at(91)) {
		t.Errorf("reminders %+v, want one of period 1 half an hour after delivery", d.Remind)
	}
	want := []ticket.Period{
		{Since: at(-5), OpenedAt: start, SentAt: at(1), DeliveredAt: at(1), RestoredAt: at(20), Ack: ticket.Ack{Reference: "OP-1", At: at(2), By: 4}},
		{Since: at(55), OpenedAt: at(60), SentAt: at(61), DeliveredAt: at(61)},
	}
	if diff := cmp.Diff(k.Periods, want); diff != "" {
		t.Errorf("periods (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(states(k.Ticket), []string{"open sent", "resolve sent", "reopen sent"}); diff != "" {
		t.Errorf("messages (-got +want):\n%s", diff)
	}
	if k.Status != ticket.Open || !k.ResolvedAt.IsZero() || k.Reopens() != 1 {
		t.Errorf("the ticket is %s, resolved at %s, %d reopenings", k.Status, k.ResolvedAt, k.Reopens())
	}
	if err := k.acknowledge("OP-2", at(54), at(62)); err == nil {
		t.Error("an acknowledgement from before the second outage was taken for it")
	}
}

func TestAReopeningOfWhatNobodyHeardIsAnOpening(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.resolve(at(30))
	k.reopen(at(60))
	if diff := cmp.Diff(states(k.Ticket), []string{"open cancelled", "open queued"}); diff != "" {
		t.Errorf("messages (-got +want):\n%s", diff)
	}
	observed := open(t, ticket.Observe)
	observed.resolve(at(30))
	observed.reopen(at(60))
	if diff := cmp.Diff(states(observed.Ticket), []string{"open held", "resolve held", "reopen held"}); diff != "" {
		t.Errorf("observed messages (-got +want):\n%s", diff)
	}
}

func TestASecondResolutionTakesNothingBackOfTheFirst(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.carry(1, ticket.Done, at(1))
	k.resolve(at(30))
	k.reopen(at(60))
	if d := k.resolve(at(90)); d.Reason != ticket.RestoredUnsaid {
		t.Errorf("reason %s, want %s", d.Reason, ticket.RestoredUnsaid)
	}
	if diff := cmp.Diff(states(k.Ticket), []string{"open sent", "resolve queued", "reopen cancelled"}); diff != "" {
		t.Errorf("messages (-got +want):\n%s", diff)
	}
}

func TestOneReminderAPeriodGoesToTheSecondLevel(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.carry(1, ticket.Done, at(1))
	if d := k.escalate(0, at(31)); d.Reason != ticket.NoAcknowledgement || len(d.Sends) != 1 {
		t.Fatalf("decision %s, jobs %v", d.Reason, d.Sends)
	}
	m := k.Messages[1]
	if m.Kind != ticket.ReminderMessage || m.Level != 2 || m.Recipient != "niveau2@un.example" {
		t.Errorf("message %s at level %d to %s", m.Kind, m.Level, m.Recipient)
	}
	if d := k.escalate(0, at(61)); d.Reason != ticket.NothingToDo || len(k.Messages) != 2 {
		t.Errorf("a second look decides %s and leaves %v", d.Reason, states(k.Ticket))
	}
	k.carry(2, ticket.Done, at(62))
	k.resolve(at(70))
	k.reopen(at(90))
	k.carry(3, ticket.Done, at(91))
	k.carry(4, ticket.Done, at(91))
	if d := k.escalate(0, at(121)); d.Reason != ticket.NothingToDo {
		t.Errorf("the reminder of a period that is over decides %s", d.Reason)
	}
	if d := k.escalate(1, at(121)); d.Reason != ticket.NoAcknowledgement {
		t.Errorf("the reminder of the second period decides %s", d.Reason)
	}
}

func TestNoReminderWhenItWouldBeUntrueOrHasNoAddress(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*talk){
		"acknowledged": func(k *talk) {
			if err := k.acknowledge("OP-1", at(2), at(3)); err != nil {
				k.Fatal(err)
			}
		},
		"resolved": func(k *talk) { k.resolve(at(30)) },
	}
	for name, before := range cases {
		k := open(t, ticket.Automatic)
		k.carry(1, ticket.Done, at(1))
		before(k)
		if d := k.escalate(0, at(31)); d.Reason != ticket.NothingToDo || d.Sends != nil {
			t.Errorf("%s: decision %s, jobs %v", name, d.Reason, d.Sends)
		}
	}
	f := facts(ticket.Automatic)
	f.Operator.Escalation = ""
	if d := ticket.Escalate(opened(ticket.Automatic).Ticket, ticket.Remind{Ticket: 123}, f, policy(), at(31)); d.Reason != ticket.NothingToDo {
		t.Errorf("without second level: decision %s", d.Reason)
	}
}

func TestAnAcknowledgementCancelsTheReminderThatHasNotLeft(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	k.carry(1, ticket.Done, at(1))
	k.join(at(30))
	k.escalate(0, at(31))
	if err := k.acknowledge("OP-1", at(31), at(32)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(states(k.Ticket), []string{"open sent", "join queued", "reminder cancelled"}); diff != "" {
		t.Errorf("messages (-got +want):\n%s", diff)
	}
}

func TestAnAcknowledgementIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reference string
		at        time.Time
		want      string // empty: taken
	}{
		"a plain one":          {"OP-2026/77 n° 3", at(1), ""},
		"a hundred characters": {strings.Repeat("é", 100), at(1), ""},
		"at the first failure": {"OP-1", at(-5), ""},
		"at this moment":       {"OP-1", at(2), ""},
		"empty":                {"", at(1), "reference is missing"},
		"only spaces":          {" \t\u00a0", at(1), "reference is missing"},
		"too long":             {strings.Repeat("é", 101), at(1), "has 101 characters, at most 100"},
		"two lines":            {"OP-1\r\nBcc: all@example", at(1), "line break"},
		"a control character":  {"OP\x001", at(1), "line break"},
		"turned writing":       {"OP-\u202e1", at(1), "line break"},
		"not text":             {"OP-\xff", at(1), "line break"},
		"in the future":        {"OP-1", at(3), "is in the future"},
		"before the outage":    {"OP-1", at(-6), "is before the outage"},
		"without a time":       {"OP-1", time.Time{}, "is before the outage"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := open(t, ticket.Automatic)
			err := k.acknowledge(c.reference, c.at, at(2))
			if c.want == "" {
				if err != nil || k.Current().Ack != (ticket.Ack{Reference: c.reference, At: c.at, By: 4}) {
					t.Errorf("error %v, acknowledgement %+v", err, k.Current().Ack)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "VIGIE-2026-000123") {
				t.Errorf("error %v, want the ticket and %q", err, c.want)
			}
		})
	}
}

func TestALaterAcknowledgementCorrectsAndSpacesAroundItGo(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Automatic)
	for _, reference := range []string{"OP-1", "  OP-2\n"} {
		if err := k.acknowledge(reference, at(1), at(2)); err != nil {
			t.Fatal(err)
		}
	}
	if got := k.Current().Ack.Reference; got != "OP-2" {
		t.Errorf("reference %q, want OP-2", got)
	}
}

func TestOnlyAWaitingMessageIsApprovedOnceAndInItsTurn(t *testing.T) {
	t.Parallel()
	k := open(t, ticket.Ask)
	k.join(at(1))
	refused := func(number int, want string) {
		t.Helper()
		if _, err := ticket.Approve(k.Ticket, number, 4, at(2)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("approving message %d: %v, want %q", number, err, want)
		}
	}
	refused(2, "message 1 waits for an approval before it")
	refused(0, "has no message 0")
	refused(3, "has no message 3")
	d, err := ticket.Approve(k.Ticket, 1, 4, at(2))
	if err != nil {
		t.Fatal(err)
	}
	k.Ticket = d.Ticket
	if m := k.Messages[0]; m.State != ticket.Queued || m.ApprovedBy != 4 || !m.ApprovedAt.Equal(at(2)) {
		t.Errorf("message %s, approved by %d at %s", m.State, m.ApprovedBy, m.ApprovedAt)
	}
	if diff := cmp.Diff(d.Sends, []ticket.Send{{Ticket: 123, Number: 1}}); diff != "" {
		t.Errorf("jobs (-got +want):\n%s", diff)
	}
	refused(1, "is queued")
	k.approve(2)
}

func TestRequalifyingChangesTheKindAndSaysNothing(t *testing.T) {
	t.Parallel()
	before := opened(ticket.Automatic).Ticket
	d := ticket.Requalify(before, incident.KindRouter)
	before.Kind = incident.KindRouter
	if diff := cmp.Diff(d, ticket.Decision{Ticket: before, Reason: ticket.Requalified}); diff != "" {
		t.Errorf("decision (-got +want):\n%s", diff)
	}
}

func TestADecisionLeavesTheTicketItWasGivenAlone(t *testing.T) {
	t.Parallel()
	before, same := opened(ticket.Automatic).Ticket, opened(ticket.Automatic).Ticket
	_ = ticket.Resolve(before, facts(ticket.Automatic), at(1), policy(), at(2))
	_ = ticket.Join(before, []int64{9}, facts(ticket.Automatic), policy(), at(2))
	if _, _, err := ticket.Next(before, 1, modes(ticket.Automatic)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, same); diff != "" {
		t.Errorf("the ticket changed (-got +want):\n%s", diff)
	}
}

func TestALetterSaysHowTheServiceFails(t *testing.T) {
	t.Parallel()
	for kind, want := range map[incident.Kind][]string{
		incident.KindLink:     {"Interruption", "Interrompu depuis", "sans réponse", "alimentation"},
		incident.KindRouter:   {"Routeur muet", "Interrompu depuis", "sans réponse", "devant le routeur"},
		incident.KindDegraded: {"Dégradation", "Dégradé depuis", "au-delà des limites", "le routeur répond"},
		incident.KindMass:     {"Interruption\u00a0: UN-67-0001", "votre point de présence Strasbourg Nord", "Interrompu depuis"},
		incident.KindOperator: {"Interruption générale", "plusieurs de vos points de présence"},
		incident.KindSite:     {"Site sans réponse\u00a0: Collège des Tilleuls", "coupure électrique est probable", "Aucun opérateur"},
		incident.KindFlapping: {"Coupures répétées", "Coupures depuis", "tombe et revient", "le routeur répond"},
	} {
		file := ticket.Ticket{ID: 123, Incident: 123, Kind: kind, Addressee: incident.ToOperator, Operator: "un", Mode: ticket.Automatic, Links: []int64{7}}
		d := ticket.Start(file, facts(ticket.Automatic), policy(), start)
		letter := d.Ticket.Messages[0].Subject + "\n" + d.Ticket.Messages[0].Body
		for _, text := range want {
			if !strings.Contains(letter, text) {
				t.Errorf("a letter about %q does not say %q:\n%s", kind, text, letter)
			}
		}
		whole := kind == incident.KindLink || kind == incident.KindMass || kind == incident.KindOperator
		if !whole && strings.Contains(letter, "Interruption") {
			t.Errorf("a letter about %q calls it an interruption:\n%s", kind, letter)
		}
	}
}
