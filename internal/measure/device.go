package measure

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vigie/probe"
)

// DeviceChange is one difference between what a device carried and carries.
type DeviceChange struct {
	List string // system, ports, addresses, vlans or neighbours
	Name string // of what differs
	// Before and After say how it was and is; empty where it was or is not there.
	Before, After string
}

// DeviceChanges returns what differs between two walks of a device, in order. What
// moves by itself is no difference: how long it runs, counters, whether a port is up and
// what it negotiated, the hosts that were resolved, an ifIndex. A list that one of the walks did not read whole is
// not compared.
func DeviceChanges(before, after probe.Device) []DeviceChange {
	whole := !slices.Contains(before.Cut, "members") && !slices.Contains(after.Cut, "members")
	former, latter := described(before, whole), described(after, whole)
	var changes []DeviceChange
	for list := range latter {
		if slices.Contains(before.Cut, list) || slices.Contains(after.Cut, list) || before.Problem != "" || after.Problem != "" {
			continue
		}
		names := maps.Clone(former[list])
		maps.Copy(names, latter[list])
		for name := range names {
			was, is := former[list][name], latter[list][name]
			if was != is {
				changes = append(changes, DeviceChange{List: list, Name: name, Before: was, After: is})
			}
		}
	}
	order := []string{"system", "ports", "addresses", "vlans", "neighbours"}
	slices.SortFunc(changes, func(a, b DeviceChange) int {
		return cmp.Or(slices.Index(order, a.List)-slices.Index(order, b.List), cmp.Compare(a.Name, b.Name))
	})
	return changes
}

// described says of each thing in each list how it is, with the ports that a VLAN is on
// when members are known; ports are meant by their names.
func described(d probe.Device, members bool) map[string]map[string]string {
	names := map[int]string{}
	for _, p := range d.Ports {
		names[p.Index] = p.Name
	}
	called := func(ports []int) string {
		var all []string
		for _, port := range ports {
			switch {
			case names[port] != "":
				all = append(all, names[port])
			case port > 0:
				all = append(all, fmt.Sprintf("#%d", port))
			default: // it does not tell on which
				all = append(all, "-")
			}
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	member := func(ports []int) string {
		if !members {
			return ""
		}
		return called(ports)
	}
	ports, addresses, vlans, neighbours := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	for _, p := range d.Ports {
		name := p.Name
		if p.Alias != "" {
			name += " (" + p.Alias + ")"
		}
		ports[name] = words(cmp.Or(p.Type, "-"), p.MAC, shut(p), labelled("VLAN", p.PVID), member(p.Over))
	}
	on := map[string][]int{} // one of the link may stand on several ports
	for _, a := range d.Addresses {
		on[a.String()] = append(on[a.String()], a.Port)
	}
	for address, ports := range on {
		addresses[address] = called(ports)
	}
	for _, v := range d.VLANs {
		vlans[labelled("VLAN", v.ID)] = words(cmp.Or(v.Name, "-"), "/", member(v.Untagged), "/", member(v.Tagged))
	}
	for _, n := range d.Neighbours {
		neighbours[words(cmp.Or(names[n.Port], n.LocalPort), n.Chassis, n.RemotePort)] = cmp.Or(n.Name, "-")
	}
	s := d.System
	return map[string]map[string]string{
		"system": {
			"name": s.Name, "descr": s.Descr, "location": s.Location, "vendor": s.Vendor, "model": s.Model,
			"serial": s.Serial, "software": s.Software, "objectid": s.ObjectID,
		},
		"ports": ports, "addresses": addresses, "vlans": vlans, "neighbours": neighbours,
	}
}

// shut says of a port that somebody switched it off.
func shut(p probe.Port) string {
	if p.Admin == "down" {
		return "admin=down"
	}
	return ""
}

func labelled(label string, n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s %d", label, n)
}

// words joins what is not empty.
func words(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}
