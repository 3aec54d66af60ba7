package snmp

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// Decoded reads one answer as Poll would, for the fuzzer.
func Decoded(message []byte, index int) (probe.Poll, error) {
	library := &gosnmp.GoSNMP{Version: gosnmp.Version2c}
	packet, err := library.SnmpDecodePacket(message)
	if err != nil {
		return probe.Poll{}, err
	}
	found := values{}
	for _, variable := range packet.Variables {
		found[variable.Name] = variable
	}
	got := found.answer(index)
	return probe.Poll{Uptime: got.uptime, Boots: got.boots, Access: got.access}, nil
}

// Accounts is how many credentials a poller holds sessions for, Receivers for how many a
// receiver reads notifications.
func Accounts(p *Poller) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.accounts)
}

// Receivers counts those left after a notification under each of some credentials, so far
// apart.
func Receivers(apart time.Duration, known ...Credential) int {
	now := time.Now()
	t := &Traps{engine: localEngine{id: "\x80\x00\x00\x00\x05metz", boots: 1, started: now}, users: map[Credential]*receiver{}}
	for _, c := range known {
		t.receiver(c, now)
		now = now.Add(apart)
	}
	return len(t.users)
}

// Turns is how many addresses somebody asks or waits for.
func Turns(p *Poller) int {
	p.turns.mu.Lock()
	defer p.turns.mu.Unlock()
	return len(p.turns.held)
}

// ReadRows reads a device each of whose columns has one row more, as Walk would, for the
// fuzzer: an index, and under it a text, a number and the name of an object in turn.
func ReadRows(index string, octets []byte, number int64, pointer string) probe.Device {
	requests := 0
	w := walker{
		ctx: context.Background(), turn: func(context.Context, netip.AddrPort) error { return nil }, give: func(netip.AddrPort) {},
		ask: func(kind gosnmp.PDUType, names []string, _ uint32) (*gosnmp.SnmpPacket, error) {
			requests++
			packet := &gosnmp.SnmpPacket{PDUType: gosnmp.GetResponse, RequestID: 1}
			for _, name := range names {
				if kind != gosnmp.GetRequest && !strings.HasSuffix(name, "."+index) {
					name += "." + index
				}
				packet.Variables = append(packet.Variables, []gosnmp.SnmpPDU{
					{Name: name, Type: gosnmp.OctetString, Value: octets},
					{Name: name, Type: gosnmp.Integer, Value: int(number)},
					{Name: name, Type: gosnmp.Gauge32, Value: uint(number)},
					{Name: name, Type: gosnmp.ObjectIdentifier, Value: pointer},
				}[requests%4])
			}
			return packet, nil
		},
	}
	d, _ := w.device() // one that tells nothing is empty
	return d
}

// Receive reads a notification as a receiver would that knows its sender by some
// credentials, for the fuzzer.
func Receive(message []byte, profiles *Profiles, known ...Credential) ([]byte, *Heard) {
	now := time.Now()
	t := &Traps{
		options: TrapOptions{Profiles: profiles}, engine: localEngine{id: "\x80\x00\x00\x00\x05metz", boots: 1, started: now},
		users: map[Credential]*receiver{}, engines: map[netip.Addr]engineClock{}, tokens: bucket{perSecond: 1},
	}
	return t.receive(message, netip.MustParseAddr("192.0.2.1"), func(netip.Addr) []Credential { return known }, now)
}
