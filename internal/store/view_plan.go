package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"vigie/internal/ipam"
)

// planCache keeps the addressing plan as it was last loaded. Every change of it ends
// with an entry in the plan's journal chain, whose length tells whether it is still
// the same.
type planCache struct {
	mu      sync.Mutex
	version int64
	index   *ipam.Index
}

var sqlPlanVersion = query("plan.version", `
	SELECT coalesce((SELECT seq FROM journal_head WHERE chain_kind = 'plan' ORDER BY seq DESC LIMIT 1), 0)`)

// Plan gives the addressing plan; it is shared and read only.
func (v *View) Plan(ctx context.Context) (*ipam.Index, error) {
	v.plan.mu.Lock()
	defer v.plan.mu.Unlock()
	err := v.read(ctx, func(tx pgx.Tx) error {
		var version int64
		if err := tx.QueryRow(ctx, sqlPlanVersion).Scan(&version); err != nil {
			return err
		}
		if v.plan.index != nil && v.plan.version == version {
			return nil
		}
		plan, err := loadPlan(ctx, tx)
		if err != nil {
			return err
		}
		v.plan.index, v.plan.version = ipam.NewIndex(plan), version
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the addressing plan: %w", err)
	}
	return v.plan.index, nil
}
