package icmp

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigie/probe"
)

// hostEngine has an echo to an address of the host's loopback due.
func hostEngine(t *testing.T, addr string) *Engine {
	t.Helper()
	e, err := New(Options{Echoes: 1, Gap: time.Second, Timeout: 200 * time.Millisecond})
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Add(Round{Target: probe.Target{Addr: netip.MustParseAddr(addr)}, Start: time.Now().Add(-tick)}); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheKernelStampsRequestAndReply(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1", "::1"} {
		t.Run(addr, func(t *testing.T) {
			t.Parallel()
			e := hostEngine(t, addr)
			if sent := e.sendDue(); sent != 1 {
				t.Fatalf("sent %d echoes, want 1", sent)
			}
			if errors.Is(e.ledger.counters.Refusal, unix.EADDRNOTAVAIL) || e.no6 != nil && addr == "::1" {
				t.Skip("needs IPv6")
			}
			ours := e.ledger.rounds[0].echoes[0].sentNanos
			<-time.After(50 * time.Millisecond)
			read := time.Now().UnixNano()
			if err := e.collect(); err != nil {
				t.Fatal(err)
			}
			echo := e.ledger.rounds[0].echoes[0]
			if echo.sentNanos <= ours || echo.replyNanos < echo.sentNanos || echo.replyNanos >= read {
				t.Errorf("our stamp %d, then the kernel's of the request %d and of the reply %d, read at %d: want them rising",
					ours, echo.sentNanos, echo.replyNanos, read)
			}
		})
	}
}

func TestEchoesOutWhileTheClockIsSetAreVoid(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour, "by a millisecond": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := hostEngine(t, "127.0.0.1")
			if sent := e.sendDue(); sent != 1 {
				t.Fatalf("sent %d echoes, want 1", sent)
			}
			e.offset -= jump // as the last look would have found it before the jump
			results, err := e.Advance(t.Context(), time.Now().Add(10*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			if len(results) != 1 || results[0].Void != 1 || results[0].Observation.Sent() != 0 {
				t.Errorf("got %+v, want one round whose echo is void", results)
			}
		})
	}
}

// A buffer that holds a handful of replies drops most of a burst. The socket counts
// them, and no echo is called lost.
func TestAReceiveBufferTooSmallIsNoLoss(t *testing.T) {
	t.Parallel()
	e := hostEngine(t, "127.0.0.1")
	if err := unix.SetsockoptInt(e.sockets[v4].fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1); err != nil { // the kernel's least
		t.Fatal(err)
	}
	const all = 200
	for i := range all - 1 {
		addr := netip.AddrFrom4([4]byte{127, 66, 0, byte(i)})
		if err := e.Add(Round{Target: probe.Target{ID: int64(i), Addr: addr}, Start: time.Now().Add(-tick)}); err != nil {
			t.Fatal(err)
		}
	}
	answers, lost, void, rounds := 0, 0, 0, 0
	for deadline := time.Now().Add(20 * time.Second); rounds < all; {
		results, err := e.Advance(t.Context(), deadline)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d of %d rounds, %v", rounds, all, err)
		}
		for _, r := range results {
			rounds++
			void += r.Void
			answers += r.Observation.Received()
			lost += r.Observation.Sent() - r.Observation.Received()
		}
	}
	if c := e.Counters(); lost != 0 || answers+void != all || void == 0 || c.Dropped < uint64(void) || c.Sent != all {
		t.Errorf("%d answered, %d lost, %d void with %+v; want none lost, and as many dropped as void", answers, lost, void, c)
	}
}

func TestWithoutTheRightToForceItTheBufferIsWhatTheHostAllows(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/sys/net/core/rmem_max")
	if err != nil {
		t.Skip(err) // hidden in a network namespace of old kernels
	}
	allowed, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	size := make(chan int, 1)
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with what it gave up
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var has [2]unix.CapUserData
		err := unix.Capget(&header, &has[0])
		has[0].Effective &^= 1 << unix.CAP_NET_ADMIN
		if err = errors.Join(err, unix.Capset(&header, &has[0])); err != nil {
			failed <- err
			return
		}
		s, err := openSocket(v4)
		if err != nil {
			failed <- err
			return
		}
		bytes, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		size <- bytes
		failed <- errors.Join(err, s.close())
	}()
	switch err := <-failed; {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	if got, want := <-size, 2*min(allowed, receiveBuffer); got != want { // the kernel doubles what it is asked for
		t.Errorf("a buffer of %d bytes, want %d", got, want)
	}
}

func TestOnAHostWithoutIPv6ItsEchoesAreUnsent(t *testing.T) {
	t.Parallel()
	e := hostEngine(t, "127.0.0.1")
	if s := e.sockets[v6]; s != nil {
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
	e.sockets[v6], e.no6 = nil, unix.EAFNOSUPPORT
	if err := e.Add(Round{Target: probe.Target{ID: 6, Addr: netip.IPv6Loopback()}, Start: time.Now().Add(-tick)}); err != nil {
		t.Fatal(err)
	}
	unsent := map[int64]int{}
	for len(unsent) < 2 {
		results, err := e.Advance(t.Context(), time.Now().Add(10*time.Second))
		if err != nil || len(results) == 0 {
			t.Fatalf("%d results, %v", len(results), err)
		}
		for _, r := range results {
			unsent[r.Target.ID] = r.Unsent
		}
	}
	if unsent[0] != 0 || unsent[6] != 1 || !errors.Is(e.Counters().Refusal, unix.EAFNOSUPPORT) {
		t.Errorf("unsent %v, refused with %v; want that of IPv6 only, and why", unsent, e.Counters().Refusal)
	}
}
