package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

// emptyStore returns a store on a database without a schema.
func emptyStore(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), storetest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func exec(t *testing.T, db *store.DB, sql string) {
	t.Helper()
	if _, err := db.Pool().Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestMigrateBringsAnEmptyDatabaseToTheSchemaOfTheBinary(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := emptyStore(t)
	wantConflict(t, db.Check(ctx), "0001_journal.sql and later are missing", "run vigie migrate")

	applied, err := db.Migrate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(applied) < 2 || applied[0] != "0001_journal.sql" || !strings.HasPrefix(applied[len(applied)-1], "river ") {
		t.Errorf("applied %v, want our files from 0001 and then River's", applied)
	}
	if err := db.Check(ctx); err != nil {
		t.Errorf("after the migration: %v", err)
	}
	if applied, err = db.Migrate(ctx); err != nil || len(applied) != 0 {
		t.Errorf("a second migration applied %v, %v, want nothing", applied, err)
	}
}

func TestTwoProcessesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dsn := storetest.Empty(t)
	counts := make([]int, 4)
	var running sync.WaitGroup
	for i := range counts {
		running.Go(func() {
			db, err := store.Open(context.Background(), dsn)
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			applied, err := db.Migrate(context.Background())
			if err != nil {
				t.Error(err)
			}
			counts[i] = len(applied)
		})
	}
	running.Wait()
	workers := 0
	for _, n := range counts {
		if n > 0 {
			workers++
		}
	}
	if workers != 1 {
		t.Errorf("the numbers of applied files are %v, want all done by one", counts)
	}
}

// wantConflict checks that err is a Conflict that says all of words.
func wantConflict(t *testing.T, err error, words ...string) {
	t.Helper()
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("error is %v (%v), want a conflict", err, fault.KindOf(err))
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error is %q, want it to say %q", err, word)
		}
	}
}

func TestASchemaThatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tamper string
		want   string
	}{
		"a changed file": {
			`UPDATE schema_migration SET checksum = 'f00d' WHERE version = 1`,
			"migration 0001_journal.sql has changed",
		},
		"a newer schema": {
			`INSERT INTO schema_migration
			 SELECT max(version) + 1, 'future.sql', '', max(applied_at) FROM schema_migration`,
			"newer than this program, which does not know future.sql",
		},
		"a gap": {
			`DELETE FROM schema_migration WHERE version = 1`,
			"migration 0001 is missing in the database",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			db := storetest.New(t)
			exec(t, db, test.tamper)
			wantConflict(t, db.Check(ctx), test.want)
			applied, err := db.Migrate(ctx)
			wantConflict(t, err, test.want)
			if len(applied) != 0 {
				t.Errorf("applied %v all the same", applied)
			}
		})
	}
}

func TestAnOlderSchemaIsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("ours", func(t *testing.T) {
		t.Parallel()
		db := storetest.New(t)
		exec(t, db, `DELETE FROM schema_migration WHERE version = (SELECT max(version) FROM schema_migration)`)
		wantConflict(t, db.Check(ctx), "older than this program", "run vigie migrate")
	})
	t.Run("River's", func(t *testing.T) {
		t.Parallel()
		db := storetest.New(t)
		exec(t, db, `DELETE FROM river_migration WHERE version = (SELECT max(version) FROM river_migration)`)
		wantConflict(t, db.Check(ctx), "tables of River are older", "run vigie migrate")
	})
}

func files(contents map[string]string) fstest.MapFS {
	fs := fstest.MapFS{}
	for name, sql := range contents {
		fs["migrations/"+name] = &fstest.MapFile{Data: []byte(sql)}
	}
	return fs
}

func TestAFailedMigrationLeavesNothingOfItself(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := emptyStore(t)
	broken := files(map[string]string{
		"0001_one.sql": "CREATE TABLE one (); CREATE TABLE uno ();",
		"0002_two.sql": "CREATE TABLE two (); SELECT nonsense;",
	})
	applied, err := store.MigrateFiles(ctx, db, broken)
	if err == nil || !strings.Contains(err.Error(), "0002_two.sql") {
		t.Errorf("error is %v, want one that names 0002_two.sql", err)
	}
	if diff := cmp.Diff([]string{"0001_one.sql"}, applied); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
	broken["migrations/0002_two.sql"].Data = []byte("CREATE TABLE two ();")
	applied, err = store.MigrateFiles(ctx, db, broken)
	if diff := cmp.Diff([]string{"0002_two.sql"}, applied); diff != "" || err != nil {
		t.Errorf("after the repair: %v, applied (-want +got):\n%s", err, diff)
	}
}

func TestMigrationFilesAreNumberedWithoutAGap(t *testing.T) {
	t.Parallel()
	db := emptyStore(t)
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"a gap":            {map[string]string{"0001_a.sql": "", "0003_c.sql": ""}, "migration 0003_c.sql: its number must be 0002"},
		"a repeated one":   {map[string]string{"0001_a.sql": "", "0001_b.sql": ""}, "migration 0001_b.sql: its number must be 0002"},
		"a short number":   {map[string]string{"1_a.sql": ""}, "migration 1_a.sql: its name must be"},
		"capitals":         {map[string]string{"0001_A.sql": ""}, "migration 0001_A.sql: its name must be"},
		"begins elsewhere": {map[string]string{"0002_b.sql": ""}, "migration 0002_b.sql: its number must be 0001"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := store.MigrateFiles(context.Background(), db, files(test.files))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}
