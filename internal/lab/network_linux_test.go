package lab_test

import (
	"cmp"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/internal/lab"
)

// Not parallel: it measures time on a machine that may have two cores. Others
// may keep those busy, which makes packets late but never early, so the best
// of a few rounds is what the emulator is worth.
func TestAnEchoTakesTheDelayOfItsLink(t *testing.T) {
	region := topology(3)
	addr := region.Links[1].Addr
	for _, delay := range []time.Duration{0, 2 * time.Millisecond, 14 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			network := start(t, region, lab.Baseline{addr: {Delay: delay}})
			ping := newPinger(t, network)
			const rounds, tolerance = 10, 500 * time.Microsecond
			best := time.Hour
			for round := 0; round < rounds && best > delay+tolerance; round++ {
				best = min(best, medianRTT(t, ping.ping(t, addr, 101, 5*time.Millisecond), delay))
			}
			if best > delay+tolerance {
				t.Errorf("median round trip is %v, want %v and at most %v more", best, delay, tolerance)
			}
		})
	}
}

// medianRTT returns the median of 101 round trips, none of which may be
// shorter than the delay of the link.
func medianRTT(t *testing.T, replies []reply, delay time.Duration) time.Duration {
	t.Helper()
	if len(replies) != 101 {
		t.Fatalf("got %d replies, want 101", len(replies))
	}
	slices.SortFunc(replies, func(a, b reply) int { return cmp.Compare(a.rtt, b.rtt) })
	if earliest := replies[0].rtt; earliest < delay {
		t.Errorf("an echo took %v, want none before %v", earliest, delay)
	}
	return replies[len(replies)/2].rtt
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
	faults := lab.NewFaults(region, baseline, network)
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
