package probe_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

// device is one whose every list holds something.
func device() probe.Device {
	return probe.Device{
		System: probe.System{Descr: "Routeur", ObjectID: "1.3.6.1.4.1.11256.2.0", Vendor: "Stormshield", UptimeSeconds: 4},
		Ports: []probe.Port{
			{Index: 1, Name: "ge1", Alias: "BRE-1001", Oper: "up", SpeedBits: 1e9, PVID: 10},
			{Index: 9, Name: "ge1.10", Over: []int{1}},
		},
		Addresses: []probe.Address{
			{Addr: netip.MustParseAddr("192.0.2.2"), Bits: 24, Port: 1},
			{Addr: netip.MustParseAddr("fe80::1"), Bits: -1, Port: 9},
		},
		VLANs:      []probe.VLAN{{ID: 10, Name: "eleves", Untagged: []int{1}}},
		Hosts:      []probe.Host{{Addr: netip.MustParseAddr("192.0.2.9"), MAC: "02:00:00:00:00:09", Port: 1}},
		Neighbours: []probe.Neighbour{{Port: 1, Name: "switch", Management: []netip.Addr{netip.MustParseAddr("192.0.2.20")}}},
		Requests:   40,
	}
}

func TestADeviceThatNoWalkTellsIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(*probe.Device)
		want  string
	}{
		"too many ports":        {func(d *probe.Device) { d.Ports = make([]probe.Port, 501) }, "501 ports, at most 500 are expected"},
		"too many members":      {func(d *probe.Device) { d.VLANs[0].Tagged = make([]int, 4000) }, "4002 members, at most 4000 are expected"},
		"a long text":           {func(d *probe.Device) { d.System.Name = strings.Repeat("x", 256) }, "256 octets"},
		"a text in Latin-1":     {func(d *probe.Device) { d.Ports[0].Alias = "caf\xe9" }, "not UTF-8"},
		"a text of two lines":   {func(d *probe.Device) { d.Neighbours[0].Descr = "a\nb" }, "a control character"},
		"a negative speed":      {func(d *probe.Device) { d.Ports[0].SpeedBits = -1 }, "port ge1: -1"},
		"a port without number": {func(d *probe.Device) { d.Ports[0].Index = 0 }, "index 0"},
		"no address":            {func(d *probe.Device) { d.Addresses[0].Addr = netip.Addr{} }, "address invalid IP/24"},
		"an address in a zone":  {func(d *probe.Device) { d.Hosts[0].Addr = netip.MustParseAddr("fe80::1%lan") }, "host fe80::1%lan"},
		"too long a prefix":     {func(d *probe.Device) { d.Addresses[0].Bits = 33 }, "192.0.2.2/33"},
		"no VLAN":               {func(d *probe.Device) { d.VLANs[0].ID = 4095 }, "VLAN 4095"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := device()
			if err := d.Validate(); err != nil {
				t.Fatalf("before it is spoilt: %v", err)
			}
			test.spoil(&d)
			if err := d.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestADeviceTravelsAsItIs(t *testing.T) {
	t.Parallel()
	d := device()
	body, err := probe.Report{Link: 4, At: time.Now(), Finding: &d}.Body()
	if err != nil {
		t.Fatal(err)
	}
	got, err := probe.ReadFinding("device", body)
	if err != nil {
		t.Fatal(err)
	}
	sameAddr := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	if diff := cmp.Diff(probe.Finding(&d), got, sameAddr); diff != "" {
		t.Errorf("device (-sent +got):\n%s", diff)
	}
}

func TestADeviceIsMadeToFit(t *testing.T) {
	t.Parallel()
	d := device()
	d.Fit()
	if diff := cmp.Diff([]string(nil), d.Cut); diff != "" {
		t.Errorf("one that fits is cut (-want +got):\n%s", diff)
	}
	for i := range 2000 {
		d.Hosts = append(d.Hosts, probe.Host{Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), MAC: "02:00:00:00:00:09"})
		d.Ports = append(d.Ports, probe.Port{Index: 100 + i, Name: fmt.Sprintf("port %d", i), Alias: strings.Repeat("<é>", 60), Over: []int{1, 9}})
	}
	d.Fit()
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	body, err := probe.Report{Finding: &d}.Body()
	if err != nil || len(body) < 40_000 {
		t.Errorf("%d octets, error %v; want as much as may travel", len(body), err)
	}
	if diff := cmp.Diff([]string{"hosts", "members", "neighbours", "ports", "vlans"}, d.Cut); diff != "" {
		t.Errorf("lists that are not whole (-want +got):\n%s", diff)
	}
	if d.Ports[0].Name != "ge1" || d.System.Descr == "" || len(d.Addresses) != 2 {
		t.Errorf("%+v, want the first ports, the addresses and the system kept", d.System)
	}
}
