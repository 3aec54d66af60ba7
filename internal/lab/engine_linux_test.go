package lab_test

import (
	"bytes"
	"errors"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"vigie/internal/lab"
	"vigie/probe"
	"vigie/probe/icmp"
)

// newEngine opens an echo engine in the prober's namespace, and returns when the kernel
// stamps what it sends and receives.
func newEngine(tb testing.TB, network *lab.Network, o icmp.Options, warm netip.Addr) *icmp.Engine {
	tb.Helper()
	o.Open = network.InProber
	e, err := icmp.New(o)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; {
		r := echoes(tb, e, []icmp.Round{{Target: probe.Target{Addr: warm}, Start: time.Now(), Echoes: 1}})[0]
		if r.Observation.Received() == 1 {
			return e
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s does not answer: %+v", warm, r)
		}
	}
}

// echoes runs rounds and returns them as they end.
func echoes(tb testing.TB, e *icmp.Engine, rounds []icmp.Round) []icmp.Result {
	tb.Helper()
	if err := e.Add(rounds...); err != nil {
		tb.Fatal(err)
	}
	var all []icmp.Result
	for deadline := time.Now().Add(time.Minute); len(all) < len(rounds); {
		results, err := e.Advance(tb.Context(), deadline)
		if err != nil || time.Now().After(deadline) {
			tb.Fatalf("%d of %d rounds, %v", len(all), len(rounds), err)
		}
		for _, r := range results {
			r.Observation.RTTMicros = slices.Clone(r.Observation.RTTMicros)
			all = append(all, r)
		}
	}
	return all
}

// The emulator numbers the packets of an address as they come and draws the fate of
// each from the seed, so that the loss is known to the packet before the test begins.
func TestTheEngineSeesTheLossOfTheSeedToTheEcho(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 67, 2026} {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			region := topology(24)
			baseline := lab.Baseline{}
			for i, link := range region.Links {
				rates := []uint32{0, 1_000, 10_000, 50_000, 200_000, 500_000, 999_000, 1_000_000}
				baseline[link.Addr] = lab.Impairment{Delay: 2 * time.Millisecond, Jitter: time.Millisecond, LossPerMillion: rates[i%len(rates)]}
			}
			network := startSeeded(t, region, baseline, seed)
			o := icmp.Options{Echoes: 100, Gap: 20 * time.Millisecond, Timeout: 2 * time.Second}
			e := newEngine(t, network, o, region.Canaries[0])
			var rounds []icmp.Round
			begin := time.Now().Add(20 * time.Millisecond)
			for i, link := range region.Links {
				target := probe.Target{ID: int64(i), Kind: probe.Link, Addr: link.Addr}
				rounds = append(rounds, icmp.Round{Target: target, Start: begin.Add(time.Duration(i) * time.Millisecond)})
			}
			before := network.Counters()
			lost, sent := 0, 0
			for _, r := range echoes(t, e, rounds) {
				if r.Void > 0 {
					t.Skipf("the clock was set or a buffer of ours overflowed: %+v", e.Counters())
				}
				var got, want []bool // of the echoes that left, in order
				for n, rtt := range r.Observation.RTTMicros {
					flow := lab.Flow{Addr: r.Target.Addr, Protocol: 1}
					got = append(got, rtt == probe.Lost)
					want = append(want, baseline[r.Target.Addr].Fate(seed, flow, uint64(n)).Lost)
				}
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("%s at %d per million, echoes lost (-seed +engine):\n%s", r.Target.Addr, baseline[r.Target.Addr].LossPerMillion, diff)
				}
				sent += r.Observation.Sent()
				lost += r.Observation.Sent() - r.Observation.Received()
			}
			after := network.Counters()
			if counted := int(after.Lost - before.Lost); lost != counted || lost == 0 || sent == lost || after.Refused+after.Overflowed > 0 {
				t.Errorf("the engine lost %d of %d, the emulator %d: %+v", lost, sent, counted, after)
			}
		})
	}
}

// Not parallel: it compares times. fping stamps in the program, which a busy machine
// makes late, so the best of a few turns counts.
func TestTheMedianDelayIsThatOfFping(t *testing.T) {
	program, err := exec.LookPath("fping")
	if err != nil {
		t.Skip("needs fping")
	}
	region := topology(3)
	delays := []time.Duration{0, 3 * time.Millisecond, 17 * time.Millisecond}
	baseline := lab.Baseline{}
	for i, link := range region.Links {
		baseline[link.Addr] = lab.Impairment{Delay: delays[i]}
	}
	network := start(t, region, baseline)
	const count = 51
	e := newEngine(t, network, icmp.Options{Echoes: count, Gap: 20 * time.Millisecond, Timeout: time.Second}, region.Canaries[0])
	for i, link := range region.Links {
		const apart = 200 * time.Microsecond
		best := time.Hour
		for turn := 0; turn < 10 && best > apart; turn++ {
			r := echoes(t, e, []icmp.Round{{Target: probe.Target{ID: 1, Kind: probe.Link, Addr: link.Addr}, Start: time.Now()}})[0]
			if r.Observation.Received() == 0 {
				t.Fatalf("%s does not answer: %+v", link.Addr, r)
			}
			slices.Sort(r.Observation.RTTMicros)
			ours := time.Duration(r.Observation.RTTMicros[len(r.Observation.RTTMicros)/2]) * time.Microsecond
			if ours < delays[i] {
				t.Errorf("a median of %s over a line of %s", ours, delays[i])
			}
			theirs := fping(t, network, program, link.Addr, count)
			best = min(best, (ours - theirs).Abs())
			t.Logf("%s: %s, fping %s", delays[i], ours, theirs)
		}
		if best > apart {
			t.Errorf("a line of %s: medians are %s apart, want %s at most", delays[i], best, apart)
		}
	}
}

// fping returns the median round trip by fping.
func fping(t *testing.T, network *lab.Network, program string, to netip.Addr, count int) time.Duration {
	t.Helper()
	var told bytes.Buffer
	err := network.InProber(func() error { // a child begins where the thread is
		c := exec.Command(program, "-q", "-C", strconv.Itoa(count), "-p", "20", to.String())
		c.Stderr = &told
		return c.Run()
	})
	if err != nil {
		t.Fatalf("fping: %v\n%s", err, told.String())
	}
	_, figures, _ := strings.Cut(told.String(), ":")
	var trips []time.Duration
	for _, text := range strings.Fields(figures) {
		millis, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue // "-" for an echo without answer
		}
		trips = append(trips, time.Duration(millis*float64(time.Millisecond)))
	}
	if len(trips) == 0 {
		t.Fatalf("fping told no round trip: %s", told.String())
	}
	slices.Sort(trips)
	return trips[len(trips)/2]
}
