package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/intake"
)

// Intake keeps the inventory for its import.
type Intake struct {
	db *DB
}

// NewIntake returns the inventory kept in db, open to changes.
func NewIntake(db *DB) *Intake { return &Intake{db: db} }

// One import at a time: readers, and the sending mode of an operator, are not held up.
var sqlInventoryLock = query("inventory.lock", `LOCK TABLE organisation IN SHARE ROW EXCLUSIVE MODE`)

// ChangeInventory hands decide what is stored and saves what it returns, in one
// transaction; an error of decide saves nothing and is returned. Rows that break what the
// tables hold are an internal error: decide is to have refused them.
func (i *Intake) ChangeInventory(ctx context.Context, decide func(intake.Current) (intake.Saving, error)) error {
	return i.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlInventoryLock); err != nil {
			return err
		}
		current, err := loadCurrent(ctx, tx)
		if err != nil {
			return err
		}
		saving, err := decide(current)
		if err != nil {
			return err
		}
		for _, shelf := range shelves {
			if err := shelf.save(ctx, tx, saving.Rows); err != nil {
				return err
			}
		}
		if err := saveReview(ctx, tx, saving); err != nil {
			return err
		}
		if err := saveChanges(ctx, tx, saving); err != nil {
			return err
		}
		return appendJournal(ctx, tx, saving.Entries...)
	})
}

func loadCurrent(ctx context.Context, tx pgx.Tx) (intake.Current, error) {
	stored, err := loadInventory(ctx, tx)
	if err != nil {
		return intake.Current{}, err
	}
	purpose, err := purposeOf(ctx, tx)
	if err != nil {
		return intake.Current{}, err
	}
	current := intake.Current{Snapshot: stored, Real: purpose == Real}
	if current.Held, err = many(ctx, tx, sqlHeldAll, nil, heldRow.held); err != nil {
		return intake.Current{}, fmt.Errorf("read the rows that wait: %w", err)
	}
	current.Answers, err = many(ctx, tx, sqlAnswers, nil, answerRow.answer)
	return current, err
}

// Current gives what is stored at one moment.
func (i *Intake) Current(ctx context.Context) (current intake.Current, err error) {
	err = i.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlInventorySteady); err != nil {
			return err
		}
		current, err = loadCurrent(ctx, tx)
		return err
	})
	if err != nil {
		return intake.Current{}, fmt.Errorf("load the inventory: %w", err)
	}
	return current, nil
}

var (
	sqlChangePut = query("inventory_change.put", `
		INSERT INTO inventory_change (at, actor, file, key, change, fields)
		SELECT @at, @actor, c->>'file', c->>'key', c->>'change', coalesce(c->'fields', '[]') FROM json_array_elements(@changes::json) c`)
	sqlChangesOf = query("inventory_change.of", `
		SELECT at, actor, change, fields FROM inventory_change WHERE file = @file AND key = @key ORDER BY id DESC LIMIT @limit`)
)

// saveChanges writes the history of the objects beside the journal entry that proves it.
func saveChanges(ctx context.Context, tx pgx.Tx, saving intake.Saving) error {
	if len(saving.Changes) == 0 {
		return nil
	}
	said := saving.Entries[0]
	_, err := tx.Exec(ctx, sqlChangePut, pgx.NamedArgs{"at": said.At, "actor": said.Actor, "changes": saving.Changes})
	return err
}

type changeRow struct {
	At     time.Time
	Actor  string
	Change string
	Fields json.RawMessage
}

// History gives what happened to one row, the latest first, at most limit changes.
func (i *Intake) History(ctx context.Context, file, key string, limit int) ([]intake.Recorded, error) {
	rows, err := i.db.pool.Query(ctx, sqlChangesOf, pgx.NamedArgs{"file": file, "key": key, "limit": limit})
	if err != nil {
		return nil, classify(err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (intake.Recorded, error) {
		r, err := pgx.RowToStructByName[changeRow](row)
		if err != nil {
			return intake.Recorded{}, err
		}
		recorded := intake.Recorded{At: r.At.UTC(), Actor: r.Actor, Change: r.Change}
		return recorded, json.Unmarshal(r.Fields, &recorded.Fields)
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of %s %q: %w", file, key, classify(err))
	}
	return found, nil
}
