package stamp

import (
	"container/list"
	"hash/maphash"
	"net/netip"
	"time"
)

// buckets is how many sources have a rate of their own. More share one, so that no
// flood of invented addresses grows a table or shuts a new source out.
const buckets = 1 << 14

// limiter holds each source to a rate. A bucket is one time: when the source would
// have caught up with what it sent (the generic cell rate algorithm).
type limiter struct {
	seed  maphash.Seed
	each  time.Duration // between two packets at the rate
	burst time.Duration // how far a source may be ahead of it
	until [buckets]time.Duration
}

// newLimiter allows a second's packets at once.
func newLimiter(perSecond int) *limiter {
	return &limiter{seed: maphash.MakeSeed(), each: time.Second / time.Duration(perSecond), burst: time.Second}
}

// allow reports whether a packet of the source may be answered, at a time since any
// fixed one.
func (l *limiter) allow(source netip.Addr, now time.Duration) bool {
	until := l.bucket(source)
	ahead := max(*until, now)
	if ahead-now+l.each > l.burst {
		return false
	}
	*until = ahead + l.each
	return true
}

func (l *limiter) bucket(source netip.Addr) *time.Duration {
	return &l.until[maphash.Comparable(l.seed, household(source))%buckets]
}

// household is what one owner may be given: an IPv4 address, or the /64 of an IPv6 one.
func household(a netip.Addr) netip.Prefix {
	bits := 64
	if a.Is4() {
		bits = 32
	}
	prefix, err := a.WithZone("").Prefix(bits)
	if err != nil { // no address at all
		return netip.Prefix{}
	}
	return prefix
}

// A stateful reflector forgets a session after REFWAIT without a packet (RFC 5357,
// 4.2), or when more than maxSessions are newer.
const (
	refWait     = 900 * time.Second
	maxSessions = 4096
)

// sessionID is what tells sessions apart (RFC 8972, 3).
type sessionID struct {
	from netip.AddrPort
	to   netip.Addr
	ssid uint16
}

type session struct {
	id   sessionID
	next uint32
	last time.Duration
}

// sessions count the replies of each session, the latest used first.
type sessions struct {
	byID map[sessionID]*list.Element
	used list.List
}

// count gives the sequence number of a session's next reply, from 0.
func (s *sessions) count(id sessionID, now time.Duration) uint32 {
	if s.byID == nil {
		s.byID = make(map[sessionID]*list.Element)
	}
	element, ok := s.byID[id]
	if ok {
		s.used.MoveToFront(element)
	} else {
		if oldest := s.used.Back(); s.used.Len() == maxSessions {
			delete(s.byID, s.used.Remove(oldest).(*session).id)
		}
		element = s.used.PushFront(&session{id: id, last: now})
		s.byID[id] = element
	}
	known := element.Value.(*session)
	if now-known.last > refWait {
		known.next = 0
	}
	known.last = now
	known.next++
	return known.next - 1
}
