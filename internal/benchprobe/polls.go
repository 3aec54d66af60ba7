//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"vigie/internal/lab/agent"
	"vigie/probe/snmp"
)

const community = "bench"

// serveAgent answers SNMP on a port of the loopback, which it prints, until it is
// killed.
func serveAgent() error {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Println(conn.LocalAddr())
	objects := router()
	buffer := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return err
		}
		answer, err := agent.Answer(buffer[:n], community, objects)
		if err != nil {
			return fmt.Errorf("answer a poll: %w", err)
		}
		if _, err := conn.WriteToUDPAddrPort(answer, from); err != nil {
			return err
		}
	}
}

// router is the ten objects of a poll, of a router with one interface.
func router() []agent.Object {
	ifEntry, ifX := agent.OID{1, 3, 6, 1, 2, 1, 2, 2, 1}, agent.OID{1, 3, 6, 1, 2, 1, 31, 1, 1, 1}
	objects := []agent.Object{
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 1, 3, 0}, Value: agent.Ticks(100)},
		{Name: agent.OID{1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0}, Value: agent.Integer(7)},
		{Name: agent.OID{1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0}, Value: agent.Integer(43_000_000)},
		{Name: ifEntry.With(8, 1), Value: agent.Integer(1)},
		{Name: ifX.With(1, 1), Value: agent.Text("wan")},
		{Name: ifX.With(6, 1), Value: agent.Counter64(123_456_789_012)},
		{Name: ifX.With(10, 1), Value: agent.Counter64(9_876_543_210)},
		{Name: ifX.With(15, 1), Value: agent.Gauge(1000)},
		{Name: ifX.With(18, 1), Value: agent.Text("L1")},
		{Name: ifX.With(19, 1), Value: agent.Ticks(4242)},
	}
	slices.SortFunc(objects, func(a, b agent.Object) int { return slices.Compare(a.Name, b.Name) })
	return objects
}

// measurePolls asks one agent under the addresses of many routers, and returns how
// many polls that took.
func measurePolls(address string) (int, error) {
	const routers, rounds, together = 1000, 6, 50
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0, err
	}
	poller, err := snmp.New(snmp.Options{Timeout: 2 * time.Second, Retries: 1, InFlight: together})
	if err != nil {
		return 0, err
	}
	work := make(chan int64)
	failed := make(chan string, together)
	var asking sync.WaitGroup
	for range together {
		asking.Go(func() {
			for link := range work {
				poll := poller.Poll(context.Background(), snmp.Router{
					Link: link, Ref: "L1", Addr: addr, Credential: snmp.Credential{Version: snmp.V2c, Community: community},
				})
				if poll.Problem != "" {
					select {
					case failed <- string(poll.Problem):
					default:
					}
				}
			}
		})
	}
	for range rounds {
		for link := range int64(routers) {
			work <- link
		}
	}
	close(work)
	asking.Wait()
	select {
	case problem := <-failed:
		return 0, fmt.Errorf("a poll failed: %s", problem)
	default:
		return routers * rounds, nil
	}
}
