package ipam_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/ipam"
)

// TestCases runs ipam_cases.json; its format is described beside the file where it is kept.
func TestCases(t *testing.T) {
	t.Parallel()
	var file struct{ Cases []ipamCase }
	if err := json.Unmarshal(readCases(t), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no case")
	}
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			run, known := operations[c.Op]
			if !known {
				t.Fatalf("unknown operation %q", c.Op)
			}
			run(t, c)
		})
	}
}

// readCases reads the cases from VIGIE_CASES (relative to the repository's root) or from the
// package's own copy.
func readCases(t *testing.T) []byte {
	t.Helper()
	folder := os.Getenv("VIGIE_CASES")
	switch {
	case folder == "":
		folder = filepath.Join("testdata", "cases")
	case !filepath.IsAbs(folder):
		folder = filepath.Join("..", "..", folder)
	}
	text, err := os.ReadFile(filepath.Join(folder, "ipam_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// block is the prefix that a case asks about, of its plan or not.
func (c ipamCase) block(t *testing.T, text string) (*ipam.Index, ipam.Prefix) {
	t.Helper()
	plan := c.Given.plan(t)
	if c.When.VRF != "" {
		plan.VRFs = append(plan.VRFs, ipam.VRF{Name: c.When.VRF, EnforceUnique: true})
	}
	vrf := c.When.VRF
	for _, p := range plan.Prefixes { // a case that names no VRF means that of its prefix
		if vrf == "" && p.CIDR == cidr(t, text) {
			vrf = p.VRF
		}
	}
	x := ipam.NewIndex(plan)
	p, _, err := x.Block(vrf, cidr(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return x, p
}

var operations = map[string]func(*testing.T, ipamCase){
	"available_prefixes": func(t *testing.T, c ipamCase) {
		got := texts(c.free(t))
		slices.Sort(got)
		slices.Sort(c.Expect.Set)
		equal(t, got, c.Expect.Set)
	},
	"available_prefixes_ordered": func(t *testing.T, c ipamCase) { equal(t, texts(c.free(t)), c.Expect.List) },
	"first_available_prefix": func(t *testing.T, c ipamCase) {
		var first *string
		if free := texts(c.free(t)); len(free) > 0 {
			first = &free[0]
		}
		equal(t, first, c.Expect.Value)
	},
	"available_ips":      availableIPs,
	"first_available_ip": firstAvailableIP,
	"utilization":        utilisation,
	"hierarchy":          hierarchy,
	"validate":           validate,
	"vlan_validate":      validate,
	"normalise":          normalise,
	"allocate_prefixes":  allocatePrefixes,
	"allocate_ip":        allocateIP,
	"overlap": func(t *testing.T, c ipamCase) {
		var rows []ipam.Prefix
		for _, text := range c.When.Existing {
			rows = append(rows, ipam.Prefix{CIDR: cidr(t, text)})
		}
		var got []string
		for _, p := range ipam.Overlapping(rows, cidr(t, c.When.New)) {
			got = append(got, p.CIDR.String())
		}
		equal(t, got, c.Expect.Overlaps)
	},
	"vlan_available": func(t *testing.T, c ipamCase) {
		x := ipam.NewIndex(c.Given.plan(t))
		at := slices.IndexFunc(x.Groups, func(g ipam.VLANGroup) bool { return g.Name == c.When.Group })
		free := x.FreeVIDs(x.Groups[at])
		if len(free) == 0 {
			equal(t, c.Expect.Next, nil)
			return
		}
		equal(t, free[0], *c.Expect.Next)
		equal(t, json.Number(count(len(free))), *c.Expect.Count)
		equal(t, []any{float64(free[0]), float64(free[len(free)-1])}, []any{c.Expect.First, c.Expect.Last})
	},
}

func count(n int) string { text, _ := json.Marshal(n); return string(text) }

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if diff := cmp.Diff(got, want, emptyIsNone); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// emptyIsNone takes an empty list for none.
var emptyIsNone = cmp.FilterValues(func(a, b []string) bool { return len(a)+len(b) == 0 }, cmp.Ignore())

func texts(prefixes []netip.Prefix) []string {
	var out []string
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}

func (c ipamCase) free(t *testing.T) []netip.Prefix {
	t.Helper()
	x, parent := c.block(t, c.When.Parent)
	return x.Free(parent)
}

func availableIPs(t *testing.T, c ipamCase) {
	x, parent := c.block(t, c.When.Parent)
	hosts := x.Hosts(parent)
	if c.Expect.Addresses != nil {
		var got []string
		for a := range hosts.All() {
			got = append(got, a.String())
		}
		equal(t, got, c.Expect.Addresses)
	}
	if c.Expect.Count != nil {
		equal(t, hosts.Count().String(), c.Expect.Count.String())
	}
	equal(t, first(x, parent), c.Expect.First)
}

// first is the first free address with the mask of its block, or nil.
func first(x *ipam.Index, parent ipam.Prefix) any {
	found, err := x.AllocateHosts(parent, 1, 0)
	if err != nil {
		return nil
	}
	return found[0].String()
}

func firstAvailableIP(t *testing.T, c ipamCase) {
	x, parent := c.block(t, c.When.Parent)
	var want any
	if c.Expect.Value != nil {
		want = *c.Expect.Value
	}
	equal(t, first(x, parent), want)
}

func utilisation(t *testing.T, c ipamCase) {
	var got float64
	if c.When.Aggregate != "" {
		x := ipam.NewIndex(c.Given.plan(t))
		got = x.AggregateUtilisation(ipam.Aggregate{CIDR: cidr(t, c.When.Aggregate)})
	} else {
		x, p := c.block(t, c.When.Prefix)
		got = x.Utilisation(p)
	}
	if math.Abs(got-c.Expect.Percent) > 0.6e-6 {
		t.Errorf("got %.6f %%, want %.6f %%", got, c.Expect.Percent)
	}
}

func hierarchy(t *testing.T, c ipamCase) {
	plan := c.Given.plan(t)
	rows := &plan.Prefixes
	named := func(text string) int {
		return slices.IndexFunc(*rows, func(p ipam.Prefix) bool { return p.CIDR == cidr(t, text) })
	}
	vrf := c.When.VRF
	if w := c.When.Create; w != nil {
		*rows = append(*rows, w.row(t))
	}
	if w := c.When.Delete; w != nil {
		at := named(w.Prefix)
		*rows = slices.Delete(*rows, at, at+1)
	}
	if w := c.When.Update; w != nil {
		p := &(*rows)[named(w.Prefix+w.From)]
		if w.To+w.New != "" {
			p.CIDR = cidr(t, w.To+w.New)
		}
		if w.VRF != nil {
			p.VRF = *w.VRF
		}
	}
	x := ipam.NewIndex(plan)
	got := map[string][2]int{}
	for text := range c.Expect.Depth {
		in := vrf
		if at := named(text); at >= 0 && vrf == "" {
			in = (*rows)[at].VRF
		}
		p, known, err := x.Block(in, cidr(t, text))
		if err != nil || !known {
			t.Fatalf("%s is not in the plan: %v", text, err)
		}
		got[text] = [2]int{len(x.Covering(p)), len(x.Covered(p))}
	}
	equal(t, got, c.Expect.Depth)
}

// validate adds what the case asks to its plan: it is accepted when no rule names the new row.
func validate(t *testing.T, c ipamCase) {
	plan, w := c.Given.plan(t), c.When
	table, row, wrong := ipam.Table(""), 0, error(nil)
	switch {
	case w.CreatePrefix != nil:
		if _, wrong = ipam.ParseCIDR(w.CreatePrefix.Prefix); wrong == nil {
			table, row = ipam.Prefixes, len(plan.Prefixes)
			plan.Prefixes = append(plan.Prefixes, w.CreatePrefix.row(t))
		}
	case w.CreateIP != nil:
		if _, wrong = ipam.ParseAddress(w.CreateIP.Address); wrong == nil {
			address := w.CreateIP.row(t)
			address.Interface += w.name()
			table, row = ipam.Addresses, len(plan.Addresses)
			plan.Addresses = append(plan.Addresses, address)
		}
	case w.CreateRange != nil:
		table, row = ipam.Ranges, len(plan.Ranges)
		plan.Ranges = append(plan.Ranges, w.CreateRange.row(t))
	case w.CreateAggregate != nil:
		if _, wrong = ipam.ParseCIDR(w.CreateAggregate.Prefix); wrong == nil {
			table, row = ipam.Aggregates, len(plan.Aggregates)
			plan.Aggregates = append(plan.Aggregates, ipam.Aggregate{CIDR: cidr(t, w.CreateAggregate.Prefix)})
		}
	case w.CreateGroup != nil:
		table, row = ipam.Groups, len(plan.Groups)
		plan.Groups = append(plan.Groups, w.CreateGroup.row())
	case w.VIDRanges != nil:
		table, row = ipam.Groups, len(plan.Groups)
		plan.Groups = append(plan.Groups, caseGroup{w.Group, w.VIDRanges}.row())
	default:
		table, row = ipam.VLANs, len(plan.VLANs)
		vlan := caseVLAN{Group: w.Group, Site: w.Site, VID: w.VID}
		if w.CreateVLAN != nil {
			vlan = *w.CreateVLAN
		}
		plan.VLANs = append(plan.VLANs, vlan.row())
	}
	found := ipam.Check(plan)
	refused := wrong != nil || slices.ContainsFunc(found, func(f ipam.Finding) bool { return f.Table == table && f.Row == row })
	if refused == c.Expect.Accepted {
		t.Errorf("accepted is %v, want %v; %v %v", !refused, c.Expect.Accepted, wrong, found)
	}
}

func normalise(t *testing.T, c ipamCase) {
	for _, text := range []string{c.When.Prefix, c.When.Input, c.When.Value, c.When.New} {
		if text != "" {
			equal(t, cidr(t, text).String(), c.Expect.Stored)
		}
	}
	if w := c.When.Create; w != nil {
		equal(t, cidr(t, w.Prefix).String(), c.Expect.Stored)
	}
	if w := c.When.CreatePrefix; w != nil {
		equal(t, cidr(t, w.Prefix).String(), c.Expect.Stored)
	}
	if c.When.Address != "" {
		a, err := ipam.ParseAddress(c.When.Address)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, a.String(), c.Expect.Stored)
	}
}

func allocatePrefixes(t *testing.T, c ipamCase) {
	x, parent := c.block(t, c.When.Parent)
	var lengths []int
	for _, n := range c.When.Lengths {
		length, err := n.Int64()
		if err != nil {
			t.Fatal(err)
		}
		lengths = append(lengths, int(length))
	}
	got, err := x.Allocate(parent, lengths...)
	equal(t, texts(got), c.Expect.Created)
	if c.Expect.Error == "" && err != nil || c.Expect.Error != "" && err == nil {
		t.Errorf("error is %v, want %q", err, c.Expect.Error)
	}
	if c.Expect.HTTP != 0 {
		equal(t, status(err), c.Expect.HTTP)
	}
}

// allocateIP asks for addresses; a count or a length that is no number is a bad request.
func allocateIP(t *testing.T, c ipamCase) {
	x, parent := c.block(t, c.When.Parent)
	number := func(text json.RawMessage, otherwise int) (n int) {
		if n = otherwise; text != nil && json.Unmarshal(text, &n) != nil {
			return -1
		}
		return n
	}
	got, err := x.AllocateHosts(parent, number(c.When.Count, 1), number(c.When.Length, 0))
	equal(t, status(err), c.Expect.HTTP)
	if c.Expect.Created != nil {
		equal(t, texts(got), c.Expect.Created)
	}
	if c.Expect.Value != nil {
		equal(t, texts(got), []string{*c.Expect.Value})
	}
}

func status(err error) int {
	switch {
	case err == nil:
		return 201
	case fault.KindOf(err) == fault.Invalid:
		return 400
	case fault.KindOf(err) == fault.Conflict:
		return 409
	}
	return 500
}
