package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/measure"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/view"
)

func TestMinutesAreThoseThatTheirProbersSawTogether(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	for _, statement := range []string{
		`SELECT minute_partition('2026-11-24')`,
		`INSERT INTO prober (name) VALUES ('a'), ('b')`,
		// 10:00 seen by two probers, one of them for half the minute; 10:01 void; 10:02
		// without any answer; 10:05 in the next step; link 2 is another.
		`INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, simulated) VALUES
			(1, '2026-11-24 10:00Z', 1, 10, 10, 9, 100, 200, 300, 400, false), (1, '2026-11-24 10:00Z', 2, 10, 5, 5, 50, 250, 350, 900, true),
			(1, '2026-11-24 10:01Z', 1, 10, 0, 0, NULL, NULL, NULL, NULL, false),
			(1, '2026-11-24 10:02Z', 1, 10, 10, 0, NULL, NULL, NULL, NULL, false),
			(1, '2026-11-24 10:05Z', 1, 10, 4, 4, 10, 20, 30, 40, false),
			(2, '2026-11-24 10:00Z', 1, 10, 10, 10, 1, 1, 1, 1, false)`,
	} {
		if _, err := db.Pool().Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	from := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	got, err := store.NewView(db).Minutes(ctx, 1, view.Window{From: from, To: from.Add(time.Hour), Step: 5 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	want := []view.Measured{
		{At: from, Simulated: true, Figures: measure.Figures{
			Planned: 20, Sent: 15, Received: 14, CoveredMillis: 1000, MinMicros: 50, MedianMicros: 200, P95Micros: 350, MaxMicros: 900,
			JitterMicros: measure.Undefined, PDVMicros: measure.Undefined,
		}},
		{At: from.Add(2 * time.Minute), Figures: measure.Figures{
			Planned: 10, Sent: 10, CoveredMillis: 1000, MinMicros: measure.Undefined, MedianMicros: measure.Undefined, P95Micros: measure.Undefined,
			MaxMicros: measure.Undefined, JitterMicros: measure.Undefined, PDVMicros: measure.Undefined,
		}},
		{At: from.Add(5 * time.Minute), Figures: measure.Figures{
			Planned: 10, Sent: 4, Received: 4, CoveredMillis: 400, MinMicros: 10, MedianMicros: 20, P95Micros: 30, MaxMicros: 40,
			JitterMicros: measure.Undefined, PDVMicros: measure.Undefined,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
}

func TestAnEmptyDatabaseHasAnswers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	v := store.NewView(storetest.New(t))
	live, err := v.Live(ctx, time.Now())
	if err != nil || !live.Decided.IsZero() || len(live.States)+len(live.Latest)+len(live.Incidents)+len(live.Tickets) > 0 {
		t.Errorf("live: %+v, %v; want nothing", live, err)
	}
	if list, err := v.Incidents(ctx, view.Query{Limit: 10}); err != nil || len(list) > 0 {
		t.Errorf("incidents: %v, %v; want none", list, err)
	}
	if list, err := v.Tickets(ctx, view.Query{Links: []int64{1}, Limit: 10}); err != nil || len(list) > 0 {
		t.Errorf("tickets: %v, %v; want none", list, err)
	}
	if list, err := v.Probers(ctx, time.Now()); err != nil || len(list) > 0 {
		t.Errorf("probers: %v, %v; want none", list, err)
	}
	if _, err := v.Ticket(ctx, 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a ticket that does not exist: %v, want not found", err)
	}
}

func TestAResolvedTicketStaysLiveWhileAMessageWaits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	if _, err := db.Pool().Exec(ctx, `
		INSERT INTO ticket (id, incident_id, number, kind, addressee, mode, status, opened_at, resolved_at) VALUES
			(1, 1, 'T1', 'link', 'operator', 'ask', 'resolved', '2026-11-24 10:00Z', '2026-11-24 11:00Z'),
			(2, 2, 'T2', 'link', 'operator', 'ask', 'resolved', '2026-11-24 10:00Z', '2026-11-24 11:00Z'),
			(3, 3, 'T3', 'link', 'operator', 'ask', 'open', '2026-11-24 10:00Z', NULL);
		INSERT INTO ticket_link (ticket_id, link_id, ordinal) VALUES (1, 7, 1), (3, 9, 1), (3, 8, 2);
		INSERT INTO message (ticket_id, number, kind, state, recipient, message_id, subject, body, created_at)
			VALUES (1, 1, 'resolve', 'waiting', 'a@b.example', '<1>', 's', 'b', '2026-11-24 11:00Z')`); err != nil {
		t.Fatal(err)
	}
	live, err := store.NewView(db).Live(ctx, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	want := []view.LiveTicket{
		{TicketRef: view.TicketRef{ID: 1, Number: "T1"}, Links: []int64{7}, Waiting: 1},
		{TicketRef: view.TicketRef{ID: 3, Number: "T3"}, Open: true, Links: []int64{9, 8}},
	}
	if diff := cmp.Diff(want, live.Tickets); diff != "" {
		t.Errorf("live tickets (-want +got):\n%s", diff)
	}
}
