package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"vigie/internal/intake"
	"vigie/internal/inventory"
)

// Intake keeps the inventory for its import.
type Intake struct {
	db *DB
}

// NewIntake returns the inventory kept in db, open to changes.
func NewIntake(db *DB) *Intake { return &Intake{db: db} }

// One import at a time: readers, and the sending mode of an operator, are not held up.
var sqlInventoryLock = query("inventory.lock", `LOCK TABLE organisation IN SHARE ROW EXCLUSIVE MODE`)

// ChangeInventory hands decide the stored inventory and saves the rows and the journal
// entries that it returns, in one transaction; an error of decide saves nothing and is
// returned. Rows that break what the tables hold are an internal error: decide is to
// have refused them.
func (i *Intake) ChangeInventory(ctx context.Context, decide func(inventory.Snapshot) (intake.Saving, error)) error {
	return i.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlInventoryLock); err != nil {
			return err
		}
		current, err := loadInventory(ctx, tx)
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
		return appendJournal(ctx, tx, saving.Entries...)
	})
}
