package lab_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
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
	return p.receive(tb, count, 300*time.Millisecond)
}

// Not parallel: it measures time on a machine that may have two cores.
func TestAnEchoTakesTheDelayOfItsLink(t *testing.T) {
	region := topology(3)
	addr := region.Links[1].Addr
	for _, delay := range []time.Duration{0, 2 * time.Millisecond, 14 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			network := start(t, region, lab.Baseline{addr: {Delay: delay}})
			replies := newPinger(t, network).ping(t, addr, 101, 5*time.Millisecond)
			if len(replies) != 101 {
				t.Fatalf("got %d replies, want 101", len(replies))
			}
			slices.SortFunc(replies, func(a, b reply) int { return cmp.Compare(a.rtt, b.rtt) })
			median := replies[len(replies)/2].rtt
			if late := median - delay; late < 0 || late > 500*time.Microsecond {
				t.Errorf("median round trip is %v, want %v and at most 0.5 ms more", median, delay)
			}
			if earliest := replies[0].rtt; earliest < delay {
				t.Errorf("an echo took %v, want none before %v", earliest, delay)
			}
		})
	}
}

func TestJitterOnlyMakesPacketsLate(t *testing.T) {
	region := topology(1)
	addr := region.Links[0].Addr
	line := lab.Impairment{Delay: 4 * time.Millisecond, Jitter: 6 * time.Millisecond}
	network := start(t, region, lab.Baseline{addr: line})
	replies := newPinger(t, network).ping(t, addr, 60, 3*time.Millisecond)
	if len(replies) != 60 {
		t.Fatalf("got %d replies, want 60", len(replies))
	}
	for _, r := range replies {
		n := uint64(r.sequence)
		// Replies may overtake each other, so only the way there is known here.
		there := line.Fate(seed, lab.Flow{Addr: addr, Protocol: 1}, n).Delay
		if least := there + line.Delay/2; r.rtt < least {
			t.Errorf("echo %d took %v, want at least %v", r.sequence, r.rtt, least)
		}
	}
}

func TestTheEchoesLostAreThoseThatTheSeedPredicts(t *testing.T) {
	t.Parallel()
	region := topology(2)
	addr := region.Links[0].Addr
	line := lab.Impairment{Delay: time.Millisecond, LossPerMillion: 250_000}
	network := start(t, region, lab.Baseline{addr: line})

	const sent = 400
	var want []int
	for n := range sent {
		if !line.Fate(seed, lab.Flow{Addr: addr, Protocol: 1}, uint64(n)).Lost {
			want = append(want, n)
		}
	}
	replies := newPinger(t, network).ping(t, addr, sent, time.Millisecond)
	if diff := gocmp.Diff(want, sequences(replies)); diff != "" {
		t.Errorf("echoes answered (-want +got):\n%s", diff)
	}
	counters := network.Counters()
	if want := uint64(sent - len(want)); counters.Lost != want {
		t.Errorf("%d packets counted as lost, want %d", counters.Lost, want)
	}
	if counters.Overflowed != 0 || counters.Refused != 0 {
		t.Errorf("the lab dropped packets of its own: %+v", counters)
	}
}

func sequences(replies []reply) []int {
	var got []int
	for _, r := range replies {
		got = append(got, r.sequence)
	}
	slices.Sort(got)
	return got
}

func TestACutLinkIsSilentUntilItIsRepaired(t *testing.T) {
	t.Parallel()
	region := topology(2)
	cut, other := region.Links[0].Addr, region.Links[1].Addr
	network := start(t, region, nil)
	ping := newPinger(t, network)

	if err := network.Set(cut, lab.Impairment{Cut: true}); err != nil {
		t.Fatalf("cut: %v", err)
	}
	if got := ping.ping(t, cut, 5, time.Millisecond); len(got) != 0 {
		t.Errorf("a cut link answered %d echoes", len(got))
	}
	if got := ping.ping(t, other, 5, time.Millisecond); len(got) != 5 {
		t.Errorf("the link beside answered %d echoes, want 5", len(got))
	}
	if err := network.Set(cut, lab.Impairment{}); err != nil {
		t.Fatalf("repair: %v", err)
	}
	if got := ping.ping(t, cut, 5, time.Millisecond); len(got) != 5 {
		t.Errorf("a repaired link answered %d echoes, want 5", len(got))
	}
}

func TestAnAddressOfNobodyIsSilent(t *testing.T) {
	t.Parallel()
	network := start(t, topology(1), nil)
	stranger := netip.MustParseAddr("198.19.7.7")
	if got := newPinger(t, network).ping(t, stranger, 3, time.Millisecond); len(got) != 0 {
		t.Errorf("an address outside the inventory answered %d echoes", len(got))
	}
	if got := network.Counters().Unaddressed; got < 3 {
		t.Errorf("%d packets counted as unaddressed, want at least 3", got)
	}
	if err := network.Set(stranger, lab.Impairment{}); err == nil {
		t.Error("Set accepted an address outside the inventory")
	}
}

func TestALostUplinkSilencesEveryLinkAndCanary(t *testing.T) {
	t.Parallel()
	region := topology(200)
	baseline := lab.NewBaseline(region, seed)
	for addr, line := range baseline { // this test counts every echo
		line.LossPerMillion = 0
		baseline[addr] = line
	}
	network := start(t, region, baseline)
	faults := lab.NewFaults(region, baseline, network.Set)
	ping := newPinger(t, network)

	want := slices.Clone(region.Canaries)
	for _, link := range region.Links {
		want = append(want, link.Addr)
	}
	slices.SortFunc(want, netip.Addr.Compare)
	if diff := gocmp.Diff(want, ping.sweep(t, want), cmpAddr); diff != "" {
		t.Errorf("who answers at first (-want +got):\n%s", diff)
	}
	uplink, err := faults.Begin(lab.Fault{Kind: lab.KindUplink})
	if err != nil {
		t.Fatalf("lose the uplink: %v", err)
	}
	if got := ping.sweep(t, want); len(got) != 0 {
		t.Errorf("without uplink %d addresses answer: %v", len(got), got)
	}
	if err := faults.End(uplink.ID); err != nil {
		t.Fatalf("repair the uplink: %v", err)
	}
	if diff := gocmp.Diff(want, ping.sweep(t, want), cmpAddr); diff != "" {
		t.Errorf("who answers after the repair (-want +got):\n%s", diff)
	}
}

var cmpAddr = gocmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// sweep sends one echo to each address and returns those that answer, sorted.
func (p *pinger) sweep(tb testing.TB, addrs []netip.Addr) []netip.Addr {
	tb.Helper()
	for i, addr := range addrs {
		if err := p.send(addr, i); err != nil {
			tb.Fatal(err)
		}
	}
	var answered []netip.Addr
	for _, r := range p.receive(tb, len(addrs), 300*time.Millisecond) {
		answered = append(answered, r.from)
	}
	slices.SortFunc(answered, netip.Addr.Compare)
	return answered
}

func TestStopLeavesNoNamespaceAndNoDescriptor(t *testing.T) {
	network := start(t, topology(1), nil)
	host, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	var inside string
	err = network.InProber(func() (err error) {
		inside, err = os.Readlink("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if inside == host {
		t.Fatalf("InProber ran in the host's namespace %s", host)
	}
	if err := network.Stop(); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	for _, held := range []string{"/proc/self/task/*/ns/net", "/proc/self/fd/*"} {
		paths, err := filepath.Glob(held)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			target, err := os.Readlink(path)
			if errors.Is(err, os.ErrNotExist) {
				continue // a thread or descriptor that ended meanwhile
			}
			if target == inside || target == "/dev/net/tun" || strings.Contains(target, "timerfd") {
				t.Errorf("%s still holds %s", path, target)
			}
			if strings.Contains(path, "/task/") && target != host {
				t.Errorf("thread %s is in namespace %s, want the host's %s", path, target, host)
			}
		}
	}
	if err := network.Stop(); err != nil {
		t.Errorf("a second Stop: %v", err)
	}
	if err := network.InProber(func() error { return nil }); err == nil {
		t.Error("InProber works after Stop")
	}
	if err := network.Start(); err == nil {
		t.Error("a network started twice")
	}
}

func TestInProberReturnsTheErrorOfTheFunctionAndSurvivesItsExit(t *testing.T) {
	t.Parallel()
	network := start(t, topology(1), nil)
	boom := errors.New("boom")
	if err := network.InProber(func() error { return boom }); !errors.Is(err, boom) {
		t.Errorf("InProber returned %v, want %v", err, boom)
	}
	err := network.InProber(func() error {
		runtime.Goexit()
		return nil
	})
	if err == nil {
		t.Error("InProber hides that its function never returned")
	}
}

func TestANetworkThatWasNotStartedStops(t *testing.T) {
	t.Parallel()
	network, err := lab.New(topology(1), nil, seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := network.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestNewRefusesAnImpossibleNetwork(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("198.18.0.1")
	for name, test := range map[string]struct {
		region   lab.Topology
		baseline lab.Baseline
		want     string
	}{
		"an address outside the operator's network": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: netip.MustParseAddr("10.0.0.1")}}},
			want:   "lab: link A has address 10.0.0.1, want one inside 198.18.0.0/15",
		},
		"no address": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A"}}},
			want:   "lab: link A has address invalid IP, want one inside 198.18.0.0/15",
		},
		"a reference used twice": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: addr}, {Ref: "A", Addr: addr.Next()}}},
			want:   `lab: link reference "A" at 198.18.0.2, want a reference used once`,
		},
		"a canary on a link": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: addr}}, Canaries: []netip.Addr{addr}},
			want:   "lab: link A and canary 1 share address 198.18.0.1",
		},
		"a loss above everything": {
			region:   lab.Topology{Links: []lab.Link{{Ref: "A", Addr: addr}}},
			baseline: lab.Baseline{addr: {LossPerMillion: 1_000_001}},
			want:     "lab: impair 198.18.0.1: loss of 1000001 per million, want 1000000 at most",
		},
		"a base line for nobody": {
			baseline: lab.Baseline{addr: {}},
			want:     "lab: impair 198.18.0.1: neither a link nor a canary has this address",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := lab.New(test.region, test.baseline, seed)
			if err == nil || err.Error() != test.want {
				t.Errorf("got error %v, want %s", err, test.want)
			}
		})
	}
}

// BenchmarkEcho sends echoes through the emulator, as many in flight as a
// prober of a few thousand links would have. Each is two packets carried.
func BenchmarkEcho(b *testing.B) {
	for _, delay := range []time.Duration{0, 5 * time.Millisecond} {
		b.Run(delay.String(), func(b *testing.B) {
			const inFlight = 100
			region := topology(inFlight)
			baseline := make(lab.Baseline)
			for _, link := range region.Links {
				baseline[link.Addr] = lab.Impairment{Delay: delay}
			}
			network := start(b, region, baseline)
			ping := newPinger(b, network)
			for sent := 0; b.Loop(); sent++ {
				if sent >= inFlight && len(ping.receive(b, 1, time.Second)) == 0 {
					b.Fatal("an echo is lost")
				}
				if err := ping.send(region.Links[sent%inFlight].Addr, sent&0xffff); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
