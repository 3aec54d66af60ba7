package jobs_test

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"vigie/internal/history"
	"vigie/internal/jobs"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/ticket"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// clerk is a desk that notes what it was asked; it wants to be asked again as
// often as told.
type clerk struct {
	mu      sync.Mutex
	sends   []ticket.Send
	reminds []ticket.Remind
	looks   []ticket.Look
	again   int
	silence chan struct{} // when set, a look waits for it or for its end
}

func (c *clerk) Send(_ context.Context, job ticket.Send, _ func() time.Time) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sends = append(c.sends, job)
	if len(c.sends) <= c.again {
		return time.Second, nil
	}
	return 0, nil
}

func (c *clerk) Remind(_ context.Context, job ticket.Remind, _ time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reminds = append(c.reminds, job)
	return nil
}

func (c *clerk) Look(ctx context.Context, job ticket.Look, _ func() time.Time) (time.Duration, error) {
	if c.silence != nil {
		select {
		case <-c.silence:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks = append(c.looks, job)
	if len(c.looks) <= c.again {
		return time.Second, nil
	}
	return 0, nil
}

func (c *clerk) asked() (sends, reminds int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sends), len(c.reminds)
}

func work(t *testing.T, db *store.DB, d jobs.Desk, upkeep func(context.Context, time.Time) error) *jobs.Jobs {
	t.Helper()
	j, err := jobs.New(jobs.Options{
		Pool: db.Pool(), Desk: d, Upkeep: upkeep, Pack: store.NewPacking(db, history.DefaultRetention()).Run, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := j.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return j
}

func enqueue(t *testing.T, db *store.DB, args river.JobArgs, opts *river.InsertOpts) {
	t.Helper()
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Insert(t.Context(), args, opts); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("within %s: %s did not happen", within, what)
		}
	}
}

func nothing(context.Context, time.Time) error { return nil }

func TestATicketIsLookedAtUntilNothingMoreIsToBeAsked(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	c := &clerk{again: 1}
	work(t, db, c, nothing)
	enqueue(t, db, ticket.Look{Ticket: 4, Period: 1}, nil)
	eventually(t, "the second look", 15*time.Second, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.looks) == 2 && c.looks[1] == ticket.Look{Ticket: 4, Period: 1}
	})
}

func TestASystemThatDoesNotAnswerHoldsUpNoLetter(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	c := &clerk{silence: make(chan struct{})}
	work(t, db, c, nothing)
	t.Cleanup(func() { close(c.silence) }) // before the workers are stopped
	for i := range 20 {
		enqueue(t, db, ticket.Look{Ticket: int64(i)}, &river.InsertOpts{Queue: ticket.LookQueue})
	}
	eventually(t, "looks under way", 15*time.Second, func() bool {
		var running int
		if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE state = 'running'`).Scan(&running); err != nil {
			t.Fatal(err)
		}
		return running >= 4
	})
	enqueue(t, db, ticket.Send{Ticket: 3, Number: 2}, nil)
	eventually(t, "the letter carried", 10*time.Second, func() bool {
		sends, _ := c.asked()
		return sends == 1
	})
}

func TestAQueuedMessageIsCarriedAndASnoozedOneIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	c := &clerk{again: 1}
	work(t, db, c, nothing)
	enqueue(t, db, ticket.Send{Ticket: 3, Number: 2}, nil)
	enqueue(t, db, ticket.Remind{Ticket: 3, Period: 1}, &river.InsertOpts{ScheduledAt: time.Now().Add(500 * time.Millisecond)})
	eventually(t, "the message looked at twice, the reminder once", 30*time.Second, func() bool {
		sends, reminds := c.asked()
		return sends == 2 && reminds == 1
	})
	if got, want := c.sends[0], (ticket.Send{Ticket: 3, Number: 2}); got != want {
		t.Errorf("asked for %+v, want %+v", got, want)
	}
}

func TestAJobOfADeadProcessIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	enqueue(t, db, ticket.Send{Ticket: 5, Number: 1}, nil)
	_, err := db.Pool().Exec(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '10 minutes', attempted_by = '{dead}'`)
	if err != nil {
		t.Fatal(err)
	}
	c := &clerk{}
	work(t, db, c, nothing)
	eventually(t, "the stuck message carried", 90*time.Second, func() bool {
		sends, _ := c.asked()
		return sends == 1
	})
}

func TestTheUpkeepRunsAtEachStartAndStopIsComplete(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ran := make(chan time.Time, 4)
	j := work(t, db, &clerk{}, func(_ context.Context, now time.Time) error {
		ran <- now
		return nil
	})
	select {
	case <-ran:
	case <-time.After(60 * time.Second):
		t.Fatal("the upkeep did not run at the start")
	}
	for range 2 {
		if err := j.Stop(t.Context()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	enqueue(t, db, ticket.Send{Ticket: 1, Number: 1}, nil)
	time.Sleep(300 * time.Millisecond)
	var state string
	if err := db.Pool().QueryRow(t.Context(), `SELECT state FROM river_job WHERE kind = 'ticket.send'`).Scan(&state); err != nil {
		t.Fatal(err)
	}
	if state != "available" {
		t.Errorf("after the stop a job is %s, want available", state)
	}
}

func TestTheUpkeepKeepsWhatIsNeededAndDropsTheRest(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	now := time.Date(2026, 11, 24, 0, 30, 0, 0, time.UTC)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Pool().Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO prober (name) VALUES ('p')`)
	for i, age := range []time.Duration{time.Hour, 48 * time.Hour} {
		exec(`INSERT INTO batch (prober, seq, cycle, last, late, received, body) SELECT id, $1, $2, true, false, $2, '' FROM prober`, i+1, now.Add(-age))
	}
	for _, age := range []int{1, 60} {
		exec(`SELECT minute_partition($1)`, now.AddDate(0, 0, -age))
	}
	exec(`INSERT INTO session (digest, data, expires) VALUES (sha256('a'), '', $1), (sha256('b'), '', $2)`, now.Add(-time.Hour), now.Add(time.Hour))
	for range 2 { // repeating it is harmless
		if err := store.NewUpkeep(db, history.DefaultRetention()).Run(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.Pool().Query(t.Context(), `
		SELECT 'batches ' || count(*) FROM batch
		UNION ALL SELECT 'sessions ' || count(*) FROM session
		UNION ALL SELECT 'seals ' || count(*) FROM journal_seal
		UNION ALL (SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'minute'::regclass ORDER BY 1)`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"batches 1", "sessions 1", "seals 1", "minute_20261123", "minute_20261124", "minute_20261125"}
	if len(got) != len(want) {
		t.Fatalf("after the upkeep: %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("after the upkeep: %v, want %v", got, want)
			break
		}
	}
}
