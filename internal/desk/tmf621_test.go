package desk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigie/internal/desk"
	"vigie/internal/fault"
	"vigie/internal/lab/operator"
	"vigie/internal/sla"
	"vigie/internal/store"
	"vigie/internal/ticket"
	"vigie/internal/ticket/tmf621"
)

// counter is a desk whose operator takes tickets by TMF621, on the clock of the
// operator's machine: the real one.
type counter struct {
	*office
	server *operator.TicketServer
	api    ticket.API
	clock  time.Time
}

func openCounter(t *testing.T) *counter {
	t.Helper()
	o := open(t, ticket.Automatic)
	if _, err := o.db.Pool().Exec(t.Context(), `UPDATE operator SET channel = 'tmf621' WHERE key = $1`, accused); err != nil {
		t.Fatal(err)
	}
	server, err := operator.NewTicketServer(operator.TicketOptions{Address: "127.0.0.1:0", Folder: t.TempDir(), Token: "t0ken"})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	client, err := tmf621.New(tmf621.Options{BaseURL: server.URL(), Token: "t0ken", Severity: "critical", TicketType: "lossOfService"})
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{office: o, server: server, api: tmf621.NewChannel(client), clock: now}
	c.restart(t, o.channel(t), c.api)
	return c
}

// restart throws the desk and its store away, as the death of the process does.
func (c *counter) restart(t *testing.T, mail ticket.Channel, api ticket.API) {
	t.Helper()
	s, err := store.NewDesk(c.db)
	if err != nil {
		t.Fatal(err)
	}
	c.store = s
	c.desk = desk.New(s, ticket.Channels{Mail: mail, APIs: map[string]ticket.API{accused: api}}, looking())
}

func looking() ticket.Policy {
	p := policy()
	p.LookEvery = time.Minute
	return p
}

// opened begins the ticket and has it taken.
func (c *counter) opened(t *testing.T) {
	t.Helper()
	c.begin(t)
	c.send(t, 1, false)
}

// step has the operator do something with its ticket.
func (c *counter) step(t *testing.T, s operator.TicketStep) {
	t.Helper()
	if err := c.server.Step("TT-000001", s); err != nil {
		t.Fatal(err)
	}
}

// look asks the operator's system a minute later.
func (c *counter) look(t *testing.T) ticket.Ticket {
	t.Helper()
	c.clock = c.clock.Add(time.Minute)
	again, err := c.desk.Look(t.Context(), ticket.Look{Ticket: 1}, at(c.clock))
	if err != nil {
		t.Fatal(err)
	}
	if again != looking().LookEvery {
		t.Fatalf("look again after %s, want %s", again, looking().LookEvery)
	}
	return c.ticket(t)
}

// resolve is what the live chain decides when the service is back.
func (c *counter) resolve(t *testing.T, restored time.Time) {
	t.Helper()
	err := c.store.InTx(t.Context(), func(ctx context.Context, tx desk.Tx) error {
		k, err := tx.Ticket(ctx, 1)
		if err != nil {
			return err
		}
		x, err := tx.Inventory(ctx)
		if err != nil {
			return err
		}
		modes, err := tx.Modes(ctx)
		if err != nil {
			return err
		}
		f := ticket.Describe(x, modes, accused, k.Links, c.clock)
		return tx.SaveDecision(ctx, ticket.Resolve(k, f, restored, looking(), c.clock))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *counter) journal(t *testing.T) string {
	t.Helper()
	var said string
	err := c.db.Pool().QueryRow(t.Context(), `SELECT string_agg(action || ' ' || actor, ', ' ORDER BY seq) FROM journal_entry WHERE chain_kind = 'ticket'`).Scan(&said)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func TestAnOperatorWithAnInterfaceGetsATicketAndNoMail(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.opened(t)
	k := c.ticket(t)
	all := c.server.Tickets()
	if len(all) != 1 || len(c.box.Mails()) != 0 {
		t.Fatalf("%d tickets and %d mails, want one ticket", len(all), len(c.box.Mails()))
	}
	got := all[0]
	if got.ExternalID != k.Number || len(got.RelatedEntity) != 1 || got.RelatedEntity[0].ID != broken {
		t.Errorf("the operator holds %+v, want %s about %s", got, k.Number, broken)
	}
	if !got.RequestedResolutionDate.After(now) {
		t.Errorf("asked to be restored until %s, want the end of the time to restore", got.RequestedResolutionDate)
	}
	if m := k.Messages[0]; m.Proof != "created TT-000001" || m.Recipient != "TMF621" || k.Periods[0].DeliveredAt.IsZero() {
		t.Errorf("the message is %+v, delivered %s", m, k.Periods[0].DeliveredAt)
	}
	if n := c.count(t, `SELECT count(*) FROM river_job WHERE kind = 'ticket.look' AND queue = 'looks'`); n != 1 {
		t.Errorf("%d looks are scheduled, want 1", n)
	}
}

func TestTheOperatorsSystemAcknowledges(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.opened(t)
	if k := c.look(t); k.Periods[0].Ack.Reference != "" || k.Heard.Reference != "TT-000001" {
		t.Fatalf("before anybody read it: %+v, %+v", k.Periods[0].Ack, k.Heard)
	}
	c.step(t, operator.TicketStep{Status: "acknowledged", Reason: "pris en compte", Note: "Bonjour, un technicien regarde.\u0000"})
	k := c.look(t)
	ack := k.Periods[0].Ack
	if ack.Reference != "TT-000001" || ack.By != 0 || ack.At.Before(k.Periods[0].DeliveredAt) || ack.At.After(c.clock) {
		t.Errorf("acknowledgement %+v, want TT-000001 of the operator itself, between %s and %s", ack, k.Periods[0].DeliveredAt, c.clock)
	}
	if len(k.Remarks) != 2 || k.Remarks[0].Text != "acknowledged : pris en compte" || k.Remarks[1].Text != "Bonjour, un technicien regarde." {
		t.Errorf("the conversation is %+v", k.Remarks)
	}
	c.look(t)
	if again := c.look(t); len(again.Remarks) != 2 {
		t.Errorf("two looks later the conversation is %+v", again.Remarks)
	}
	if got, want := c.journal(t), "ticket.sending-started vigie, ticket.delivered vigie, ticket.operator-acknowledged operator"; got != want {
		t.Errorf("journal: %s; want %s", got, want)
	}
	if n := c.count(t, `SELECT count(*) FROM journal_entry WHERE convert_from(body, 'UTF8') LIKE '%technicien%'`); n != 0 {
		t.Error("the journal holds the words of a person")
	}
}

func TestAWaitForUsStopsTheClockOnceAPersonAccepts(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]ticket.Verdict{
		"accepted": {Accepted: true, Cause: sla.AccessRefused},
		"refused":  {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCounter(t)
			c.opened(t)
			c.step(t, operator.TicketStep{Status: "acknowledged"})
			c.step(t, operator.TicketStep{Status: "pending", Reason: "site fermé"})
			k := c.look(t)
			if len(k.Gels) != 1 || !k.Gels[0].Candidate() || k.Gels[0].Reason != "site fermé" || !k.Gels[0].To.IsZero() {
				t.Fatalf("while the operator waits: %+v, want one open candidate", k.Gels)
			}
			c.step(t, operator.TicketStep{Status: "inProgress"})
			k = c.look(t)
			g := k.Gels[0]
			if len(k.Gels) != 1 || g.To.Before(g.From) || g.To.After(c.clock) || g.From.Before(k.Periods[0].DeliveredAt) || g.Accepted {
				t.Fatalf("after the wait: %+v, want one candidate that ended", k.Gels)
			}
			for _, who := range []struct {
				fault.Kind
				err error
			}{
				{fault.Forbidden, c.desk.Judge(t.Context(), finance, 1, g.ID, v, c.clock)},
				{fault.NotFound, c.desk.Judge(t.Context(), meuse, 1, g.ID, v, c.clock)},
				{fault.Invalid, c.desk.Judge(t.Context(), network, 1, 4711, v, c.clock)},
				{fault.Invalid, c.desk.Judge(t.Context(), network, 1, g.ID, ticket.Verdict{Accepted: true, Cause: "ennui"}, c.clock)},
			} {
				if fault.KindOf(who.err) != who.Kind {
					t.Errorf("%v, want kind %s", who.err, who.Kind)
				}
			}
			if err := c.desk.Judge(t.Context(), network, 1, g.ID, v, c.clock); err != nil {
				t.Fatal(err)
			}
			k = c.look(t)
			g = k.Gels[0]
			if len(k.Gels) != 1 || g.Accepted != v.Accepted || g.DecidedBy != network.ID || g.Candidate() {
				t.Errorf("after the verdict: %+v", k.Gels)
			}
			if v.Accepted && g.Cause != v.Cause {
				t.Errorf("cause %s, want %s", g.Cause, v.Cause)
			}
			if got := c.journal(t); !strings.HasSuffix(got, "ticket.gel-"+name+" user:7") {
				t.Errorf("journal: %s", got)
			}
		})
	}
}

func TestAWaitForAnotherLetsTheClockRun(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.opened(t)
	c.step(t, operator.TicketStep{Status: "acknowledged"})
	c.step(t, operator.TicketStep{Status: "held", Reason: "attente pièce"})
	if k := c.look(t); len(k.Gels) != 0 || k.Heard.Status != ticket.ToldHeld {
		t.Errorf("suspensions %+v under status %s, want none", k.Gels, k.Heard.Status)
	}
}

func TestTheOperatorsResolutionIsAClaimAndOursEndsTheTicket(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.opened(t)
	c.step(t, operator.TicketStep{Status: "acknowledged"})
	c.step(t, operator.TicketStep{Status: "inProgress"})
	c.step(t, operator.TicketStep{Status: "resolved", Restored: time.Hour})
	k := c.look(t)
	if k.Status != ticket.Open || !k.Periods[0].RestoredAt.IsZero() || k.Periods[0].ClaimedAt.IsZero() {
		t.Fatalf("the ticket is %s, restored %s, claimed %s: want it open with a claim", k.Status, k.Periods[0].RestoredAt, k.Periods[0].ClaimedAt)
	}
	restored := k.Periods[0].ClaimedAt.Add(20 * time.Minute)
	c.clock = restored.Add(5 * time.Minute)
	c.resolve(t, restored)
	c.send(t, 2, false)
	k = c.ticket(t)
	if by, contested := k.Periods[0].Dispute(c.clock); by != 20*time.Minute || !contested {
		t.Errorf("the dispute is about %s (%v), want 20 minutes", by, contested)
	}
	again, err := c.desk.Look(t.Context(), ticket.Look{Ticket: 1}, at(c.clock))
	if err != nil || again != 0 {
		t.Errorf("look again after %s (%v) at a ticket that both have done with", again, err)
	}
}

func TestOurResolutionIsToldWithTheMeasuredTime(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.opened(t)
	c.step(t, operator.TicketStep{Status: "acknowledged"})
	c.step(t, operator.TicketStep{Status: "inProgress"})
	c.look(t)
	restored := c.clock.Add(time.Minute)
	c.clock = restored.Add(5 * time.Minute)
	c.resolve(t, restored)
	c.send(t, 2, false)
	got := c.server.Tickets()[0]
	if got.Status != "resolved" || !got.ResolutionDate.Equal(restored) {
		t.Errorf("the operator's ticket is %s at %s, want resolved at %s", got.Status, got.ResolutionDate, restored)
	}
	if k := c.look(t); !k.Periods[0].ClaimedAt.IsZero() {
		t.Errorf("what we told ourselves is taken for a claim of the operator's: %s", k.Periods[0].ClaimedAt)
	}
}

func TestWhateverTheOperatorAnswersOneTicketStands(t *testing.T) {
	t.Parallel()
	faults := map[string]operator.TicketBehaviour{}
	for _, a := range []operator.TicketAnswer{operator.Failing, operator.Conflict, operator.Page, operator.Silence} {
		for _, taken := range []bool{false, true} {
			for _, method := range []string{"GET", "POST"} {
				faults[fmt.Sprintf("%s to %s, taken %v", a, method, taken)] = operator.TicketBehaviour{Answer: a, Taken: taken, Method: method, Next: 2}
			}
		}
	}
	c := openCounter(t)
	c.begin(t)
	for name, b := range faults {
		if err := c.server.Behave(b); err != nil {
			t.Fatal(err)
		}
		// The same message from the beginning: as a process that died before it saved.
		if _, err := c.db.Pool().Exec(t.Context(), `UPDATE message SET state = 'queued', sent_at = NULL`); err != nil {
			t.Fatal(err)
		}
		sent := false
		for range 4 {
			again, err := c.desk.Send(t.Context(), ticket.Send{Ticket: 1, Number: 1}, at(c.clock))
			if err != nil {
				t.Fatal(err)
			}
			if sent = again == 0; sent {
				break
			}
		}
		if m := c.ticket(t).Messages[0]; !sent || m.State != ticket.Sent {
			t.Errorf("%s: the message is %s (%s), want it sent", name, m.State, m.Problem)
		}
		if n := len(c.server.Tickets()); n != 1 {
			t.Fatalf("%s: the operator has %d tickets, want 1", name, n)
		}
	}
	if n := c.server.Duplicates(); n != 0 {
		t.Errorf("%d tickets of one external id", n)
	}
}

// dyingAPI is an interface whose caller dies once the operator has the letter.
type dyingAPI struct {
	ticket.API
	die func()
}

func (d dyingAPI) Send(ctx context.Context, l ticket.Letter) ticket.Outcome {
	out := d.API.Send(ctx, l)
	d.die()
	return out
}

func TestADeathBeforeTheCommitPostsNoSecondTicket(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.begin(t)
	var dead atomic.Bool
	ways := ticket.Channels{APIs: map[string]ticket.API{accused: dyingAPI{c.api, func() { dead.Store(true) }}}}
	first := desk.New(gone{c.store, &dead}, ways, looking())
	if _, err := first.Send(t.Context(), ticket.Send{Ticket: 1, Number: 1}, at(now)); err == nil {
		t.Fatal("a dead process settled its letter")
	}
	c.restart(t, nil, c.api)
	c.send(t, 1, false)
	if n := len(c.server.Tickets()); n != 1 || c.ticket(t).Messages[0].Proof != "found in TT-000001" {
		t.Errorf("%d tickets, proof %q; want the one that was found", n, c.ticket(t).Messages[0].Proof)
	}
	if n := c.count(t, `SELECT count(*) FROM river_job WHERE kind = 'ticket.look'`); n != 1 {
		t.Errorf("%d looks are scheduled, want 1", n)
	}
}

func TestAnOperatorThatIsAwayIsAskedAgainAndNothingIsLost(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.opened(t)
	c.step(t, operator.TicketStep{Status: "acknowledged", Note: "pris"})
	before := c.look(t)
	for _, a := range []operator.TicketAnswer{operator.Failing, operator.Page, operator.Silence} {
		if err := c.server.Behave(operator.TicketBehaviour{Answer: a}); err != nil {
			t.Fatal(err)
		}
		k := c.look(t)
		if k.Heard.FailingSince.IsZero() || k.Heard.Problem == "" || k.Heard.Status != ticket.ToldAcknowledged || len(k.Remarks) != len(before.Remarks) {
			t.Errorf("%s: %+v with %d remarks, want what was heard before and the problem", a, k.Heard, len(k.Remarks))
		}
	}
	if err := c.server.Behave(operator.TicketBehaviour{}); err != nil {
		t.Fatal(err)
	}
	c.step(t, operator.TicketStep{Note: "réparé ?"})
	if k := c.look(t); !k.Heard.FailingSince.IsZero() || k.Heard.Problem != "" || len(k.Remarks) != len(before.Remarks)+1 {
		t.Errorf("once it is back: %+v with %d remarks", k.Heard, len(k.Remarks))
	}
}

func TestTheSecondLevelOfAnInterfaceIsCalledByMail(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.opened(t)
	if err := c.desk.Remind(t.Context(), ticket.Remind{Ticket: 1}, now.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	c.send(t, 2, false)
	if mails := c.box.Mails(); len(mails) != 1 || mails[0].To[0] != "experts@bretzel.example" {
		t.Errorf("mails %+v, want one to the second level", mails)
	}
	if n := len(c.server.Tickets()[0].Note); n != 1 {
		t.Errorf("the operator's ticket has %d notes, want the opening alone", n)
	}
}

func TestAnInterfaceThatIsNotConfiguredHoldsTheMessage(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.desk = desk.New(c.store, ticket.Channels{Mail: c.channel(t)}, looking())
	c.begin(t)
	c.send(t, 1, true)
	const want = "operator bretzel takes tickets by tmf621, and the configuration has no tmf621.bretzel"
	if m := c.ticket(t).Messages[0]; m.State != ticket.Queued || m.Problem != want {
		t.Errorf("the message is %s: %q, want queued: %q", m.State, m.Problem, want)
	}
}

func TestALookThatTheDatabaseDoesNotSaveIsRepeated(t *testing.T) {
	t.Parallel()
	c := openCounter(t)
	c.opened(t)
	c.step(t, operator.TicketStep{Status: "acknowledged", Note: "pris"})
	var dead atomic.Bool
	dead.Store(true)
	broken := desk.New(gone{c.store, &dead}, ticket.Channels{APIs: map[string]ticket.API{accused: c.api}}, looking())
	if again, err := broken.Look(t.Context(), ticket.Look{Ticket: 1}, at(now)); err == nil || errors.Is(err, context.Canceled) {
		t.Fatalf("look again after %s (%v), want the error of the database", again, err)
	}
	if k := c.look(t); len(k.Remarks) != 2 || k.Periods[0].Ack.Reference == "" {
		t.Errorf("afterwards: %+v", k.Remarks)
	}
}
