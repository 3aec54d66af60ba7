package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/ipam"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func plan(t testing.TB) []intake.File {
	t.Helper()
	return folder(t, "testdata/plan")
}

func planned(t testing.TB, db *store.DB, dry bool, files ...intake.File) intake.Report {
	t.Helper()
	service := intake.PlanService{Store: store.NewPlan(db)}
	report, err := service.Import(context.Background(), files, intake.Options{DryRun: dry, Actor: "user:7", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func loadedPlan(t testing.TB, db *store.DB) ipam.Plan {
	t.Helper()
	p, err := store.NewPlan(db).Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func added(r intake.Report) map[string]int {
	n := map[string]int{}
	for _, f := range r.Files {
		n[f.File] = len(f.Added)
	}
	return n
}

func TestAPlanIsTakenOnceAndWholly(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	dry := planned(t, db, true, plan(t)...)
	if p := loadedPlan(t, db); len(p.Prefixes)+len(p.VRFs) > 0 {
		t.Errorf("a dry run saved %+v", p)
	}
	want := map[string]int{
		"vrfs.csv": 2, "aggregates.csv": 2, "vlan_groups.csv": 1, "vlans.csv": 4,
		"prefixes.csv": 7, "ip_ranges.csv": 1, "ip_addresses.csv": 4,
	}
	first := planned(t, db, false, plan(t)...)
	for name, r := range map[string]intake.Report{"dry run": dry, "first import": first} {
		if diff := cmp.Diff(added(r), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
	if second := planned(t, db, false, plan(t)...); !second.Empty() {
		t.Errorf("the second import differs: %+v", second.Files)
	}
	if n := count(t, db, `SELECT count(*) FROM journal_entry WHERE chain_kind = 'plan' AND action = 'plan.import'`); n != 1 {
		t.Errorf("%d journal entries, want that of the first import only", n)
	}

	p := loadedPlan(t, db)
	got := map[string]ipam.Prefix{}
	for _, row := range p.Prefixes {
		got[row.VRF+" "+row.CIDR.String()] = row
	}
	for key, want := range map[string]ipam.VLANKey{
		" 10.64.0.0/16":             {},
		" 10.64.11.0/24":            {Site: "college-b", VID: 10},
		"pedagogique 10.64.12.0/24": {Group: "salle", VID: 100},
	} {
		if row, known := got[key]; !known || row.VLAN != want || row.Assigned != (want.VID != 0) {
			t.Errorf("%s is %+v, want the VLAN %+v", key, row, want)
		}
	}
	if !got[" 10.64.255.0/31"].Assigned {
		t.Error("10.64.255.0/31 lost that a router interface has it")
	}
}

func TestAChangeOfThePlanNamesItsFields(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	planned(t, db, false, plan(t)...)
	report := planned(t, db, false, file("prefixes.csv",
		"prefix,vrf,vlan_site,vlan,status,tags,scope_type,scope_name",
		"10.64.10.0/24,pedagogique,college-a,10,deprecated,x,dcim.site,college-b"))
	want := []intake.Change{{Key: "10.64.10.0/24 in pedagogique", Fields: []intake.FieldChange{
		{Field: "site", Old: "college-a", New: "college-b"},
		{Field: "vlan", Old: "20", New: "10"},
		{Field: "status", Old: "active", New: "deprecated"},
		{Field: "role", Old: "peda", New: ""},
		{Field: "description", Old: "the same block in another VRF", New: ""},
	}}}
	if diff := cmp.Diff(report.Files[0].Changed, want); diff != "" {
		t.Errorf("changes (-got +want):\n%s", diff)
	}
	if n := len(report.Files[0].Absent); n != 6 {
		t.Errorf("%d rows absent, want the six others left alone", n)
	}
}

func TestProblemsOfAPlanNameTheirPlace(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	planned(t, db, false, plan(t)...)
	const (
		prefixHeader  = "prefix,vrf,site,vlan,vlan_group,status"
		addressHeader = "address,vrf,status,role,interface"
	)
	for name, c := range map[string]struct {
		file intake.File
		want []string
	}{
		"cells": {
			file("prefixes.csv", prefixHeader, "10.0.0/8,,,,,active", "0.0.0.0/0,,,,,active", "10.0.0.0/8,,,4095,,active", "10.0.0.0/9,,,,,Active", ",,,,,active"),
			[]string{
				`prefixes.csv:2: prefix: "10.0.0/8" is not a prefix such as 10.1.0.0/16 or 2001:db8::/32`,
				`prefixes.csv:3: prefix: "0.0.0.0/0" is the whole address space: a mask of /0 is refused`,
				`prefixes.csv:4: vlan: "4095" is not a whole number from 1 to 4094`,
				`prefixes.csv:5: status: "Active" is not one of active, container, reserved, deprecated`,
				`prefixes.csv:6: prefix: is required`,
			},
		},
		"a header nobody knows": {
			file("vlans.csv", "site,vid,name,status,colour", "a,1,x,active,red"),
			[]string{`vlans.csv:1: "colour" is not a known header; known: site, group, vid, name, status, tenant, role, description, id, qinq_role, qinq_svlan, owner, comments, tags`},
		},
		"a scope that is no site": {
			file("prefixes.csv", "prefix,status,scope_type,scope_name", "10.0.0.0/8,active,dcim.region,Nord"),
			[]string{`prefixes.csv:2: scope_type: "dcim.region" is not dcim.site: a prefix belongs to a site or to none`},
		},
		"a key twice, once with host bits": {
			file("prefixes.csv", prefixHeader, "10.0.0.0/8,,,,,active", "10.1.1.1/8,,,,,active"),
			[]string{`prefixes.csv:3: prefix: "10.0.0.0/8" is already on prefixes.csv:2`},
		},
		"assigned on what is stored": {
			file("prefixes.csv", prefixHeader, "10.64.10.128/25,,college-b,10,,active"),
			[]string{`prefixes.csv:2: prefix: "10.64.10.128/25" overlaps 10.64.10.0/24, which carries a VLAN or an interface too, in the global table`},
		},
		"a VLAN that is not there": {
			file("prefixes.csv", prefixHeader, "10.65.0.0/24,,college-a,30,,active", "10.65.1.0/24,,college-a,20,salle,active"),
			[]string{
				`prefixes.csv:2: vlan: "30 at college-a" is neither in vlans.csv nor stored`,
				`prefixes.csv:3: vlan: "20 in group salle" is neither in vlans.csv nor stored`,
			},
		},
		"addresses": {
			file("ip_addresses.csv", addressHeader, "10.64.10.1/25,,active,,", "10.64.10.150/32,,active,,", "10.64.11.255/24,,active,,lan", "10.64.11.9,,active,,"),
			[]string{
				`ip_addresses.csv:2: address: "10.64.10.1/25" is already in the global table`,
				`ip_addresses.csv:3: address: "10.64.10.150/32" is in a range of the global table marked populated`,
				`ip_addresses.csv:4: address: "10.64.11.255/24 on lan" is the broadcast address of 10.64.11.0/24: no interface may have it`,
				`ip_addresses.csv:5: address: "10.64.11.9" is not an address with its mask, such as 10.1.0.1/24`,
			},
		},
		"a range over another": {
			file("ip_ranges.csv", "start_address,end_address,status", "10.64.10.150,10.64.10.210,active", "10.64.10.1/x,10.64.10.9,active"),
			[]string{
				`ip_ranges.csv:2: start_address: "10.64.10.150" overlaps the range 10.64.10.100 to 10.64.10.199 of the global table`,
				`ip_ranges.csv:3: start_address: "10.64.10.1/x" is not an IPv4 or IPv6 address`,
			},
		},
		"an aggregate over another": {
			file("aggregates.csv", "prefix,rir", "10.0.0.0/8,RFC 1918"),
			[]string{`aggregates.csv:2: prefix: "10.0.0.0/8" overlaps aggregate 10.64.0.0/10`},
		},
		"a group that leaves its VLANs out": {
			file("vlan_groups.csv", "name,vid_ranges", "salle,200-299", "bad,2-4;3-5"),
			[]string{
				`vlan_groups.csv:3: vid_ranges: "2-4;3-5" is not a list of VIDs such as 100-199,300`,
				`vlans.csv: vid: "100 in group salle" is outside 200-299 of group salle (stored before)`,
			},
		},
		"a file of something else": {
			file("devices.csv", "name", "x"),
			[]string{"devices.csv: is not a file of the addressing plan; known: vrfs.csv, aggregates.csv, vlan_groups.csv, vlans.csv, prefixes.csv, ip_ranges.csv, ip_addresses.csv"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := intake.PlanService{Store: store.NewPlan(db)}.Import(context.Background(), []intake.File{c.file}, intake.Options{Now: now})
			var refused *intake.Refused
			if !errors.As(err, &refused) || fault.KindOf(err) != fault.Invalid {
				t.Fatalf("error is %v, want a refusal", err)
			}
			if diff := cmp.Diff(strings.Split(refused.Error(), "\n"), c.want); diff != "" {
				t.Errorf("problems (-got +want):\n%s", diff)
			}
		})
	}
}

func TestVRFsThatNoFileDescribesAreMadeOnlyWithoutTheirFile(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	prefixes := file("prefixes.csv", "prefix,vrf,site,status", "10.0.0.0/8,Alpha,ici,active", "10.0.0.0/9,Alpha,ici,active")
	_, err := intake.PlanService{Store: store.NewPlan(db)}.Import(context.Background(),
		[]intake.File{prefixes, file("vrfs.csv", "name,enforce_unique", "Bravo,yes")}, intake.Options{Now: now})
	if err == nil || !strings.Contains(err.Error(), `prefixes.csv:2: vrf: "Alpha" is neither in vrfs.csv nor stored`) {
		t.Errorf("error is %v", err)
	}
	report := planned(t, db, false, prefixes, file("circuits.csv", "cid", "X"))
	want := `circuits.csv: is passed over: a circuit is a link, which vigie import takes from links.csv
prefixes.csv:2: vrf: "Alpha" is not stored, and there is no vrfs.csv: made, with unique prefixes and addresses
prefixes.csv:2: site: "ici" is not the key of a site of the inventory: kept as written
`
	if diff := cmp.Diff(report.Warnings.String(), want); diff != "" {
		t.Errorf("warnings (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(loadedPlan(t, db).VRFs, []ipam.VRF{{Name: "Alpha", EnforceUnique: true}}); diff != "" {
		t.Errorf("VRFs (-got +want):\n%s", diff)
	}
}

func TestTheJournalSaysWhichPlanFilesWereTaken(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	planned(t, db, false, file("vrfs.csv", "name,enforce_unique", "A,yes"))
	var body []byte
	if err := db.Pool().QueryRow(context.Background(), `SELECT body FROM journal_entry`).Scan(&body); err != nil {
		t.Fatal(err)
	}
	var said struct {
		Tables []struct {
			File  string
			Added int
		}
	}
	if err := json.Unmarshal(body, &said); err != nil || len(said.Tables) != 1 || said.Tables[0].File != "vrfs.csv" || said.Tables[0].Added != 1 {
		t.Errorf("the journal says %s, %v", body, err)
	}
}

// TestNetBoxExportsAreTakenAsTheyAre imports the demo data of NetBox, which may not be part of this
// repository.
func TestNetBoxExportsAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("VIGIE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "shared")
	}
	if !filepath.IsAbs(shared) {
		shared = filepath.Join("..", "..", shared)
	}
	dir := filepath.Join(shared, "data", "netbox")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: %v; name the shared data with VIGIE_SHARED", err)
	}
	db := storetest.New(t)
	report := planned(t, db, false, folder(t, dir)...)
	want := map[string]int{"prefixes.csv": 43, "vlans.csv": 33, "ip_addresses.csv": 90, "vrfs.csv": 5, "vlan_groups.csv": 3}
	if diff := cmp.Diff(added(report), want); diff != "" {
		t.Errorf("rows added (-got +want):\n%s", diff)
	}
	if again := planned(t, db, false, folder(t, dir)...); !again.Empty() {
		t.Errorf("the second import differs: %+v", again.Files)
	}
	x := ipam.NewIndex(loadedPlan(t, db))
	c, err := x.Carried("DM-Akron")
	if err != nil || len(c.Prefixes) != 5 || len(c.VLANs) != 3 {
		t.Errorf("DM-Akron carries %+v, %v", c, err)
	}
	block, _, err := x.Block("", netip.MustParsePrefix("10.112.128.0/22"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = x.Allocate(block, 24)
	if want := "no free /24 in 10.112.128.0/22; 10.112.128.128/25 is free"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %q", err, want)
	}
}

// FuzzReadPlan gives any bytes as any file of a plan: reading and judging never panic, and what is
// read differs in nothing from itself.
func FuzzReadPlan(f *testing.F) {
	var names []string
	for i, seed := range plan(f) {
		f.Add(i, seed.Content)
		names = append(names, seed.Name)
	}
	f.Fuzz(func(t *testing.T, table int, content []byte) {
		name := names[(table%len(names)+len(names))%len(names)]
		difference, problems := intake.AgainstItself([]intake.File{{Name: name, Content: content}})
		if len(problems.List) == 0 && !difference.Empty() {
			t.Errorf("read twice it differs: %+v", difference.Files)
		}
	})
}
