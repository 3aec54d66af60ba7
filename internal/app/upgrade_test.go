package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"vigie/internal/httpd/api"
	"vigie/internal/store/cluster"
)

// TestADatabaseOfAnEarlierSchemaOpensWithThisProgram restores a dump of a demo whose schema
// ended with migration 0011, some of its rows taken out to keep it small.
func TestADatabaseOfAnEarlierSchemaOpensWithThisProgram(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a database")
	}
	ctx, dir := t.Context(), dirForAll(t)
	dump, err := os.Open("testdata/schema-0011.dump")
	if err != nil {
		t.Fatal(err)
	}
	defer dump.Close()
	c, err := cluster.Start(ctx, cluster.Options{Dir: clusterDir(dir)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Restore(ctx, dump), c.Stop(ctx)); err != nil {
		t.Fatal(err)
	}
	i, err := OpenInstance(ctx, OpenOptions{Dir: dir, Cycle: 5 * time.Second, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := i.Close(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}()
	journal, err := i.CheckJournal(ctx, func(int, int) {})
	if err != nil || journal.Broken != "" || journal.Entries != 75 {
		t.Errorf("journal: %+v, %v; want 75 entries that hold", journal, err)
	}
	november := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	bill, err := i.Bill(ctx, november, november.AddDate(0, 0, 26))
	if err != nil || len(bill.Members) == 0 || bill.Due == 0 {
		t.Errorf("the bill has %d members, %v", len(bill.Members), err)
	}
	tickets, err := i.Tickets(ctx, api.TicketQuery{PastQuery: api.PastQuery{Pieces: api.Pieces{Limit: 10}}})
	if err != nil || len(tickets.Items) != 2 {
		t.Errorf("%d tickets, %v; want 2", len(tickets.Items), err)
	}
	var minutes, hours int
	if err := i.db.Pool().QueryRow(ctx, `SELECT (SELECT count(*) FROM minute), (SELECT count(*) FROM link_hours)`).Scan(&minutes, &hours); err != nil || minutes != 114 || hours != 78 {
		t.Errorf("%d minutes and %d days of hours, %v; want 114 and 78", minutes, hours, err)
	}
}
