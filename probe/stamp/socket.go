package stamp

import (
	"net"
	"net/netip"
	"time"
)

const (
	// maxPacket is the longest packet read, in octets: that of a jumbo frame.
	maxPacket = 9216
	// hops is the TTL of every test packet (RFC 8762, 4.2), and what a reflector writes
	// that cannot read the TTL of what came (RFC 5357, 4.2.1).
	hops    = 255
	ecnBits = 3
	// stampAge is how long a packet may have waited to be read before its kernel stamp
	// is taken for one of a clock that was set meanwhile.
	stampAge = time.Second
)

// socket is a UDP socket with what the machine tells beside a packet.
type socket struct {
	conn    *net.UDPConn
	control [256]byte
}

// arrival is what is known of a packet that came.
type arrival struct {
	from    netip.AddrPort
	to      netip.Addr // ours; none when not told
	device  int        // by which it came; 0 when not told
	wall    time.Time  // when it came: the kernel's stamp, else when it was read
	at      time.Time  // the same instant on the monotonic clock
	ttl     uint8
	tos     uint8 // traffic class: DSCP and ECN
	classed bool  // whether tos was told, and can be set
}

// came dates an arrival by the kernel's stamp, which is zero when there is none.
func (a *arrival) came(stamp, read time.Time) {
	a.wall, a.at = read.Round(0), read
	if waited := read.Round(0).Sub(stamp); !stamp.IsZero() && waited >= 0 && waited < stampAge {
		a.wall, a.at = stamp, read.Add(-waited)
	}
}

// read waits for a packet. The error is errTruncated for one that does not fit, which
// is gone.
func (s *socket) read(room []byte) (arrival, int, error) {
	n, controlLen, flags, from, err := s.conn.ReadMsgUDPAddrPort(room, s.control[:])
	read := time.Now()
	if err != nil {
		return arrival{}, 0, err
	}
	a := arrival{from: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), ttl: hops}
	a.came(a.told(s.control[:controlLen]), read)
	if truncated(flags) {
		return a, 0, errTruncated
	}
	return a, n, nil
}

// write sends a packet from the address and, for link-local addresses, by the device
// to which the request came.
func (s *socket) write(packet []byte, to netip.AddrPort, from netip.Addr, device int, tos uint8) error {
	_, _, err := s.conn.WriteMsgUDPAddrPort(packet, control(to.Addr(), from, device, tos), to)
	return err
}
