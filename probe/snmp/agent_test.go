package snmp_test

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"vigie/internal/lab/agent"
	"vigie/probe/snmp"
)

const community = "secret-word"

// table is what a router of the tests tells; a test changes it between polls.
type table struct {
	mu      sync.Mutex
	objects []agent.Object
	asked   int // requests since it was made
}

var (
	system  = agent.OID{1, 3, 6, 1, 2, 1, 1}
	ifEntry = agent.OID{1, 3, 6, 1, 2, 1, 2, 2, 1}
	ifX     = agent.OID{1, 3, 6, 1, 2, 1, 31, 1, 1, 1}
	framing = agent.OID{1, 3, 6, 1, 6, 3, 10, 2, 1}
)

// port is one interface of a router.
type port struct {
	index       uint32
	name, alias string
	in, out     uint64
}

func (p port) objects() []agent.Object {
	return []agent.Object{
		{Name: ifEntry.With(8, p.index), Value: agent.Integer(1)},
		{Name: ifX.With(1, p.index), Value: agent.Text(p.name)},
		{Name: ifX.With(6, p.index), Value: agent.Counter64(p.in)},
		{Name: ifX.With(10, p.index), Value: agent.Counter64(p.out)},
		{Name: ifX.With(15, p.index), Value: agent.Gauge(1000)},
		{Name: ifX.With(18, p.index), Value: agent.Text(p.alias)},
		{Name: ifX.With(19, p.index), Value: agent.Ticks(4242)},
	}
}

// uptime is what a router tells of itself: a sysUpTime that wrapped, and how long
// it has been running indeed.
func uptime() []agent.Object {
	return []agent.Object{
		{Name: system.With(3, 0), Value: agent.Ticks(100)},
		{Name: framing.With(2, 0), Value: agent.Integer(7)},
		{Name: framing.With(3, 0), Value: agent.Integer(43_000_000)},
	}
}

func router(ports ...port) *table {
	t := &table{}
	t.set(ports...)
	return t
}

func (t *table) set(ports ...port) {
	objects := uptime()
	for _, p := range ports {
		objects = append(objects, p.objects()...)
	}
	t.tell(objects)
}

func (t *table) tell(objects []agent.Object) {
	slices.SortFunc(objects, func(a, b agent.Object) int { return slices.Compare(a.Name, b.Name) })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.objects = objects
}

// without drops a column.
func (t *table) without(column agent.OID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.objects = slices.DeleteFunc(t.objects, func(o agent.Object) bool {
		return slices.Equal(o.Name[:min(len(column), len(o.Name))], column)
	})
}

func (t *table) requests() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked
}

// answer is the table as a responder.
func (t *table) answer(request []byte) [][]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	answer, err := agent.Answer(request, community, t.objects)
	if err != nil {
		return nil
	}
	return [][]byte{answer}
}

// serve answers the requests to a port of 127.0.0.1 with what respond says, in
// order, until the test ends.
func serve(t *testing.T, respond func(request []byte) [][]byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
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
			for _, answer := range respond(slices.Clone(buffer[:n])) {
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

func v2c() snmp.Credential { return snmp.Credential{Version: snmp.V2c, Community: community} }

// poller waits long enough for this machine and short enough for a test.
func poller(t *testing.T) *snmp.Poller {
	t.Helper()
	p, err := snmp.New(snmp.Options{Timeout: 300 * time.Millisecond, Retries: 1, InFlight: 8})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
