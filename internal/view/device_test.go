package view_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/view"
	"vigie/probe"
)

func TestPortsAreCalledByTheirNames(t *testing.T) {
	t.Parallel()
	got := view.NewDevice(probe.Device{
		Ports:     []probe.Port{{Index: 7, Name: "ge7"}, {Index: 8, Name: "ge7.20", Over: []int{7}}},
		Addresses: []probe.Address{{Addr: netip.MustParseAddr("192.0.2.1"), Bits: 24, Port: 8}, {Addr: netip.MustParseAddr("192.0.2.2"), Bits: -1}},
		VLANs:     []probe.VLAN{{ID: 20, Tagged: []int{7}, Untagged: []int{99}}},
		Hosts:     []probe.Host{{Addr: netip.MustParseAddr("192.0.2.9"), Port: 7}},
		Neighbours: []probe.Neighbour{
			{Port: 7, LocalPort: "passed over", RemotePort: "1"}, {LocalPort: "eth5", RemotePort: "2"},
		},
		Cut: []string{"hosts"},
	})
	want := []string{"ge7", "ge7.20 over ge7", "192.0.2.1/24 on ge7.20", "192.0.2.2 on ", "ge7 and #99", "192.0.2.9 on ge7", "1 on ge7", "2 on eth5"}
	told := []string{
		got.Interfaces[0].Name, got.Interfaces[1].Name + " over " + got.Interfaces[1].Over[0],
		got.Addresses[0].Address + " on " + got.Addresses[0].Interface, got.Addresses[1].Address + " on " + got.Addresses[1].Interface,
		got.VLANs[0].Tagged[0] + " and " + got.VLANs[0].Untagged[0], got.Hosts[0].Address.String() + " on " + got.Hosts[0].Interface,
		got.Neighbours[0].Port + " on " + got.Neighbours[0].Interface, got.Neighbours[1].Port + " on " + got.Neighbours[1].Interface,
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"hosts"}, got.Cut); diff != "" {
		t.Errorf("lists that are not whole (-want +got):\n%s", diff)
	}
}
