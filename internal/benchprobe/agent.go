//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/net/ipv4"

	"vigie/internal/lab/agent"
)

const community = "bench"

// serveAgent answers SNMP on a port of every address of the loopback, as a router at
// each, until it is killed. It prints the port.
func serveAgent() error {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("0.0.0.0:0")))
	if err != nil {
		return err
	}
	defer conn.Close()
	// An answer comes from the address that was asked.
	packets := ipv4.NewPacketConn(conn)
	if err := packets.SetControlMessage(ipv4.FlagDst, true); err != nil {
		return err
	}
	fmt.Println(conn.LocalAddr().(*net.UDPAddr).Port)
	objects := router()
	buffer := make([]byte, 2048)
	for {
		n, control, from, err := packets.ReadFrom(buffer)
		if err != nil {
			return err
		}
		answer, err := agent.Answer(buffer[:n], community, objects)
		if err != nil {
			return fmt.Errorf("answer a poll: %w", err)
		}
		if _, err := packets.WriteTo(answer, &ipv4.ControlMessage{Src: control.Dst}, from); err != nil {
			return err
		}
	}
}

// names are the interfaces of a router, the access first.
var names = []string{"wan", "lan", "backup", "guest"}

// router is a device with four interfaces, two processors, memory and a sensor.
func router() []agent.Object {
	ifEntry, ifX := agent.OID{1, 3, 6, 1, 2, 1, 2, 2, 1}, agent.OID{1, 3, 6, 1, 2, 1, 31, 1, 1, 1}
	storage, sensor := agent.OID{1, 3, 6, 1, 2, 1, 25, 2, 3, 1}, agent.OID{1, 3, 6, 1, 2, 1, 99, 1, 1, 1}
	objects := []agent.Object{
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 1, 2, 0}, Value: agent.Identifier(agent.OID{1, 3, 6, 1, 4, 1, 8072, 3, 2, 10})},
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 1, 3, 0}, Value: agent.Ticks(100)},
		{Name: agent.OID{1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0}, Value: agent.Integer(7)},
		{Name: agent.OID{1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0}, Value: agent.Integer(43_000_000)},
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 2, 1}, Value: agent.Integer(20)},
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 2, 2}, Value: agent.Integer(30)},
		{Name: storage.With(2, 1), Value: agent.Identifier(agent.OID{1, 3, 6, 1, 2, 1, 25, 2, 1, 2})},
		{Name: storage.With(5, 1), Value: agent.Integer(262_144)},
		{Name: storage.With(6, 1), Value: agent.Integer(63_104)},
	}
	for column, value := range []int32{8, 9, 0, 41, 1} {
		objects = append(objects, agent.Object{Name: sensor.With(uint32(column+1), 1), Value: agent.Integer(value)})
	}
	for i, name := range names {
		index := uint32(i + 1)
		objects = append(objects,
			agent.Object{Name: ifEntry.With(8, index), Value: agent.Integer(1)},
			agent.Object{Name: ifX.With(1, index), Value: agent.Text(name)},
			agent.Object{Name: ifX.With(6, index), Value: agent.Counter64(123_456_789_012)},
			agent.Object{Name: ifX.With(10, index), Value: agent.Counter64(9_876_543_210)},
			agent.Object{Name: ifX.With(15, index), Value: agent.Gauge(1000)},
			agent.Object{Name: ifX.With(18, index), Value: agent.Text("towards " + name)},
			agent.Object{Name: ifX.With(19, index), Value: agent.Ticks(4242)})
	}
	slices.SortFunc(objects, func(a, b agent.Object) int { return slices.Compare(a.Name, b.Name) })
	return objects
}
