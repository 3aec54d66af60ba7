package icmp

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigie/probe"
)

func hostEngine(t *testing.T) *Engine {
	t.Helper()
	e, err := New(Options{Echoes: 1, Gap: time.Second, Timeout: 200 * time.Millisecond})
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Add(Round{Target: probe.Target{Addr: netip.MustParseAddr("127.0.0.1")}, Start: time.Now()}); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheKernelStampsRequestAndReply(t *testing.T) {
	t.Parallel()
	e := hostEngine(t)
	if sent := e.sendDue(); sent != 1 {
		t.Fatalf("sent %d echoes, want 1", sent)
	}
	ours := e.ledger.bySerial[1].echoes[0].sentNanos
	<-time.After(50 * time.Millisecond)
	read := time.Now().UnixNano()
	if err := e.collect(); err != nil {
		t.Fatal(err)
	}
	echo := e.ledger.bySerial[1].echoes[0]
	if echo.sentNanos <= ours || echo.replyNanos < echo.sentNanos || echo.replyNanos >= read {
		t.Errorf("our stamp %d, then the kernel's of the request %d and of the reply %d, read at %d: want them rising",
			ours, echo.sentNanos, echo.replyNanos, read)
	}
}

func TestEchoesOutWhileTheClockIsSetAreVoid(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour, "by a millisecond": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := hostEngine(t)
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
