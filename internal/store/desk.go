package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/desk"
	"vigie/internal/fault"
	"vigie/internal/ticket"
)

// Desk is the store of the conversation with the operators.
type Desk struct {
	conversation
}

// NewDesk returns the desk's store in db.
func NewDesk(db *DB) (*Desk, error) {
	c, err := newConversation(db)
	if err != nil {
		return nil, err
	}
	return &Desk{c}, nil
}

// InTx runs f in one transaction.
func (d *Desk) InTx(ctx context.Context, f func(context.Context, desk.Tx) error) error {
	return d.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return f(ctx, deskTx{d.bind(tx)})
	})
}

// deskTx is desk.Tx.
type deskTx struct{ conversationTx }

func (t deskTx) SetStopped(ctx context.Context, stopped bool, by int64, at time.Time) error {
	_, err := t.tx.Exec(ctx, sqlSetStopped, pgx.NamedArgs{"stopped": stopped, "at": at, "by": by})
	if err != nil {
		return fmt.Errorf("set the sending switch: %w", err)
	}
	return nil
}

var sqlSetMode = query("sending.set_mode", `UPDATE operator SET sending_mode = @mode WHERE key = @key`)

func (t deskTx) SetMode(ctx context.Context, operator string, m ticket.Mode) error {
	done, err := t.tx.Exec(ctx, sqlSetMode, pgx.NamedArgs{"key": operator, "mode": string(m)})
	if err != nil {
		return fmt.Errorf("set the sending mode of operator %s: %w", operator, err)
	}
	if done.RowsAffected() == 0 {
		return fault.Errorf(fault.NotFound, "operator %s does not exist", operator)
	}
	return nil
}

// sqlMessageStuck finds a message that should have left by now.
var sqlMessageStuck = query("message.stuck", `
	SELECT EXISTS (SELECT FROM message WHERE state IN ('queued', 'sending') AND coalesce(approved_at, created_at) < @before)
		AND NOT EXISTS (SELECT FROM sending WHERE stopped AND id)`)

// Stuck reports whether a message that may leave has been waiting to since before a time;
// while a person stopped all sending none may.
func (d *Desk) Stuck(ctx context.Context, before time.Time) (stuck bool, err error) {
	if err := d.db.pool.QueryRow(ctx, sqlMessageStuck, pgx.NamedArgs{"before": before}).Scan(&stuck); err != nil {
		return false, fmt.Errorf("look for messages that wait: %w", classify(err))
	}
	return stuck, nil
}
