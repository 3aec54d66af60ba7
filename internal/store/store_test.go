package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func TestOpenTellsWhoItIsAndCountsInUTC(t *testing.T) {
	t.Parallel()
	var name, zone string
	row := storetest.New(t).Pool().QueryRow(context.Background(),
		`SELECT current_setting('application_name'), current_setting('timezone')`)
	if err := row.Scan(&name, &zone); err != nil {
		t.Fatal(err)
	}
	if name != "vigie" || zone != "UTC" {
		t.Errorf("application %q, zone %q, want vigie and UTC", name, zone)
	}
}

func TestOpenNamesTheKindOfItsFailure(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		dsn  string
		want fault.Kind
	}{
		"nobody listens": {"postgres:///vigie?host=" + filepath.Join(t.TempDir(), "none"), fault.Unavailable},
		"no address":     {"postgres://%zz", fault.Invalid},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := store.Open(context.Background(), test.dsn)
			if err == nil || fault.KindOf(err) != test.want {
				t.Errorf("error is %v (%v), want %v", err, fault.KindOf(err), test.want)
			}
		})
	}
}

// counted returns a store with one table of one counter.
func counted(t *testing.T) *store.DB {
	t.Helper()
	db := storetest.New(t)
	exec(t, db, `CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)`)
	exec(t, db, `INSERT INTO counter VALUES (1, 0), (2, 0)`)
	return db
}

func counters(t *testing.T, db *store.DB) (first, second int) {
	t.Helper()
	row := db.Pool().QueryRow(context.Background(), `SELECT max(n) FILTER (WHERE id = 1), max(n) FILTER (WHERE id = 2) FROM counter`)
	if err := row.Scan(&first, &second); err != nil {
		t.Fatal(err)
	}
	return first, second
}

func TestInTxKeepsAllOrNothing(t *testing.T) {
	t.Parallel()
	db := counted(t)
	cause := errors.New("changed my mind")
	err := db.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE counter SET n = 9`); err != nil {
			return err
		}
		return cause
	})
	if !errors.Is(err, cause) {
		t.Errorf("error is %v, want %v", err, cause)
	}
	if first, _ := counters(t, db); first != 0 {
		t.Errorf("counter is %d after a rollback, want 0", first)
	}
}

// Writers that read, then write, at the strictest isolation: most attempts lose.
func TestInTxTriesAgainAfterASerializationFailure(t *testing.T) {
	t.Parallel()
	db := counted(t)
	const writers = 4
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			err := db.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
				var n int
				if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`); err != nil {
					return err
				}
				if err := tx.QueryRow(ctx, `SELECT n FROM counter WHERE id = 1`).Scan(&n); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, `UPDATE counter SET n = $1 WHERE id = 1`, n+1)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if first, _ := counters(t, db); first != writers {
		t.Errorf("counter is %d after %d writers", first, writers)
	}
}

func TestInTxTriesAgainAfterADeadlock(t *testing.T) {
	t.Parallel()
	db := counted(t)
	var met, running sync.WaitGroup
	met.Add(2)
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		running.Go(func() {
			first := true
			err := db.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, `UPDATE counter SET n = n + 1 WHERE id = $1`, order[0]); err != nil {
					return err
				}
				if first { // both hold one row before either asks for the other
					first = false
					met.Done()
					met.Wait()
				}
				_, err := tx.Exec(ctx, `UPDATE counter SET n = n + 1 WHERE id = $1`, order[1])
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if first, second := counters(t, db); first != 2 || second != 2 {
		t.Errorf("counters are %d and %d, want 2 and 2", first, second)
	}
}

func TestInTxGivesUpInTheEnd(t *testing.T) {
	t.Parallel()
	attempts := 0
	err := storetest.New(t).InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		attempts++
		_, err := tx.Exec(ctx, `DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = 'serialization_failure'; END $$`)
		return err
	})
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("error is %v, want a conflict", err)
	}
	if attempts != 6 {
		t.Errorf("tried %d times, want 6", attempts)
	}
}

func TestAFailureHasAKind(t *testing.T) {
	t.Parallel()
	db := counted(t)
	tests := map[string]struct {
		sql  string
		want fault.Kind
	}{
		"a second row of one key":       {`INSERT INTO counter VALUES (1, 0) RETURNING n`, fault.Conflict},
		"no row":                        {`SELECT n FROM counter WHERE id = 3`, fault.NotFound},
		"a defect":                      {`SELECT 1 / (n - n) FROM counter`, fault.Internal},
		"the server ends the session":   {`SELECT pg_terminate_backend(pg_backend_pid())::int`, fault.Unavailable},
		"a kind the function has given": {``, fault.Forbidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := db.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
				if test.sql == "" {
					return fault.Errorf(fault.Forbidden, "not you")
				}
				var n int
				return tx.QueryRow(ctx, test.sql).Scan(&n)
			})
			if err == nil || fault.KindOf(err) != test.want {
				t.Errorf("error is %v (%v), want %v", err, fault.KindOf(err), test.want)
			}
		})
	}
}
