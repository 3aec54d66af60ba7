package ping_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/probe"
	"vigie/probe/ping"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func addresses(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

// run measures, and skips the test on a machine that allows no echoes.
func run(ctx context.Context, t *testing.T, o ping.Options, each func(ping.Echo)) []ping.Echo {
	t.Helper()
	var all []ping.Echo
	err := ping.Run(ctx, o, func(e ping.Echo) {
		all = append(all, e)
		if each != nil {
			each(e)
		}
	})
	if errors.Is(err, os.ErrPermission) {
		if !strings.Contains(err.Error(), "CAP_NET_RAW") || !strings.Contains(err.Error(), "net.ipv4.ping_group_range") {
			t.Errorf("the refusal %q names not what to grant", err)
		}
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryHostGetsItsEchoes(t *testing.T) {
	t.Parallel()
	o := ping.Options{Hosts: addresses("127.0.0.1", "127.0.0.9"), Count: 3, Interval: ping.MinInterval, Timeout: 150 * time.Millisecond}
	var seqs [2][]int
	for _, e := range run(t.Context(), t, o, nil) {
		if e.Unsent || e.RTTMicros == probe.Lost || e.RTTMicros < 0 || e.RTTMicros > 150_000 {
			t.Errorf("echo %+v on the loopback", e)
		}
		seqs[e.Host] = append(seqs[e.Host], e.Seq)
	}
	for host, got := range seqs {
		if !slices.Equal(got, []int{0, 1, 2}) {
			t.Errorf("host %d had the echoes %v, want 0, 1, 2", host, got)
		}
	}
}

func TestAnEchoKeepsItsNumberWhateverEndsFirst(t *testing.T) {
	t.Parallel()
	o := ping.Options{Hosts: addresses("127.0.0.1", "127.0.0.2", "127.0.0.3"), Interval: ping.MinInterval + 7, Timeout: 2 * time.Second}
	for _, seq := range []int{0, 1, 2, 100_000} {
		if got, want := ping.Seqs(o, seq), []int{seq, seq, seq}; !slices.Equal(got, want) {
			t.Errorf("the echoes of interval %d are told as %v", seq, got)
		}
	}
}

func TestIPv6IsMeasuredBesideIPv4(t *testing.T) {
	t.Parallel()
	if probe, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 on this machine: %v", err)
	} else if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	o := ping.Options{Hosts: addresses("127.0.0.1", "::1"), Count: 2, Interval: ping.MinInterval, Timeout: 2 * time.Second}
	answered := [2]int{}
	for _, e := range run(t.Context(), t, o, nil) {
		if !e.Unsent && e.RTTMicros != probe.Lost {
			answered[e.Host]++
		}
	}
	if answered != [2]int{2, 2} {
		t.Errorf("answers %v, want two of each", answered)
	}
}

func TestWhatTheMachineRefusesToSendIsNotLost(t *testing.T) {
	t.Parallel()
	// A reserved address (RFC 1112, class E) and an address without a route: neither leaves.
	o := ping.Options{Hosts: addresses("240.0.0.1"), Count: 1, Interval: ping.MinInterval, Timeout: 100 * time.Millisecond}
	for _, e := range run(t.Context(), t, o, nil) {
		if !e.Unsent && e.RTTMicros != probe.Lost {
			t.Errorf("echo %+v: a reserved address answered", e)
		}
	}
}

func TestTheEndOfTheContextEndsTheMeasureWithoutAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	o := ping.Options{Hosts: addresses("127.0.0.1"), Interval: ping.MinInterval, Timeout: 100 * time.Millisecond}
	if got := run(ctx, t, o, func(e ping.Echo) {
		if e.Seq == 1 {
			cancel()
		}
	}); len(got) < 2 {
		t.Errorf("%d echoes before the end, want two", len(got))
	}
}

func TestOptionsThatCannotWorkAreRefusedByName(t *testing.T) {
	t.Parallel()
	good := ping.Options{Hosts: addresses("127.0.0.1"), Interval: time.Second, Timeout: time.Second}
	for want, change := range map[string]func(*ping.Options){
		"hosts: 0, expected 1 to 256":                          func(o *ping.Options) { o.Hosts = nil },
		"count: -1, expected 0 or more":                        func(o *ping.Options) { o.Count = -1 },
		"interval: 10ms, expected at least 200ms":              func(o *ping.Options) { o.Interval = 10 * time.Millisecond },
		"timeout: 2m0s, expected more than 0 and at most 1m0s": func(o *ping.Options) { o.Timeout = 2 * time.Minute },
		"hosts: 257, expected 1 to 256":                        func(o *ping.Options) { o.Hosts = slices.Repeat(o.Hosts, 257) },
		"timeout: 0s, expected more than 0 and at most 1m0s":   func(o *ping.Options) { o.Timeout = 0 },
	} {
		o := good
		change(&o)
		if err := ping.Run(t.Context(), o, func(ping.Echo) {}); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestAHostIsMeasuredWithoutTheBatchedEngineToo(t *testing.T) {
	t.Parallel()
	o := ping.Options{Hosts: addresses("127.0.0.1"), Count: 3, Interval: ping.MinInterval, Timeout: 2 * time.Second}
	var answered []int
	err := ping.RunOneByOne(t.Context(), o, func(e ping.Echo) {
		if !e.Unsent && e.RTTMicros != probe.Lost {
			answered = append(answered, e.Seq)
		}
	})
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("skipped: %v", err)
	}
	slices.Sort(answered)
	if err != nil || !slices.Equal(answered, []int{0, 1, 2}) {
		t.Errorf("answers to %v, error %v", answered, err)
	}
}
