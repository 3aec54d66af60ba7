package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Sessions keeps the sessions of signed-in browsers: the store of
// alexedwards/scs, with and without a context. A session that has expired is not
// found; it is removed when another is saved. How old a session is, is no business
// time: the clock is read here.
type Sessions struct{ db *DB }

// NewSessions returns the sessions kept in db.
func NewSessions(db *DB) *Sessions { return &Sessions{db: db} }

var (
	sqlSessionFind   = query("session.find", `SELECT data FROM session WHERE digest = @digest AND expires > @now`)
	sqlSessionDelete = query("session.delete", `DELETE FROM session WHERE digest = @digest`)
	sqlSessionSave   = query("session.save", `
		WITH expired AS (DELETE FROM session WHERE expires <= @now AND digest <> @digest)
		INSERT INTO session (digest, data, expires) VALUES (@digest, @data, @expires)
		ON CONFLICT (digest) DO UPDATE SET data = excluded.data, expires = excluded.expires`)
)

// sessionLimit bounds a call that comes without a context.
const sessionLimit = 5 * time.Second

func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// FindCtx returns the data of a session that has not expired.
func (s *Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	args := pgx.NamedArgs{"digest": digest(token), "now": time.Now()}
	err = s.db.pool.QueryRow(ctx, sqlSessionFind, args).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find a session: %w", classify(err))
	}
	return data, true, nil
}

// CommitCtx saves a session until it expires.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	args := pgx.NamedArgs{"digest": digest(token), "data": data, "expires": expires, "now": time.Now()}
	if _, err := s.db.pool.Exec(ctx, sqlSessionSave, args); err != nil {
		return fmt.Errorf("save a session: %w", classify(err))
	}
	return nil
}

// DeleteCtx removes a session; one that is not there is no error.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	if _, err := s.db.pool.Exec(ctx, sqlSessionDelete, pgx.NamedArgs{"digest": digest(token)}); err != nil {
		return fmt.Errorf("remove a session: %w", classify(err))
	}
	return nil
}

// Find is FindCtx for a caller without a context.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), sessionLimit)
	defer cancel()
	return s.FindCtx(ctx, token)
}

// Commit is CommitCtx for a caller without a context.
func (s *Sessions) Commit(token string, data []byte, expires time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), sessionLimit)
	defer cancel()
	return s.CommitCtx(ctx, token, data, expires)
}

// Delete is DeleteCtx for a caller without a context.
func (s *Sessions) Delete(token string) error {
	ctx, cancel := context.WithTimeout(context.Background(), sessionLimit)
	defer cancel()
	return s.DeleteCtx(ctx, token)
}
