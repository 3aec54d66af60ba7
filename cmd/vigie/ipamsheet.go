package main

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"vigie/internal/ipam"
)

// planSheet writes the addressing plan as lines and tables.
type planSheet struct{ *bufio.Writer }

// line writes a line of text.
func (p planSheet) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// table writes rows below their columns, each column as wide as its widest cell; nothing when there
// are no rows.
func (p planSheet) table(columns row, rows []row) {
	if len(rows) == 0 {
		return
	}
	p.line("")
	writeRows(p, append([]row{columns}, rows...))
}

func (p planSheet) site(c ipam.Carried) {
	p.line("site %s", c.Site)
	var vlans, prefixes []row
	for _, v := range c.VLANs {
		vlans = append(vlans, row{strconv.Itoa(v.VID), v.Name, v.Group, string(v.Status), v.Role, v.Description})
	}
	p.table(row{"vid", "name", "group", "status", "role", "description"}, vlans)
	for _, g := range c.Groups {
		if g.Free == 0 {
			p.line("group %s is full", g.Name)
			continue
		}
		p.line("group %s: %d free, the next is %d", g.Name, g.Free, g.Next)
	}
	for _, n := range c.Prefixes {
		prefixes = append(prefixes, row{n.CIDR.String(), n.VRF, string(n.Status), percent(n.Used), vlanOf(n.Prefix), n.Role, n.Description})
	}
	p.table(row{"prefix", "vrf", "status", "used", "vlan", "role", "description"}, prefixes)
	p.hosts(c.Hosts)
}

func (p planSheet) block(d ipam.Detail) {
	if d.Known {
		p.line("%s  %s in %s, %s used", d.CIDR, d.Status, tableOf(d.VRF), percent(d.Used))
	} else {
		p.line("%s is not in the plan of %s", d.CIDR, tableOf(d.VRF))
	}
	for _, fact := range [][2]string{
		{"site ", d.Site}, {"vlan ", vlanOf(d.Prefix)}, {"role ", d.Role}, {"tenant ", d.Tenant}, {"aggregate ", d.Aggregate}, {"", d.Description},
	} {
		if fact[1] != "" {
			p.line("%s%s", fact[0], fact[1])
		}
	}
	if d.Status != ipam.Container {
		p.line("%s addresses are free", d.FreeHosts)
	}
	for _, around := range d.Covering {
		p.line("inside %s, %s", around.CIDR, around.Status)
	}
	for _, other := range d.Elsewhere {
		p.line("on the same addresses, in %s: %s", tableOf(other.VRF), other.CIDR)
	}
	p.tree(d.Children)
	p.ranges(d.Ranges)
	p.hosts(d.Hosts)
}

// tree writes prefixes with what is inside them below, two spaces further right.
func (p planSheet) tree(nodes []ipam.Node) {
	p.table(row{"prefix", "status", "used", "site", "vlan", "role", "description"}, branch(nodes, ""))
}

func branch(nodes []ipam.Node, indent string) []row {
	var rows []row
	for _, n := range nodes {
		if n.Gap {
			rows = append(rows, row{indent + n.CIDR.String(), "free"})
			continue
		}
		rows = append(rows, row{indent + n.CIDR.String(), string(n.Status), percent(n.Used), n.Site, vlanOf(n.Prefix), n.Role, n.Description})
		rows = append(rows, branch(n.Children, indent+"  ")...)
	}
	return rows
}

func (p planSheet) ranges(ranges []ipam.Range) {
	var rows []row
	for _, r := range ranges {
		var marks []string
		if r.Populated {
			marks = append(marks, "populated")
		}
		if r.Utilised {
			marks = append(marks, "utilised")
		}
		rows = append(rows, row{r.Start.String(), r.End.String(), string(r.Status), strings.Join(marks, ", "), r.Role, r.Description})
	}
	p.table(row{"from", "to", "status", "marks", "role", "description"}, rows)
}

func (p planSheet) hosts(hosts []ipam.Address) {
	var rows []row
	for _, a := range hosts {
		on := strings.TrimSpace(a.Device + " " + a.Interface)
		rows = append(rows, row{a.Address.String(), a.VRF, string(a.Status), string(a.Role), on, a.DNSName, a.Description})
	}
	p.table(row{"address", "vrf", "status", "role", "on", "name", "description"}, rows)
}

func tableOf(vrf string) string {
	if vrf == "" {
		return "the global table"
	}
	return "VRF " + vrf
}

func percent(used float64) string { return fmt.Sprintf("%.1f %%", used) }

// vlanOf names the VLAN that a prefix carries, by its VID when it is of the prefix's own site.
func vlanOf(p ipam.Prefix) string {
	vid := strconv.Itoa(p.VLAN.VID)
	switch {
	case p.VLAN.VID == 0:
		return ""
	case p.VLAN.Group != "":
		return vid + " in " + p.VLAN.Group
	case p.VLAN.Site != p.Site:
		return vid + " at " + p.VLAN.Site
	}
	return vid
}
