package intake

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"vigie/internal/ipam"
)

// The files of the addressing plan, as NetBox exports and imports them.
const (
	vrfsFile       = "vrfs.csv"
	aggregatesFile = "aggregates.csv"
	groupsFile     = "vlan_groups.csv"
	vlansFile      = "vlans.csv"
	prefixesFile   = "prefixes.csv"
	rangesFile     = "ip_ranges.csv"
	addressesFile  = "ip_addresses.csv"
)

// passedOver are files that stand beside those of a plan, with where their content goes.
var passedOver = map[string]string{
	"circuits.csv": "is passed over: a circuit is a link, which vigie import takes from links.csv",
}

// planSheets lists every table of the plan; what a row refers to comes before it.
var planSheets = []planSheet{vrfTable, aggregateTable, vlanGroupTable, vlanTable, prefixTable, rangeTable, addressTable}

var vrfTable = planTable[ipam.VRF]{
	what: ipam.VRFs,
	of:   func(p *ipam.Plan) *[]ipam.VRF { return &p.VRFs },
	table: table[ipam.VRF]{
		file: vrfsFile,
		key:  []string{"name"},
		columns: append([]column[ipam.VRF]{
			text("name", func(v *ipam.VRF) *string { return &v.Name }).must(),
			text("rd", func(v *ipam.VRF) *string { return &v.RD }),
			boolean("enforce_unique", func(v *ipam.VRF) *bool { return &v.EnforceUnique }).must(),
			text("description", func(v *ipam.VRF) *string { return &v.Description }),
		}, ignored[ipam.VRF]("id", "tenant", "import_targets", "export_targets", "owner", "comments", "tags")...),
	},
}

var aggregateTable = planTable[ipam.Aggregate]{
	what: ipam.Aggregates,
	of:   func(p *ipam.Plan) *[]ipam.Aggregate { return &p.Aggregates },
	table: table[ipam.Aggregate]{
		file: aggregatesFile,
		key:  []string{"prefix"},
		columns: append([]column[ipam.Aggregate]{
			cidr("prefix", func(a *ipam.Aggregate) *netip.Prefix { return &a.CIDR }, func(*ipam.Aggregate) string { return "" }),
			text("rir", func(a *ipam.Aggregate) *string { return &a.RIR }).must(),
			day("date_added", func(a *ipam.Aggregate) *time.Time { return &a.Added }),
			text("description", func(a *ipam.Aggregate) *string { return &a.Description }),
		}, ignored[ipam.Aggregate]("id", "tenant", "owner", "comments", "tags")...),
	},
}

var vlanGroupTable = planTable[ipam.VLANGroup]{
	what: ipam.Groups,
	of:   func(p *ipam.Plan) *[]ipam.VLANGroup { return &p.Groups },
	table: table[ipam.VLANGroup]{
		file: groupsFile,
		key:  []string{"name"},
		columns: append([]column[ipam.VLANGroup]{
			text("name", func(g *ipam.VLANGroup) *string { return &g.Name }).must(),
			custom("vid_ranges",
				func(g *ipam.VLANGroup, text string) string {
					ranges, err := ipam.ParseVIDs(text)
					g.Ranges = ranges
					return wording(err)
				},
				func(g *ipam.VLANGroup) string { return ipam.FormatVIDs(g.Ranges) }),
			text("description", func(g *ipam.VLANGroup) *string { return &g.Description }),
		}, ignored[ipam.VLANGroup]("id", "slug", "scope_type", "scope_id", "scope_name", "tenant", "owner", "comments", "tags")...),
		rules: func(g *ipam.VLANGroup) []finding {
			if g.Ranges == nil {
				g.Ranges = []ipam.VIDRange{ipam.EveryVID}
			}
			return nil
		},
	},
}

var vlanTable = planTable[ipam.VLAN]{
	what: ipam.VLANs,
	of:   func(p *ipam.Plan) *[]ipam.VLAN { return &p.VLANs },
	table: table[ipam.VLAN]{
		file: vlansFile,
		key:  []string{"vid"},
		columns: append([]column[ipam.VLAN]{
			text("site", func(v *ipam.VLAN) *string { return &v.Site }),
			text("group", func(v *ipam.VLAN) *string { return &v.Group }),
			custom("vid",
				integer("vid", func(v *ipam.VLAN) *int { return &v.VID }, ipam.EveryVID.First, ipam.EveryVID.Last).read,
				func(v *ipam.VLAN) string { return showVLAN(v.Key()) }).must(),
			text("name", func(v *ipam.VLAN) *string { return &v.Name }).must(),
			enum("status", func(v *ipam.VLAN) *ipam.Status { return &v.Status }, ipam.Active, ipam.Reserved, ipam.Deprecated).must(),
			text("tenant", func(v *ipam.VLAN) *string { return &v.Tenant }),
			text("role", func(v *ipam.VLAN) *string { return &v.Role }),
			text("description", func(v *ipam.VLAN) *string { return &v.Description }),
		}, ignored[ipam.VLAN]("id", "qinq_role", "qinq_svlan", "owner", "comments", "tags")...),
	},
}

// showVLAN names a VLAN on one line, "" when it has no VID.
func showVLAN(k ipam.VLANKey) string {
	name := strconv.Itoa(k.VID)
	switch {
	case k.VID == 0:
		return ""
	case k.Group != "":
		name += " in group " + k.Group
	case k.Site != "":
		name += " at " + k.Site
	}
	return name
}

var prefixTable = planTable[ipam.Prefix]{
	what: ipam.Prefixes,
	of:   func(p *ipam.Plan) *[]ipam.Prefix { return &p.Prefixes },
	table: table[ipam.Prefix]{
		file: prefixesFile,
		key:  []string{"prefix"},
		columns: append([]column[ipam.Prefix]{
			cidr("prefix", func(p *ipam.Prefix) *netip.Prefix { return &p.CIDR }, func(p *ipam.Prefix) string { return p.VRF }),
			text("vrf", func(p *ipam.Prefix) *string { return &p.VRF }),
			text("tenant", func(p *ipam.Prefix) *string { return &p.Tenant }),
			text("site", func(p *ipam.Prefix) *string { return &p.Site }),
			text("vlan_group", func(p *ipam.Prefix) *string { return &p.VLAN.Group }),
			text("vlan_site", func(p *ipam.Prefix) *string { return &p.VLAN.Site }),
			integer("vlan", func(p *ipam.Prefix) *int { return &p.VLAN.VID }, ipam.EveryVID.First, ipam.EveryVID.Last),
			enum("status", func(p *ipam.Prefix) *ipam.Status { return &p.Status },
				ipam.Active, ipam.Container, ipam.Reserved, ipam.Deprecated).must(),
			text("role", func(p *ipam.Prefix) *string { return &p.Role }),
			boolean("is_pool", func(p *ipam.Prefix) *bool { return &p.Pool }),
			boolean("mark_utilized", func(p *ipam.Prefix) *bool { return &p.Utilised }),
			boolean("assigned", func(p *ipam.Prefix) *bool { return &p.Assigned }),
			text("description", func(p *ipam.Prefix) *string { return &p.Description }),
			checked("scope_type", func(*ipam.Prefix) *string { return new(string) }, func(text string) string {
				if text != "dcim.site" {
					return "is not dcim.site: a prefix belongs to a site or to none"
				}
				return ""
			}),
			custom("scope_name",
				func(p *ipam.Prefix, text string) string { p.Site = text; return "" },
				func(*ipam.Prefix) string { return "" }),
		}, ignored[ipam.Prefix]("id", "scope_id", "owner", "comments", "tags")...),
		rules: func(p *ipam.Prefix) []finding {
			site := p.VLAN.Site
			if site == "" {
				site = p.Site
			}
			switch {
			case p.VLAN.VID == 0:
				p.VLAN = ipam.VLANKey{}
			default:
				p.VLAN, p.Assigned = ipam.NewVLANKey(p.VLAN.Group, site, p.VLAN.VID), true
			}
			return nil
		},
	},
}

var rangeTable = planTable[ipam.Range]{
	what: ipam.Ranges,
	of:   func(p *ipam.Plan) *[]ipam.Range { return &p.Ranges },
	table: table[ipam.Range]{
		file: rangesFile,
		key:  []string{"start_address"},
		columns: append([]column[ipam.Range]{
			bound("start_address", func(r *ipam.Range) *netip.Addr { return &r.Start }, func(r *ipam.Range) string { return r.VRF }),
			bound("end_address", func(r *ipam.Range) *netip.Addr { return &r.End }, func(*ipam.Range) string { return "" }),
			text("vrf", func(r *ipam.Range) *string { return &r.VRF }),
			text("tenant", func(r *ipam.Range) *string { return &r.Tenant }),
			enum("status", func(r *ipam.Range) *ipam.Status { return &r.Status }, ipam.Active, ipam.Reserved, ipam.Deprecated).must(),
			text("role", func(r *ipam.Range) *string { return &r.Role }),
			boolean("mark_populated", func(r *ipam.Range) *bool { return &r.Populated }),
			boolean("mark_utilized", func(r *ipam.Range) *bool { return &r.Utilised }),
			text("description", func(r *ipam.Range) *string { return &r.Description }),
		}, ignored[ipam.Range]("id", "owner", "comments", "tags")...),
	},
}

var addressTable = planTable[ipam.Address]{
	what: ipam.Addresses,
	of:   func(p *ipam.Plan) *[]ipam.Address { return &p.Addresses },
	table: table[ipam.Address]{
		file: addressesFile,
		key:  []string{"address"},
		columns: append([]column[ipam.Address]{
			custom("address",
				func(a *ipam.Address, text string) (wrong string) {
					var err error
					a.Address, err = ipam.ParseAddress(text)
					return wording(err)
				},
				showAddress).must(),
			text("vrf", func(a *ipam.Address) *string { return &a.VRF }),
			text("tenant", func(a *ipam.Address) *string { return &a.Tenant }),
			enum("status", func(a *ipam.Address) *ipam.Status { return &a.Status },
				ipam.Active, ipam.Reserved, ipam.Deprecated, ipam.DHCP, ipam.SLAAC).must(),
			enum("role", func(a *ipam.Address) *ipam.Role { return &a.Role }, ipam.Loopback, ipam.Secondary,
				ipam.Anycast, ipam.VIP, ipam.VRRP, ipam.HSRP, ipam.GLBP, ipam.CARP),
			text("device", func(a *ipam.Address) *string { return &a.Device }),
			text("interface", func(a *ipam.Address) *string { return &a.Interface }),
			text("dns_name", func(a *ipam.Address) *string { return &a.DNSName }),
			text("description", func(a *ipam.Address) *string { return &a.Description }),
		}, ignored[ipam.Address]("id", "virtual_machine", "fhrp_group", "is_primary", "is_oob", "nat_inside", "owner", "comments", "tags")...),
	},
}

// showAddress names an address by its mask, its VRF and what holds it.
func showAddress(a *ipam.Address) string {
	if !a.Address.IsValid() {
		return ""
	}
	name := inVRF(a.Address.String(), a.VRF)
	if a.OnInterface() {
		name += " on " + strings.TrimSpace(a.Device+" "+a.Interface)
	}
	return name
}

// inVRF names something of a VRF; without one it is in the global table.
func inVRF(name, vrf string) string {
	if vrf == "" {
		return name
	}
	return name + " in " + vrf
}

// cidr is a required column of blocks, whose host bits are cleared. As the key of a row it is shown
// with the row's VRF.
func cidr[T any](name string, at func(*T) *netip.Prefix, vrf func(*T) string) column[T] {
	return custom(name,
		func(r *T, text string) string {
			p, err := ipam.ParseCIDR(text)
			*at(r) = p
			return wording(err)
		},
		func(r *T) string {
			if !at(r).IsValid() {
				return ""
			}
			return inVRF(at(r).String(), vrf(r))
		}).must()
}

// bound is a required column of the ends of ranges, whose mask, where there is one, says nothing.
func bound[T any](name string, at func(*T) *netip.Addr, vrf func(*T) string) column[T] {
	plain := address(name, at)
	return custom(name,
		func(r *T, text string) string {
			host, mask, masked := strings.Cut(text, "/")
			if bits, err := strconv.Atoi(mask); masked && (err != nil || bits < 1 || bits > 128) {
				return "is not an IPv4 or IPv6 address"
			}
			return plain.read(r, host)
		},
		func(r *T) string {
			if plain.show(r) == "" {
				return ""
			}
			return inVRF(plain.show(r), vrf(r))
		}).must()
}

// ignored are columns that NetBox writes and the plan does not keep.
func ignored[T any](names ...string) []column[T] {
	columns := make([]column[T], len(names))
	for i, name := range names {
		columns[i] = custom(name, func(*T, string) string { return "" }, func(*T) string { return "" })
	}
	return columns
}

// wording is the text of an error that completes a value.
func wording(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
