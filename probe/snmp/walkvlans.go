package snmp

import (
	"slices"

	"vigie/probe"
)

// Columns of the tables of VLANs: Q-BRIDGE-MIB (RFC 4363), BRIDGE-MIB (RFC 4188), and
// those of vendors whose devices do not have the former.
const (
	dot1dBasePortIfIndex = ".1.3.6.1.2.1.17.1.4.1.2"

	vlanCurrentEgress   = ".1.3.6.1.2.1.17.7.1.4.2.1.4"
	vlanCurrentUntagged = ".1.3.6.1.2.1.17.7.1.4.2.1.5"
	vlanStaticName      = ".1.3.6.1.2.1.17.7.1.4.3.1.1"
	vlanStaticEgress    = ".1.3.6.1.2.1.17.7.1.4.3.1.2"
	vlanStaticUntagged  = ".1.3.6.1.2.1.17.7.1.4.3.1.4"
	dot1qPvid           = ".1.3.6.1.2.1.17.7.1.4.5.1.1"

	vtpVlanType = ".1.3.6.1.4.1.9.9.46.1.3.1.1.3" // CISCO-VTP-MIB
	vtpVlanName = ".1.3.6.1.4.1.9.9.46.1.3.1.1.4"
	vmVlan      = ".1.3.6.1.4.1.9.9.68.1.2.2.1.2" // CISCO-VLAN-MEMBERSHIP-MIB

	vlanTrunkPortNative = ".1.3.6.1.4.1.9.9.46.1.6.1.1.5"
	vlanTrunkPortStatus = ".1.3.6.1.4.1.9.9.46.1.6.1.1.14"

	jnxExVlanName = ".1.3.6.1.4.1.2636.3.40.1.5.1.5.1.2" // JUNIPER-VLAN-MIB
	jnxExVlanTag  = ".1.3.6.1.4.1.2636.3.40.1.5.1.5.1.5"
)

// vlanTrunkPorts are the columns of vlanTrunkPortTable that tell which VLANs are let
// onto a trunk, a thousand and twenty-four in each.
var vlanTrunkPorts = [...]string{
	".1.3.6.1.4.1.9.9.46.1.6.1.1.4", ".1.3.6.1.4.1.9.9.46.1.6.1.1.17", ".1.3.6.1.4.1.9.9.46.1.6.1.1.18", ".1.3.6.1.4.1.9.9.46.1.6.1.1.19",
}

// The tables of Alcatel-Lucent Enterprise are the same under the number of AOS 6 and
// of AOS 7 and 8 (ALCATEL-IND1-VLAN-MGR-MIB).
var aosBases = []string{".1.3.6.1.4.1.6486.801", ".1.3.6.1.4.1.6486.800"}

const (
	vlanDescription = ".1.2.1.3.1.1.1.1.1.2"
	vpaType         = ".1.2.1.3.1.1.2.1.1.3" // index: VLAN, ifIndex
)

const noVLAN = 4095 // reserved by IEEE 802.1Q

// vlanSet are the VLANs of a device by number.
type vlanSet map[int]*probe.VLAN

// of returns a VLAN and makes it when it is not there; nil for a number that is none.
func (s vlanSet) of(id int) *probe.VLAN {
	if id < 1 || id >= noVLAN {
		return nil
	}
	if s[id] == nil {
		s[id] = &probe.VLAN{ID: id}
	}
	return s[id]
}

func (s vlanSet) name(id int, name string) {
	if v := s.of(id); v != nil && v.Name == "" {
		v.Name = name
	}
}

// vlans reads the VLANs from the tables of the standard and from those of the vendor.
func (w *walker) vlans(maker uint32) []probe.VLAN {
	found := vlanSet{}
	w.bridge(found)
	switch maker {
	case enterpriseCisco:
		w.ciscoVLANs(found)
	case enterpriseJuniper:
		w.juniperVLANs(found)
	case enterpriseALE:
		w.aleVLANs(found)
	}
	var out []probe.VLAN
	for _, v := range found {
		slices.Sort(v.Tagged)
		slices.Sort(v.Untagged)
		v.Tagged, v.Untagged = slices.Compact(v.Tagged), slices.Compact(v.Untagged)
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b probe.VLAN) int { return a.ID - b.ID })
	return out
}

// bridge reads Q-BRIDGE-MIB. What a VLAN carries now counts before what is configured;
// a bridge port that is no interface of the device is left out.
func (w *walker) bridge(found vlanSet) {
	read := func(name string) column { return w.column("vlans", name, probe.MaxVLANs) }
	names := read(vlanStaticName)
	for _, key := range names.sorted() {
		if i, _ := readIndex(key); len(i) == 1 {
			found.name(int(i[0]), names.text(key))
		}
	}
	bridgePorts := w.column("members", dot1dBasePortIfIndex, 2*probe.MaxPorts)
	ports := map[int]int{} // ifIndex by bridge port
	for _, key := range bridgePorts.sorted() {
		if i, _ := readIndex(key); len(i) == 1 {
			ports[int(i[0])] = bridgePorts.port(key)
		}
	}
	w.membership(found, ports, read(vlanStaticEgress), read(vlanStaticUntagged))
	w.membership(found, ports, read(vlanCurrentEgress), read(vlanCurrentUntagged))
	w.pvids(found, ports)
}

// membership reads the lists of ports of VLANs; the last number of the index is the
// VLAN's. An empty list replaces none that was read before.
func (w *walker) membership(found vlanSet, ports map[int]int, egress, untagged column) {
	for _, key := range egress.sorted() {
		i, _ := readIndex(key)
		if len(i) == 0 {
			continue
		}
		v := found.of(int(i[len(i)-1]))
		if v == nil {
			continue
		}
		bare := portList(untagged.octets(key))
		var with, without []int
		for _, bridgePort := range portList(egress.octets(key)) {
			switch port := ports[bridgePort]; {
			case port == 0:
			case slices.Contains(bare, bridgePort):
				without = append(without, port)
			default:
				with = append(with, port)
			}
		}
		if len(with)+len(without) > 0 {
			v.Tagged, v.Untagged = with, without
		}
	}
}

// pvids reads the VLAN of what comes without a tag. The index is a bridge port; on some
// devices it is the ifIndex instead.
func (w *walker) pvids(found vlanSet, ports map[int]int) {
	place := places(w.out.Ports)
	bridged := map[int]bool{}
	for _, port := range ports {
		bridged[port] = true
	}
	pvids := w.column("vlans", dot1qPvid, 2*probe.MaxPorts)
	for _, key := range pvids.sorted() {
		i, _ := readIndex(key)
		n, ok := i.number()
		id, told := pvids.gauge(key)
		if !ok || !told || id < 1 || id >= noVLAN {
			continue
		}
		port := ports[n]
		if port == 0 && bridged[n] {
			port = n
		}
		if at, known := place[port]; known {
			w.out.Ports[at].PVID = int(id)
			found.of(int(id))
		}
	}
}

// ciscoVLANs reads what VTP knows, the VLAN of each access port and those on trunks. The VLANs of token
// ring and FDDI that every switch lists are none of ours.
func (w *walker) ciscoVLANs(found vlanSet) {
	const ethernet = 1
	names := w.column("vlans", vtpVlanName, probe.MaxVLANs)
	kinds := column{}
	if len(names) > 0 {
		kinds = w.column("vlans", vtpVlanType, probe.MaxVLANs)
	}
	for _, key := range names.sorted() { // index: management domain, VLAN
		if kind, told := kinds.integer(key); told && kind != ethernet {
			continue
		}
		if i, _ := readIndex(key); len(i) == 2 {
			found.name(int(i[1]), names.text(key))
		}
	}
	access := w.column("members", vmVlan, probe.MaxPorts)
	for _, key := range access.sorted() {
		port, ok := portNumber(key)
		id, _ := access.gauge(key)
		if v := found.of(int(id)); ok && v != nil {
			v.Untagged = append(v.Untagged, port)
		}
	}
	w.ciscoTrunks(found)
}

// ciscoTrunks reads what is on the ports that trunk at the moment. A trunk lets all VLANs
// through unless somebody said otherwise, so only those that exist are on it.
func (w *walker) ciscoTrunks(found vlanSet) {
	const trunking, perColumn = 1, 1024
	place := places(w.out.Ports)
	status := w.column("members", vlanTrunkPortStatus, probe.MaxPorts)
	var trunks []string
	for _, key := range status.sorted() {
		port, ok := portNumber(key)
		if state, _ := status.integer(key); ok && state == trunking {
			if _, known := place[port]; known {
				trunks = append(trunks, key)
			}
		}
	}
	if len(trunks) == 0 {
		return
	}
	native := w.column("members", vlanTrunkPortNative, probe.MaxPorts)
	let := map[string]map[int]bool{}
	for block, name := range vlanTrunkPorts {
		rows := w.column("members", name, probe.MaxPorts)
		for _, key := range trunks {
			if let[key] == nil {
				let[key] = map[int]bool{}
			}
			for _, bit := range portList(rows.octets(key)) { // from 1 on, where the VLANs begin with 0
				let[key][block*perColumn+bit-1] = true
			}
		}
	}
	for _, key := range trunks {
		port, _ := portNumber(key)
		bare, _ := native.gauge(key)
		for id, v := range found {
			switch {
			case !let[key][id]:
			case id == int(bare):
				v.Untagged = append(v.Untagged, port)
				w.out.Ports[place[port]].PVID = id
			default:
				v.Tagged = append(v.Tagged, port)
			}
		}
	}
}

// juniperVLANs reads the VLANs of the EX and SRX series: their index is none of the
// VLAN's, its tag is a column.
func (w *walker) juniperVLANs(found vlanSet) {
	names, tags := w.column("vlans", jnxExVlanName, probe.MaxVLANs), w.column("vlans", jnxExVlanTag, probe.MaxVLANs)
	for _, key := range tags.sorted() {
		if id, told := tags.gauge(key); told {
			found.name(int(min(id, noVLAN)), names.text(key))
		}
	}
}

// aleVLANs reads the VLANs of OmniSwitches and the ports of each.
func (w *walker) aleVLANs(found vlanSet) {
	const (
		cfgDefault = 1 // without a tag
		qTagged    = 2
	)
	for _, base := range aosBases {
		names := w.column("vlans", base+vlanDescription, probe.MaxVLANs)
		if len(names) == 0 {
			continue
		}
		for _, key := range names.sorted() {
			if i, _ := readIndex(key); len(i) == 1 {
				found.name(int(min(i[0], noVLAN)), names.text(key))
			}
		}
		members := w.column("members", base+vpaType, probe.MaxMembers)
		for _, key := range members.sorted() {
			i, _ := readIndex(key)
			port, ok := i.at(1)
			if len(i) != 2 || !ok {
				continue
			}
			kind, _ := members.integer(key)
			switch v := found.of(int(min(i[0], noVLAN))); {
			case v == nil:
			case kind == cfgDefault:
				v.Untagged = append(v.Untagged, port)
			case kind == qTagged:
				v.Tagged = append(v.Tagged, port)
			}
		}
		return
	}
}
