package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"vigie/internal/intake"
	"vigie/internal/ipam"
)

// Plan keeps the addressing plan.
type Plan struct {
	db *DB
}

// NewPlan returns the addressing plan kept in db.
func NewPlan(db *DB) *Plan { return &Plan{db: db} }

// One change of the plan at a time; readers are not held up.
var sqlPlanLock = query("plan.lock", `LOCK TABLE prefix IN SHARE ROW EXCLUSIVE MODE`)

// Load returns the whole plan as it is at one moment.
func (p *Plan) Load(ctx context.Context) (ipam.Plan, error) {
	var plan ipam.Plan
	err := p.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlInventorySteady); err != nil {
			return err
		}
		var err error
		plan, err = loadPlan(ctx, tx)
		return err
	})
	if err != nil {
		return ipam.Plan{}, fmt.Errorf("load the addressing plan: %w", err)
	}
	return plan, nil
}

// ChangePlan hands decide the stored plan with the keys of the inventory's sites, and saves the rows
// and the journal entries that it returns, in one transaction; an error of decide saves nothing and
// is returned. Assigned prefixes or aggregates that overlap are fault.Conflict; decide is to have
// refused them, and whatever else breaks what the tables hold.
func (p *Plan) ChangePlan(ctx context.Context, decide func(intake.Planned) (intake.PlanSaving, error)) error {
	return p.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlPlanLock); err != nil {
			return err
		}
		var current intake.Planned
		var err error
		if current.Plan, err = loadPlan(ctx, tx); err != nil {
			return err
		}
		if err := reading("sites", sqlSiteKeys, pgx.RowTo[string], &current.Sites)(ctx, tx); err != nil {
			return err
		}
		saving, err := decide(current)
		if err != nil {
			return err
		}
		if err := savePlan(ctx, tx, saving.Rows); err != nil {
			return err
		}
		return appendJournal(ctx, tx, saving.Entries...)
	})
}

var sqlSiteKeys = query("site.keys", `SELECT key FROM site`)

func loadPlan(ctx context.Context, tx pgx.Tx) (ipam.Plan, error) {
	var plan ipam.Plan
	for _, read := range []func(context.Context, pgx.Tx) error{
		reading("VRFs", sqlVRFAll, scanVRF, &plan.VRFs),
		reading("aggregates", sqlAggregateAll, scanAggregate, &plan.Aggregates),
		reading("VLAN groups", sqlVLANGroupAll, scanVLANGroup, &plan.Groups),
		reading("VLANs", sqlVLANAll, scanVLAN, &plan.VLANs),
		reading("prefixes", sqlPrefixAll, scanPrefix, &plan.Prefixes),
		reading("ranges", sqlRangeAll, scanRange, &plan.Ranges),
		reading("addresses", sqlAddressAll, scanAddress, &plan.Addresses),
	} {
		if err := read(ctx, tx); err != nil {
			return ipam.Plan{}, err
		}
	}
	plan.Sort()
	return plan, nil
}

// reading is the reading of every row of a table.
func reading[T any](what, statement string, scan pgx.RowToFunc[T], into *[]T) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, statement)
		if err == nil {
			*into, err = pgx.CollectRows(rows, scan)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", what, err)
		}
		return nil
	}
}

// savePlan puts rows, what a row refers to before it.
func savePlan(ctx context.Context, tx pgx.Tx, rows ipam.Plan) error {
	for _, put := range []func(context.Context, pgx.Tx) error{
		putting("VRFs", sqlVRFPut, rows.VRFs, vrfArgs),
		putting("aggregates", sqlAggregatePut, rows.Aggregates, aggregateArgs),
		putting("VLAN groups", sqlVLANGroupPut, rows.Groups, vlanGroupArgs),
		putting("VLANs", sqlVLANPut, rows.VLANs, vlanArgs),
		putting("prefixes", sqlPrefixPut, rows.Prefixes, prefixArgs),
		putting("ranges", sqlRangePut, rows.Ranges, rangeArgs),
		putting("addresses", sqlAddressPut, rows.Addresses, addressArgs),
	} {
		if err := put(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// putting is the insertion of rows, which replace those of the same key.
func putting[T any](what, statement string, rows []T, args func(T) pgx.NamedArgs) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		for chunk := range slices.Chunk(rows, saveChunk) {
			batch := &pgx.Batch{}
			for _, row := range chunk {
				batch.Queue(statement, args(row))
			}
			if err := tx.SendBatch(ctx, batch).Close(); err != nil {
				return fmt.Errorf("save %s: %w", what, err)
			}
		}
		return nil
	}
}
