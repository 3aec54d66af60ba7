package store_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/ipam"
	"vigie/internal/journal"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

// fullPlan has every column of every table filled.
func fullPlan() ipam.Plan {
	cidr, addr := netip.MustParsePrefix, netip.MustParseAddr
	return ipam.Plan{
		VRFs:       []ipam.VRF{{Name: "A", RD: "64512:1", EnforceUnique: true, Description: "d"}, {Name: "B"}},
		Aggregates: []ipam.Aggregate{{CIDR: cidr("10.0.0.0/8"), RIR: "RFC 1918", Added: civil(9, 1), Description: "d"}},
		Groups:     []ipam.VLANGroup{{Name: "G", Ranges: []ipam.VIDRange{{First: 100, Last: 199}, {First: 300, Last: 300}}, Description: "d"}},
		VLANs: []ipam.VLAN{
			{Site: "s", VID: 10, Name: "n", Status: ipam.Active},
			{Group: "G", Site: "s", VID: 100, Name: "n", Status: ipam.Reserved, Tenant: "t", Role: "r", Description: "d"},
		},
		Prefixes: []ipam.Prefix{
			{CIDR: cidr("10.0.0.0/16"), Status: ipam.Container},
			{
				CIDR: cidr("10.0.1.0/24"), Status: ipam.Active, Pool: true, Utilised: true, Assigned: true,
				Site: "s", VLAN: ipam.VLANKey{Site: "s", VID: 10}, Tenant: "t", Role: "r", Description: "d",
			},
			{CIDR: cidr("10.0.1.0/24"), VRF: "A", Status: ipam.Reserved, Assigned: true, VLAN: ipam.VLANKey{Group: "G", VID: 100}},
			{CIDR: cidr("2001:db8::/32"), VRF: "A", Status: ipam.Deprecated},
		},
		Ranges: []ipam.Range{{
			Start: addr("10.0.1.10"), End: addr("10.0.1.19"), VRF: "A", Status: ipam.Active, Populated: true, Utilised: true,
			Tenant: "t", Role: "r", Description: "d",
		}},
		Addresses: []ipam.Address{
			{Address: cidr("10.0.1.1/24"), Status: ipam.DHCP, Role: ipam.VIP, Device: "d1", Interface: "i", DNSName: "n", Tenant: "t", Description: "d"},
			{Address: cidr("10.0.1.1/24"), Status: ipam.Active, Role: ipam.VIP, Device: "d2", Interface: "i"},
			{Address: cidr("10.0.1.1/24"), VRF: "A", Status: ipam.Active},
		},
	}
}

func savePlan(db *store.DB, rows ipam.Plan, entries ...journal.Entry) error {
	return store.NewPlan(db).ChangePlan(context.Background(), func(intake.Planned) (intake.PlanSaving, error) {
		return intake.PlanSaving{Rows: rows, Entries: entries}, nil
	})
}

func loadPlan(t *testing.T, db *store.DB) ipam.Plan {
	t.Helper()
	p, err := store.NewPlan(db).Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var exactPlan = cmp.Options{
	cmpopts.EquateEmpty(), sameAddress,
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

func TestEveryColumnOfThePlanComesBack(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	for _, attempt := range []string{"inserted", "replaced"} {
		if err := savePlan(db, fullPlan()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(loadPlan(t, db), fullPlan(), exactPlan); diff != "" {
			t.Errorf("%s (-got +want):\n%s", attempt, diff)
		}
	}
}

// The database itself refuses what two routers may not carry: in the global table too, whose VRF is
// NULL.
func TestTheTablesHoldWhatNoPlanMayBreak(t *testing.T) {
	t.Parallel()
	cidr := netip.MustParsePrefix
	for name, c := range map[string]struct {
		change func(*ipam.Plan)
		kind   fault.Kind
	}{
		"an assigned prefix inside another, in the global table": {func(p *ipam.Plan) {
			p.Prefixes = append(p.Prefixes, ipam.Prefix{CIDR: cidr("10.0.1.128/25"), Status: ipam.Active, Assigned: true})
		}, fault.Conflict},
		"an assigned prefix around another, in a VRF": {func(p *ipam.Plan) {
			p.Prefixes = append(p.Prefixes, ipam.Prefix{CIDR: cidr("10.0.0.0/8"), VRF: "A", Status: ipam.Active, Assigned: true})
		}, fault.Conflict},
		"an aggregate inside another": {func(p *ipam.Plan) {
			p.Aggregates = append(p.Aggregates, ipam.Aggregate{CIDR: cidr("10.1.0.0/16"), RIR: "r"})
		}, fault.Conflict},
		"a VLAN on a prefix that is not assigned": {func(p *ipam.Plan) { p.Prefixes[1].Assigned = false }, fault.Internal},
		"a prefix of an unknown VRF":              {func(p *ipam.Plan) { p.Prefixes[0].VRF = "C" }, fault.Internal},
		"a VLAN of an unknown group":              {func(p *ipam.Plan) { p.VLANs[0].Group = "H" }, fault.Internal},
		"a range that ends before it begins":      {func(p *ipam.Plan) { p.Ranges[0].End = netip.MustParseAddr("10.0.1.9") }, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.New(t)
			rows := fullPlan()
			c.change(&rows)
			if err := savePlan(db, rows); err == nil || fault.KindOf(err) != c.kind {
				t.Errorf("error is %v, want one of kind %v", err, c.kind)
			}
			if diff := cmp.Diff(loadPlan(t, db), ipam.Plan{}, exactPlan); diff != "" {
				t.Errorf("something was saved (-got +want):\n%s", diff)
			}
		})
	}
}

// One change may move an assignment from a block to one inside it, in any order of rows.
func TestAnAssignmentMovesInOneChange(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	if err := savePlan(db, fullPlan()); err != nil {
		t.Fatal(err)
	}
	moved := []ipam.Prefix{
		{CIDR: netip.MustParsePrefix("10.0.1.0/25"), Status: ipam.Active, Assigned: true},
		{CIDR: netip.MustParsePrefix("10.0.1.0/24"), Status: ipam.Container},
	}
	if err := savePlan(db, ipam.Plan{Prefixes: moved}); err != nil {
		t.Fatal(err)
	}
	if n := len(loadPlan(t, db).Prefixes); n != 5 {
		t.Errorf("%d prefixes, want 5", n)
	}
}

func TestARefusedChangeOfThePlanSavesNothing(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	if err := save(db, full()); err != nil {
		t.Fatal(err)
	}
	refusal := errors.New("no")
	err := store.NewPlan(db).ChangePlan(context.Background(), func(current intake.Planned) (intake.PlanSaving, error) {
		if diff := cmp.Diff(current.Sites, []string{"site"}); diff != "" {
			t.Errorf("sites (-got +want):\n%s", diff)
		}
		return intake.PlanSaving{Rows: fullPlan()}, refusal
	})
	if !errors.Is(err, refusal) || len(loadPlan(t, db).VRFs) != 0 {
		t.Errorf("error is %v", err)
	}
	entry := journal.Entry{Chain: intake.PlanChain, At: civil(9, 1), Actor: "test", Action: "plan.import", Body: []byte("{}")}
	if err := savePlan(db, fullPlan(), entry); err != nil {
		t.Fatal(err)
	}
	found, err := store.NewJournal(db).Check(context.Background(), nil)
	if err != nil || found.Entries != 1 || found.Break != nil {
		t.Errorf("the journal holds %+v, %v", found, err)
	}
}
