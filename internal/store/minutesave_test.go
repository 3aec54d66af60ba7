package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/measure"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/watch"
	"vigie/probe"
)

// minuteOf is a minute of a link whose echoes all took as long.
func minuteOf(link int64, at time.Time, micros int32) measure.Minute {
	o := probe.Observation{Target: link, At: at, RTTMicros: []int32{micros, micros}}
	return measure.Summarise(link, at, 2, []measure.Round{{Observation: o}})
}

func lines(t *testing.T, db *store.DB, sql string) (out []string) {
	t.Helper()
	rows, err := db.Pool().Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	return out
}

func TestAMinuteWrittenAgainTakesThePlaceOfTheFirstAndEachCountsOneChange(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	exec(t, db, `INSERT INTO prober (name) VALUES ('a')`)
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	saveMinutes(t, db, "a", minuteOf(1, at, 100), minuteOf(2, at, 200))
	saveTogether(t, db, "a", minuteOf(2, at, 250), minuteOf(3, at, 300)) // one is new, one is not
	want := []string{"1 100 1", "2 250 1", "3 300 1"}
	if diff := cmp.Diff(want, lines(t, db, `SELECT concat_ws(' ', link_id, median_micros, prober) FROM minute ORDER BY link_id`)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	// Two minutes by themselves, and the statement that replaces: its copy was undone.
	changes := lines(t, db, `SELECT concat_ws(' ', day, changes) FROM packing`)
	if diff := cmp.Diff([]string{"2026-03-02 4"}, changes); diff != "" {
		t.Errorf("changes, one for each copy and two for an insert that updates (-want +got):\n%s", diff)
	}
}

func saveTogether(t *testing.T, db *store.DB, prober string, minutes ...measure.Minute) {
	t.Helper()
	w, err := store.NewWatch(db)
	if err != nil {
		t.Fatal(err)
	}
	err = w.InTx(t.Context(), func(ctx context.Context, tx watch.Tx) error { return tx.SaveMinutes(ctx, prober, minutes) })
	if err != nil {
		t.Fatal(err)
	}
}

// A batch comes between the moment a summary has read and the moment it commits.
func TestAMinuteNotedWhileItIsSummarisedIsDueAgain(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	w, err := store.NewWatch(db)
	if err != nil {
		t.Fatal(err)
	}
	minute := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	in := func(f func(context.Context, watch.Tx) error) {
		t.Helper()
		if err := w.InTx(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	deliver := func(ctx context.Context, tx watch.Tx, seq uint64) error {
		b := probe.Batch{Prober: "a", Seq: seq, Cycle: minute, CycleLength: 10 * time.Second, Last: true}
		if _, _, err := tx.SaveBatch(ctx, b, false, minute); err != nil {
			return err
		}
		return tx.DueMinutes(ctx, "a", minute, minute.Add(time.Minute), minute)
	}
	in(func(ctx context.Context, tx watch.Tx) error { return deliver(ctx, tx, 1) })
	delivered := make(chan error, 1)
	in(func(ctx context.Context, tx watch.Tx) error {
		prober, at, found, err := tx.TakeDue(ctx, minute)
		if err != nil || !found || prober != "a" || !at.Equal(minute) {
			t.Errorf("the note taken: %q, %v, %v, %v", prober, at, found, err)
		}
		go func() {
			delivered <- w.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx watch.Tx) error { return deliver(ctx, tx, 2) })
		}()
		select {
		case err := <-delivered:
			t.Errorf("the note was written though the other one was being taken (%v)", err)
		case <-time.After(300 * time.Millisecond):
		}
		batches, err := tx.Batches(ctx, "a", minute, minute.Add(time.Minute))
		if len(batches) != 1 {
			t.Errorf("the summary sees %d batches, want the first", len(batches))
		}
		return err
	})
	if err := <-delivered; err != nil {
		t.Fatal(err)
	}
	in(func(ctx context.Context, tx watch.Tx) error {
		_, _, found, err := tx.TakeDue(ctx, minute)
		if err == nil && !found {
			t.Error("the minute is not due again")
		}
		return err
	})
	in(func(ctx context.Context, tx watch.Tx) error {
		_, _, found, err := tx.TakeDue(ctx, minute)
		if found {
			t.Error("a note was taken twice")
		}
		return err
	})
}
