package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"vigie/internal/inventory"
)

// indexCache keeps the inventory as it was last loaded. Every import ends with an
// entry in the inventory's journal chain, so the length of that chain tells
// whether it is still the same.
type indexCache struct {
	mu      sync.Mutex
	version int64
	index   *inventory.Index
}

var sqlInventoryVersion = query("inventory.version", `
	SELECT coalesce((SELECT seq FROM journal_head WHERE chain_kind = 'inventory' ORDER BY seq DESC LIMIT 1), 0)`)

// get returns the inventory as the transaction sees it; it is shared and read
// only.
func (c *indexCache) get(ctx context.Context, tx pgx.Tx) (*inventory.Index, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	version, err := inventoryVersion(ctx, tx)
	for err == nil && (c.index == nil || c.version != version) {
		var snapshot inventory.Snapshot
		if snapshot, err = loadInventory(ctx, tx); err != nil {
			break
		}
		read := version
		if version, err = inventoryVersion(ctx, tx); err == nil && version == read { // no import between two tables
			c.index, c.version = inventory.NewIndex(snapshot), version
		}
	}
	if err != nil {
		return nil, fmt.Errorf("load the inventory: %w", err)
	}
	return c.index, nil
}

func inventoryVersion(ctx context.Context, tx pgx.Tx) (version int64, err error) {
	err = tx.QueryRow(ctx, sqlInventoryVersion).Scan(&version)
	return version, err
}
