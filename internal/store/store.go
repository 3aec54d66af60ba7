package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"vigie/internal/fault"
)

// DB is a pool of connections to Vigie's database.
type DB struct {
	pool *pgxpool.Pool
}

// maxConns leaves room, in the 50 connections of the private cluster, for a command that runs
// beside the server.
const maxConns = 20

// Open connects to the database at dsn, a URL or a list of keywords as libpq takes it, and checks
// that it answers. pool_max_conns in dsn overrides the limit of 20 connections. An error about a
// database that is away is fault.Unavailable.
func Open(ctx context.Context, dsn string) (*DB, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fault.Errorf(fault.Invalid, "database address: %w", err)
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = maxConns
	}
	config.MaxConnIdleTime = 5 * time.Minute
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.ConnConfig.RuntimeParams["application_name"] = "vigie"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err == nil {
		if err = pool.Ping(ctx); err != nil {
			pool.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", classify(err))
	}
	return &DB{pool: pool}, nil
}

// Close waits until every connection is back and closes them all.
func (db *DB) Close() { db.pool.Close() }

// Pool returns the pool itself, for River, which brings its own statements.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// A transaction that lost against another is tried at most maxAttempts times, with a random pause
// of up to firstPause, doubled each time.
const (
	maxAttempts = 6
	firstPause  = 5 * time.Millisecond
)

// InTx runs do in one transaction, committed when do returns nil and rolled back otherwise. When
// PostgreSQL gave up the transaction for the sake of another (serialization failure, deadlock) it
// is run again, so do must change nothing but the database. The error is do's own, with the kind
// it has in terms of the database; a commit whose outcome is unknown is fault.Unavailable.
func (db *DB) InTx(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error { return do(ctx, tx) })
		if err == nil || attempt == maxAttempts || !lostToAnother(err) {
			return classify(err)
		}
		select {
		case <-ctx.Done():
			return classify(err)
		case <-time.After(rand.N(pause)):
		}
		pause *= 2
	}
}

// snapshot runs f on one snapshot of the database, which f cannot change.
func (db *DB) snapshot(ctx context.Context, f func(pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return classify(pgx.BeginTxFunc(ctx, db.pool, options, f))
}

// SQLSTATE codes, PostgreSQL manual, appendix A.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	uniqueViolation      = "23505"
	exclusionViolation   = "23P01"

	// Classes: what the server lacks (memory, disk, connections), was told by its
	// administrator (an end, a start), or met outside itself (a file that cannot be read).
	noResources  = "53"
	intervention = "57"
	systemError  = "58"
)

func lostToAnother(err error) bool {
	code := sqlState(err)
	return code == serializationFailure || code == deadlockDetected
}

// sqlState returns the SQLSTATE that the server answered with, or "" for any other error.
func sqlState(err error) string {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// classify gives an error of the database its kind, unless it has one already. What has none
// there either stays as it is: internal.
func classify(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	switch code := sqlState(err); code {
	case uniqueViolation, exclusionViolation, serializationFailure, deadlockDetected:
		return fault.Errorf(fault.Conflict, "%w", err)
	case "":
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.Errorf(fault.NotFound, "%w", err)
		}
		if connectionLost(err) {
			return fault.Errorf(fault.Unavailable, "%w", err)
		}
	default:
		if class := code[:2]; class == noResources || class == intervention || class == systemError {
			return fault.Errorf(fault.Unavailable, "%w", err)
		}
	}
	return err
}

// refusedData tells whether the server refused the values themselves: class 22 (data
// exception) or 23 (integrity constraint violation), but for those in which a value is at
// odds with another transaction's.
func refusedData(err error) bool {
	code := sqlState(err)
	return fault.KindOf(err) == fault.Internal && (strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23"))
}

// connectionLost tells whether err came from the way to the server rather than from the server.
func connectionLost(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
