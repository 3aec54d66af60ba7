package lab_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"vigie/internal/lab"
)

// start starts a network for the time of the test, or skips the test where
// this machine refuses a lab.
func start(tb testing.TB, region lab.Topology, baseline lab.Baseline) *lab.Network {
	tb.Helper()
	return startSeeded(tb, region, baseline, seed)
}

func startSeeded(tb testing.TB, region lab.Topology, baseline lab.Baseline, seed uint64) *lab.Network {
	tb.Helper()
	network, err := lab.New(region, baseline, seed, routers(region))
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	var unavailable *lab.UnavailableError
	if err := network.Start(); errors.As(err, &unavailable) {
		tb.Skipf("no network lab on this machine: %v", err)
	} else if err != nil {
		tb.Fatalf("Start: %v", err)
	}
	tb.Cleanup(func() {
		if err := network.Stop(); err != nil {
			tb.Errorf("Stop: %v", err)
		}
	})
	return network
}

// pinger sends echoes from the prober's namespace through a raw socket, whose
// kernel stamps what it receives.
type pinger struct {
	conn *net.IPConn
}

func newPinger(tb testing.TB, network *lab.Network) *pinger {
	tb.Helper()
	var p pinger
	err := network.InProber(func() (err error) {
		p.conn, err = net.ListenIP("ip4:icmp", &net.IPAddr{IP: lab.ProberAddress.AsSlice()})
		return err
	})
	if err != nil {
		tb.Fatalf("open a raw socket in the prober's namespace: %v", err)
	}
	tb.Cleanup(func() { p.conn.Close() })
	raw, err := p.conn.SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	var refused error
	err = raw.Control(func(fd uintptr) {
		refused = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	if err := errors.Join(err, refused); err != nil {
		tb.Fatalf("have the kernel stamp packets: %v", err)
	}
	return &p
}

// send sends one echo request, its own send time within.
func (p *pinger) send(to netip.Addr, sequence int) error {
	request := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{
		ID: 4242, Seq: sequence, Data: binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano())),
	}}
	packet, err := request.Marshal(nil)
	if err != nil {
		return fmt.Errorf("marshal an echo request: %w", err)
	}
	if _, err := p.conn.WriteTo(packet, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return fmt.Errorf("send an echo request to %v: %w", to, err)
	}
	return nil
}

// reply is one echo reply.
type reply struct {
	from     netip.Addr
	sequence int
	rtt      time.Duration
}

// receive returns the replies that arrive until want of them are there, or
// until none has come for the given silence.
func (p *pinger) receive(tb testing.TB, want int, silence time.Duration) []reply {
	tb.Helper()
	var replies []reply
	packet, control := make([]byte, 1500), make([]byte, 256)
	for len(replies) < want {
		if err := p.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			tb.Fatalf("set a read deadline: %v", err)
		}
		n, controlled, _, _, err := p.conn.ReadMsgIP(packet, control)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return replies
		}
		if err != nil {
			tb.Fatalf("receive an echo reply: %v", err)
		}
		replies = append(replies, parseReply(tb, packet[:n], stamp(tb, control[:controlled])))
	}
	return replies
}

// parseReply reads an echo reply with its IPv4 header.
func parseReply(tb testing.TB, packet []byte, received time.Time) reply {
	tb.Helper()
	header, err := ipv4.ParseHeader(packet)
	if err != nil {
		tb.Fatalf("parse the header of a reply: %v", err)
	}
	message, err := icmp.ParseMessage(1, packet[header.Len:])
	if err != nil {
		tb.Fatalf("parse a reply: %v", err)
	}
	echo, ok := message.Body.(*icmp.Echo)
	if !ok || message.Type != ipv4.ICMPTypeEchoReply {
		tb.Fatalf("got %v, want an echo reply", message.Type)
	}
	from, _ := netip.AddrFromSlice(header.Src.To4())
	sent := time.Unix(0, int64(binary.BigEndian.Uint64(echo.Data)))
	return reply{from: from, sequence: echo.Seq, rtt: received.Sub(sent)}
}

// stamp returns the time at which the kernel received a packet.
func stamp(tb testing.TB, control []byte) time.Time {
	tb.Helper()
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) != 1 || len(messages[0].Data) < 16 {
		tb.Fatalf("control messages %v (%v), want one time stamp", messages, err)
	}
	seconds := binary.NativeEndian.Uint64(messages[0].Data)
	return time.Unix(int64(seconds), int64(binary.NativeEndian.Uint64(messages[0].Data[8:])))
}

// ping sends echoes in order and returns the replies.
func (p *pinger) ping(tb testing.TB, to netip.Addr, count int, spacing time.Duration) []reply {
	tb.Helper()
	var sender sync.WaitGroup
	defer sender.Wait()
	sender.Go(func() {
		tick := time.NewTicker(spacing)
		defer tick.Stop()
		for sequence := range count {
			if err := p.send(to, sequence); err != nil {
				tb.Error(err)
				return
			}
			<-tick.C
		}
	})
	return p.receive(tb, count, time.Second)
}

// sweep sends one echo to each address and returns those that answer, sorted.
func (p *pinger) sweep(tb testing.TB, addrs []netip.Addr) []netip.Addr {
	tb.Helper()
	for i, addr := range addrs {
		if err := p.send(addr, i); err != nil {
			tb.Fatal(err)
		}
	}
	var answered []netip.Addr
	for _, r := range p.receive(tb, len(addrs), time.Second) {
		answered = append(answered, r.from)
	}
	slices.SortFunc(answered, netip.Addr.Compare)
	return answered
}
