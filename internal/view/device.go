package view

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/measure"
	"vigie/internal/org"
	"vigie/probe"
)

// Walk is what the router of a link carried when it was walked last.
type Walk struct {
	At     time.Time
	Since  time.Time // it has been so at every walk from then on
	Prober string
	Device probe.Device
}

// LinkDevice is the router of a link.
type LinkDevice struct {
	LinkName
	Router *Router   // what its polls told, nil when it was never asked
	Walked time.Time // zero before the first walk; what follows is empty then
	Since  time.Time
	Prober string
	Device Device
}

// DevicePage is the answer to "what does this router carry?".
type DevicePage struct {
	Notices
	LinkDevice
	// Before is when the router was walked last before it changed, Changes what changed
	// since; Before is zero when no change is known.
	Before  time.Time
	Changes []measure.DeviceChange
}

// Device answers for the router of one link. It needs the right to the addressing plan,
// of which a router tells the most.
func (s *Service) Device(ctx context.Context, who org.User, id int64, now time.Time) (DevicePage, error) {
	r, err := s.reach(ctx, who, org.SeePlan, now)
	if err != nil {
		return DevicePage{}, err
	}
	link, err := r.link(org.SeePlan, id)
	if err != nil {
		return DevicePage{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return DevicePage{}, err
	}
	page := DevicePage{Notices: s.notices(r, live, now)}
	var walk *Walk
	if page.LinkDevice, walk, err = s.linkDevice(ctx, r, link, now); err != nil || walk == nil {
		return page, err
	}
	former, err := s.store.Findings(ctx, id, walk.Device.Kind(), Window{To: walk.At}, 1)
	if err != nil || len(former) == 0 {
		return page, err
	}
	if before, ok := former[0].Finding.(*probe.Device); ok {
		page.Before, page.Changes = former[0].At, measure.DeviceChanges(*before, walk.Device)
	}
	return page, nil
}

// SiteDevices answers for the routers of the links in force that serve a site, by
// reference.
func (s *Service) SiteDevices(ctx context.Context, who org.User, id int64, now time.Time) ([]LinkDevice, error) {
	r, err := s.reach(ctx, who, org.SeePlan, now)
	if err != nil {
		return nil, err
	}
	site, err := r.site(id)
	if err != nil {
		return nil, err
	}
	var all []LinkDevice
	for _, link := range r.LinksOfSite(site.Key) {
		if !inventory.InForce(link.Starts, link.Ends, r.day) || !r.sees(org.SeePlan, link) {
			continue
		}
		device, _, err := s.linkDevice(ctx, r, link, now)
		if err != nil {
			return nil, err
		}
		all = append(all, device)
	}
	slices.SortFunc(all, func(a, b LinkDevice) int { return cmp.Compare(a.Ref, b.Ref) })
	return all, nil
}

// linkDevice gives the router of a link, and its last walk, nil before the first.
func (s *Service) linkDevice(ctx context.Context, r reach, link inventory.Link, now time.Time) (d LinkDevice, walk *Walk, err error) {
	d.LinkName = r.nameLink(link)
	if d.Router, err = s.store.Router(ctx, link.ID, now.Add(-carriedWithin)); err != nil {
		return d, nil, err
	}
	if walk, err = s.store.Device(ctx, link.ID); err != nil || walk == nil {
		return d, nil, err
	}
	d.Walked, d.Since, d.Prober, d.Device = walk.At, walk.Since, walk.Prober, NewDevice(walk.Device)
	return d, walk, nil
}

// Device is what a router carries, its ports called by their names: pages, files and
// commands show the same.
type Device struct {
	System     probe.System `json:"system"`
	Interfaces []Interface  `json:"interfaces"`
	Addresses  []OwnAddress `json:"addresses"`
	VLANs      []VLAN       `json:"vlans"`
	Hosts      []Host       `json:"hosts"`
	Neighbours []Neighbour  `json:"neighbours"`
	// Cut names the lists that are not whole, Problem why the walk ended early.
	Cut     []string `json:"cut"`
	Problem string   `json:"problem"`
}

// Interface is a port of a device.
type Interface struct {
	Name        string     `json:"name"`
	Descr       string     `json:"descr"`
	Alias       string     `json:"alias"`
	Type        string     `json:"type"`
	Admin       string     `json:"admin"`
	Oper        string     `json:"oper"`
	SpeedBits   int64      `json:"speed_bits"`
	Duplex      string     `json:"duplex"`
	MAC         string     `json:"mac"`
	PVID        int        `json:"pvid"`
	Over        []string   `json:"over"`
	Changed     *time.Time `json:"changed"`
	InErrors    int64      `json:"in_errors"`
	OutErrors   int64      `json:"out_errors"`
	InDiscards  int64      `json:"in_discards"`
	OutDiscards int64      `json:"out_discards"`
	Index       int        `json:"index"`
}

// Shut reports whether somebody switched the port off: no fault then.
func (i Interface) Shut() bool { return i.Admin == "down" }

// OwnAddress is an address of a device.
type OwnAddress struct {
	Address   string `json:"address"` // with the length of its prefix, where it is told
	Interface string `json:"interface"`
	Origin    string `json:"origin"`
	Status    string `json:"status"`
}

// VLAN is one VLAN and the ports that carry it.
type VLAN struct {
	ID       int      `json:"id"`
	Name     string   `json:"name"`
	Untagged []string `json:"untagged"`
	Tagged   []string `json:"tagged"`
}

// Host is what a device resolved by ARP or neighbour discovery.
type Host struct {
	Address   netip.Addr `json:"address"`
	MAC       string     `json:"mac"`
	Interface string     `json:"interface"`
}

// Neighbour is who announced itself by LLDP.
type Neighbour struct {
	Interface  string       `json:"interface"`
	Name       string       `json:"name"`
	Descr      string       `json:"descr"`
	Chassis    string       `json:"chassis"`
	Port       string       `json:"port"`
	PortDescr  string       `json:"port_descr"`
	Management []netip.Addr `json:"management"`
}

// NewDevice calls the ports of a device by their names. A port that the device does not
// list is called by its number.
func NewDevice(d probe.Device) Device {
	names := map[int]string{}
	for _, p := range d.Ports {
		names[p.Index] = p.Name
	}
	name := func(index int) string {
		switch {
		case names[index] != "":
			return names[index]
		case index > 0:
			return "#" + strconv.Itoa(index)
		}
		return ""
	}
	called := func(indexes []int) []string {
		out := make([]string, len(indexes))
		for i, index := range indexes {
			out[i] = name(index)
		}
		return out
	}
	out := Device{
		System: d.System, Cut: append([]string{}, d.Cut...), Problem: d.Problem,
		Interfaces: make([]Interface, len(d.Ports)), Addresses: make([]OwnAddress, len(d.Addresses)), VLANs: make([]VLAN, len(d.VLANs)),
		Hosts: make([]Host, len(d.Hosts)), Neighbours: make([]Neighbour, len(d.Neighbours)),
	}
	for i, p := range d.Ports {
		out.Interfaces[i] = Interface{
			Name: p.Name, Descr: p.Descr, Alias: p.Alias, Type: p.Type, Admin: p.Admin, Oper: p.Oper, SpeedBits: p.SpeedBits, Duplex: p.Duplex,
			MAC: p.MAC, PVID: p.PVID, Over: called(p.Over), Index: p.Index,
			InErrors: p.InErrors, OutErrors: p.OutErrors, InDiscards: p.InDiscards, OutDiscards: p.OutDiscards,
		}
		if !p.Changed.IsZero() {
			out.Interfaces[i].Changed = &p.Changed
		}
	}
	for i, a := range d.Addresses {
		out.Addresses[i] = OwnAddress{Address: a.String(), Interface: name(a.Port), Origin: a.Origin, Status: a.Status}
	}
	for i, v := range d.VLANs {
		out.VLANs[i] = VLAN{ID: v.ID, Name: v.Name, Untagged: called(v.Untagged), Tagged: called(v.Tagged)}
	}
	for i, h := range d.Hosts {
		out.Hosts[i] = Host{Address: h.Addr, MAC: h.MAC, Interface: name(h.Port)}
	}
	for i, n := range d.Neighbours {
		local := name(n.Port)
		if n.Port == 0 {
			local = n.LocalPort
		}
		out.Neighbours[i] = Neighbour{
			Interface: local, Name: n.Name, Descr: n.Descr, Chassis: n.Chassis, Port: n.RemotePort, PortDescr: n.RemoteText,
			Management: append([]netip.Addr{}, n.Management...),
		}
	}
	return out
}

// Uptime is how long the device has been running, 0 when it does not tell.
func (d Device) Uptime() time.Duration { return time.Duration(d.System.UptimeSeconds) * time.Second }
