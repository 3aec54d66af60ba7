package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Limits of sign-in attempts: per address, which a school may share, and per
// login. A login that signs in starts anew.
const (
	attemptsWindow     = 10 * time.Minute
	attemptsPerLogin   = 8
	attemptsPerAddress = 40
	attemptsKept       = 10_000 // keys remembered at once, about 1 MB
)

// attempts counts sign-in attempts by key in a fixed window each. It is bounded:
// when full of recent keys it makes room by forgetting any one of them.
type attempts struct {
	mu    sync.Mutex
	byKey map[string]attempt
}

type attempt struct {
	since time.Time
	count int
}

func newAttempts() *attempts { return &attempts{byKey: map[string]attempt{}} }

// allow counts an attempt under an address key and a login key, and reports
// whether both are within their limits.
func (a *attempts) allow(now time.Time, keys ...string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	allowed := true
	for i, key := range keys {
		limit := attemptsPerAddress
		if i > 0 {
			limit = attemptsPerLogin
		}
		one, ok := a.byKey[key]
		if !ok || now.Sub(one.since) > attemptsWindow {
			a.makeRoom(now)
			one = attempt{since: now}
		}
		one.count++
		a.byKey[key] = one
		allowed = allowed && one.count <= limit
	}
	return allowed
}

func (a *attempts) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.byKey, key)
}

func (a *attempts) makeRoom(now time.Time) {
	if len(a.byKey) < attemptsKept {
		return
	}
	for key, one := range a.byKey {
		if now.Sub(one.since) > attemptsWindow {
			delete(a.byKey, key)
		}
	}
	for key := range a.byKey {
		if len(a.byKey) < attemptsKept {
			return
		}
		delete(a.byKey, key)
	}
}

// address is where a request comes from; of IPv6 the /64, which is one subscriber.
// Behind a proxy it is the last address that the proxy wrote: those before it are
// the visitor's own words.
func (s *Server) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if said := r.Header.Values("X-Forwarded-For"); s.TLSProxy && len(said) > 0 {
		last := said[len(said)-1]
		last = strings.TrimSpace(last[strings.LastIndex(last, ",")+1:])
		if _, err := netip.ParseAddr(last); err == nil {
			host = last
		}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Unmap().Is4() {
		return host
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return host
	}
	return prefix.String()
}
