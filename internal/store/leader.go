package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrLed says that another process leads the database.
var ErrLed = errors.New("another Vigie works on this database")

// leaderLock is the advisory lock of whoever leads, an arbitrary number.
const leaderLock = 0x76696769655f6c64

var sqlLead = query("leader.try", `SELECT pg_try_advisory_lock(@lock)`)

// Leadership is the right to be the one process that probes, decides and sends. It lasts as
// long as its connection: PostgreSQL gives it to another when the process or its host dies.
type Leadership struct {
	conn *pgx.Conn
}

// Lead takes the leadership of the database, or returns ErrLed.
func (db *DB) Lead(ctx context.Context) (*Leadership, error) {
	config := db.pool.Config().ConnConfig.Copy()
	// A host that is cut off must not lead for the two hours of the usual keepalive.
	for name, value := range map[string]string{"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"} {
		config.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("lead the database: %w", classify(err))
	}
	var leads bool
	err = conn.QueryRow(ctx, sqlLead, pgx.NamedArgs{"lock": int64(leaderLock)}).Scan(&leads)
	if err == nil && leads {
		return &Leadership{conn}, nil
	}
	if err == nil {
		err = ErrLed
	}
	return nil, errors.Join(fmt.Errorf("lead the database: %w", classify(err)), conn.Close(ctx))
}

// Held asks whether the connection still stands.
func (l *Leadership) Held(ctx context.Context) error { return classify(l.conn.Ping(ctx)) }

// Release gives the leadership up.
func (l *Leadership) Release(ctx context.Context) error { return l.conn.Close(ctx) }
