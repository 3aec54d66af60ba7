package snmp

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// Columns of the tables of interfaces: RFC 2863 and RFC 3635.
const (
	ifDescr      = ".1.3.6.1.2.1.2.2.1.2"
	ifType       = ".1.3.6.1.2.1.2.2.1.3"
	ifSpeed      = ".1.3.6.1.2.1.2.2.1.5"
	ifPhysAddr   = ".1.3.6.1.2.1.2.2.1.6"
	ifAdmin      = ".1.3.6.1.2.1.2.2.1.7"
	ifLastChange = ".1.3.6.1.2.1.2.2.1.9"
	ifInDisc     = ".1.3.6.1.2.1.2.2.1.13"
	ifInErrors   = ".1.3.6.1.2.1.2.2.1.14"
	ifOutDisc    = ".1.3.6.1.2.1.2.2.1.19"
	ifOutErrors  = ".1.3.6.1.2.1.2.2.1.20"
	ifStack      = ".1.3.6.1.2.1.31.1.2.1.3"
	dot3Duplex   = ".1.3.6.1.2.1.10.7.2.1.19"
)

// The words of the MIBs for the numbers in their columns.
var (
	portStates = map[int64]string{
		1: "up", 2: "down", 3: "testing", 4: "unknown", 5: "dormant", 6: "notPresent", 7: "lowerLayerDown",
	}
	duplexes = map[int64]string{2: "half", 3: "full"}
	// portTypes are those of IANAifType-MIB that a school's equipment has.
	portTypes = map[int64]string{
		1: "other", 6: "ethernetCsmacd", 7: "iso88023Csmacd", 22: "propPointToPointSerial", 23: "ppp",
		24: "softwareLoopback", 37: "atm", 53: "propVirtual", 54: "propMultiplexor", 62: "fastEther", 71: "ieee80211",
		94: "adsl", 97: "vdsl", 108: "pppMultilinkBundle", 114: "ipOverAtm", 117: "gigabitEthernet", 131: "tunnel",
		135: "l2vlan", 136: "l3ipvlan", 142: "ipForward", 160: "usb", 161: "ieee8023adLag", 166: "mpls", 169: "shdsl",
		188: "radioMAC", 209: "bridge", 230: "adsl2", 238: "adsl2plus", 243: "wwanPP", 244: "wwanPP2", 250: "gpon",
		251: "vdsl2",
	}
)

// ports reads the interfaces. An interface is one that has a name or a description; a
// table may lack some columns of some rows.
func (w *walker) ports(uptime time.Duration, now time.Time) []probe.Port {
	read := func(name string) column { return w.column("ports", name, probe.MaxPorts) }
	descr, name := read(ifDescr), read(ifName)
	alias, kind, admin, oper := read(ifAlias), read(ifType), read(ifAdmin), read(ifOperStatus)
	speed := speeds{high: read(ifHighSpeed), low: read(ifSpeed)}
	physical, changed, duplex := read(ifPhysAddr), read(ifLastChange), read(dot3Duplex)
	inErrors, outErrors, inDiscards, outDiscards := read(ifInErrors), read(ifOutErrors), read(ifInDisc), read(ifOutDisc)
	keys := descr.sorted()
	for _, key := range name.sorted() {
		if _, there := descr[key]; !there {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	var ports []probe.Port
	for _, key := range keys {
		i, ok := portNumber(key)
		p := probe.Port{Index: i, Name: name.text(key), Descr: descr.text(key), Alias: alias.text(key)}
		if p.Name == "" {
			p.Name = p.Descr
		}
		if !ok || p.Name == "" {
			continue
		}
		p.Type = wordOf(kind, key, portTypes)
		if n, told := kind.integer(key); told && p.Type == "" {
			p.Type = strconv.FormatInt(n, 10)
		}
		p.Admin, p.Oper, p.Duplex = wordOf(admin, key, portStates), wordOf(oper, key, portStates), wordOf(duplex, key, duplexes)
		p.SpeedBits = speed.of(key)
		p.MAC = mac(physical.octets(key))
		p.Changed = since(changed[key], uptime, now)
		p.InErrors, p.OutErrors = inErrors.count(key), outErrors.count(key)
		p.InDiscards, p.OutDiscards = inDiscards.count(key), outDiscards.count(key)
		ports = append(ports, p)
	}
	w.stack(ports)
	return ports
}

func portNumber(key string) (int, bool) {
	i, ok := readIndex(key)
	if !ok {
		return 0, false
	}
	return i.number()
}

// stack adds to each port those it runs over (ifStackTable, RFC 2863): of its rows
// only those that join two ports.
func (w *walker) stack(ports []probe.Port) {
	place := places(ports)
	rows := w.column("members", ifStack, probe.MaxMembers)
	for _, key := range rows.sorted() {
		i, ok := readIndex(key)
		if status, _ := rows.integer(key); !ok || len(i) != 2 || status != rowActive {
			continue
		}
		higher, above := i.at(0)
		lower, below := i.at(1)
		at, known := place[higher]
		if _, there := place[lower]; above && below && known && there {
			ports[at].Over = append(ports[at].Over, lower)
		}
	}
}

const rowActive = 1 // RowStatus (RFC 2579)

// places tells where in the list a port with an index is.
func places(ports []probe.Port) map[int]int {
	place := make(map[int]int, len(ports))
	for at, p := range ports {
		place[p.Index] = at
	}
	return place
}

// since is when an interface changed last: never since the device began to count when
// it says 0, or more than the device has been running, as after a wrap.
func since(v gosnmp.SnmpPDU, uptime time.Duration, now time.Time) time.Time {
	ticks, told := unsigned(v, gosnmp.TimeTicks)
	at := time.Duration(ticks) * 10 * time.Millisecond
	if !told || ticks == 0 || at > uptime {
		return time.Time{}
	}
	return now.Add(at - uptime).UTC().Truncate(time.Second)
}

// speeds are ifHighSpeed, in millions of bits per second, and ifSpeed in bits.
type speeds struct{ high, low column }

// of returns the speed of an interface in bits per second. Some agents tell bits in
// the column of millions: more than a million of them, or the same number in both.
func (s speeds) of(key string) int64 {
	const (
		tooFast  = 1<<32 - 1 // ifSpeed says: see ifHighSpeed
		slowLink = 1000      // no interface carries as few bits, many as many millions
	)
	high, _ := unsigned(s.high[key], gosnmp.Gauge32)
	low, _ := unsigned(s.low[key], gosnmp.Gauge32)
	switch {
	case high == low && high >= slowLink:
		return int64(high)
	case high > 0:
		return bitsPerSecond(high)
	case low == tooFast:
		return 0
	}
	return int64(low)
}

func wordOf(c column, key string, words map[int64]string) string {
	n, _ := c.integer(key)
	return words[n]
}

// text, octets, integer and count read a row of a column; what is not there, or of
// another type, is empty.
func (c column) text(key string) string { return text(c[key]) }

func (c column) octets(key string) []byte {
	raw, _ := c[key].Value.([]byte)
	return raw
}

func (c column) integer(key string) (int64, bool) {
	v, there := c[key]
	if !there || v.Type != gosnmp.Integer {
		return 0, false
	}
	n := gosnmp.ToBigInt(v.Value)
	return n.Int64(), n.IsInt64()
}

func (c column) count(key string) int64 {
	n, _ := unsigned(c[key], gosnmp.Counter32)
	return int64(n)
}

// gauge reads what is a Gauge32 by the MIB; some agents tell an integer.
func (c column) gauge(key string) (int64, bool) {
	if n, told := unsigned(c[key], gosnmp.Gauge32); told {
		return int64(n), true
	}
	return c.integer(key)
}

func unsigned(v gosnmp.SnmpPDU, kind gosnmp.Asn1BER) (uint64, bool) {
	if v.Type != kind || v.Value == nil {
		return 0, false
	}
	n := gosnmp.ToBigInt(v.Value)
	return n.Uint64(), n.IsUint64()
}

// objectID reads a name without its leading point.
func objectID(v gosnmp.SnmpPDU) string {
	name, _ := v.Value.(string)
	if v.Type != gosnmp.ObjectIdentifier {
		return ""
	}
	return strings.TrimPrefix(shown([]byte(name)), ".")
}
