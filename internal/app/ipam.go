package app

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/ipam"
	"vigie/internal/store"
)

// PlanImport is a set of files of the addressing plan with how to take them.
type PlanImport struct {
	Files  []intake.File `json:"files"`
	DryRun bool          `json:"dry_run"`
}

// PlanQuestion asks what the plan says of a site, else of a block, else of the whole of a VRF. An
// empty VRF is the global table.
type PlanQuestion struct {
	Site  string       `json:"site"`
	Block netip.Prefix `json:"block"`
	VRF   string       `json:"vrf"`
}

// PlanAnswer holds the one part that was asked for.
type PlanAnswer struct {
	Site  *ipam.Carried `json:"site,omitempty"`
	Block *ipam.Detail  `json:"block,omitempty"`
	Tree  []ipam.Node   `json:"tree,omitempty"`
}

// FreeQuestion asks for room in a block: for prefixes of some lengths, Count times over, or without
// lengths for Count addresses.
type FreeQuestion struct {
	Block   netip.Prefix `json:"block"`
	VRF     string       `json:"vrf"`
	Lengths []int        `json:"lengths"`
	Count   int          `json:"count"`
}

// FreeAnswer is where there is room, in the order asked. Nothing is reserved.
type FreeAnswer struct {
	Free []netip.Prefix `json:"free"`
}

// maxFree bounds how many times over one question asks for room.
const maxFree = 10_000

// ImportPlan takes files of the addressing plan, all or nothing. Problems of the files are in the
// answer; the error is anything else.
func (i *Instance) ImportPlan(ctx context.Context, r PlanImport) (ImportAnswer, error) {
	service := intake.PlanService{Store: store.NewPlan(i.db)}
	report, err := service.Import(ctx, r.Files, intake.Options{DryRun: r.DryRun, Actor: "vigie", Now: time.Now()})
	var refused *intake.Refused
	if errors.As(err, &refused) {
		return ImportAnswer{Report: report, Problems: &refused.Problems}, nil
	}
	return ImportAnswer{Report: report}, err
}

// ShowPlan answers what the plan says of something. A site or a VRF that it does not know is
// fault.NotFound.
func (i *Instance) ShowPlan(ctx context.Context, q PlanQuestion) (PlanAnswer, error) {
	x, err := i.plan(ctx)
	if err != nil {
		return PlanAnswer{}, err
	}
	switch {
	case q.Site != "":
		carried, err := x.Carried(q.Site)
		return PlanAnswer{Site: &carried}, err
	case q.Block.IsValid():
		detail, err := x.Detail(q.VRF, q.Block)
		return PlanAnswer{Block: &detail}, err
	}
	tree, err := x.Tree(q.VRF)
	return PlanAnswer{Tree: tree}, err
}

// FreePlan finds room in a block. What cannot lie in it is fault.Invalid, no room fault.Conflict.
func (i *Instance) FreePlan(ctx context.Context, q FreeQuestion) (FreeAnswer, error) {
	if q.Count < 1 || q.Count > maxFree {
		return FreeAnswer{}, fault.Errorf(fault.Invalid, "count: %d, expected 1 to %d", q.Count, maxFree)
	}
	x, err := i.plan(ctx)
	if err != nil {
		return FreeAnswer{}, err
	}
	block, _, err := x.Block(q.VRF, q.Block)
	if err != nil {
		return FreeAnswer{}, err
	}
	if len(q.Lengths) == 0 {
		hosts, err := x.AllocateHosts(block, q.Count, 0)
		return FreeAnswer{Free: hosts}, err
	}
	prefixes, err := x.Allocate(block, slices.Repeat(q.Lengths, q.Count)...)
	return FreeAnswer{Free: prefixes}, err
}

func (i *Instance) plan(ctx context.Context) (*ipam.Index, error) {
	p, err := store.NewPlan(i.db).Load(ctx)
	if err != nil {
		return nil, err
	}
	return ipam.NewIndex(p), nil
}

// ImportPlan asks the running instance to take files of the addressing plan.
func (r *Remote) ImportPlan(ctx context.Context, in PlanImport) (ImportAnswer, error) {
	return opPlanImport.call(ctx, r, in)
}

// ShowPlan asks what the plan says of something.
func (r *Remote) ShowPlan(ctx context.Context, q PlanQuestion) (PlanAnswer, error) {
	return opPlanShow.call(ctx, r, q)
}

// FreePlan asks for room in a block.
func (r *Remote) FreePlan(ctx context.Context, q FreeQuestion) (FreeAnswer, error) {
	return opPlanFree.call(ctx, r, q)
}
