package snmp

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// Columns of the tables of addresses: RFC 4293, its predecessors RFC 2011 and RFC
// 2465, and of routes RFC 4292.
const (
	ipAddressIfIndex = ".1.3.6.1.2.1.4.34.1.3"
	ipAddressType    = ".1.3.6.1.2.1.4.34.1.4"
	ipAddressPrefix  = ".1.3.6.1.2.1.4.34.1.5"
	ipAddressOrigin  = ".1.3.6.1.2.1.4.34.1.6"
	ipAddressStatus  = ".1.3.6.1.2.1.4.34.1.7"

	ipAdEntIfIndex = ".1.3.6.1.2.1.4.20.1.2"
	ipAdEntNetMask = ".1.3.6.1.2.1.4.20.1.3"

	ipv6AddrPfxLength = ".1.3.6.1.2.1.55.1.8.1.2"

	inetCidrRouteIfIndex = ".1.3.6.1.2.1.4.24.7.1.7"
	inetCidrRouteProto   = ".1.3.6.1.2.1.4.24.7.1.9"
)

var (
	addressOrigins = map[int64]string{1: "other", 2: "manual", 4: "dhcp", 5: "linklayer", 6: "random"}
	addressStates  = map[int64]string{
		1: "preferred", 2: "deprecated", 3: "invalid", 4: "inaccessible", 5: "unknown", 6: "tentative", 7: "duplicate", 8: "optimistic",
	}
)

// at is an address on a port: one of the link may stand on each.
type at struct {
	addr netip.Addr
	port int
}

// addresses reads the addresses of the device from every table that it has.
func (w *walker) addresses() []probe.Address {
	found := map[at]probe.Address{}
	w.currentAddresses(found)
	w.olderAddresses(found)
	w.bitsOfRoutes(found)
	var out []probe.Address
	for _, a := range found {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b probe.Address) int {
		if order := a.Addr.Compare(b.Addr); order != 0 {
			return order
		}
		return a.Port - b.Port
	})
	return out
}

// currentAddresses reads ipAddressTable. Its address stands in the index only. What
// is told to be a broadcast or an anycast address is none of the device's own.
func (w *walker) currentAddresses(found map[at]probe.Address) {
	const unicast = 1
	read := func(name string) column { return w.column("addresses", name, 2*probe.MaxAddresses) }
	port, kind := read(ipAddressIfIndex), read(ipAddressType)
	prefix, origin, status := read(ipAddressPrefix), read(ipAddressOrigin), read(ipAddressStatus)
	rows := column{}
	for _, c := range []column{port, kind, prefix, origin, status} { // any of them may be missing
		for key, v := range c {
			rows[key] = v
		}
	}
	for _, key := range rows.sorted() {
		i, _ := readIndex(key)
		addr, ok := i.inetAddress()
		if n, told := kind.integer(key); !ok || told && n != unicast {
			continue
		}
		a := probe.Address{Addr: addr, Bits: -1, Port: port.port(key)}
		pointer, _ := prefix[key].Value.(string)
		if bits, told := pointedBits(pointer, addr); told {
			a.Bits = bits
		}
		a.Origin, a.Status = wordOf(origin, key, addressOrigins), wordOf(status, key, addressStates)
		found[at{addr, a.Port}] = a
	}
}

// olderAddresses reads ipAddrTable and ipv6AddrTable, and adds to what is known only
// what was missing.
func (w *walker) olderAddresses(found map[at]probe.Address) {
	read := func(name string) column { return w.column("addresses", name, 2*probe.MaxAddresses) }
	add := func(addr netip.Addr, port, bits int) {
		if nowhere, known := found[at{addr, 0}]; known {
			delete(found, at{addr, 0})
			nowhere.Port = port
			found[at{addr, port}] = nowhere
		}
		a, known := found[at{addr, port}]
		if !known {
			a = probe.Address{Addr: addr, Bits: -1, Port: port}
		}
		if a.Bits < 0 {
			a.Bits = bits
		}
		found[at{addr, port}] = a
	}
	port, mask := read(ipAdEntIfIndex), read(ipAdEntNetMask)
	for _, key := range port.sorted() {
		i, _ := readIndex(key)
		addr, ok := i.address()
		if !ok || !addr.Is4() {
			continue
		}
		bits := -1
		if told, err := netip.ParseAddr(mask.ip(key)); err == nil {
			if ones, proper := maskBits(told); proper {
				bits = ones
			}
		}
		add(addr, port.port(key), bits)
	}
	lengths := read(ipv6AddrPfxLength)
	for _, key := range lengths.sorted() {
		i, _ := readIndex(key) // ifIndex, then the octets
		if len(i) != 17 {
			continue
		}
		addr, ok := i[1:].address()
		n, on := i.at(0)
		bits, told := lengths.integer(key)
		if !ok || !on || !addr.Is6() {
			continue
		}
		if !told || bits < 0 || bits > 128 {
			bits = -1
		}
		add(addr, n, int(bits))
	}
}

// bitsOfRoutes looks for prefixes that no table of addresses told among the routes to
// what is connected. The table is read only then: a router may have the whole internet
// in it.
func (w *walker) bitsOfRoutes(found map[at]probe.Address) {
	const (
		mostRoutes = 2000
		local      = 2 // of IANAipRouteProtocol: configured on an interface
	)
	missing := false
	for _, a := range found {
		missing = missing || a.Bits < 0
	}
	if !missing {
		return
	}
	proto := w.column("routes", inetCidrRouteProto, mostRoutes)
	port := w.column("routes", inetCidrRouteIfIndex, mostRoutes)
	for _, key := range port.sorted() {
		if n, _ := proto.integer(key); n != local {
			continue
		}
		i, _ := readIndex(key)
		addr, rest, ok := i.leadingInetAddress()
		if !ok || len(rest) == 0 || rest[0] > uint32(addr.BitLen()) {
			continue
		}
		route := netip.PrefixFrom(addr, int(rest[0]))
		for where, a := range found {
			single := route.IsSingleIP() && a.Bits >= 0
			if where.port == port.port(key) && route.Contains(a.Addr) && !single && (a.Bits < 0 || a.Bits == a.Addr.BitLen()) {
				a.Bits = route.Bits()
				found[where] = a
			}
		}
	}
}

// hosts reads what the device resolved: ipNetToPhysicalTable, and the older tables.
func (w *walker) hosts() []probe.Host {
	const (
		ipNetToPhysicalPhysAddress = ".1.3.6.1.2.1.4.35.1.4"
		ipNetToPhysicalType        = ".1.3.6.1.2.1.4.35.1.6"
		ipNetToMediaPhysAddress    = ".1.3.6.1.2.1.4.22.1.2"
		ipNetToMediaType           = ".1.3.6.1.2.1.4.22.1.4"
		ipv6NetToMediaPhysAddress  = ".1.3.6.1.2.1.55.1.12.1.2"
		invalid                    = 2
	)
	found := map[at]probe.Host{}
	read := func(addresses, types string, key func(index) (netip.Addr, bool)) {
		physical := w.column("hosts", addresses, probe.MaxHosts)
		kind := column{}
		if types != "" && len(physical) > 0 {
			kind = w.column("hosts", types, probe.MaxHosts)
		}
		for _, row := range physical.sorted() {
			i, _ := readIndex(row)
			port, on := i.at(0)
			if n, _ := kind.integer(row); !on || n == invalid {
				continue
			}
			addr, ok := key(i[1:])
			if !ok {
				continue
			}
			if _, known := found[at{addr, port}]; !known {
				found[at{addr, port}] = probe.Host{Addr: addr, MAC: mac(physical.octets(row)), Port: port}
			}
		}
	}
	read(ipNetToPhysicalPhysAddress, ipNetToPhysicalType, index.inetAddress)
	read(ipNetToMediaPhysAddress, ipNetToMediaType, index.address)
	read(ipv6NetToMediaPhysAddress, "", index.address)
	var out []probe.Host
	for _, h := range found {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b probe.Host) int {
		if order := a.Addr.Compare(b.Addr); order != 0 {
			return order
		}
		return a.Port - b.Port
	})
	return out
}

// port reads an ifIndex, 0 when there is none.
func (c column) port(key string) int {
	n, told := c.gauge(key)
	if !told || n < 1 || n > 1<<31-1 {
		return 0
	}
	return int(n)
}

// ip reads an IpAddress.
func (c column) ip(key string) string {
	text, _ := c[key].Value.(string)
	if c[key].Type != gosnmp.IPAddress {
		return ""
	}
	return strings.TrimSpace(text)
}
