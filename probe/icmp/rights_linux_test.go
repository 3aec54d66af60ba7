package icmp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigie/probe/icmp"
)

// withoutRaw opens as a process without CAP_NET_RAW would.
func withoutRaw(n *namespace) func(func() error) error { return without(n, unix.CAP_NET_RAW) }

// without opens in the namespace on its thread, which gives up a capability for good.
func without(n *namespace, capability int) func(func() error) error {
	return func(create func() error) error {
		return n.run(func() error {
			header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			var has [2]unix.CapUserData
			if err := unix.Capget(&header, &has[0]); err != nil {
				return fmt.Errorf("read the capabilities: %w", err)
			}
			has[0].Effective &^= 1 << capability
			if err := unix.Capset(&header, &has[0]); err != nil {
				return fmt.Errorf("give up capability %d: %w", capability, err)
			}
			return create()
		})
	}
}

func TestAPingSocketDoesWhereRawOnesAreRefused(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	n.sysctl(t, "ipv4/ping_group_range", "0 2147483647")
	o := quick
	o.Open = withoutRaw(n)
	e := newEngine(t, o)
	both := append(targets(50), n.inet6(t, 5)...)
	results := measure(t, e, both...)
	wantTally(t, results, tally{Sent: 110, Received: 110})
	wantPlausible(t, results, 100*time.Millisecond)
	n.silence(t)
	wantTally(t, measure(t, e, both[49:51]...), tally{Sent: 4})
}

func TestWithoutAnyRightTheErrorSaysWhatToGrant(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	n.sysctl(t, "ipv4/ping_group_range", "1 0")
	o := quick
	o.Open = withoutRaw(n)
	_, err := icmp.New(o)
	if err == nil || !strings.Contains(err.Error(), "CAP_NET_RAW") || !strings.Contains(err.Error(), "net.ipv4.ping_group_range") {
		t.Errorf("got %v, want both remedies named", err)
	}
}
