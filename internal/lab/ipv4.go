package lab

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// header is what the emulator reads of an IPv4 header (RFC 791, 3.1).
type header struct {
	src, dst netip.Addr
	protocol uint8
}

// errNotIPv4 is the answer to a packet that is no whole IPv4 packet, such as
// the IPv6 router solicitations that a kernel sends on a new device.
var errNotIPv4 = errors.New("not a whole IPv4 packet")

// parseHeader reads the header of a packet as a TUN device delivers it. The
// packet may carry padding after its total length.
func parseHeader(packet []byte) (header, error) {
	const minimum = 20
	if len(packet) < minimum || packet[0]>>4 != 4 {
		return header{}, errNotIPv4
	}
	headerLength := int(packet[0]&0x0f) * 4
	totalLength := int(binary.BigEndian.Uint16(packet[2:]))
	if headerLength < minimum || totalLength < headerLength || len(packet) < totalLength {
		return header{}, errNotIPv4
	}
	return header{
		src:      netip.AddrFrom4([4]byte(packet[12:16])),
		dst:      netip.AddrFrom4([4]byte(packet[16:20])),
		protocol: packet[9],
	}, nil
}
