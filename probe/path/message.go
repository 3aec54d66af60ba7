package path

import (
	"encoding/binary"
	"net/netip"
)

// The echoes of a trace: a header of 8 octets, then what keeps the checksum the same
// and the mark by which a trace knows its own.
const (
	headerLen = 8
	markAt    = headerLen + 2
	markLen   = 8
	echoLen   = 40
	firstPort = 33434 // of those where by custom nothing listens
)

// The types of messages that matter (RFC 792; RFC 4443).
const (
	echoReply4, echoRequest4   = 0, 8
	unreachable4, exceeded4    = 3, 11
	port4                      = 3
	echoRequest6, echoReply6   = 128, 129
	unreachable6, exceeded6    = 1, 3
	port6                      = 4
	originICMP4, originICMP6   = 2, 3 // linux/errqueue.h
	extendedLen                = 16
	family4, family6           = 2, 10 // Linux
	sockaddr4Len, sockaddr6Len = 8, 24 // up to the end of the address
)

// mark is what no one else can know of a trace.
type mark [markLen]byte

// echo builds a request; the checksum is that of IPv4, where the kernel computes none
// for a raw socket.
func echo(six bool, id, number uint16, m mark) []byte {
	b := make([]byte, echoLen)
	b[0] = echoRequest4
	if six {
		b[0] = echoRequest6
	}
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], number)
	binary.BigEndian.PutUint16(b[headerLen:], ^number) // number + ^number is nothing in ones' complement
	copy(b[markAt:], m[:])
	binary.BigEndian.PutUint16(b[2:], checksum(b))
	return b
}

// checksum is that of RFC 1071, over an even number of octets.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// readReply gives the number of the request that a reply answers.
func readReply(b []byte, six bool, m mark) (number uint16, ok bool) {
	want := byte(echoReply4)
	if six {
		want = echoReply6
	}
	if len(b) < markAt+markLen || b[0] != want || b[1] != 0 || mark(b[markAt:markAt+markLen]) != m {
		return 0, false
	}
	return binary.BigEndian.Uint16(b[6:]), true
}

// readQuoted gives the number of a request of ours that a router quotes. Routers quote
// 8 octets of it at least; where they quote more, the mark must be right.
func readQuoted(b []byte, six bool, m mark) (number uint16, ok bool) {
	want := byte(echoRequest4)
	if six {
		want = echoRequest6
	}
	if len(b) < headerLen || b[0] != want || b[1] != 0 {
		return 0, false
	}
	number = binary.BigEndian.Uint16(b[6:])
	if len(b) >= markAt+markLen && (mark(b[markAt:markAt+markLen]) != m || binary.BigEndian.Uint16(b[headerLen:]) != ^number) {
		return 0, false
	}
	return number, true
}

// stripHeader takes the IPv4 header off a packet of a raw socket.
func stripHeader(b []byte) ([]byte, bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return nil, false
	}
	n := int(b[0]&0xf) * 4
	if n < 20 || n > len(b) {
		return nil, false
	}
	return b[n:], true
}

// readError reads what the kernel says of an ICMP message about a probe (struct
// sock_extended_err, then the address of the one who sent it).
func readError(b []byte, host netip.Addr, method Method) (a arrival, ok bool) {
	if len(b) < extendedLen {
		return a, false
	}
	origin, kind, code := b[4], b[5], b[6]
	from, ok := readAddress(b[extendedLen:])
	if !ok {
		return a, false
	}
	a.from, a.code = from, int(code)
	port := false
	switch {
	case origin == originICMP4 && kind == exceeded4 && code == 0, origin == originICMP6 && kind == exceeded6 && code == 0:
		a.kind, a.code = Passing, 0
		return a, true
	case origin == originICMP4 && kind == unreachable4:
		port = code == port4
	case origin == originICMP6 && kind == unreachable6:
		port = code == port6
	default:
		return a, false
	}
	// A firewall on the way may say the same of a port; only the host itself is reached.
	if a.kind = Unreachable; port && method == UDP && from == host {
		a.kind, a.code = Reached, 0
	}
	return a, true
}

// readAddress reads a socket address of the kernel.
func readAddress(b []byte) (netip.Addr, bool) {
	if len(b) < sockaddr4Len {
		return netip.Addr{}, false
	}
	switch binary.NativeEndian.Uint16(b) {
	case family4:
		return netip.AddrFrom4([4]byte(b[4:8])), true
	case family6:
		if len(b) >= sockaddr6Len {
			return netip.AddrFrom16([16]byte(b[8:24])).Unmap(), true
		}
	}
	return netip.Addr{}, false
}
