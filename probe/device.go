package probe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Device is what a router, a switch or a firewall carries, as its tables told. Within
// one device a port is meant by its ifIndex; from one walk to the next only by its
// name and alias, since an index may move at a restart.
type Device struct {
	System     System      `json:"system"`
	Ports      []Port      `json:"ports,omitempty"`
	Addresses  []Address   `json:"addresses,omitempty"`
	VLANs      []VLAN      `json:"vlans,omitempty"`
	Hosts      []Host      `json:"hosts,omitempty"`
	Neighbours []Neighbour `json:"neighbours,omitempty"`
	// Cut names the lists that are not whole, as they are called in JSON.
	Cut []string `json:"cut,omitempty"`
	// Problem says why the walk ended before its end, in English; else empty.
	Problem string `json:"problem,omitempty"`
	// Requests is how many it took.
	Requests int `json:"requests"`
}

// System is what a device says of itself: RFC 3418, and RFC 6933 or its vendor for
// what it is made of. What it does not tell is empty.
type System struct {
	Descr    string `json:"descr,omitempty"`
	ObjectID string `json:"object_id,omitempty"` // without a leading point
	Name     string `json:"name,omitempty"`
	Location string `json:"location,omitempty"`
	Vendor   string `json:"vendor,omitempty"` // by the number of its enterprise
	Model    string `json:"model,omitempty"`
	Serial   string `json:"serial,omitempty"`
	Software string `json:"software,omitempty"`
	// UptimeSeconds is how long it has been running, 0 when it does not tell.
	UptimeSeconds int64 `json:"uptime_seconds,omitempty"`
}

// Port is one interface (RFC 2863). Words are those of the MIB.
type Port struct {
	Index int    `json:"index"`
	Name  string `json:"name"` // ifName, else ifDescr
	Descr string `json:"descr,omitempty"`
	Alias string `json:"alias,omitempty"`
	Type  string `json:"type,omitempty"` // IANAifType: a word, else its number
	Admin string `json:"admin,omitempty"`
	Oper  string `json:"oper,omitempty"`
	// SpeedBits is in bits per second, 0 when not told.
	SpeedBits int64  `json:"speed_bits,omitempty"`
	Duplex    string `json:"duplex,omitempty"` // full, half (RFC 3635)
	MAC       string `json:"mac,omitempty"`    // aa:bb:cc:dd:ee:ff
	// Changed is when Oper became what it is; zero when the device has never seen it
	// otherwise, or does not tell.
	Changed time.Time `json:"changed,omitzero"`
	// What was in error or discarded since the device started: counters of 32 bits.
	InErrors    int64 `json:"in_errors,omitempty"`
	OutErrors   int64 `json:"out_errors,omitempty"`
	InDiscards  int64 `json:"in_discards,omitempty"`
	OutDiscards int64 `json:"out_discards,omitempty"`
	// PVID is the VLAN of what comes without a tag, 0 when not told.
	PVID int `json:"pvid,omitempty"`
	// Over are the ports that this one runs over: of a VLAN the port it is on, of an
	// aggregate its members.
	Over []int `json:"over,omitempty"`
}

// Key names a port for as long as it is called and described the same.
func (p Port) Key() string { return p.Name + "\x00" + p.Alias }

// Address is an address of the device itself.
type Address struct {
	Addr netip.Addr `json:"addr"`
	// Bits is the length of its prefix, -1 when the device does not tell.
	Bits   int    `json:"bits"`
	Port   int    `json:"port,omitempty"`
	Origin string `json:"origin,omitempty"` // manual, dhcp, linklayer... (RFC 4293)
	Status string `json:"status,omitempty"` // preferred, duplicate, tentative...
}

// Prefix is the network that the address is on; not valid when its length is not told.
func (a Address) Prefix() netip.Prefix { return netip.PrefixFrom(a.Addr, a.Bits).Masked() }

// String is the address with its length, where that is told.
func (a Address) String() string {
	if a.Bits < 0 {
		return a.Addr.String()
	}
	return netip.PrefixFrom(a.Addr, a.Bits).String()
}

// VLAN is one VLAN and the ports that carry it (IEEE 802.1Q).
type VLAN struct {
	ID       int    `json:"id"`
	Name     string `json:"name,omitempty"`
	Tagged   []int  `json:"tagged,omitempty"`
	Untagged []int  `json:"untagged,omitempty"`
}

// Host is a neighbour that the device resolved by ARP or neighbour discovery.
type Host struct {
	Addr netip.Addr `json:"addr"`
	MAC  string     `json:"mac,omitempty"`
	Port int        `json:"port,omitempty"`
}

// Neighbour is a device that announced itself by LLDP (IEEE 802.1AB).
type Neighbour struct {
	Port       int          `json:"port,omitempty"`
	LocalPort  string       `json:"local_port,omitempty"` // as told, where it is no port of the list
	Chassis    string       `json:"chassis,omitempty"`
	Name       string       `json:"name,omitempty"`
	Descr      string       `json:"descr,omitempty"`
	RemotePort string       `json:"remote_port,omitempty"`
	RemoteText string       `json:"remote_text,omitempty"` // the description of RemotePort
	Management []netip.Addr `json:"management,omitempty"`
}

// Bounds of a device: far above any router of a school, and such that what a hostile
// one says can be stored.
const (
	MaxPorts      = 500
	MaxAddresses  = 500
	MaxVLANs      = 1000
	MaxMembers    = 4000 // ports of VLANs, and ports under ports, together
	MaxHosts      = 1000
	MaxNeighbours = 200
	maxManagement = 8
	maxBits       = 1 << 53 // a number in JSON stays exact below it
	maxVLAN       = 4094
)

// Kind is device.
func (*Device) Kind() string { return "device" }

// Validate refuses a list or text that is too long, a text that cannot be shown, and a
// number out of its range.
func (d *Device) Validate() error {
	for _, list := range []struct {
		name        string
		count, most int
	}{
		{"ports", len(d.Ports), MaxPorts},
		{"addresses", len(d.Addresses), MaxAddresses},
		{"vlans", len(d.VLANs), MaxVLANs},
		{"hosts", len(d.Hosts), MaxHosts},
		{"neighbours", len(d.Neighbours), MaxNeighbours},
		{"members", d.members(), MaxMembers},
		{"cut", len(d.Cut), 8},
	} {
		if list.count > list.most {
			return fmt.Errorf("%d %s, at most %d are expected", list.count, list.name, list.most)
		}
	}
	for _, text := range d.texts() {
		if problem := unshowable(text); problem != "" {
			return fmt.Errorf("text %.40q: %s", text, problem)
		}
	}
	if d.Requests < 0 || d.System.UptimeSeconds < 0 {
		return fmt.Errorf("%d requests, %d s of uptime, expected none below 0", d.Requests, d.System.UptimeSeconds)
	}
	for i := range d.Ports {
		if err := d.Ports[i].validate(); err != nil {
			return err
		}
	}
	return d.validateNetwork()
}

func (p *Port) validate() error {
	for _, n := range []int64{p.SpeedBits, p.InErrors, p.OutErrors, p.InDiscards, p.OutDiscards} {
		if n < 0 || n > maxBits {
			return fmt.Errorf("port %s: %d, expected 0 to 2^53", p.Name, n)
		}
	}
	if p.Index < 1 || p.PVID < 0 || p.PVID > maxVLAN+1 {
		return fmt.Errorf("port %s: index %d and VLAN %d, expected a positive index and at most %d", p.Name, p.Index, p.PVID, maxVLAN+1)
	}
	return nil
}

func (d *Device) validateNetwork() error {
	for _, a := range d.Addresses {
		if !a.Addr.IsValid() || a.Addr.Zone() != "" || a.Bits < -1 || a.Bits > a.Addr.BitLen() {
			return fmt.Errorf("address %s/%d, expected one without a zone, and -1 to %d bits", a.Addr, a.Bits, a.Addr.BitLen())
		}
	}
	for _, h := range d.Hosts {
		if !h.Addr.IsValid() || h.Addr.Zone() != "" {
			return fmt.Errorf("host %s, expected an address without a zone", h.Addr)
		}
	}
	for _, v := range d.VLANs {
		if v.ID < 1 || v.ID > maxVLAN {
			return fmt.Errorf("VLAN %d, expected 1 to %d", v.ID, maxVLAN)
		}
	}
	for _, n := range d.Neighbours {
		if len(n.Management) > maxManagement {
			return fmt.Errorf("neighbour %s: %d addresses, at most %d are expected", n.Name, len(n.Management), maxManagement)
		}
		for _, addr := range n.Management {
			if !addr.IsValid() || addr.Zone() != "" {
				return fmt.Errorf("neighbour %s: address %s, expected one without a zone", n.Name, addr)
			}
		}
	}
	return nil
}

// members counts what lies in the lists of ports.
func (d *Device) members() (count int) {
	for _, p := range d.Ports {
		count += len(p.Over)
	}
	for _, v := range d.VLANs {
		count += len(v.Tagged) + len(v.Untagged)
	}
	return count
}

func (d *Device) texts() []string {
	s := d.System
	texts := append([]string{s.Descr, s.ObjectID, s.Name, s.Location, s.Vendor, s.Model, s.Serial, s.Software, d.Problem}, d.Cut...)
	for _, p := range d.Ports {
		texts = append(texts, p.Name, p.Descr, p.Alias, p.Type, p.Admin, p.Oper, p.Duplex, p.MAC)
	}
	for _, a := range d.Addresses {
		texts = append(texts, a.Origin, a.Status)
	}
	for _, v := range d.VLANs {
		texts = append(texts, v.Name)
	}
	for _, h := range d.Hosts {
		texts = append(texts, h.MAC)
	}
	for _, n := range d.Neighbours {
		texts = append(texts, n.LocalPort, n.Chassis, n.Name, n.Descr, n.RemotePort, n.RemoteText)
	}
	return texts
}

func unshowable(text string) string {
	switch {
	case len(text) > maxText:
		return fmt.Sprintf("%d octets, at most %d are expected", len(text), maxText)
	case !utf8.ValidString(text):
		return "not UTF-8"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "a control character"
	}
	return ""
}

// Fit shortens the lists until the device is within its bounds and can travel, what is
// least about the device itself first, and names in Cut those that were shortened.
func (d *Device) Fit() {
	d.Ports = fitted(d, "ports", d.Ports, MaxPorts)
	d.Addresses = fitted(d, "addresses", d.Addresses, MaxAddresses)
	d.VLANs = fitted(d, "vlans", d.VLANs, MaxVLANs)
	d.Hosts = fitted(d, "hosts", d.Hosts, MaxHosts)
	d.Neighbours = fitted(d, "neighbours", d.Neighbours, MaxNeighbours)
	for i := range d.Neighbours {
		if n := &d.Neighbours[i]; len(n.Management) > maxManagement {
			n.Management = n.Management[:maxManagement]
		}
	}
	if d.members() > MaxMembers {
		d.dropMembers()
	}
	for d.tooLong() {
		switch lists := []int{len(d.Hosts), len(d.Neighbours), len(d.VLANs), len(d.Addresses), len(d.Ports)}; {
		case lists[0] > 0:
			d.Hosts = fitted(d, "hosts", d.Hosts, lists[0]/2)
		case lists[1] > 0:
			d.Neighbours = fitted(d, "neighbours", d.Neighbours, lists[1]/2)
		case d.members() > 0:
			d.dropMembers()
		case lists[2] > 0:
			d.VLANs = fitted(d, "vlans", d.VLANs, lists[2]/2)
		case lists[3] > lists[4]:
			d.Addresses = fitted(d, "addresses", d.Addresses, lists[3]/2)
		default:
			d.Ports = fitted(d, "ports", d.Ports, lists[4]/2)
		}
	}
}

func (d *Device) tooLong() bool {
	body, err := json.Marshal(d)
	return err == nil && len(body) > maxFinding
}

// dropMembers forgets which ports carry which VLAN: a part of them would mislead.
func (d *Device) dropMembers() {
	for i := range d.Ports {
		d.Ports[i].Over = nil
	}
	for i := range d.VLANs {
		d.VLANs[i].Tagged, d.VLANs[i].Untagged = nil, nil
	}
	d.MarkCut("members")
}

// MarkCut says that a list is not whole.
func (d *Device) MarkCut(list string) {
	if !slices.Contains(d.Cut, list) {
		d.Cut = append(d.Cut, list)
		slices.SortFunc(d.Cut, cmp.Compare)
	}
}

func fitted[T any](d *Device, name string, list []T, most int) []T {
	if len(list) <= most {
		return list
	}
	d.MarkCut(name)
	return list[:most]
}
