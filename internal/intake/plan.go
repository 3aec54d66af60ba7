package intake

import (
	"context"
	"fmt"

	"vigie/internal/fault"
	"vigie/internal/ipam"
	"vigie/internal/journal"
)

// Planned is what an import of the addressing plan is held against.
type Planned struct {
	Plan  ipam.Plan
	Sites []string // keys of the inventory
}

// PlanSaving is what an import writes: rows to insert or to replace by their key, and what the journal
// says of it. The zero PlanSaving writes nothing.
type PlanSaving struct {
	Rows    ipam.Plan
	Entries []journal.Entry
}

// PlanStore keeps the addressing plan.
type PlanStore interface {
	// ChangePlan hands decide the stored plan and saves what it returns, in one transaction that no
	// other change of the plan crosses. An error of decide is returned and saves nothing. decide may be
	// called again when the transaction lost against another.
	ChangePlan(ctx context.Context, decide func(current Planned) (PlanSaving, error)) error
}

// PlanService imports the files of an addressing plan into a store.
type PlanService struct{ Store PlanStore }

// PlanChain is the journal chain of the addressing plan.
var PlanChain = journal.Chain{Kind: "plan", ID: "all"}

// Import reads the files, compares them with what is stored and saves the difference with its journal
// entry, all or nothing. Files with problems are fault.Invalid, wrap a *Refused and save nothing; the
// report then holds the warnings and the difference as far as the files could be read. Rows that the
// files leave out are left alone, so o.EndMissing has no meaning here.
func (s PlanService) Import(ctx context.Context, files []File, o Options) (Report, error) {
	var report Report
	err := s.Store.ChangePlan(ctx, func(current Planned) (PlanSaving, error) {
		set, problems, warnings := readPlan(files)
		c := planChecker{set: set, current: current, problems: problems, warnings: warnings}
		c.check()
		report = Report{DryRun: o.DryRun, Read: hashes(files), Warnings: c.warnings}
		var rows ipam.Plan
		for _, sheet := range planSheets {
			if c.set.given[sheet.name()] {
				report.Files = append(report.Files, sheet.against(current.Plan, c.set, &rows))
			}
		}
		if len(c.problems.List) > 0 {
			c.problems.sort()
			return PlanSaving{}, &fault.Error{Kind: fault.Invalid, Err: &Refused{c.problems}}
		}
		if o.DryRun || report.Empty() {
			return PlanSaving{}, nil
		}
		entry, err := report.entry(o)
		entry.Chain, entry.Action = PlanChain, "plan.import"
		return PlanSaving{Rows: rows, Entries: []journal.Entry{entry}}, err
	})
	if err != nil {
		return report, fmt.Errorf("import the addressing plan: %w", err)
	}
	return report, nil
}
