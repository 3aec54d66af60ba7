package measure_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/measure"
	"vigie/probe"
)

func walkedDevice() probe.Device {
	return probe.Device{
		System: probe.System{Name: "college-a", Serial: "SN-1", Software: "4.3", UptimeSeconds: 100},
		Ports: []probe.Port{
			{Index: 1, Name: "ge1", Alias: "BRE-1001", Admin: "up", Oper: "up", SpeedBits: 1e9, InErrors: 4, PVID: 10},
			{Index: 2, Name: "ge1.20", Admin: "up", Over: []int{1}},
		},
		Addresses:  []probe.Address{{Addr: netip.MustParseAddr("192.0.2.2"), Bits: 24, Port: 1}, {Addr: netip.MustParseAddr("fe80::1"), Bits: 64, Port: 2}},
		VLANs:      []probe.VLAN{{ID: 20, Name: "eleves", Tagged: []int{1}}},
		Hosts:      []probe.Host{{Addr: netip.MustParseAddr("192.0.2.9")}},
		Neighbours: []probe.Neighbour{{Port: 1, Name: "switch-b", Chassis: "02:00:00:00:00:ff", RemotePort: "48"}},
	}
}

func TestWhatMovesByItselfIsNoChangeOfADevice(t *testing.T) {
	t.Parallel()
	after := walkedDevice()
	after.System.UptimeSeconds = 5
	// After a restart the indexes are others; a port is down and tells no speed.
	after.Ports[0] = probe.Port{Index: 12, Name: "ge1", Alias: "BRE-1001", Admin: "up", Oper: "down", InErrors: 9, PVID: 10, Changed: time.Unix(9, 0)}
	after.Ports[1].Index, after.Ports[1].Over = 11, []int{12}
	after.Addresses[0].Port, after.Addresses[1].Port = 12, 11
	after.VLANs[0].Tagged, after.Neighbours[0].Port = []int{12}, 12
	after.Hosts, after.Requests = nil, 77
	if changes := measure.DeviceChanges(walkedDevice(), after); len(changes) != 0 {
		t.Errorf("changes %+v, want none", changes)
	}
}

func TestEachChangeOfADeviceIsTold(t *testing.T) {
	t.Parallel()
	after := walkedDevice()
	after.System.Software = "4.4"
	after.Ports[0].Admin = "down"
	after.Ports = append(after.Ports, probe.Port{Index: 3, Name: "ge3", Type: "ethernetCsmacd"})
	after.Addresses = append(after.Addresses[:1], probe.Address{Addr: netip.MustParseAddr("fe80::1"), Bits: 64, Port: 3})
	after.VLANs[0].Untagged, after.VLANs[0].Tagged = []int{3}, nil
	after.Neighbours = nil
	want := []measure.DeviceChange{
		{List: "system", Name: "software", Before: "4.3", After: "4.4"},
		{List: "ports", Name: "ge1 (BRE-1001)", Before: "- VLAN 10", After: "- admin=down VLAN 10"},
		{List: "ports", Name: "ge3", Before: "", After: "ethernetCsmacd"},
		{List: "addresses", Name: "fe80::1/64", Before: "ge1.20", After: "ge3"},
		{List: "vlans", Name: "VLAN 20", Before: "eleves / / ge1", After: "eleves / ge3 /"},
		{List: "neighbours", Name: "ge1 02:00:00:00:00:ff 48", Before: "switch-b"},
	}
	if diff := cmp.Diff(want, measure.DeviceChanges(walkedDevice(), after)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAListThatWasNotReadWholeIsNotCompared(t *testing.T) {
	t.Parallel()
	after := walkedDevice()
	after.VLANs[0].Tagged, after.Ports[1].Over, after.Cut = nil, nil, []string{"members"}
	if changes := measure.DeviceChanges(walkedDevice(), after); len(changes) != 0 {
		t.Errorf("without members: %+v, want no change", changes)
	}
	after.VLANs, after.Neighbours, after.Cut = nil, nil, []string{"members", "neighbours", "vlans"}
	if changes := measure.DeviceChanges(after, walkedDevice()); len(changes) != 0 {
		t.Errorf("without lists: %+v, want no change", changes)
	}
	after = probe.Device{Problem: "no answer"}
	if changes := measure.DeviceChanges(walkedDevice(), after); len(changes) != 0 {
		t.Errorf("ended midway: %+v, want no change", changes)
	}
}

func TestChangesOfADeviceAreTheSameBothWays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		device := rapid.Custom(func(t *rapid.T) probe.Device {
			var d probe.Device
			for i := range rapid.IntRange(0, 4).Draw(t, "ports") {
				d.Ports = append(d.Ports, probe.Port{Index: i + 1, Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")})
				d.VLANs = append(d.VLANs, probe.VLAN{ID: rapid.IntRange(1, 3).Draw(t, "vlan"), Tagged: []int{i + 1}})
			}
			return d
		})
		one, other := device.Draw(t, "one"), device.Draw(t, "other")
		if got := measure.DeviceChanges(one, one); len(got) != 0 {
			t.Fatalf("a device differs from itself: %+v", got)
		}
		there, back := measure.DeviceChanges(one, other), measure.DeviceChanges(other, one)
		for i := range back {
			back[i].Before, back[i].After = back[i].After, back[i].Before
		}
		if diff := cmp.Diff(there, back); diff != "" {
			t.Fatalf("there and back (-want +got):\n%s", diff)
		}
	})
}
