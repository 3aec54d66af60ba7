package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"vigie/internal/inventory"
)

// Inventory reads what exists and what was bought.
type Inventory struct {
	db *DB
}

// NewInventory returns the inventory kept in db.
func NewInventory(db *DB) *Inventory { return &Inventory{db: db} }

var sqlInventorySteady = query("inventory.steady", `
	SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`)

// Load returns the whole inventory as it is at one moment, ended things included.
func (i *Inventory) Load(ctx context.Context) (inventory.Snapshot, error) {
	var s inventory.Snapshot
	err := i.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlInventorySteady); err != nil {
			return err
		}
		var err error
		s, err = loadInventory(ctx, tx)
		return err
	})
	if err != nil {
		return inventory.Snapshot{}, fmt.Errorf("load the inventory: %w", err)
	}
	return s, nil
}

func loadInventory(ctx context.Context, tx pgx.Tx) (inventory.Snapshot, error) {
	var s inventory.Snapshot
	for _, shelf := range shelves {
		if err := shelf.load(ctx, tx, &s); err != nil {
			return inventory.Snapshot{}, err
		}
	}
	s.Sort()
	return s, nil
}

// shelf is one table of the inventory. What a row refers to is on an earlier shelf.
type shelf interface {
	load(ctx context.Context, tx pgx.Tx, into *inventory.Snapshot) error
	save(ctx context.Context, tx pgx.Tx, from inventory.Snapshot) error
}

var shelves = []shelf{
	organisationShelf, communeShelf, siteShelf, establishmentShelf, contactShelf, operatorShelf, popShelf,
	marketShelf, lotShelf, clauseShelf, priceShelf, linkShelf, termsShelf, routerShelf, canaryShelf, keyShareShelf, maintenanceShelf,
	checkShelf,
}

// typedShelf keeps values of T as rows of R, whose fields are the columns.
type typedShelf[T, R any] struct {
	what   string
	all    string // query that reads every row
	put    string // query that inserts rows, or replaces those of the same natural key; @rows is their JSON
	slice  func(*inventory.Snapshot) *[]T
	toRow  func(T) R
	toFact func(R) T
}

func (s typedShelf[T, R]) load(ctx context.Context, tx pgx.Tx, into *inventory.Snapshot) error {
	rows, err := tx.Query(ctx, s.all)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.what, err)
	}
	facts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) {
		r, err := pgx.RowToStructByName[R](row)
		return s.toFact(r), err
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", s.what, err)
	}
	*s.slice(into) = facts
	return nil
}

// saveChunk bounds how many rows travel in one statement.
const saveChunk = 5000

func (s typedShelf[T, R]) save(ctx context.Context, tx pgx.Tx, from inventory.Snapshot) error {
	for facts := range slices.Chunk(*s.slice(&from), saveChunk) {
		rows := make([]R, len(facts))
		for i, fact := range facts {
			rows[i] = s.toRow(fact)
		}
		if _, err := tx.Exec(ctx, s.put, pgx.NamedArgs{"rows": rows}); err != nil {
			return fmt.Errorf("save %s: %w", s.what, err)
		}
	}
	return nil
}

// upsert writes the statement that puts JSON rows into a table. A row whose key columns
// are stored already takes the other columns; columns that are named nowhere (ids, what
// people decide on pages) are never written.
func upsert(table, key, columns string) string {
	var set []string
	for column := range strings.SplitSeq(columns, ", ") {
		set = append(set, column+" = excluded."+column)
	}
	return "INSERT INTO " + table + " (" + key + ", " + columns + ") SELECT " + key + ", " + columns +
		" FROM json_populate_recordset(NULL::" + table + ", @rows::json) ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(set, ", ")
}

// zeroNull is NULL for a zero value.
func zeroNull[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// nullZero is the zero value for NULL.
func nullZero[T any](value *T) T {
	if value == nil {
		var zero T
		return zero
	}
	return *value
}
