package lab_test

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/ipam"
	"vigie/internal/lab"
)

var planDay = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// schools is an inventory of n sites in two départements.
func schools(n int) *inventory.Index {
	s := inventory.Snapshot{Communes: []inventory.Commune{{INSEE: "55029", Departement: "55"}, {INSEE: "67482", Departement: "67"}}}
	for i := range n {
		site := inventory.Site{ID: int64(i + 1), Key: "site-" + strconv.Itoa(i), Commune: "67482"}
		if i%5 == 0 {
			site.Commune = "55029"
		}
		s.Sites = append(s.Sites, site)
		s.Links = append(s.Links, inventory.Link{
			ID: site.ID, Ref: "L-" + strconv.Itoa(i), Sites: []string{site.Key}, ProbeAddress: netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}),
		})
		s.Routers = append(s.Routers, inventory.Router{Key: "r-" + strconv.Itoa(i), Link: "L-" + strconv.Itoa(i)})
	}
	return inventory.NewIndex(s)
}

// memory keeps the rows of one import.
type memory struct {
	sites []string
	rows  ipam.Plan
}

func (m *memory) ChangePlan(_ context.Context, decide func(intake.Planned) (intake.PlanSaving, error)) error {
	saving, err := decide(intake.Planned{Sites: m.sites})
	m.rows = saving.Rows
	return err
}

func TestTheFictitiousPlanIsImportedWithoutProblemAndGivesEverySiteItsNetworks(t *testing.T) {
	t.Parallel()
	x := schools(40)
	files, err := lab.Plan(x, planDay)
	if err != nil {
		t.Fatal(err)
	}
	again, err := lab.Plan(x, planDay)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, again, cmpopts.IgnoreUnexported(intake.File{})); diff != "" {
		t.Errorf("two plans of one inventory (-first +second):\n%s", diff)
	}
	kept := &memory{}
	for _, site := range x.Sites {
		kept.sites = append(kept.sites, site.Key)
	}
	report, err := intake.PlanService{Store: kept}.Import(t.Context(), files, intake.Options{Actor: "vigie", Now: planDay})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Warnings.List) > 0 {
		t.Errorf("warnings:\n%s", report.Warnings)
	}
	plan := kept.rows
	if found := ipam.Check(plan); len(found) > 0 {
		t.Errorf("the plan breaks its rules: %v", found)
	}
	index := ipam.NewIndex(plan)
	for _, site := range x.Sites {
		carried, err := index.Carried(site.Key)
		if err != nil {
			t.Fatal(err)
		}
		if len(carried.VLANs) != 11 || len(carried.Prefixes) != 13 {
			t.Errorf("%s carries %d VLANs and %d prefixes, want 11 and 13", site.Key, len(carried.VLANs), len(carried.Prefixes))
		}
		gateway := func(a ipam.Address) bool {
			return a.Device == "r-"+strings.TrimPrefix(site.Key, "site-") && a.Interface == "vlan20"
		}
		if !slices.ContainsFunc(carried.Hosts, gateway) {
			t.Errorf("%s has no gateway of VLAN 20 on its router", site.Key)
		}
	}
	for _, p := range plan.Prefixes {
		if p.Description != "fictif (démo)" {
			t.Errorf("%s is described as %q, want it labelled fictitious", p.CIDR, p.Description)
		}
	}
}

func TestAPlanWithoutRoomSaysWhere(t *testing.T) {
	t.Parallel()
	if _, err := lab.Plan(schools(3000), planDay); err == nil || !strings.Contains(err.Error(), "fictitious addressing plan: ") {
		t.Errorf("3,000 sites: error %v, want one that says what is full", err)
	}
}
