package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"vigie/internal/fault"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migration is one file of migrations.
type migration struct {
	version  int
	name     string // file name
	checksum string // SHA-256 of the file, hexadecimal
	sql      string
}

// appliedMigration is what the database remembers of one.
type appliedMigration struct {
	Version  int
	Name     string
	Checksum string
}

// Migrate brings the schema to the version of this binary, River's tables included, and returns
// the names of what it applied, in order. Several processes may call it at once. Each file is one
// transaction: after an error the files before it stay applied. A schema that is newer than the
// binary, or was made from other files, is fault.Conflict and stays untouched.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	files, err := readMigrations(embedded)
	if err != nil {
		return nil, err
	}
	var applied []string
	err = db.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		unlock, err := lockSchema(ctx, conn.Conn())
		if err != nil {
			return err
		}
		defer unlock()
		if applied, err = migrate(ctx, conn.Conn(), files); err != nil {
			return err
		}
		more, err := db.migrateRiver(ctx)
		applied = append(applied, more...)
		return err
	})
	if err != nil {
		return applied, fmt.Errorf("migrate the database: %w", classify(err))
	}
	return applied, nil
}

// Check tells whether the schema is exactly the one of this binary, and changes nothing. An
// older or newer schema is fault.Conflict, and the message says what to do.
func (db *DB) Check(ctx context.Context) error {
	files, err := readMigrations(embedded)
	if err != nil {
		return err
	}
	known, err := readApplied(ctx, db.pool)
	if err != nil {
		return fmt.Errorf("check the schema: %w", classify(err))
	}
	pending, err := compare(known, files)
	if err != nil {
		return fmt.Errorf("check the schema: %w", err)
	}
	if len(pending) > 0 {
		return fault.Errorf(fault.Conflict, "the schema of the database is older than this program: %s and later are missing: "+
			"stop Vigie and run vigie migrate", pending[0].name)
	}
	river, err := newRiver(db.pool)
	if err != nil {
		return err
	}
	result, err := river.Validate(ctx, nil)
	if err != nil {
		return fmt.Errorf("check the tables of River: %w", classify(err))
	}
	if !result.OK {
		return fault.Errorf(fault.Conflict, "the tables of River are older than this program: stop Vigie and run vigie migrate")
	}
	return nil
}

var migrationName = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)

// readMigrations returns the files of migrations in order. Their numbers must run from 1 without
// a gap.
func readMigrations(files fs.FS) ([]migration, error) {
	entries, err := fs.ReadDir(files, "migrations") // sorted by name, hence by number
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var list []migration
	for _, entry := range entries {
		match := migrationName.FindStringSubmatch(entry.Name())
		if match == nil {
			return nil, fmt.Errorf("migration %s: its name must be four digits, _, and a word: 0007_price.sql", entry.Name())
		}
		version, err := strconv.Atoi(match[1])
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", entry.Name(), err)
		}
		if want := len(list) + 1; version != want {
			return nil, fmt.Errorf("migration %s: its number must be %04d, the next one", entry.Name(), want)
		}
		text, err := fs.ReadFile(files, path.Join("migrations", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", entry.Name(), err)
		}
		sum := sha256.Sum256(text)
		list = append(list, migration{version, entry.Name(), hex.EncodeToString(sum[:]), string(text)})
	}
	return list, nil
}

// compare returns the files that the database lacks. What the database has must be a beginning of
// files, unchanged; anything else is fault.Conflict and names the file.
func compare(applied []appliedMigration, files []migration) ([]migration, error) {
	for i, a := range applied {
		switch {
		case a.Version != i+1:
			return nil, fault.Errorf(fault.Conflict, "migration %04d is missing in the database, which has %s", i+1, a.Name)
		case i >= len(files):
			return nil, fault.Errorf(fault.Conflict, "the schema of the database is newer than this program, which does not know %s: "+
				"run the newer program", a.Name)
		case a.Checksum != files[i].checksum:
			return nil, fault.Errorf(fault.Conflict, "migration %s has changed since it was applied to the database as %s", files[i].name, a.Name)
		}
	}
	return files[len(applied):], nil
}

// migrate applies the files that the database lacks, one transaction each. The caller holds the
// schema lock.
func migrate(ctx context.Context, conn *pgx.Conn, files []migration) ([]string, error) {
	known, err := readApplied(ctx, conn)
	if err != nil {
		return nil, err
	}
	pending, err := compare(known, files)
	if err != nil {
		return nil, err
	}
	var applied []string
	for _, m := range pending {
		if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return m.apply(ctx, tx) }); err != nil {
			return applied, fmt.Errorf("migration %s: %w", m.name, err)
		}
		applied = append(applied, m.name)
	}
	return applied, nil
}

const (
	sqlSchemaTable = `CREATE TABLE IF NOT EXISTS schema_migration (
		version    integer PRIMARY KEY CHECK (version > 0),
		name       text NOT NULL,
		checksum   text NOT NULL,
		applied_at timestamptz NOT NULL)`
	sqlSchemaKnown  = `SELECT version, name, checksum FROM schema_migration ORDER BY version`
	sqlSchemaRecord = `INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`
	sqlSchemaLock   = `SELECT pg_advisory_lock($1)`
	sqlSchemaUnlock = `SELECT pg_advisory_unlock($1)`

	undefinedTable = "42P01"      // SQLSTATE
	schemaLockKey  = 0x7669676965 // "vigie"
)

func (m migration) apply(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, sqlSchemaTable); err != nil {
		return err
	}
	// A file holds many statements, which only the simple protocol takes at once.
	if _, err := tx.Conn().PgConn().Exec(ctx, m.sql).ReadAll(); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, sqlSchemaRecord, m.version, m.name, m.checksum, time.Now().UTC())
	return err
}

// querier is a connection or a pool.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// readApplied returns the migrations that the database remembers; none when it has no schema yet.
func readApplied(ctx context.Context, from querier) ([]appliedMigration, error) {
	rows, err := from.Query(ctx, sqlSchemaKnown)
	if err == nil {
		var list []appliedMigration
		if list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[appliedMigration]); err == nil {
			return list, nil
		}
	}
	if sqlState(err) == undefinedTable {
		return nil, nil
	}
	return nil, fmt.Errorf("read the applied migrations: %w", err)
}

// lockSchema waits until no other process migrates. The lock belongs to the connection.
func lockSchema(ctx context.Context, conn *pgx.Conn) (unlock func(), err error) {
	if _, err := conn.Exec(ctx, sqlSchemaLock, int64(schemaLockKey)); err != nil {
		return nil, fmt.Errorf("lock the schema: %w", err)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, err := conn.Exec(ctx, sqlSchemaUnlock, int64(schemaLockKey)); err != nil {
			_ = conn.Close(ctx) // ends the session, and the lock with it
		}
	}, nil
}

func newRiver(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	river, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("prepare the tables of River: %w", err)
	}
	return river, nil
}

func (db *DB) migrateRiver(ctx context.Context) ([]string, error) {
	river, err := newRiver(db.pool)
	if err != nil {
		return nil, err
	}
	result, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return nil, fmt.Errorf("migrate the tables of River: %w", err)
	}
	var applied []string
	for _, v := range result.Versions {
		applied = append(applied, fmt.Sprintf("river %03d", v.Version))
	}
	return applied, nil
}
