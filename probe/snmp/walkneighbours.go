package snmp

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"vigie/probe"
)

// Columns of LLDP-MIB (IEEE 802.1AB-2005).
const (
	lldpLocPortIDSubtype = ".1.0.8802.1.1.2.1.3.7.1.2"
	lldpLocPortID        = ".1.0.8802.1.1.2.1.3.7.1.3"

	lldpRemChassisSubtype = ".1.0.8802.1.1.2.1.4.1.1.4"
	lldpRemChassisID      = ".1.0.8802.1.1.2.1.4.1.1.5"
	lldpRemPortSubtype    = ".1.0.8802.1.1.2.1.4.1.1.6"
	lldpRemPortID         = ".1.0.8802.1.1.2.1.4.1.1.7"
	lldpRemPortDesc       = ".1.0.8802.1.1.2.1.4.1.1.8"
	lldpRemSysName        = ".1.0.8802.1.1.2.1.4.1.1.9"
	lldpRemSysDesc        = ".1.0.8802.1.1.2.1.4.1.1.10"

	lldpRemManAddr     = ".1.0.8802.1.1.2.1.4.2.1.2" // not accessible by the standard
	lldpRemManAddrIfID = ".1.0.8802.1.1.2.1.4.2.1.4"
	lldpRemManAddrSub  = ".1.0.8802.1.1.2.1.4.2.1.3"
)

// neighbours reads who announced itself. The key of a neighbour is a time, a local port
// and a number.
func (w *walker) neighbours() []probe.Neighbour {
	read := func(name string) column { return w.column("neighbours", name, probe.MaxNeighbours) }
	chassisKind, chassis := read(lldpRemChassisSubtype), read(lldpRemChassisID)
	portKind, port := read(lldpRemPortSubtype), read(lldpRemPortID)
	if len(chassis)+len(port) == 0 {
		return nil
	}
	portText, name, descr := read(lldpRemPortDesc), read(lldpRemSysName), read(lldpRemSysDesc)
	local := w.localPorts()
	addresses := w.managementAddresses()
	var out []probe.Neighbour
	keys := chassis.sorted()
	for _, key := range port.sorted() {
		if _, there := chassis[key]; !there {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		i, _ := readIndex(key)
		if len(i) != 3 {
			continue
		}
		kind, _ := chassisKind.integer(key)
		remote, _ := portKind.integer(key)
		n := probe.Neighbour{
			Chassis:    identifier(chassis.octets(key), kind == chassisMAC, kind == chassisAddress),
			RemotePort: identifier(port.octets(key), remote == portMAC, remote == portAddress),
			RemoteText: portText.text(key), Name: name.text(key), Descr: descr.text(key),
			Management: addresses[[3]uint32(i)],
		}
		n.Port, n.LocalPort = local.of(i[1])
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b probe.Neighbour) int {
		return cmp.Or(a.Port-b.Port, cmp.Compare(a.Name, b.Name), cmp.Compare(a.Chassis, b.Chassis))
	})
	return out
}

// localPorts finds the interface that a port of LLDP is: the two are numbered each by
// itself.
type localPorts struct {
	kind, id column
	ports    []probe.Port
}

func (w *walker) localPorts() localPorts {
	const most = 2 * probe.MaxPorts
	return localPorts{
		kind: w.column("neighbours", lldpLocPortIDSubtype, most), id: w.column("neighbours", lldpLocPortID, most),
		ports: w.out.Ports,
	}
}

// of returns the index of the interface, else 0 and how the port is called. By what
// identifies the port: a name, an alias, an address of Ethernet that no other has, or
// the number of an interface. Where the device tells nothing of the port its number is
// taken for that of the interface, as all that tell nothing mean it.
func (l localPorts) of(number uint32) (int, string) {
	const (
		byAlias, byMAC, byName = 1, 3, 5
	)
	key := strconv.FormatUint(uint64(number), 10)
	kind, _ := l.kind.integer(key)
	id := identifier(l.id.octets(key), kind == byMAC, kind == portAddress)
	matches := func(same func(probe.Port) bool) int {
		found, count := 0, 0
		for _, p := range l.ports {
			if same(p) {
				found, count = p.Index, count+1
			}
		}
		if count != 1 {
			return 0
		}
		return found
	}
	byIndex := func(text string) int {
		return matches(func(p probe.Port) bool { return strconv.Itoa(p.Index) == text })
	}
	named := func(p probe.Port) bool { return p.Name == id || p.Descr == id }
	port := 0
	switch {
	case id == "":
		port = byIndex(key)
	case kind == byAlias:
		port = matches(func(p probe.Port) bool { return p.Alias == id })
	case kind == byMAC:
		port = matches(func(p probe.Port) bool { return p.MAC == id })
	case kind == byName:
		port = matches(named)
	default:
		if port = matches(named); port == 0 {
			port = byIndex(id)
		}
	}
	if port == 0 && id == "" && number > 0 {
		id = key
	}
	if port != 0 {
		id = ""
	}
	return port, id
}

// managementAddresses reads the addresses of neighbours: by the standard they stand in
// the index, behind the key of the neighbour; some devices tell them as a text in a
// column, indexed by the neighbour alone.
func (w *walker) managementAddresses() map[[3]uint32][]netip.Addr {
	const most = 2 * probe.MaxNeighbours
	rows := w.column("neighbours", lldpRemManAddrIfID, most)
	if len(rows) == 0 {
		rows = w.column("neighbours", lldpRemManAddrSub, most)
	}
	found := map[[3]uint32][]netip.Addr{}
	for _, key := range rows.sorted() {
		i, _ := readIndex(key)
		if addr, ok := i.managementAddress(); ok {
			found[[3]uint32(i[:3])] = append(found[[3]uint32(i[:3])], addr)
		}
	}
	if len(rows) > 0 {
		return found
	}
	texts := w.column("neighbours", lldpRemManAddr, most)
	for _, key := range texts.sorted() {
		i, _ := readIndex(key)
		if len(i) != 3 {
			continue
		}
		if addr, err := netip.ParseAddr(texts.text(key)); err == nil && addr.Zone() == "" {
			found[[3]uint32(i)] = append(found[[3]uint32(i)], addr)
		}
	}
	return found
}
