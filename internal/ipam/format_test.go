package ipam_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"vigie/internal/ipam"
)

type ipamCase struct {
	ID, Op string
	Given  casePlan
	When   caseWhen
	Expect caseExpect
}

type casePlan struct {
	VRFs map[string]struct {
		EnforceUnique *bool `json:"enforce_unique"`
	}
	Aggregates []caseAggregate
	Prefixes   []casePrefix
	Ranges     []caseRange
	IPs        []caseIP
	Groups     []caseGroup `json:"vlan_groups"`
	VLANs      []caseVLAN
}

type caseAggregate struct{ Prefix string }

// UnmarshalJSON takes an aggregate as an object or as its bare prefix.
func (a *caseAggregate) UnmarshalJSON(text []byte) error {
	type object caseAggregate
	return bareOr(text, &a.Prefix, (*object)(a))
}

type casePrefix struct {
	Prefix   string
	Status   ipam.Status
	VRF      string
	Pool     bool `json:"is_pool"`
	Utilised bool `json:"mark_utilized"`
}

// UnmarshalJSON takes a prefix as an object or bare.
func (p *casePrefix) UnmarshalJSON(text []byte) error {
	type object casePrefix
	return bareOr(text, &p.Prefix, (*object)(p))
}

func bareOr(text []byte, bare *string, object any) error {
	if strings.HasPrefix(string(text), `"`) {
		return json.Unmarshal(text, bare)
	}
	return json.Unmarshal(text, object)
}

type caseRange struct {
	Start, End, VRF string
	Populated       bool `json:"mark_populated"`
	Utilised        bool `json:"mark_utilized"`
}

type caseIP struct {
	Address, VRF string
	Role         ipam.Role
	caseInterface
}

// caseInterface is the ways in which a case may say that an address is on an interface.
type caseInterface struct {
	Assigned    any
	Interface   any
	OnInterface any `json:"on_interface"`
}

func (i caseInterface) name() string {
	for _, said := range []any{i.Assigned, i.Interface, i.OnInterface} {
		if said != nil && said != false && said != "" {
			return "interface"
		}
	}
	return ""
}

type caseGroup struct {
	Name      string
	VIDRanges [][2]int `json:"vid_ranges"`
}

type caseVLAN struct {
	Group, Site, Name string
	VID               int
}

type caseWhen struct {
	Parent, VRF, Prefix, New string
	Aggregate                string
	Existing                 []string
	Lengths                  []json.Number
	Count                    json.RawMessage
	Length                   json.RawMessage `json:"prefix_length"`

	Create *casePrefix
	Delete *casePrefix
	Update *caseUpdate

	CreatePrefix    *casePrefix    `json:"create_prefix"`
	CreateIP        *caseIP        `json:"create_ip"`
	CreateRange     *caseRange     `json:"create_range"`
	CreateAggregate *caseAggregate `json:"create_aggregate"`
	CreateVLAN      *caseVLAN      `json:"create_vlan"`
	CreateGroup     *caseGroup     `json:"create_vlan_group"`
	caseInterface

	Input, Value, Address string
	Group                 string
	VID                   int
	Site                  string
	VIDRanges             [][2]int `json:"vid_ranges"`
}

// caseUpdate moves a prefix to another block, another VRF, or both.
type caseUpdate struct {
	Prefix, From, To, New string
	VRF                   *string
}

// UnmarshalJSON takes an update as an object or as the block before and after.
func (u *caseUpdate) UnmarshalJSON(text []byte) error {
	var pair [2]string
	if json.Unmarshal(text, &pair) == nil {
		u.From, u.To = pair[0], pair[1]
		return nil
	}
	type object caseUpdate
	return json.Unmarshal(text, (*object)(u))
}

type caseExpect struct {
	Set, List   []string
	Value       *string
	Addresses   []string
	Count       *json.Number
	First, Last any
	Next        *int
	Percent     float64
	Depth       map[string][2]int `json:"depth_children"`
	Accepted    bool
	Stored      string
	Created     []string
	Error       string
	HTTP        int
	Overlaps    []string
}

func cidr(t testing.TB, text string) netip.Prefix {
	t.Helper()
	p, err := ipam.ParseCIDR(text)
	if err != nil {
		t.Fatalf("%q %v", text, err)
	}
	return p
}

func host(t testing.TB, text string) netip.Addr {
	t.Helper()
	text, _, _ = strings.Cut(text, "/")
	a, err := netip.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (p casePrefix) row(t testing.TB) ipam.Prefix {
	t.Helper()
	if p.Status == "" {
		p.Status = ipam.Active
	}
	return ipam.Prefix{CIDR: cidr(t, p.Prefix), VRF: p.VRF, Status: p.Status, Pool: p.Pool, Utilised: p.Utilised}
}

func (r caseRange) row(t testing.TB) ipam.Range {
	t.Helper()
	return ipam.Range{Start: host(t, r.Start), End: host(t, r.End), VRF: r.VRF, Populated: r.Populated, Utilised: r.Utilised}
}

func (a caseIP) row(t testing.TB) ipam.Address {
	t.Helper()
	address, err := ipam.ParseAddress(a.Address)
	if err != nil {
		t.Fatalf("%q %v", a.Address, err)
	}
	return ipam.Address{Address: address, VRF: a.VRF, Role: a.Role, Interface: a.name()}
}

func (g caseGroup) row() ipam.VLANGroup {
	group := ipam.VLANGroup{Name: g.Name}
	for _, r := range g.VIDRanges {
		group.Ranges = append(group.Ranges, ipam.VIDRange{First: r[0], Last: r[1]})
	}
	return group
}

func (v caseVLAN) row() ipam.VLAN {
	return ipam.VLAN{Group: v.Group, Site: v.Site, VID: v.VID, Name: v.Name}
}

func (c casePlan) plan(t testing.TB) ipam.Plan {
	t.Helper()
	var p ipam.Plan
	for name, v := range c.VRFs {
		p.VRFs = append(p.VRFs, ipam.VRF{Name: name, EnforceUnique: v.EnforceUnique == nil || *v.EnforceUnique})
	}
	for _, a := range c.Aggregates {
		p.Aggregates = append(p.Aggregates, ipam.Aggregate{CIDR: cidr(t, a.Prefix)})
	}
	for _, row := range c.Prefixes {
		p.Prefixes = append(p.Prefixes, row.row(t))
	}
	for _, r := range c.Ranges {
		p.Ranges = append(p.Ranges, r.row(t))
	}
	for _, a := range c.IPs {
		p.Addresses = append(p.Addresses, a.row(t))
	}
	for _, g := range c.Groups {
		p.Groups = append(p.Groups, g.row())
	}
	for _, v := range c.VLANs {
		p.VLANs = append(p.VLANs, v.row())
	}
	return p
}
