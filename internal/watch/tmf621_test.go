package watch_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/desk"
	"vigie/internal/incident"
	"vigie/internal/lab/operator"
	"vigie/internal/store"
	"vigie/internal/ticket"
	"vigie/internal/ticket/tmf621"
	"vigie/internal/watch"
)

// TestALinkThatTurnsRedIsATicketInTheOperatorsSystemUntilItIsGreen follows an outage
// from the observation to the operator's ticket and back: what crossed the wire, in
// order, and what stands in the tables.
func TestALinkThatTurnsRedIsATicketInTheOperatorsSystemUntilItIsGreen(t *testing.T) {
	t.Parallel()
	server, err := operator.NewTicketServer(operator.TicketOptions{Address: "127.0.0.1:0", Folder: t.TempDir()})
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
	client, err := tmf621.New(tmf621.Options{BaseURL: server.URL(), Severity: "critical", TicketType: "lossOfService"})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, watch.Policy{Incident: incident.DefaultPolicy(), Ticket: ticket.DefaultPolicy()}, someLinks)
	if _, err := w.db.Pool().Exec(t.Context(), `UPDATE operator SET channel = 'tmf621'`); err != nil {
		t.Fatal(err)
	}
	w.restart(t)
	conversation, err := store.NewDesk(w.db)
	if err != nil {
		t.Fatal(err)
	}
	service := desk.New(conversation, ticket.Channels{APIs: map[string]ticket.API{someLinks[0].operator: tmf621.NewChannel(client)}}, w.policy.Ticket)

	cycle := origin
	live := func(until string, see result) {
		t.Helper()
		for range 60 {
			w.apply(t, w.batch("a", cycle, false, func(link int) result {
				if link == 0 {
					return see
				}
				return "ok"
			}), cycle.Add(2*time.Second))
			w.decide(t, cycle, false, cycle.Add(3*time.Second))
			cycle = cycle.Add(w.cycle())
			if status := w.ask(t, `SELECT status FROM ticket`); slices.Equal(status, []string{until}) {
				return
			}
		}
		t.Fatalf("after 60 cycles the ticket is %q, want %s", w.ask(t, `SELECT status FROM ticket`), until)
	}
	now := func() time.Time { return cycle }
	send := func(number int) {
		t.Helper()
		if again, err := service.Send(t.Context(), ticket.Send{Ticket: 1, Number: number}, now); err != nil || again != 0 {
			t.Fatalf("send message %d: again after %s, %v", number, again, err)
		}
	}
	look := func() {
		t.Helper()
		if _, err := service.Look(t.Context(), ticket.Look{Ticket: 1}, now); err != nil {
			t.Fatal(err)
		}
	}

	live("open", "fail")
	send(1)
	for _, status := range []string{"acknowledged", "inProgress"} {
		if err := server.Step("TT-000001", operator.TicketStep{Status: status}); err != nil {
			t.Fatal(err)
		}
	}
	look()
	live("resolved", "ok")
	send(2)

	var crossed []string
	for _, e := range server.Exchanges() {
		crossed = append(crossed, e.Method)
	}
	// Search and open; look, and search again with the same answer; read and follow up.
	if diff := cmp.Diff([]string{"GET", "POST", "GET", "GET", "PATCH"}, crossed); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	restored := w.ask(t, `SELECT restored_at AT TIME ZONE 'UTC' = $1 FROM ticket_period`, server.Tickets()[0].ResolutionDate.UTC().Format("2006-01-02T15:04:05.999999"))
	if got := server.Tickets()[0]; len(server.Tickets()) != 1 || got.Status != "resolved" || !slices.Equal(restored, []string{"true"}) {
		t.Errorf("the operator holds %+v; that its date is ours: %q", got, restored)
	}
	want := []string{"TT-000001 true resolved true"}
	got := w.ask(t, `SELECT p.ack_reference, p.ack_by IS NULL, t.status, claimed_at IS NULL FROM ticket t JOIN ticket_period p ON p.ticket_id = t.id`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the ticket (-want +got):\n%s", diff)
	}
	if _, err := store.NewJournal(w.db).Check(t.Context(), func(int, int) {}); err != nil {
		t.Errorf("journal: %v", err)
	}
}
