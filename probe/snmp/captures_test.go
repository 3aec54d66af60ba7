package snmp_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vigie/probe"
	"vigie/probe/snmp"
)

// reference is what another program found in the same captures. It leaves out what it
// does not show; what it has of a device ours must have too.
type reference struct {
	OS struct {
		Discovery struct{ Devices []struct{ Serial string } }
	}
	Ports struct {
		Poller struct{ Ports []referencePort }
	}
	IPv4 struct {
		Discovery struct {
			Rows []referenceAddress `json:"ipv4_addresses"`
		}
	} `json:"ipv4-addresses"`
	IPv6 struct {
		Discovery struct {
			Rows []referenceAddress `json:"ipv6_addresses"`
		}
	} `json:"ipv6-addresses"`
	VLANs struct {
		Discovery struct {
			VLANs []struct {
				ID   int    `json:"vlan_vlan"`
				Name string `json:"vlan_name"`
			} `json:"vlans"`
		}
	} `json:"vlans"`
	Neighbours struct {
		Discovery struct {
			Links []struct {
				Host string `json:"remote_hostname"`
				Port string `json:"remote_port"`
				Own  string `json:"ifName"`
			}
		}
	} `json:"discovery-protocols"`
	Stack struct {
		Discovery struct {
			// Its two words stand the wrong way round: the high one is beneath.
			Rows []struct {
				High   int    `json:"high_ifIndex"`
				Low    int    `json:"low_ifIndex"`
				Status string `json:"ifStackStatus"`
			} `json:"ports_stack"`
		}
	} `json:"ports-stack"`
}

type referencePort struct {
	Index  int    `json:"ifIndex"`
	Name   string `json:"ifName"`
	Descr  string `json:"ifDescr"`
	Alias  string `json:"ifAlias"`
	Type   string `json:"ifType"`
	Admin  string `json:"ifAdminStatus"`
	Oper   string `json:"ifOperStatus"`
	Speed  int64  `json:"ifSpeed"`
	MAC    string `json:"ifPhysAddress"`
	Duplex string `json:"ifDuplex"`
}

type referenceAddress struct {
	IPv4     string `json:"ipv4_address"`
	IPv6     string `json:"ipv6_compressed"`
	IPv4Bits int    `json:"ipv4_prefixlen"`
	IPv6Bits int    `json:"ipv6_prefixlen"`
	Index    int    `json:"ifIndex"`
}

// Where the reference says something else, and why it is not followed.
var exceptions = map[string]string{
	"adva_fsp150_ge112 port 1 speed": "it takes bits per second for millions of them: a thousand terabits",
	"adva_fsp150_ge112 port 3 speed": "the same",
	"vrp_ar169sfp vlan 1 name":       "it makes up a name where the device tells an empty one",
	"vrp_ar169sfp vlan 99 name":      "the same",
	"vrp_ar169sfp vlan 600 name":     "the same",
}

func readReference(t *testing.T, name string) (reference, bool) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(captures, name+".expected.json"))
	if os.IsNotExist(err) {
		return reference{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(content, &r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r, true
}

// patientPoller waits for a simulator that answers many at once.
func patientPoller(t *testing.T) *snmp.Poller {
	t.Helper()
	p, err := snmp.New(snmp.Options{Timeout: 10 * time.Second, InFlight: 8})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryCapturedDeviceIsWalkedWhole(t *testing.T) {
	t.Parallel()
	p := patientPoller(t)
	_, names := devices(t)
	used := map[string]bool{}
	for _, name := range names {
		got, err := p.Walk(t.Context(), device(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sane(t, name, got)
		want, there := readReference(t, name)
		if !there {
			continue
		}
		c := comparison{t: t, device: name, got: got, used: used}
		c.ports(want)
		c.network(want)
		c.serial(want)
	}
	for key := range exceptions {
		if !used[key] {
			t.Errorf("exception %q is none: the reference agrees", key)
		}
	}
}

// sane checks what holds of any device.
func sane(t *testing.T, name string, d probe.Device) {
	t.Helper()
	if err := d.Validate(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if d.Problem != "" || len(d.Cut) > 0 || d.Requests > 150 {
		t.Errorf("%s: problem %q, cut %v, %d requests; want a whole walk of few", name, d.Problem, d.Cut, d.Requests)
	}
	if d.System.Vendor == "" || d.System.Descr == "" || len(d.Ports) == 0 {
		t.Errorf("%s: %+v and %d ports, want a vendor, a description and ports", name, d.System, len(d.Ports))
	}
	indexes := map[int]bool{0: true}
	for _, port := range d.Ports {
		if indexes[port.Index] {
			t.Errorf("%s: two ports with the index %d", name, port.Index)
		}
		indexes[port.Index] = true
		if port.SpeedBits > 400_000_000_000 || port.Oper == "" || port.Admin == "" || port.Type == "" {
			t.Errorf("%s: port %+v, want a state, a type and at most 400 Gbit/s", name, port)
		}
	}
	for _, v := range d.VLANs {
		for _, port := range slices.Concat(v.Tagged, v.Untagged) {
			if !indexes[port] {
				t.Errorf("%s: VLAN %d on port %d, which is not there", name, v.ID, port)
			}
		}
	}
}

// comparison holds one device against the reference.
type comparison struct {
	t      *testing.T
	device string
	got    probe.Device
	used   map[string]bool
}

func (c comparison) same(what string, got, want any) {
	c.t.Helper()
	key := c.device + " " + what
	if got == want {
		return
	}
	if _, excepted := exceptions[key]; excepted {
		c.used[key] = true
		return
	}
	c.t.Errorf("%s: %v, the reference says %v", key, got, want)
}

func (c comparison) ports(want reference) {
	byIndex := map[int]probe.Port{}
	for _, p := range c.got.Ports {
		byIndex[p.Index] = p
	}
	for _, p := range want.Ports.Poller.Ports {
		got, about := byIndex[p.Index], fmt.Sprintf("port %d ", p.Index)
		c.same(about+"name", got.Name, p.Name)
		if got.Descr != "" { // else it takes the name
			c.same(about+"descr", got.Descr, p.Descr)
		}
		c.same(about+"type", got.Type, p.Type)
		c.same(about+"admin", got.Admin, p.Admin)
		c.same(about+"oper", got.Oper, p.Oper)
		c.same(about+"speed", got.SpeedBits, p.Speed)
		c.same(about+"mac", strings.ReplaceAll(got.MAC, ":", ""), strings.TrimPrefix(p.MAC, "000000000000"))
		if got.Duplex != "" {
			c.same(about+"duplex", got.Duplex+"Duplex", p.Duplex)
		}
		if p.Alias != p.Name && p.Alias != p.Descr { // else it fills an empty one
			c.same(about+"alias", got.Alias, p.Alias)
		}
	}
	for _, row := range want.Stack.Discovery.Rows {
		if row.Status == "active" && byIndex[row.Low].Name != "" && byIndex[row.High].Name != "" {
			c.same(fmt.Sprintf("port %d over %d", row.Low, row.High), slices.Contains(byIndex[row.Low].Over, row.High), true)
		}
	}
}

func (c comparison) network(want reference) {
	own := map[string]bool{}
	for _, a := range c.got.Addresses {
		own[fmt.Sprintf("%s on %d", a, a.Port)] = true
	}
	for _, a := range slices.Concat(want.IPv4.Discovery.Rows, want.IPv6.Discovery.Rows) {
		addr, err := netip.ParseAddr(a.IPv4 + a.IPv6)
		if err != nil {
			c.t.Fatal(err)
		}
		about := fmt.Sprintf("%s on %d", netip.PrefixFrom(addr, a.IPv4Bits+a.IPv6Bits), a.Index)
		c.same("address "+about, own[about], true)
	}
	vlans := map[int]string{}
	for _, v := range c.got.VLANs {
		vlans[v.ID] = v.Name
	}
	for _, v := range want.VLANs.Discovery.VLANs {
		_, there := vlans[v.ID]
		c.same(fmt.Sprintf("vlan %d", v.ID), there, true)
		c.same(fmt.Sprintf("vlan %d name", v.ID), vlans[v.ID], v.Name)
	}
	names := map[int]string{}
	for _, p := range c.got.Ports {
		names[p.Index] = p.Name
	}
	neighbours := map[string]bool{}
	for _, n := range c.got.Neighbours {
		neighbours[names[n.Port]+" "+n.Name+" "+n.RemotePort] = true
	}
	for _, link := range want.Neighbours.Discovery.Links {
		port, _, _ := strings.Cut(link.Port, " (")
		about := link.Own + " " + link.Host + " " + port
		if !neighbours[about] {
			c.t.Errorf("%s: no neighbour %q among %v", c.device, about, slices.Sorted(maps.Keys(neighbours)))
		}
	}
}

func (c comparison) serial(want reference) {
	for _, d := range want.OS.Discovery.Devices {
		c.same("serial", c.got.System.Serial, d.Serial)
	}
}
