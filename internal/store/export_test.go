package store

import (
	"context"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"vigie/internal/journal"
)

// Queries returns every statement of the package under its name.
func Queries() map[string]string { return queries }

// AppendJournal is what the services' own transactions call.
func AppendJournal(ctx context.Context, tx pgx.Tx, entries ...journal.Entry) error {
	return appendJournal(ctx, tx, entries...)
}

// MigrateFiles migrates with other files than the embedded ones.
func MigrateFiles(ctx context.Context, db *DB, files fs.FS) ([]string, error) {
	list, err := readMigrations(files)
	if err != nil {
		return nil, err
	}
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	return migrate(ctx, conn.Conn(), list)
}
