package api

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"vigie/internal/org"
	"vigie/internal/view"
)

// Device is the router of a link: how it is, and what it carries.
type Device struct {
	Link LinkRef `json:"link"`
	// Router is absent when it was never asked.
	Router *Router `json:"router,omitempty" doc:"What its last poll told, with its health; absent when it was never asked."`
	Walk   *Walk   `json:"walk,omitempty" doc:"What it carried when it was read last; absent before the first time."`
}

// Walk is what a router carried when its tables were read. Words are those of the device
// and of its MIBs; empty where it does not tell.
type Walk struct {
	At         time.Time         `json:"at"`
	Since      time.Time         `json:"since" doc:"It has been so each time from then on."`
	Prober     string            `json:"prober"`
	Problem    string            `json:"problem" doc:"Why the reading ended before its end; empty when it did not."`
	Cut        []string          `json:"cut" doc:"Lists that are not whole: interfaces, addresses, vlans, hosts, neighbours."`
	System     DeviceSystem      `json:"system"`
	Interfaces []DeviceInterface `json:"interfaces"`
	Addresses  []DeviceAddress   `json:"addresses"`
	VLANs      []DeviceVLAN      `json:"vlans"`
	Hosts      []DeviceHost      `json:"hosts" doc:"What it resolved by ARP or neighbour discovery."`
	Neighbours []DeviceNeighbour `json:"neighbours" doc:"Who announced itself by LLDP."`
}

// DeviceSystem is what a router says of itself.
type DeviceSystem struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Location    string `json:"location"`
	Vendor      string `json:"vendor" doc:"By the number of its enterprise."`
	Model       string `json:"model"`
	Serial      string `json:"serial"`
	Software    string `json:"software"`
	Uptime      *int64 `json:"uptime_seconds"`
}

// DeviceInterface is a port of a router.
type DeviceInterface struct {
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Alias       string     `json:"alias"`
	Type        string     `json:"type"`
	Admin       string     `json:"admin_state"`
	Oper        string     `json:"oper_state"`
	Speed       *int64     `json:"bits_per_second"`
	Duplex      string     `json:"duplex"`
	MAC         string     `json:"mac"`
	PVID        *int       `json:"pvid" doc:"VLAN of what comes without a tag."`
	Over        []string   `json:"over" doc:"Ports that it runs over."`
	ChangedAt   *time.Time `json:"changed_at" doc:"When its state became what it is."`
	InErrors    int64      `json:"in_errors" doc:"Since the router started, 32 bits."`
	OutErrors   int64      `json:"out_errors"`
	InDiscards  int64      `json:"in_discards"`
	OutDiscards int64      `json:"out_discards"`
	Index       int        `json:"if_index" doc:"Holds within one reading only."`
}

// DeviceAddress is an address of a router.
type DeviceAddress struct {
	Address   string `json:"address" doc:"With the length of its prefix, where it is told."`
	Interface string `json:"interface"`
	Origin    string `json:"origin"`
	Status    string `json:"status"`
}

// DeviceVLAN is a VLAN and the ports that carry it.
type DeviceVLAN struct {
	ID       int      `json:"id"`
	Name     string   `json:"name"`
	Untagged []string `json:"untagged"`
	Tagged   []string `json:"tagged"`
}

// DeviceHost is a host that a router resolved.
type DeviceHost struct {
	Address   string `json:"address"`
	MAC       string `json:"mac"`
	Interface string `json:"interface"`
}

// DeviceNeighbour is a device that announced itself.
type DeviceNeighbour struct {
	Interface       string   `json:"interface"`
	Name            string   `json:"name"`
	Description     string   `json:"description"`
	Chassis         string   `json:"chassis"`
	Port            string   `json:"port"`
	PortDescription string   `json:"port_description"`
	Management      []string `json:"management_addresses"`
}

// Device answers for the router of one link.
func (s *Service) Device(ctx context.Context, who org.User, link int64, now time.Time) (Device, error) {
	page, err := s.view.Device(ctx, who, link, now)
	if err != nil {
		return Device{}, err
	}
	return newDevice(page.LinkDevice), nil
}

// SiteDevices answers for the routers of the links that serve a site, by reference.
func (s *Service) SiteDevices(ctx context.Context, who org.User, site int64, now time.Time) (List[Device], error) {
	devices, err := s.view.SiteDevices(ctx, who, site, now)
	if err != nil {
		return List[Device]{}, err
	}
	return List[Device]{Items: each(devices, newDevice)}, nil
}

func newDevice(d view.LinkDevice) Device {
	out := Device{Link: newLinkRef(d.LinkName), Router: newRouter(d.Router)}
	if d.Walked.IsZero() {
		return out
	}
	c := d.Device
	out.Walk = &Walk{
		At: d.Walked.UTC(), Since: d.Since.UTC(), Prober: d.Prober, Problem: c.Problem, Cut: c.Cut,
		System: DeviceSystem{
			Name: c.System.Name, Description: c.System.Descr, Location: c.System.Location, Vendor: c.System.Vendor, Model: c.System.Model,
			Serial: c.System.Serial, Software: c.System.Software, Uptime: known(c.System.UptimeSeconds),
		},
		Interfaces: each(c.Interfaces, newDeviceInterface),
		Addresses: each(c.Addresses, func(a view.OwnAddress) DeviceAddress {
			return DeviceAddress{Address: a.Address, Interface: a.Interface, Origin: a.Origin, Status: a.Status}
		}),
		VLANs: each(c.VLANs, func(v view.VLAN) DeviceVLAN {
			return DeviceVLAN{ID: v.ID, Name: v.Name, Untagged: v.Untagged, Tagged: v.Tagged}
		}),
		Hosts: each(c.Hosts, func(h view.Host) DeviceHost {
			return DeviceHost{Address: h.Address.String(), MAC: h.MAC, Interface: h.Interface}
		}),
		Neighbours: each(c.Neighbours, func(n view.Neighbour) DeviceNeighbour {
			return DeviceNeighbour{
				Interface: n.Interface, Name: n.Name, Description: n.Descr, Chassis: n.Chassis, Port: n.Port, PortDescription: n.PortDescr,
				Management: each(n.Management, netip.Addr.String),
			}
		}),
	}
	return out
}

func newDeviceInterface(i view.Interface) DeviceInterface {
	out := DeviceInterface{
		Name: i.Name, Description: i.Descr, Alias: i.Alias, Type: i.Type, Admin: i.Admin, Oper: i.Oper, Speed: known(i.SpeedBits),
		Duplex: i.Duplex, MAC: i.MAC, PVID: known(i.PVID), Over: slices.Clone(i.Over), Index: i.Index,
		InErrors: i.InErrors, OutErrors: i.OutErrors, InDiscards: i.InDiscards, OutDiscards: i.OutDiscards,
	}
	if i.Changed != nil {
		out.ChangedAt = instant(*i.Changed)
	}
	return out
}
