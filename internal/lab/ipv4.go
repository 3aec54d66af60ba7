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
	hops     uint8 // that it may still make (TTL)
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
		hops:     packet[8],
	}, nil
}

// The parts of a packet that says where another ended (RFC 792; RFC 1812, 4.3.2).
const (
	plainHeader    = 20
	icmpHeader     = 8
	mostOfExceeded = 576 // octets of it all
	timeExceeded   = 11
	controlTOS     = 0xc0 // internetwork control
	routerHops     = 64
)

// appendExceeded appends what a router says of a packet whose hop limit ended at it, the
// beginning of that packet within, as it came in: with one hop left, which was not enough.
func appendExceeded(b, packet []byte, router, to netip.Addr) []byte {
	packet = packet[:min(len(packet), int(binary.BigEndian.Uint16(packet[2:])))] // without padding
	quote := packet[:min(len(packet), mostOfExceeded-plainHeader-icmpHeader)]
	at := len(b)
	b = append(b, 0x45, controlTOS)
	b = binary.BigEndian.AppendUint16(b, uint16(plainHeader+icmpHeader+len(quote)))
	b = append(b, 0, 0, 0, 0, routerHops, protocolICMP, 0, 0)
	b = append(b, router.AsSlice()...)
	b = append(b, to.AsSlice()...)
	binary.BigEndian.PutUint16(b[at+10:], checksum(b[at:]))
	message := len(b)
	b = append(b, timeExceeded, 0, 0, 0, 0, 0, 0, 0)
	quoted := len(b)
	b = append(b, quote...)
	own := b[quoted:][:int(quote[0]&0x0f)*4]
	own[8], own[10], own[11] = 1, 0, 0
	binary.BigEndian.PutUint16(own[10:], checksum(own))
	binary.BigEndian.PutUint16(b[message+2:], checksum(b[message:]))
	return b
}

// checksum is that of RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i, octet := range b {
		sum += uint32(octet) << (8 * (1 - i%2))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
