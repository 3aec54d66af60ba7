package lab_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"vigie/internal/lab"
)

const seed = 20_260_301

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// topology is a region of n links on POPs of ten, with two canaries.
func topology(n int) lab.Topology {
	region := lab.Topology{Canaries: []netip.Addr{
		netip.MustParseAddr("198.18.255.1"), netip.MustParseAddr("198.19.255.254"),
	}}
	for i := range n {
		region.Links = append(region.Links, lab.Link{
			Ref:      fmt.Sprintf("L-%04d", i),
			Addr:     netip.AddrFrom4([4]byte{198, 18, byte(i / 250), byte(1 + i%250)}),
			POP:      fmt.Sprintf("pop-%02d", i/10),
			Sites:    []string{fmt.Sprintf("site-%04d", i)},
			Operator: "op-a",
		})
	}
	return region
}

// start starts a network for the time of the test, or skips the test where
// this machine refuses a lab.
func start(tb testing.TB, region lab.Topology, baseline lab.Baseline) *lab.Network {
	tb.Helper()
	network, err := lab.New(region, baseline, seed)
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

// pinger sends echoes from the prober's namespace through a raw socket.
type pinger struct {
	conn *icmp.PacketConn
}

func newPinger(tb testing.TB, network *lab.Network) *pinger {
	tb.Helper()
	var p pinger
	err := network.InProber(func() (err error) {
		p.conn, err = icmp.ListenPacket("ip4:icmp", lab.ProberAddress.String())
		return err
	})
	if err != nil {
		tb.Fatalf("open a raw socket in the prober's namespace: %v", err)
	}
	tb.Cleanup(func() { p.conn.Close() })
	return &p
}

// send sends one echo request, its own send time within.
func (p *pinger) send(tb testing.TB, to netip.Addr, sequence int) {
	tb.Helper()
	request := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{
		ID: 4242, Seq: sequence, Data: binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano())),
	}}
	packet, err := request.Marshal(nil)
	if err != nil {
		tb.Fatalf("marshal an echo request: %v", err)
	}
	if _, err := p.conn.WriteTo(packet, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		tb.Fatalf("send an echo request to %v: %v", to, err)
	}
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
	packet := make([]byte, 1500)
	for len(replies) < want {
		if err := p.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			tb.Fatalf("set a read deadline: %v", err)
		}
		n, from, err := p.conn.ReadFrom(packet)
		now := time.Now()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return replies
		}
		if err != nil {
			tb.Fatalf("receive an echo reply: %v", err)
		}
		message, err := icmp.ParseMessage(1, packet[:n])
		if err != nil {
			tb.Fatalf("parse an echo reply: %v", err)
		}
		echo, ok := message.Body.(*icmp.Echo)
		if !ok || message.Type != ipv4.ICMPTypeEchoReply {
			continue
		}
		addr, _ := netip.AddrFromSlice(from.(*net.IPAddr).IP.To4())
		sent := time.Unix(0, int64(binary.BigEndian.Uint64(echo.Data)))
		replies = append(replies, reply{from: addr, sequence: echo.Seq, rtt: now.Sub(sent)})
	}
	return replies
}

// ping sends echoes one after the other and returns the replies.
func (p *pinger) ping(tb testing.TB, to netip.Addr, count int, spacing time.Duration) []reply {
	tb.Helper()
	done := make(chan []reply)
	go func() {
		done <- p.receive(tb, count, 300*time.Millisecond)
	}()
	tick := time.NewTicker(spacing)
	defer tick.Stop()
	for sequence := range count {
		p.send(tb, to, sequence)
		<-tick.C
	}
	return <-done
}

func TestAnEchoTakesTheDelayOfItsLink(t *testing.T) {
	region := topology(3)
	for _, delay := range []time.Duration{0, 2 * time.Millisecond, 14 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			addr := region.Links[1].Addr
			network := start(t, region, lab.Baseline{addr: {Delay: delay}})
			replies := newPinger(t, network).ping(t, addr, 101, 5*time.Millisecond)
			if len(replies) != 101 {
				t.Fatalf("got %d replies, want 101", len(replies))
			}
			median := medianRTT(replies)
			if late := median - delay; late < 0 || late > 500*time.Microsecond {
				t.Errorf("median round trip is %v, want %v and at most 0.5 ms more", median, delay)
			}
			t.Logf("median %v over %v", median-delay, delay)
		})
	}
}

func medianRTT(replies []reply) time.Duration {
	rtts := make([]time.Duration, 0, len(replies))
	for _, r := range replies {
		rtts = append(rtts, r.rtt)
	}
	slices.Sort(rtts)
	return rtts[len(rtts)/2]
}

var _ = strings.Contains
