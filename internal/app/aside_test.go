package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/incident"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

// chain is a live chain over a database, behind its aside.
type chain struct {
	*aside
	db *store.DB
}

func newChain(t *testing.T) *chain {
	t.Helper()
	db, err := store.Open(t.Context(), storetest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	watched, err := store.NewWatch(db)
	if err != nil {
		t.Fatal(err)
	}
	service := watch.New(watched, watch.Policy{Incident: incident.DefaultPolicy(), Ticket: ticket.DefaultPolicy(), Echoes: 5, PollEvery: time.Minute})
	return &chain{newAside(filepath.Join(t.TempDir(), "aside"), service, slog.New(slog.DiscardHandler)), db}
}

// rows are the lines of an answer, one column of text.
func (c *chain) rows(t *testing.T, sql string) []string {
	t.Helper()
	rows, err := c.db.Pool().Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

var asideNoon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// numbered is the batch with a number, of the cycle of that number since noon.
func numbered(seq uint64) probe.Batch {
	cycle := asideNoon.Add(time.Duration(seq) * 30 * time.Second)
	b := probe.Batch{Prober: "lyon", Seq: seq, Cycle: cycle, CycleLength: 30 * time.Second, Last: true, Planned: 1}
	b.Observations = []probe.Observation{{Target: 1, Kind: probe.Link, At: cycle, RTTMicros: []int32{1000, 1000, 1000, 1000, 1000}}}
	return b
}

const (
	theGaps    = `SELECT reason || ' ' || to_char(from_at AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' ' || to_char(to_at AT TIME ZONE 'UTC', 'HH24:MI:SS') FROM gap ORDER BY from_at`
	theNumbers = `SELECT seq || ' of ' || (SELECT last_seq FROM prober WHERE id = batch.prober) FROM batch ORDER BY seq`
)

func (c *chain) refusesNumber2(t *testing.T, sqlstate string) {
	t.Helper()
	if _, err := c.db.Pool().Exec(t.Context(), `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF NEW.seq = 2 AND NEW.last THEN RAISE EXCEPTION 'not this one' USING ERRCODE = '`+sqlstate+`'; END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON batch FOR EACH ROW EXECUTE FUNCTION refuse()`); err != nil {
		t.Fatal(err)
	}
}

func TestABatchThatTheDatabaseNeverTakesIsKeptAsideAndItsTimeIsAGap(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sqlstate string
		tries    int
	}{
		"a failure that repeats":                {"XX000", mostTries},
		"data that the database says it cannot": {"22003", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newChain(t)
			c.refusesNumber2(t, test.sqlstate)
			apply := func(seq uint64) error { return c.Apply(t.Context(), numbered(seq), asideNoon.Add(time.Hour)) }
			if err := apply(1); err != nil {
				t.Fatal(err)
			}
			tries := 1
			for apply(2) != nil {
				tries++
				if tries == 3 && c.well() {
					t.Error("a batch that fails again and again is told to be well")
				}
			}
			if tries != test.tries {
				t.Errorf("tried %d times, want %d", tries, test.tries)
			}
			if err := apply(3); err != nil {
				t.Fatal(err)
			}
			if err := apply(2); err != nil { // offered again after a crash
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"1 of 3", "2 of 3", "3 of 3"}, c.rows(t, theNumbers)); diff != "" {
				t.Errorf("numbers applied (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"refused 12:01:00 12:01:30"}, c.rows(t, theGaps)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			files, err := filepath.Glob(filepath.Join(c.dir, "*"))
			if err != nil || len(files) != 2 || c.well() {
				t.Fatalf("kept: %v, %v; well: %t", files, err, c.well())
			}
			body, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			var kept probe.Batch
			if err := kept.UnmarshalBinary(body); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(numbered(2), kept); diff != "" {
				t.Errorf("kept batch (-want +got):\n%s", diff)
			}
			reason, err := os.ReadFile(files[1])
			if err != nil || !strings.Contains(string(reason), `prober "lyon", batch 2, cycle of 2026-11-25T12:01:00Z, 1 rounds: `) || !strings.Contains(string(reason), "not this one") {
				t.Errorf("reason: %s, %v", reason, err)
			}
			for _, file := range files {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			if !c.well() {
				t.Error("not well, though a person took the files away")
			}
		})
	}
}

// Whichever clock is wrong, somebody has a day to set it.
func TestABatchAheadOfTheClockWaitsForADayBeforeItIsKeptAside(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	behind := asideNoon.AddDate(0, 0, -3) // the core's clock
	if err := c.Apply(t.Context(), numbered(1), behind); err == nil || !strings.Contains(err.Error(), "its clock is wrong, or ours") {
		t.Fatalf("got %v", err)
	}
	if err := c.Apply(t.Context(), numbered(1), behind.Add(clockPatience-time.Minute)); err == nil || c.well() {
		t.Errorf("got %v before the day is over; well: %t", err, c.well())
	}
	if err := c.Apply(t.Context(), numbered(1), asideNoon.Add(time.Hour)); err != nil { // the clock was set
		t.Fatal(err)
	}
	if !c.well() {
		t.Error("not well after the clock was set")
	}
	for _, now := range []time.Time{behind, behind.Add(time.Hour)} {
		if err := c.Apply(t.Context(), numbered(2), now); err == nil {
			t.Fatal("taken")
		}
	}
	for seq := uint64(2); seq < 5; seq++ { // nobody set it: nobody is held up further
		if err := c.Apply(t.Context(), numbered(seq), behind.Add(clockPatience+time.Minute)); err != nil {
			t.Fatalf("batch %d: %v", seq, err)
		}
	}
	if n, _, err := c.kept(); err != nil || n != 3 {
		t.Errorf("%d batches are kept, %v; want 3", n, err)
	}
	if err := c.Apply(t.Context(), numbered(5), asideNoon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"lost 12:01:00 12:02:30"}, c.rows(t, theGaps)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestADatabaseThatIsAwayOrFullCostsNoBatch(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.refusesNumber2(t, "53100") // disk full
	now := asideNoon.Add(time.Hour)
	if err := c.Apply(t.Context(), numbered(1), now); err != nil {
		t.Fatal(err)
	}
	for range 3 * mostTries {
		if err := c.Apply(t.Context(), numbered(2), now); fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("got %v, want unavailable", err)
		}
	}
	if n, _, err := c.kept(); err != nil || n > 0 {
		t.Errorf("%d batches are kept, %v", n, err)
	}
}
