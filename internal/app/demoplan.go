package app

import (
	"context"
	"fmt"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/lab"
	"vigie/internal/store"
)

// importDemoPlan gives the demo's sites an addressing plan, once: what somebody
// imports later stays.
func importDemoPlan(ctx context.Context, i *Instance, now time.Time) error {
	known, err := i.plan(ctx)
	if err != nil || len(known.Plan.Prefixes) > 0 {
		return err
	}
	x, err := store.NewView(i.db).Inventory(ctx)
	if err != nil {
		return err
	}
	files, err := lab.Plan(x, calendar.Day(now))
	if err != nil {
		return err
	}
	a, err := i.ImportPlan(ctx, PlanImport{Files: files})
	if err != nil {
		return err
	}
	if a.Problems != nil {
		return fmt.Errorf("demo addressing plan: %s", a.Problems)
	}
	return nil
}
