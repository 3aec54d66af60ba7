package lab_test

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/lab"
	"vigie/internal/view"
	"vigie/probe/snmp"
)

// served answers for one router of the lab on a port of 127.0.0.1.
func served(t *testing.T, agents *lab.Agents, addr netip.Addr, now func() time.Time) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buffer := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			if answer, err := agents.Answer(addr, buffer[:n], now()); err == nil {
				if _, err := conn.WriteToUDPAddrPort(answer, from); err != nil {
					return
				}
			}
		}
	})
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestARouterOfTheLabTellsWhatItCarries(t *testing.T) {
	t.Parallel()
	region := wired(3)
	link := region.Links[1]
	agents := lab.NewAgents(region, seed, paris(), monday)
	p, err := snmp.New(snmp.Options{Timeout: 5 * time.Second, InFlight: 1})
	if err != nil {
		t.Fatal(err)
	}
	at := served(t, agents, link.Router, func() time.Time { return monday })
	credential := snmp.Credential{Version: snmp.V2c, Community: lab.Community}
	for range 2 { // before and after a restart, at which indexes change places
		found, err := p.Walk(t.Context(), snmp.Router{Addr: at, Credential: credential})
		if err != nil {
			t.Fatal(err)
		}
		got := view.NewDevice(found)
		if got.Problem != "" || len(got.Cut) > 0 || len(got.Interfaces) != 13 || len(got.VLANs) != 11 {
			t.Fatalf("%d interfaces, %d VLANs, problem %q, cut %v; want 2 with 11 VLANs", len(got.Interfaces), len(got.VLANs), got.Problem, got.Cut)
		}
		want := []view.OwnAddress{
			{Address: link.Addr.String() + "/30", Interface: "wan0", Origin: "manual", Status: "preferred"},
			{Address: link.Router.String() + "/32", Interface: "wan0", Origin: "manual", Status: "preferred"},
		}
		if link.Router.Less(link.Addr) {
			want[0], want[1] = want[1], want[0]
		}
		if diff := cmp.Diff(want, got.Addresses); diff != "" {
			t.Errorf("addresses (-want +got):\n%s", diff)
		}
		for _, i := range got.Interfaces {
			if i.Name == "lan0" && (i.PVID != 99 || i.Oper != "up" || i.Type != "ethernetCsmacd") || i.Name == "lan0.20" && (len(i.Over) != 1 || i.Over[0] != "lan0") {
				t.Errorf("interface %+v, want lan0 with the VLAN 99, and lan0.20 over it", i)
			}
		}
		vlan := view.VLAN{ID: 20, Name: "Pédagogique", Untagged: []string{}, Tagged: []string{"lan0"}}
		if diff := cmp.Diff(vlan, got.VLANs[2]); diff != "" {
			t.Errorf("VLAN (-want +got):\n%s", diff)
		}
		if n := got.Neighbours; len(n) != 1 || n[0].Interface != "lan0" || n[0].Port != "1/1/48" || n[0].Chassis == "" {
			t.Errorf("neighbours %+v, want the switch on lan0", n)
		}
		if len(got.Hosts) != 1 || got.Hosts[0].Address != link.Demarcation || got.Hosts[0].Interface != "wan0" {
			t.Errorf("hosts %+v, want the demarcation %v on wan0", got.Hosts, link.Demarcation)
		}
		agents.Befall(link.Ref, lab.Condition{Off: true}, monday)
		agents.Befall(link.Ref, lab.Condition{}, monday)
	}
}
