package stamp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestASourceHasItsRateAndASecondsBurst(t *testing.T) {
	t.Parallel()
	l := newLimiter(10)
	source, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	allowed := func(a netip.Addr, from, to time.Duration) int {
		n := 0
		for at := from; at < to; at += time.Millisecond {
			if l.allow(a, at) {
				n++
			}
		}
		return n
	}
	if n := allowed(source, 0, time.Second); n < 19 || n > 20 {
		t.Errorf("%d were allowed in the first second, want the burst of 10 and the rate of 10", n)
	}
	if n := allowed(source, time.Second, 11*time.Second); n < 99 || n > 101 {
		t.Errorf("%d were allowed in the next ten seconds, want 100", n)
	}
	// Another may share the bucket once in 16,384 runs: the seed is random.
	if !l.allow(other, 11*time.Second) && l.bucket(other) != l.bucket(source) {
		t.Error("a source pays for another")
	}
}

func TestAnIPv6HouseholdIsOneSource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::ffff:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"192.0.2.1", "192.0.2.2", false},
	} {
		if same := household(netip.MustParseAddr(c.a)) == household(netip.MustParseAddr(c.b)); same != c.same {
			t.Errorf("%s and %s are one source: %v, want %v", c.a, c.b, same, c.same)
		}
	}
}

func TestSessionsAreCountedForgottenAndBounded(t *testing.T) {
	t.Parallel()
	var s sessions
	id := func(port int) sessionID {
		return sessionID{from: netip.MustParseAddrPort(fmt.Sprintf("192.0.2.1:%d", port)), ssid: 1}
	}
	for i, c := range []struct {
		at   time.Duration
		want uint32
	}{{0, 0}, {time.Second, 1}, {time.Second + refWait, 2}, {2*time.Second + 2*refWait, 0}} {
		if got := s.count(id(1), c.at); got != c.want {
			t.Errorf("reply %d is numbered %d, want %d", i, got, c.want)
		}
	}
	now := 3*time.Second + 2*refWait
	for port := 2; port < maxSessions+100; port++ {
		s.count(id(port), now)
		s.count(id(2), now) // in use all the time
	}
	if len(s.byID) != maxSessions || s.used.Len() != maxSessions {
		t.Errorf("%d sessions are remembered, want %d", len(s.byID), maxSessions)
	}
	if got := s.count(id(2), now); got < maxSessions {
		t.Errorf("a session in use was forgotten: its reply is numbered %d", got)
	}
	if got := s.count(id(1), now); got != 0 {
		t.Errorf("the oldest session is remembered: its reply is numbered %d", got)
	}
}
