package stamp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// prepare asks the kernel for stamps and for what the headers of packets held. A
// socket of IPv6 may serve IPv4 too, and one of IPv4 knows no IPv6.
func prepare(conn *net.UDPConn) (*socket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var refused error
	err = raw.Control(func(fd uintptr) {
		refused = set(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1)
		ip6 := errors.Join(
			set(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS, 1),
			set(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1),
			set(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1),
			set(int(fd), unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, hops))
		ip4 := errors.Join(
			set(int(fd), unix.IPPROTO_IP, unix.IP_RECVTOS, 1),
			set(int(fd), unix.IPPROTO_IP, unix.IP_RECVTTL, 1),
			set(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1),
			set(int(fd), unix.IPPROTO_IP, unix.IP_TTL, hops))
		if ip4 != nil && ip6 != nil {
			refused = errors.Join(refused, ip4, ip6)
		}
	})
	if err = errors.Join(err, refused); err != nil {
		return nil, err
	}
	return &socket{conn: conn}, nil
}

func set(fd, level, option, value int) error {
	if err := unix.SetsockoptInt(fd, level, option, value); err != nil {
		return fmt.Errorf("set option %d of level %d: %w", option, level, os.NewSyscallError("setsockopt", err))
	}
	return nil
}

func truncated(flags int) bool { return flags&unix.MSG_TRUNC != 0 }

// told reads the control messages of a packet and returns its kernel stamp, or the
// zero time.
func (a *arrival) told(control []byte) (stamp time.Time) {
	for len(control) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			break
		}
		control = rest
		type message struct{ level, kind int32 }
		switch m := (message{header.Level, header.Type}); {
		case m == message{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW} && len(data) >= 16:
			stamp = time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
		case m == message{unix.IPPROTO_IP, unix.IP_TTL} && len(data) >= 4, m == message{unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT} && len(data) >= 4:
			a.ttl = uint8(binary.NativeEndian.Uint32(data))
		case m == message{unix.IPPROTO_IP, unix.IP_TOS} && len(data) >= 1:
			a.tos, a.classed = data[0], true
		case m == message{unix.IPPROTO_IPV6, unix.IPV6_TCLASS} && len(data) >= 4:
			a.tos, a.classed = uint8(binary.NativeEndian.Uint32(data)), true
		case m == message{unix.IPPROTO_IP, unix.IP_PKTINFO} && len(data) >= unix.SizeofInet4Pktinfo:
			a.device = int(binary.NativeEndian.Uint32(data))
			a.to = netip.AddrFrom4([4]byte(data[4:8])) // ipi_spec_dst
		case m == message{unix.IPPROTO_IPV6, unix.IPV6_PKTINFO} && len(data) >= unix.SizeofInet6Pktinfo:
			if to := netip.AddrFrom16([16]byte(data)); !to.Is4In6() { // else IP_PKTINFO tells
				a.to, a.device = to, int(binary.NativeEndian.Uint32(data[16:]))
			}
		}
	}
	return stamp
}

// control writes the control messages with which a packet leaves.
func control(to, from netip.Addr, device int, tos uint8) []byte {
	if to.Is4() {
		octets := message(unix.IPPROTO_IP, unix.IP_TOS, uint32(tos))
		if from.Is4() {
			octets = append(octets, unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: from.As4()})...)
		}
		return octets
	}
	octets := message(unix.IPPROTO_IPV6, unix.IPV6_TCLASS, uint32(tos))
	if from.Is6() {
		info := unix.Inet6Pktinfo{Addr: from.As16()}
		if from.IsLinkLocalUnicast() {
			info.Ifindex = uint32(device)
		}
		octets = append(octets, unix.PktInfo6(&info)...)
	}
	return octets
}

// message is a control message that holds one int.
func message(level, kind int32, value uint32) []byte {
	octets := make([]byte, unix.CmsgSpace(4))
	header := (*unix.Cmsghdr)(unsafe.Pointer(&octets[0]))
	header.Level, header.Type = level, kind
	header.SetLen(unix.CmsgLen(4))
	binary.NativeEndian.PutUint32(octets[unix.CmsgLen(0):], value)
	return octets
}
