package snmp

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"vigie/probe"
)

// TrapOptions says where notifications are heard.
type TrapOptions struct {
	// Listen is the address and port.
	Listen netip.AddrPort
	// Name makes the identity of this receiver (RFC 3411, snmpEngineID); devices that
	// send informs by version 3 remember it.
	Name string
	// PerSecond is how many notifications of known devices are read in a second; more
	// are dropped and counted.
	PerSecond int
	// Profiles say what notifications mean; nil: the standard ones alone.
	Profiles *Profiles
	// Open, when set, is called as that of Options.
	Open func(create func() error) error
}

// Heard is a notification of a known device whose community or user is right.
type Heard struct {
	From netip.Addr
	At   time.Time // UTC, to the microsecond
	Trap probe.Trap
}

// TrapCounters count what came, from the start.
type TrapCounters struct {
	// Unknown came from an address of no router; nothing of it was read.
	Unknown uint64
	// Limited came faster than is read.
	Limited uint64
	// Malformed is no notification, or none of a version that is spoken.
	Malformed uint64
	// Refused has another community, user, password or security level than the router
	// has here, or is older than what the router said before.
	Refused uint64
	// Heard was told.
	Heard uint64
}

// Traps hears notifications. What it hears is a hint: anybody can forge the address of
// a version 2c trap, and it is lost exactly when a line is down. Nobody may decide
// anything by it.
type Traps struct {
	options TrapOptions
	conn    *net.UDPConn
	engine  localEngine
	users   map[Credential]*receiver
	engines map[netip.Addr]engineClock
	tokens  bucket

	unknown, limited, malformed, refused, heard atomic.Uint64
}

// localEngine is this receiver as an authority (RFC 3414, 1.5.1): informs are answered
// by its clock. Its count of starts is the time of its start, which rises as well and
// needs no memory.
type localEngine struct {
	id      string
	boots   uint32
	started time.Time
}

// firstBoot is an instant before every start.
var firstBoot = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)

func (e localEngine) time() uint32 { return uint32(time.Since(e.started) / time.Second) }

// ListenTraps opens the socket. The error says what right is missing.
func ListenTraps(o TrapOptions) (*Traps, error) {
	if o.PerSecond < 1 || o.Name == "" {
		return nil, fmt.Errorf("snmp traps: %d a second by %q, expected at least 1 and a name", o.PerSecond, o.Name)
	}
	if o.Open == nil {
		o.Open = func(create func() error) error { return create() }
	}
	now := time.Now()
	digest := sha256.Sum256([]byte(o.Name))
	t := &Traps{
		options: o,
		// Octets of our own choice (RFC 3411, SnmpEngineID, format 5).
		engine:  localEngine{id: "\x80\x00\x00\x00\x05" + string(digest[:8]), boots: uint32(now.Sub(firstBoot) / time.Second), started: now},
		users:   map[Credential]*receiver{},
		engines: map[netip.Addr]engineClock{},
		tokens:  bucket{perSecond: float64(o.PerSecond)},
	}
	err := o.Open(func() (err error) {
		t.conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(o.Listen))
		return err
	})
	if errors.Is(err, syscall.EACCES) && o.Listen.Port() < 1024 {
		return nil, fmt.Errorf("snmp traps: listen on %s: a port below 1024 needs the capability CAP_NET_BIND_SERVICE; or listen above it, and have the routers send there", o.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("snmp traps: %w", err)
	}
	return t, nil
}

// Addr is where it listens.
func (t *Traps) Addr() netip.AddrPort {
	addr, _ := t.conn.LocalAddr().(*net.UDPAddr) // it is one of UDP
	return addr.AddrPort()
}

// Counters returns what was counted so far.
func (t *Traps) Counters() TrapCounters {
	return TrapCounters{t.unknown.Load(), t.limited.Load(), t.malformed.Load(), t.refused.Load(), t.heard.Load()}
}

// maxTrap is the largest notification that is read, in octets. One packet of Ethernet
// holds 1,472.
const maxTrap = 8192

// Run hears until ctx ends, and closes the socket. credentials returns those of the
// routers at an address, none for one that is not known. heard is told each
// notification, in order; it must not block.
func (t *Traps) Run(ctx context.Context, credentials func(netip.Addr) []Credential, heard func(Heard)) error {
	stop := context.AfterFunc(ctx, func() { _ = t.conn.Close() })
	defer stop()
	buffer := make([]byte, maxTrap+1)
	for {
		n, from, err := t.conn.ReadFromUDPAddrPort(buffer)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			_ = t.conn.Close() // the first error counts
			return fmt.Errorf("snmp traps: %w", err)
		}
		answer, told := t.receive(buffer[:n], from.Addr().Unmap(), credentials, time.Now())
		if len(answer) > 0 {
			_, _ = t.conn.WriteToUDPAddrPort(answer, from) // one that is lost is asked for again
		}
		if told != nil {
			heard(*told)
		}
	}
}

// receive reads one message, and returns what to answer and what to tell.
func (t *Traps) receive(message []byte, from netip.Addr, credentials func(netip.Addr) []Credential, now time.Time) ([]byte, *Heard) {
	known := credentials(from)
	switch {
	case len(known) == 0:
		t.unknown.Add(1)
		return nil, nil
	case !t.tokens.take(now):
		t.limited.Add(1)
		return nil, nil
	case len(message) > maxTrap:
		t.malformed.Add(1)
		return nil, nil
	}
	var failed error
	for _, c := range known {
		r := t.receiver(c, now)
		got, err := r.read(message, from, t)
		if err == nil && got.trap == nil { // a question about ourselves
			return got.answer, nil
		}
		if err == nil {
			t.heard.Add(1)
			return got.answer, &Heard{From: from, At: now.UTC().Truncate(time.Microsecond), Trap: *got.trap}
		}
		if failed == nil || errors.Is(err, errRefused) {
			failed = err
		}
		if len(got.answer) > 0 {
			t.refused.Add(1)
			return got.answer, nil
		}
	}
	if errors.Is(failed, errRefused) {
		t.refused.Add(1)
	} else {
		t.malformed.Add(1)
	}
	return nil, nil
}

// receiver returns what reads the notifications under a credential. A new one drops those
// that were not used for long: they may have been changed.
func (t *Traps) receiver(c Credential, now time.Time) *receiver {
	r := t.users[c]
	if r == nil {
		r = newReceiver(c, t.engine.id)
		t.users[c] = r
		for other, unused := range t.users {
			if now.Sub(unused.used) > forgetAfter && other != c {
				delete(t.users, other)
			}
		}
	}
	r.used = now
	return r
}

// bucket lets so much through in a second, and as much at once.
type bucket struct {
	perSecond float64
	left      float64
	at        time.Time
}

func (b *bucket) take(now time.Time) bool {
	if b.at.IsZero() {
		b.left = b.perSecond
	} else if passed := now.Sub(b.at); passed > 0 {
		b.left = min(b.perSecond, b.left+passed.Seconds()*b.perSecond)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
