package ipam

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Status says what a prefix, a range, an address or a VLAN is for.
type Status string

// The statuses. Container is for prefixes only, DHCP and SLAAC for addresses only.
const (
	Active     Status = "active"
	Container  Status = "container"
	Reserved   Status = "reserved"
	Deprecated Status = "deprecated"
	DHCP       Status = "dhcp"
	SLAAC      Status = "slaac"
)

// Role says what an address does on its interface; empty is an ordinary address.
type Role string

// The roles of an address.
const (
	Loopback  Role = "loopback"
	Secondary Role = "secondary"
	Anycast   Role = "anycast"
	VIP       Role = "vip"
	VRRP      Role = "vrrp"
	HSRP      Role = "hsrp"
	GLBP      Role = "glbp"
	CARP      Role = "carp"
)

// Shared reports whether several interfaces may hold one address in this role.
func (r Role) Shared() bool {
	switch r {
	case Anycast, VIP, VRRP, HSRP, GLBP, CARP:
		return true
	}
	return false
}

// VRF is a routing table of its own; the global table has the empty name and no row.
type VRF struct {
	Name          string
	RD            string // route distinguisher, RFC 4364 section 4.2; may be empty
	EnforceUnique bool
	Description   string
}

// Aggregate is a block at the top of the address space, with the registry it is from.
type Aggregate struct {
	CIDR        netip.Prefix
	RIR         string // "RFC 1918", "RIPE"...
	Added       time.Time
	Description string
}

// VLANKey names a VLAN by its group, or without one by its site. A zero VID is no VLAN.
type VLANKey struct {
	Group string `json:"group,omitempty"`
	Site  string `json:"site,omitempty"` // empty with a group
	VID   int    `json:"vid,omitempty"`
}

// NewVLANKey gives the name of the VLAN of a group, of a site where the group is empty.
func NewVLANKey(group, site string, vid int) VLANKey {
	if group != "" {
		site = ""
	}
	return VLANKey{group, site, vid}
}

// Prefix is a block of one VRF, without host bits.
type Prefix struct {
	CIDR        netip.Prefix `json:"prefix"`
	VRF         string       `json:"vrf,omitempty"` // empty = global table
	Status      Status       `json:"status,omitempty"`
	Pool        bool         `json:"is_pool,omitempty"`       // every address is usable
	Utilised    bool         `json:"mark_utilized,omitempty"` // counts as full
	Assigned    bool         `json:"assigned,omitempty"`      // carries a VLAN or a router interface
	Site        string       `json:"site,omitempty"`
	VLAN        VLANKey      `json:"vlan,omitzero"`
	Tenant      string       `json:"tenant,omitempty"`
	Role        string       `json:"role,omitempty"`
	Description string       `json:"description,omitempty"`
}

// Range is the addresses from Start to End, both included.
type Range struct {
	Start       netip.Addr `json:"start_address"`
	End         netip.Addr `json:"end_address"`
	VRF         string     `json:"vrf,omitempty"`
	Status      Status     `json:"status"`
	Populated   bool       `json:"mark_populated,omitempty"` // no address is created inside
	Utilised    bool       `json:"mark_utilized,omitempty"`  // counts as full
	Tenant      string     `json:"tenant,omitempty"`
	Role        string     `json:"role,omitempty"`
	Description string     `json:"description,omitempty"`
}

// Address is a host with the mask it has on its interface.
type Address struct {
	Address     netip.Prefix `json:"address"`
	VRF         string       `json:"vrf,omitempty"`
	Status      Status       `json:"status"`
	Role        Role         `json:"role,omitempty"`
	Device      string       `json:"device,omitempty"` // router or machine that holds it; empty = not known
	Interface   string       `json:"interface,omitempty"`
	DNSName     string       `json:"dns_name,omitempty"`
	Tenant      string       `json:"tenant,omitempty"`
	Description string       `json:"description,omitempty"`
}

// OnInterface reports whether an interface holds the address.
func (a Address) OnInterface() bool { return a.Device != "" || a.Interface != "" }

// VIDRange is the VIDs from First to Last, both included.
type VIDRange struct{ First, Last int }

// VLANGroup is a set of VLANs that share one space of VIDs.
type VLANGroup struct {
	Name        string
	Ranges      []VIDRange
	Description string
}

// EveryVID is what a group allows that says nothing else.
var EveryVID = VIDRange{1, 4094}

// VLAN is a virtual LAN of a site or a group.
type VLAN struct {
	Group       string `json:"group,omitempty"`
	Site        string `json:"site,omitempty"`
	VID         int    `json:"vid"` // 1 to 4094, IEEE 802.1Q
	Name        string `json:"name"`
	Status      Status `json:"status"`
	Tenant      string `json:"tenant,omitempty"`
	Role        string `json:"role,omitempty"`
	Description string `json:"description,omitempty"`
}

// Key names the VLAN.
func (v VLAN) Key() VLANKey { return NewVLANKey(v.Group, v.Site, v.VID) }

// Plan is the whole addressing plan.
type Plan struct {
	VRFs       []VRF
	Aggregates []Aggregate
	Groups     []VLANGroup
	VLANs      []VLAN
	Prefixes   []Prefix
	Ranges     []Range
	Addresses  []Address
}

// Sort puts every slice in the order in which it is read: names, then addresses.
func (p *Plan) Sort() {
	slices.SortStableFunc(p.VRFs, func(a, b VRF) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(p.Aggregates, func(a, b Aggregate) int { return compareCIDR(a.CIDR, b.CIDR) })
	slices.SortStableFunc(p.Groups, func(a, b VLANGroup) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(p.VLANs, func(a, b VLAN) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Group, b.Group), cmp.Compare(a.VID, b.VID))
	})
	slices.SortStableFunc(p.Prefixes, func(a, b Prefix) int {
		return cmp.Or(cmp.Compare(a.VRF, b.VRF), compareCIDR(a.CIDR, b.CIDR))
	})
	slices.SortStableFunc(p.Ranges, func(a, b Range) int {
		return cmp.Or(cmp.Compare(a.VRF, b.VRF), a.Start.Compare(b.Start), a.End.Compare(b.End))
	})
	slices.SortStableFunc(p.Addresses, func(a, b Address) int {
		return cmp.Or(cmp.Compare(a.VRF, b.VRF), a.Address.Addr().Compare(b.Address.Addr()),
			cmp.Compare(a.Address.Bits(), b.Address.Bits()), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Interface, b.Interface))
	})
}

// compareCIDR orders blocks by address, a block before what is inside it.
func compareCIDR(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}
