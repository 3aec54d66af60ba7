package path_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"vigie/probe/path"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chain is four network namespaces in a row: here, two routers, the host. The links
// are 10.9.n.0/24 and fd09:n::/64, the near end .1, the far end .2.
type chain struct{ names [4]string }

const (
	here = iota
	first
	second
	host
)

// newChain makes one, or skips the test where that is not allowed.
func newChain(t *testing.T) *chain {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the command ip (iproute2)")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	c := &chain{}
	for i := range c.names {
		c.names[i] = fmt.Sprintf("vigie-path-%d-%d-%d", os.Getpid(), time.Now().UnixNano()%1_000_000, i)
		if out, err := exec.Command("ip", "netns", "add", c.names[i]).CombinedOutput(); err != nil {
			t.Skipf("cannot make a network namespace: %v: %s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", c.names[i]).Run() })
		c.sysctl(t, i, "net/ipv6/conf/all/accept_dad", "0")
		c.sysctl(t, i, "net/ipv6/conf/default/accept_dad", "0")
		c.ip(t, i, "link set lo up")
	}
	for i := range 3 {
		c.ip(t, i, "link add right type veth peer name left netns "+c.names[i+1])
		for end, at := range map[int]string{i: "right", i + 1: "left"} {
			c.ip(t, end, fmt.Sprintf("address add 10.9.%d.%d/24 dev %s", i, end-i+1, at))
			c.ip(t, end, fmt.Sprintf("address add fd09:%d::%d/64 dev %s nodad", i, end-i+1, at))
			c.ip(t, end, "link set "+at+" up")
		}
	}
	for _, i := range []int{here, first, second} {
		c.ip(t, i, fmt.Sprintf("route add default via 10.9.%d.2", i))
		c.ip(t, i, fmt.Sprintf("-6 route add default via fd09:%d::2", i))
	}
	for _, i := range []int{second, host} {
		c.ip(t, i, fmt.Sprintf("route add 10.9.0.0/16 via 10.9.%d.1", i-1))
		c.ip(t, i, fmt.Sprintf("-6 route add fd09::/32 via fd09:%d::1", i-1))
	}
	for _, i := range []int{first, second} {
		c.sysctl(t, i, "net/ipv4/ip_forward", "1")
		c.sysctl(t, i, "net/ipv6/conf/all/forwarding", "1")
	}
	return c
}

func (c *chain) ip(t *testing.T, at int, words string) {
	t.Helper()
	if out, err := exec.Command("ip", append([]string{"-n", c.names[at]}, strings.Fields(words)...)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s in namespace %d: %v: %s", words, at, err, out)
	}
}

func (c *chain) sysctl(t *testing.T, at int, name, value string) {
	t.Helper()
	if err := c.in(at, func() error { return os.WriteFile("/proc/sys/"+name, []byte(value), 0) }); err != nil {
		t.Fatalf("set %s in namespace %d: %v", name, at, err)
	}
}

// in calls a function on a thread inside a namespace; the thread ends with it.
func (c *chain) in(at int, f func() error) error {
	failed := make(chan error)
	go func() {
		runtime.LockOSThread()
		fd, err := unix.Open("/run/netns/"+c.names[at], unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			_ = unix.Close(fd)
		}
		if err == nil {
			err = f()
		}
		failed <- err
	}()
	return <-failed
}

// trace traces from here, and gives what each hop answered, round by round.
func (c *chain) trace(t *testing.T, to string, o path.Options) (map[int][]path.Probe, path.Method) {
	t.Helper()
	o.Host, o.Interval = netip.MustParseAddr(to), time.Second
	if o.Timeout == 0 {
		o.Timeout = 900 * time.Millisecond
	}
	if o.Open == nil {
		o.Open = func(create func() error) error { return c.in(here, create) }
	}
	hops := map[int][]path.Probe{}
	method, err := path.Run(t.Context(), o, func(p path.Probe) { hops[p.Hop] = append(hops[p.Hop], p) })
	if err != nil {
		t.Fatal(err)
	}
	return hops, method
}

// says is a way in words: each hop's answers in a row.
func says(hops map[int][]path.Probe) string {
	var all []string
	for hop := 1; hop <= path.MaxHops; hop++ {
		for i, p := range hops[hop] {
			if i == 0 || p.Kind != hops[hop][i-1].Kind || p.From != hops[hop][i-1].From {
				text := fmt.Sprintf("%d %s", hop, p.Kind)
				if p.From.IsValid() {
					text += " " + p.From.String()
				}
				all = append(all, text)
			}
		}
	}
	return strings.Join(all, ", ")
}

func TestTheWayThroughTwoRouters(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	four, six := "1 passing 10.9.0.2, 2 passing 10.9.1.2, 3 reached 10.9.2.2", "1 passing fd09::2, 2 passing fd09:1::2, 3 reached fd09:2::2"
	for _, row := range []struct {
		to     string
		method path.Method
		want   string
	}{{"10.9.2.2", path.ICMP, four}, {"10.9.2.2", path.UDP, four}, {"fd09:2::2", path.ICMP, six}, {"fd09:2::2", path.UDP, six}} {
		hops, method := c.trace(t, row.to, path.Options{Method: row.method, Rounds: 2})
		if got := says(hops); got != row.want || method != row.method {
			t.Errorf("%s to %s: %s, want %s", method, row.to, got, row.want)
		}
		for hop, probes := range hops {
			if len(probes) != 2 {
				t.Errorf("%s to %s: hop %d was told %d times, want 2", row.method, row.to, hop, len(probes))
			}
			for _, p := range probes {
				if p.RTT <= 0 || p.RTT > 900*time.Millisecond {
					t.Errorf("hop %d after %s", hop, p.RTT)
				}
			}
		}
	}
}

func TestARouterThatIsSilentHidesNothingBehindIt(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	// What the second router itself would send here is refused; what it passes on is not.
	c.ip(t, second, "rule add iif lo to 10.9.0.1 prohibit")
	hops, _ := c.trace(t, "10.9.2.2", path.Options{Rounds: 2, Timeout: 400 * time.Millisecond})
	if got, want := says(hops), "1 passing 10.9.0.2, 2 lost, 3 reached 10.9.2.2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAWayThatEndsBeforeTheHost(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.ip(t, second, "route add prohibit 10.9.77.0/24")
	hops, _ := c.trace(t, "10.9.77.1", path.Options{Rounds: 1})
	if got, want := says(hops), "1 passing 10.9.0.2, 2 unreachable 10.9.1.2"; got != want || hops[2][0].Code != 13 {
		t.Errorf("%s with code %d, want %s with 13 (administratively prohibited)", got, hops[2][0].Code, want)
	}
	c.ip(t, second, "route add blackhole 10.9.78.0/24")
	hops, _ = c.trace(t, "10.9.78.1", path.Options{Rounds: 1, Method: path.UDP, Timeout: 300 * time.Millisecond})
	if got := says(hops); !strings.HasPrefix(got, "1 passing 10.9.0.2, 2 passing 10.9.1.2, 3 lost") && !strings.HasPrefix(got, "1 passing 10.9.0.2, 2 lost") || strings.Contains(got, "reached") {
		t.Errorf("a black hole: %s", got)
	}
}

func TestTheLimitOfARoutersAnswersIsKept(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	// What Linux comes with: one answer a second to each address, six at once at first.
	c.sysctl(t, first, "net/ipv4/icmp_ratelimit", "1000")
	hops, _ := c.trace(t, "10.9.2.2", path.Options{Rounds: 10})
	for hop := 1; hop <= 3; hop++ {
		for _, p := range hops[hop] {
			if p.Kind == path.Lost {
				t.Errorf("hop %d did not answer in round %d", hop, p.Round)
			}
		}
		if len(hops[hop]) != 10 {
			t.Errorf("hop %d was told %d times, want 10", hop, len(hops[hop]))
		}
	}
}

func TestWithoutTheRightToSendEchoesDatagramsAreSent(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	unprivileged := func(create func() error) error {
		return c.in(here, func() error {
			// Of this thread only, which ends: capabilities belong to threads.
			header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			var none [2]unix.CapUserData
			if err := unix.Capset(&header, &none[0]); err != nil {
				return err
			}
			return create()
		})
	}
	hops, method := c.trace(t, "10.9.2.2", path.Options{Rounds: 1, Open: unprivileged})
	if got, want := says(hops), "1 passing 10.9.0.2, 2 passing 10.9.1.2, 3 reached 10.9.2.2"; got != want || method != path.UDP {
		t.Errorf("by %s: %s, want %s", method, got, want)
	}
	_, err := path.Run(t.Context(), path.Options{Host: netip.MustParseAddr("10.9.2.2"), Method: path.ICMP, Interval: time.Second, Timeout: time.Second, Open: unprivileged}, func(path.Probe) {})
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "CAP_NET_RAW") || !strings.Contains(err.Error(), "net.ipv4.ping_group_range") {
		t.Errorf("the refusal %v names not what to grant", err)
	}
	c.sysctl(t, here, "net/ipv4/ping_group_range", "0 2147483647")
	hops, method = c.trace(t, "10.9.2.2", path.Options{Rounds: 1, Open: unprivileged})
	if got, want := says(hops), "1 passing 10.9.0.2, 2 passing 10.9.1.2, 3 reached 10.9.2.2"; got != want || method != path.ICMP {
		t.Errorf("by a ping socket, %s: %s, want %s", method, got, want)
	}
	hops, method = c.trace(t, "fd09:2::2", path.Options{Rounds: 3, Open: unprivileged})
	for hop, probes := range hops {
		// A new namespace needs a moment before it speaks IPv6.
		hops[hop] = slices.DeleteFunc(probes, func(p path.Probe) bool { return p.Round < 2 })
	}
	if got, want := says(hops), "1 passing fd09::2, 2 passing fd09:1::2, 3 reached fd09:2::2"; got != want || method != path.ICMP {
		t.Errorf("by a ping socket, %s: %s, want %s", method, got, want)
	}
}

func TestAMachineThatKnowsNoWaySaysSo(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.ip(t, here, "route delete default")
	o := path.Options{Host: netip.MustParseAddr("10.9.2.2"), Interval: time.Second, Timeout: time.Second, Open: func(create func() error) error { return c.in(here, create) }}
	if _, err := path.Run(t.Context(), o, func(path.Probe) {}); !errors.Is(err, unix.ENETUNREACH) {
		t.Errorf("error %v, want that the network is unreachable", err)
	}
}

func TestTheEndOfTheContextEndsATrace(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begun := time.Now()
	o := path.Options{Host: netip.MustParseAddr("127.0.0.1"), Method: path.UDP, Interval: time.Minute, Timeout: 5 * time.Second}
	told := 0
	if _, err := path.Run(ctx, o, func(p path.Probe) { told++ }); err != nil || told != 1 || time.Since(begun) > 3*time.Second {
		t.Errorf("%d probes in %s, %v, want one", told, time.Since(begun), err)
	}
}

func TestOptionsThatCannotWorkAreRefusedByName(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*path.Options){
		"host: 224.0.0.1, expected":                     func(o *path.Options) { o.Host = netip.MustParseAddr("224.0.0.1") },
		"method: \"tcp\", expected icmp or udp":         func(o *path.Options) { o.Method = "tcp" },
		"rounds: -1, expected 0 or more":                func(o *path.Options) { o.Rounds = -1 },
		"interval: 100ms, expected at least 1s":         func(o *path.Options) { o.Interval = 100 * time.Millisecond },
		"timeout: 6s, expected more than 0 and at most": func(o *path.Options) { o.Timeout = 6 * time.Second },
	} {
		o := path.Options{Host: netip.MustParseAddr("127.0.0.1"), Interval: time.Second, Timeout: time.Second}
		change(&o)
		if _, err := path.Run(t.Context(), o, func(path.Probe) {}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
