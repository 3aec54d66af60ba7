package snmp

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// index is what stands behind the name of a column: one number for each part of the
// row's key, several for an address.
type index []uint32

// readIndex reads numbers with points between them.
func readIndex(text string) (index, bool) {
	if text == "" {
		return nil, false
	}
	var out index
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return nil, false
		}
		out = append(out, uint32(n))
	}
	return out, true
}

// number is the index when it is one positive number that fits an ifIndex.
func (i index) number() (int, bool) {
	if len(i) != 1 {
		return 0, false
	}
	return i.at(0)
}

// at is one number of the index, as an ifIndex.
func (i index) at(n int) (int, bool) {
	const most = 1<<31 - 1
	if n >= len(i) || i[n] < 1 || i[n] > most {
		return 0, false
	}
	return int(i[n]), true
}

// octets are the numbers of an index that each hold one.
func (i index) octets() ([]byte, bool) {
	out := make([]byte, len(i))
	for k, n := range i {
		if n > 255 {
			return nil, false
		}
		out[k] = byte(n)
	}
	return out, true
}

// The InetAddressTypes of RFC 4001. The two with a zone end in four octets that name
// it; the zone of a device means nothing elsewhere and is dropped.
const (
	inetIPv4  = 1
	inetIPv6  = 2
	inetIPv4z = 3
	inetIPv6z = 4
)

var inetOctets = map[uint32]int{inetIPv4: 4, inetIPv6: 16, inetIPv4z: 8, inetIPv6z: 20}

// inetAddress reads an InetAddressType and an InetAddress (RFC 4001) that are all of
// an index. Some agents leave out the length between them.
func (i index) inetAddress() (netip.Addr, bool) {
	addr, rest, ok := i.leadingInetAddress()
	if !ok && len(i) > 0 && len(i)-1 == inetOctets[i[0]] {
		return inetAddr(i[0], i[1:])
	}
	return addr, ok && len(rest) == 0
}

// leadingInetAddress reads those at the start of an index, and returns what follows.
func (i index) leadingInetAddress() (addr netip.Addr, rest index, ok bool) {
	if len(i) < 2 {
		return netip.Addr{}, nil, false
	}
	size, known := inetOctets[i[0]]
	if !known || i[1] != uint32(size) || len(i) < 2+size {
		return netip.Addr{}, nil, false
	}
	addr, ok = inetAddr(i[0], i[2:2+size])
	return addr, i[2+size:], ok
}

func inetAddr(kind uint32, numbers index) (netip.Addr, bool) {
	octets, ok := numbers.octets()
	if !ok {
		return netip.Addr{}, false
	}
	switch kind {
	case inetIPv4, inetIPv4z:
		octets = octets[:min(len(octets), 4)]
	default:
		octets = octets[:min(len(octets), 16)]
	}
	return netip.AddrFromSlice(octets)
}

// address reads an index that is an address alone, as those of the older tables.
func (i index) address() (netip.Addr, bool) {
	octets, ok := i.octets()
	if !ok {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(octets)
}

// pointedBits returns the length of the prefix to which an ipAddressPrefix points:
// the last number of the name of its row in ipAddressPrefixTable (RFC 4293).
func pointedBits(pointer string, addr netip.Addr) (int, bool) {
	const prefixTable = ".1.3.6.1.2.1.4.32.1."
	if !strings.HasPrefix(pointer, prefixTable) {
		return 0, false // 0.0: not told
	}
	last := pointer[strings.LastIndexByte(pointer, '.')+1:]
	bits, err := strconv.Atoi(last)
	return bits, err == nil && bits >= 0 && bits <= addr.BitLen()
}

// maskBits returns the length of a mask, when it is one.
func maskBits(mask netip.Addr) (int, bool) {
	if !mask.Is4() {
		return 0, false
	}
	octets := mask.As4()
	ones, size := net.IPMask(octets[:]).Size()
	return ones, size == 32
}

// maxPortList is the most octets of a PortList: 8,192 bridge ports.
const maxPortList = 1024

// portList returns the bridge ports of a PortList (RFC 4363): the highest bit of the
// first octet is port 1.
func portList(octets []byte) []int {
	var ports []int
	for i, octet := range octets[:min(len(octets), maxPortList)] {
		for bit := range 8 {
			if octet&(0x80>>bit) != 0 {
				ports = append(ports, 8*i+bit+1)
			}
		}
	}
	return ports
}

// mac reads an address of Ethernet: six octets, or, as some agents tell it, its text,
// whose parts may lack a leading zero. One of zeros only is none.
func mac(octets []byte) string {
	if len(octets) != 6 {
		parts := strings.Split(string(octets), ":")
		if len(parts) != 6 {
			return ""
		}
		octets = octets[:0:0]
		for _, part := range parts {
			n, err := strconv.ParseUint(part, 16, 8)
			if err != nil {
				return ""
			}
			octets = append(octets, byte(n))
		}
	}
	if [6]byte(octets) == ([6]byte{}) {
		return ""
	}
	return net.HardwareAddr(octets).String()
}

// The subtypes of a chassis' and of a port's identifier (IEEE 802.1AB) that are not
// text.
const (
	chassisMAC     = 4
	chassisAddress = 5
	portMAC        = 3
	portAddress    = 4
)

// identifier makes a text of what identifies a chassis or a port in LLDP.
func identifier(octets []byte, isMAC, isAddress bool) string {
	switch {
	case isMAC && mac(octets) != "":
		return mac(octets)
	case isAddress && len(octets) > 1: // the family stands in front (1 or 2)
		if addr, ok := netip.AddrFromSlice(octets[1:]); ok {
			return addr.String()
		}
	}
	text := shown(octets)
	printable := utf8.Valid(octets) && !strings.ContainsFunc(strings.TrimRight(string(octets), "\x00\r\n\t "), unicode.IsControl)
	if !printable && len(octets) <= 20 {
		return net.HardwareAddr(octets).String()
	}
	return text
}

// managementAddress reads the address in the index of a row of lldpRemManAddrTable,
// behind the three numbers of its neighbour: family, length, octets.
func (i index) managementAddress() (netip.Addr, bool) {
	if len(i) < 5 {
		return netip.Addr{}, false
	}
	addr := i[3:]
	if addr[0] != inetIPv4 && addr[0] != inetIPv6 { // also the family numbers of IANA
		return netip.Addr{}, false
	}
	return addr.inetAddress()
}
