package desk_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/configs"
	"vigie/internal/desk"
	"vigie/internal/fault"
	"vigie/internal/incident"
	"vigie/internal/intake"
	"vigie/internal/lab/operator"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/ticket"
	"vigie/internal/ticket/email"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// The moment of every test, and who acts in it.
var (
	now     = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	network = org.User{ID: 7, Role: org.Network, Territory: org.Territory{All: true}}
	finance = org.User{ID: 8, Role: org.Finance, Territory: org.Territory{All: true}}
	meuse   = org.User{ID: 9, Role: org.Network, Territory: org.Territory{Organisations: []string{"meuse"}}}
)

const (
	accused = "bretzel"  // operator of the link
	broken  = "BRE-1001" // of the Collectivité européenne d'Alsace
)

// office is a desk over a database and a mailbox.
type office struct {
	store *store.Desk
	db    *store.DB
	box   *operator.Mailbox
	desk  *desk.Service
}

func policy() ticket.Policy {
	return ticket.Policy{RemindAfter: time.Minute, Domain: "vigie.example"}
}

// open is a desk whose operators are all in one mode, with the demo's inventory.
func open(t *testing.T, mode ticket.Mode) *office {
	t.Helper()
	db := storetest.New(t)
	folder, err := configs.Demo()
	if err != nil {
		t.Fatal(err)
	}
	files, err := intake.Folder(folder)
	if err != nil {
		t.Fatal(err)
	}
	service := intake.Service{Store: store.NewIntake(db)}
	if _, err := service.Import(t.Context(), files, intake.Options{Actor: "test", Now: now}); err != nil {
		t.Fatal(err)
	}
	box, err := operator.New(operator.Options{Address: "127.0.0.1:0", Domains: []string{"bretzel.example"}, Folder: t.TempDir(), MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(); err != nil {
			t.Error(err)
		}
	})
	s, err := store.NewDesk(db)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{store: s, db: db, box: box}
	o.desk = desk.New(s, ticket.Channels{Mail: o.channel(t)}, policy())
	if err := o.desk.SetMode(t.Context(), network, accused, mode, now); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) channel(t *testing.T) ticket.Channel {
	t.Helper()
	host, port, err := net.SplitHostPort(o.box.Addr())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return email.New(email.Options{Host: host, Port: n, From: "vigie@vigie.example"})
}

// begin opens ticket 1 about the broken link, as the live chain would.
func (o *office) begin(t *testing.T) {
	t.Helper()
	err := o.store.InTx(t.Context(), func(ctx context.Context, tx desk.Tx) error {
		x, err := tx.Inventory(ctx)
		if err != nil {
			return err
		}
		modes, err := tx.Modes(ctx)
		if err != nil {
			return err
		}
		l, _ := x.Link(broken)
		f := ticket.Describe(x, modes, accused, []int64{l.ID}, now)
		f.Since = now.Add(-5 * time.Minute)
		d := ticket.Start(ticket.Ticket{
			ID: 1, Incident: 1, Kind: incident.KindLink, Addressee: incident.ToOperator, Operator: accused, Mode: f.Operator.Mode, Links: []int64{l.ID},
		}, f, policy(), now)
		return tx.SaveDecision(ctx, d)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) ticket(t *testing.T) ticket.Ticket {
	t.Helper()
	var k ticket.Ticket
	err := o.store.InTx(t.Context(), func(ctx context.Context, tx desk.Tx) error {
		var err error
		k, err = tx.Ticket(ctx, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (o *office) messageID(t *testing.T, number int) int64 {
	t.Helper()
	var id int64
	err := o.db.Pool().QueryRow(t.Context(), `SELECT id FROM message WHERE ticket_id = 1 AND number = $1`, number).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (o *office) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	if err := o.db.Pool().QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func at(when time.Time) func() time.Time { return func() time.Time { return when } }

// send carries a message and wants to be told when to look again.
func (o *office) send(t *testing.T, number int, again bool) {
	t.Helper()
	later, err := o.desk.Send(t.Context(), ticket.Send{Ticket: 1, Number: number}, at(now))
	if err != nil {
		t.Fatal(err)
	}
	if (later > 0) != again {
		t.Fatalf("send message %d: look again after %s; want again: %v", number, later, again)
	}
}

func TestAWaitingMessageLeavesOnceAPersonApprovedIt(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Ask)
	o.begin(t)
	o.send(t, 1, false)
	if n := len(o.box.Mails()); n != 0 {
		t.Fatalf("%d mails left before the approval", n)
	}
	if err := o.desk.Approve(t.Context(), network, o.messageID(t, 1), now); err != nil {
		t.Fatal(err)
	}
	err := o.desk.Approve(t.Context(), network, o.messageID(t, 1), now)
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("the second approval: %v, want a conflict", err)
	}
	o.send(t, 1, false)
	o.send(t, 1, false) // a job that comes twice
	if n := len(o.box.Mails()); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
	k := o.ticket(t)
	if m := k.Messages[0]; m.State != ticket.Sent || m.ApprovedBy != network.ID || m.Proof == "" {
		t.Errorf("the message is %+v, want sent, approved by %d, with a proof", m, network.ID)
	}
	if k.Periods[0].DeliveredAt.IsZero() {
		t.Error("the delivery started no clock")
	}
	if n := o.count(t, `SELECT count(*) FROM river_job WHERE kind = 'ticket.remind'`); n != 1 {
		t.Errorf("%d reminders are scheduled, want 1", n)
	}
}

func TestWhoMayNotActLearnsNothing(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Ask)
	o.begin(t)
	id := o.messageID(t, 1)
	for name, c := range map[string]struct {
		who  org.User
		want fault.Kind
	}{
		"another member's territory": {meuse, fault.NotFound},
		"a role without the right":   {finance, fault.Forbidden},
	} {
		if err := o.desk.Approve(t.Context(), c.who, id, now); fault.KindOf(err) != c.want {
			t.Errorf("%s approves: %v, want kind %s", name, err, c.want)
		}
		if err := o.desk.Acknowledge(t.Context(), c.who, 1, "REF-1", now, now); fault.KindOf(err) != c.want {
			t.Errorf("%s acknowledges: %v, want kind %s", name, err, c.want)
		}
	}
	if err := o.desk.Approve(t.Context(), network, 4711, now); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown message: %v, want not found", err)
	}
	for _, who := range []org.User{finance, meuse} {
		if err := o.desk.StopSending(t.Context(), who, true, now); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("user %d stops sending: %v, want forbidden", who.ID, err)
		}
	}
}

func TestTheSwitchHoldsEverythingBackAndLosesNothing(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Automatic)
	if err := o.desk.StopSending(t.Context(), network, true, now); err != nil {
		t.Fatal(err)
	}
	o.begin(t)
	o.send(t, 1, true)
	if n := len(o.box.Mails()); n != 0 {
		t.Fatalf("%d mails left while sending was stopped", n)
	}
	if err := o.desk.StopSending(t.Context(), network, false, now); err != nil {
		t.Fatal(err)
	}
	o.send(t, 1, false)
	if n := len(o.box.Mails()); n != 1 {
		t.Errorf("%d mails after sending was resumed, want 1", n)
	}
}

func TestNothingReachesAnOperatorThatIsOnlyObserved(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Automatic)
	o.begin(t)
	if err := o.desk.SetMode(t.Context(), network, accused, ticket.Observe, now); err != nil {
		t.Fatal(err)
	}
	o.send(t, 1, false)
	if n := len(o.box.Mails()); n != 0 {
		t.Errorf("%d mails reached an observed operator", n)
	}
	if s := o.ticket(t).Messages[0].State; s != ticket.Held {
		t.Errorf("the message is %s, want held", s)
	}
	if err := o.desk.SetMode(t.Context(), network, "nobody", ticket.Ask, now); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the mode of an unknown operator: %v, want not found", err)
	}
}

func TestWithoutAcknowledgementTheSecondLevelIsCalledOnce(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Automatic)
	o.begin(t)
	o.send(t, 1, false)
	late := now.Add(2 * time.Minute)
	for range 2 {
		if err := o.desk.Remind(t.Context(), ticket.Remind{Ticket: 1, Period: 0}, late); err != nil {
			t.Fatal(err)
		}
	}
	o.send(t, 2, false)
	mails := o.box.Mails()
	if len(mails) != 2 || mails[1].To[0] != "experts@bretzel.example" || !strings.Contains(mails[1].Subject, "Relance") {
		t.Fatalf("mails %+v, want one reminder to the second level", mails)
	}
	if err := o.desk.Acknowledge(t.Context(), network, 1, " BR-77 ", now.Add(time.Minute), late); err != nil {
		t.Fatal(err)
	}
	if ack := o.ticket(t).Periods[0].Ack; ack.Reference != "BR-77" || ack.By != network.ID {
		t.Errorf("acknowledgement %+v, want BR-77 typed by %d", ack, network.ID)
	}
	if err := o.desk.Acknowledge(t.Context(), network, 1, "", now, late); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an empty reference: %v, want invalid", err)
	}
}

// dying is a channel whose process dies once the server has taken the letter.
type dying struct {
	ticket.Channel
	die func()
}

func (d dying) Send(ctx context.Context, l ticket.Letter) ticket.Outcome {
	out := d.Channel.Send(ctx, l)
	d.die()
	return out
}

// gone refuses transactions once the process is dead.
type gone struct {
	desk.Store
	dead *atomic.Bool
}

func (g gone) InTx(ctx context.Context, f func(context.Context, desk.Tx) error) error {
	if g.dead.Load() {
		return errors.New("the process is dead")
	}
	return g.Store.InTx(ctx, f)
}

func TestADeathBetweenTheServersAnswerAndTheCommitRepeatsTheSameMessageID(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Automatic)
	o.begin(t)
	var dead atomic.Bool
	first := desk.New(gone{o.store, &dead}, ticket.Channels{Mail: dying{o.channel(t), func() { dead.Store(true) }}}, policy())
	if _, err := first.Send(t.Context(), ticket.Send{Ticket: 1, Number: 1}, at(now)); err == nil {
		t.Fatal("a dead process settled its letter")
	}
	if s := o.ticket(t).Messages[0].State; s != ticket.Sending {
		t.Fatalf("after the death the message is %s, want sending", s)
	}
	o.send(t, 1, false)
	mails := o.box.Mails()
	if len(mails) != 2 || mails[0].MessageID != mails[1].MessageID {
		t.Errorf("mails %+v, want the same Message-ID twice and no other", mails)
	}
}

func TestADeathBetweenDecisionAndSendingLosesNothing(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Automatic)
	o.begin(t) // and nobody works
	if n := o.count(t, `SELECT count(*) FROM river_job WHERE kind = 'ticket.send'`); n != 1 {
		t.Fatalf("%d jobs stand in the queue, want 1", n)
	}
	again := desk.New(o.store, ticket.Channels{Mail: o.channel(t)}, policy())
	if _, err := again.Send(t.Context(), ticket.Send{Ticket: 1, Number: 1}, at(now)); err != nil {
		t.Fatal(err)
	}
	if n := len(o.box.Mails()); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

func TestAServerThatIsAwayPutsTheMessageBack(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Automatic)
	o.begin(t)
	if err := o.box.Behave(operator.Behaviour{Answer: operator.Defer, Next: 1}); err != nil {
		t.Fatal(err)
	}
	o.send(t, 1, true)
	if m := o.ticket(t).Messages[0]; m.State != ticket.Queued || m.Problem == "" {
		t.Errorf("the message is %s (%q), want queued with the server's reason", m.State, m.Problem)
	}
	o.send(t, 1, false)
	if n := len(o.box.Mails()); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

func TestEveryActStandsInTheJournal(t *testing.T) {
	t.Parallel()
	o := open(t, ticket.Ask)
	o.begin(t)
	if err := o.desk.Approve(t.Context(), network, o.messageID(t, 1), now); err != nil {
		t.Fatal(err)
	}
	o.send(t, 1, false)
	rows, err := o.db.Pool().Query(t.Context(), `SELECT action || ' ' || actor FROM journal_entry WHERE chain_kind = 'ticket' ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	said, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := "ticket.approved user:7, ticket.sending-started vigie, ticket.delivered vigie"
	if got := strings.Join(said, ", "); got != want {
		t.Errorf("journal: %s; want %s", got, want)
	}
}
