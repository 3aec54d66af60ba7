package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/journal"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/trial"
)

func TestARequestHoldsUntilATestWasTriedOrItsTimeIsOver(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := storetest.New(t)
	trials := store.NewTrials(db)
	at := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	save := func(r trial.Request) {
		t.Helper()
		entry := journal.Entry{Chain: journal.Chain{Kind: "test", ID: "1"}, At: r.At, Actor: "user:1", Action: "test.request", Body: []byte("{}")}
		if err := trials.Save(ctx, r, entry); err != nil {
			t.Fatal(err)
		}
	}
	open := func(now time.Time) (links []int64) {
		t.Helper()
		list, err := trials.Open(ctx, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			links = append(links, r.Link)
		}
		return links
	}
	save(trial.Request{Link: 1, At: at.Add(-time.Hour), Person: 7, Until: at})
	second := trial.Request{Link: 1, At: at, Person: 8, Insists: true, Reason: "contestation", Until: at.Add(time.Hour)}
	save(second)
	got, err := trials.Request(ctx, 1, at.Add(time.Minute))
	if err != nil || got == nil {
		t.Fatalf("request %v, error %v", got, err)
	}
	if diff := cmp.Diff(second, *got); diff != "" {
		t.Errorf("the last request (-want +got):\n%s", diff)
	}
	exec(t, db, `INSERT INTO finding (link_id, kind, at, prober, body) VALUES
		(1, 'throughput', '2026-11-24 13:59Z', 'p', '{"method": "iperf3"}'), (1, 'throughput', '2026-11-24 14:10Z', 'p', '{"not_run": "load-high"}')`)
	if links := open(at.Add(30 * time.Minute)); !cmp.Equal(links, []int64{1}) {
		t.Errorf("after a test before it and a reason of the plan, %v hold", links)
	}
	if links := open(at.Add(time.Hour)); links != nil {
		t.Errorf("at its end %v hold", links)
	}
	exec(t, db, `INSERT INTO finding (link_id, kind, at, prober, body) VALUES (1, 'throughput', '2026-11-24 14:20Z', 'p', '{"not_run": "no-server", "method": "iperf3"}')`)
	if links := open(at.Add(30 * time.Minute)); links != nil {
		t.Errorf("after a try %v hold", links)
	}
}
