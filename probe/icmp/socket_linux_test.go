package icmp

import (
	"errors"
	"net/netip"
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
