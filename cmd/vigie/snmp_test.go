package main

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"

	"vigie/internal/lab/agent"
)

// firewall is a small device that a script asks.
func firewall() []agent.Object {
	var (
		system  = agent.OID{1, 3, 6, 1, 2, 1, 1}
		ifEntry = agent.OID{1, 3, 6, 1, 2, 1, 2, 2, 1}
		ifX     = agent.OID{1, 3, 6, 1, 2, 1, 31, 1, 1, 1}
		entity  = agent.OID{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1}
		ip      = agent.OID{1, 3, 6, 1, 2, 1, 4}
		bridge  = agent.OID{1, 3, 6, 1, 2, 1, 17}
		lldp    = agent.OID{1, 0, 8802, 1, 1, 2, 1, 4}
	)
	objects := []agent.Object{
		{Name: system.With(2, 0), Value: agent.Identifier(agent.OID{1, 3, 6, 1, 4, 1, 11256, 2, 0})},
		{Name: system.With(3, 0), Value: agent.Ticks(100_000_000)},
		{Name: system.With(5, 0), Value: agent.Text("college-a")},
		{Name: ifEntry.With(2, 1), Value: agent.Text("ge-0/0/1")},
		{Name: ifEntry.With(3, 1), Value: agent.Integer(6)},
		{Name: ifEntry.With(6, 1), Value: agent.Text("\x02\x00\x00\x00\x00\x01")},
		{Name: ifEntry.With(7, 1), Value: agent.Integer(1)},
		{Name: ifEntry.With(8, 1), Value: agent.Integer(1)},
		{Name: ifX.With(15, 1), Value: agent.Gauge(1000)},
		{Name: ifX.With(18, 1), Value: agent.Text("acces BRE-1001")},
		{Name: ifEntry.With(2, 10), Value: agent.Text("ge-0/0/1.10")},
		{Name: ifEntry.With(3, 10), Value: agent.Integer(135)},
		{Name: ifEntry.With(7, 10), Value: agent.Integer(2)},
		{Name: ifEntry.With(8, 10), Value: agent.Integer(2)},
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 31, 1, 2, 1, 3, 10, 1}, Value: agent.Integer(1)},
		{Name: entity.With(5, 1), Value: agent.Integer(3)},
		{Name: entity.With(11, 1), Value: agent.Text("SN-0002")},
		{Name: ip.With(20, 1, 2, 192, 0, 2, 2), Value: agent.Integer(1)},
		{Name: ip.With(20, 1, 3, 192, 0, 2, 2), Value: agent.Address(netip.MustParseAddr("255.255.255.0"))},
		{Name: ip.With(22, 1, 2, 1, 192, 0, 2, 9), Value: agent.Text("\x02\x00\x00\x00\x00\x09")},
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 2, 1}, Value: agent.Integer(12)},
		{Name: bridge.With(1, 4, 1, 2, 4), Value: agent.Integer(1)},
		{Name: bridge.With(7, 1, 4, 3, 1, 1, 10), Value: agent.Text("eleves")},
		{Name: bridge.With(7, 1, 4, 3, 1, 2, 10), Value: agent.Text("\x10")},
		{Name: bridge.With(7, 1, 4, 3, 1, 4, 10), Value: agent.Text("\x10")},
		{Name: bridge.With(7, 1, 4, 5, 1, 1, 4), Value: agent.Gauge(10)},
		{Name: lldp.With(1, 1, 4, 0, 1, 1), Value: agent.Integer(4)},
		{Name: lldp.With(1, 1, 5, 0, 1, 1), Value: agent.Text("\x02\x00\x00\x00\x00\xff")},
		{Name: lldp.With(1, 1, 6, 0, 1, 1), Value: agent.Integer(5)},
		{Name: lldp.With(1, 1, 7, 0, 1, 1), Value: agent.Text("1/1/48")},
		{Name: lldp.With(1, 1, 9, 0, 1, 1), Value: agent.Text("switch-b")},
		{Name: lldp.With(2, 1, 4, 0, 1, 1, 1, 4, 192, 0, 2, 20), Value: agent.Integer(1)},
	}
	slices.SortFunc(objects, func(a, b agent.Object) int { return slices.Compare(a.Name, b.Name) })
	return objects
}

// serveFirewall answers on a port of 127.0.0.1, which it returns, until the test ends.
func serveFirewall(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	objects := firewall()
	var serving sync.WaitGroup
	serving.Go(func() {
		buffer := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			answer, err := agent.Answer(buffer[:n], "secret-word", objects)
			if err != nil {
				continue // as an agent that was not meant
			}
			if _, err := conn.WriteToUDPAddrPort(answer, from); err != nil {
				return
			}
		}
	})
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	return strconv.Itoa(conn.LocalAddr().(*net.UDPAddr).Port)
}
