package lab

import (
	"hash/fnv"
	"net/netip"
	"strconv"

	"vigie/internal/lab/agent"
)

// What a router of the lab carries beside its two interfaces: RFC 4293 and RFC 2011 for
// addresses and ARP, RFC 4363 for VLANs, IEEE 802.1AB for neighbours.
var (
	oidStack    = agent.OID{1, 3, 6, 1, 2, 1, 31, 1, 2, 1, 3}
	oidAddress  = agent.OID{1, 3, 6, 1, 2, 1, 4, 34, 1}
	oidARP      = agent.OID{1, 3, 6, 1, 2, 1, 4, 22, 1}
	oidBasePort = agent.OID{1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2}
	oidVLAN     = agent.OID{1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1}
	oidPVID     = agent.OID{1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1, 1}
	oidLLDP     = agent.OID{1, 0, 8802, 1, 1, 2, 1}
	oidEntity   = agent.OID{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1}

	// exampleEnterprise is the number that RFC 5612 gives to examples.
	exampleEnterprise = agent.OID{1, 3, 6, 1, 4, 1, 32473, 1}
)

// Values of those objects.
const (
	typeEthernet, typeVLAN = 6, 135
	stateUp, stateDown     = 1, 2
	rowActive              = 1
	management             = 99 // the VLAN without tag on lan0, of networks
	firstVLANIndex         = 1000
)

// hardware is an address of Ethernet of one thing at a link, locally administered.
func hardware(ref, thing string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(ref + "\x00" + thing)) // a hash takes everything
	sum := h.Sum(nil)
	return "\x02" + string(sum[:5])
}

// carries returns what does not move while the router runs: its VLANs, each an
// interface over lan0, its addresses, whom it resolved, and the switch behind it.
func (r *router) carries(wan, lan uint32) []agent.Object {
	objects := []agent.Object{
		{Name: oidSystem.With(2, 0), Value: agent.Identifier(exampleEnterprise)},
		{Name: oidSystem.With(6, 0), Value: agent.Text("Local technique, " + r.link.endsAt())},
		{Name: oidEntity.With(5, 1), Value: agent.Integer(3)},
		{Name: oidEntity.With(10, 1), Value: agent.Text("lab")},
		{Name: oidEntity.With(11, 1), Value: agent.Text("SIM-" + r.link.Ref)},
		{Name: oidEntity.With(13, 1), Value: agent.Text("Routeur simulé")},
		{Name: oidBasePort.With(1), Value: agent.Integer(int32(lan))},
		{Name: oidPVID.With(1), Value: agent.Gauge(management)},
		{Name: oidLLDP.With(3, 7, 1, 2, 1), Value: agent.Integer(5)},
		{Name: oidLLDP.With(3, 7, 1, 3, 1), Value: agent.Text("lan0")},
		{Name: oidLLDP.With(4, 1, 1, 4, 0, 1, 1), Value: agent.Integer(4)},
		{Name: oidLLDP.With(4, 1, 1, 5, 0, 1, 1), Value: agent.Text(hardware(r.link.Ref, "switch"))},
		{Name: oidLLDP.With(4, 1, 1, 6, 0, 1, 1), Value: agent.Integer(5)},
		{Name: oidLLDP.With(4, 1, 1, 7, 0, 1, 1), Value: agent.Text("1/1/48")},
		{Name: oidLLDP.With(4, 1, 1, 9, 0, 1, 1), Value: agent.Text("commutateur " + r.link.endsAt())},
		{Name: oidIfTable.With(6, wan), Value: agent.Text(hardware(r.link.Ref, "wan0"))},
		{Name: oidIfTable.With(6, lan), Value: agent.Text(hardware(r.link.Ref, "lan0"))},
	}
	for _, index := range []uint32{wan, lan} {
		objects = append(objects,
			agent.Object{Name: oidIfTable.With(3, index), Value: agent.Integer(typeEthernet)},
			agent.Object{Name: oidIfTable.With(7, index), Value: agent.Integer(stateUp)})
	}
	for _, n := range networks {
		objects = append(objects, r.vlan(n, lan)...)
	}
	objects = append(objects, owns(wan, r.link.Addr, 30)...)
	if r.link.Router.IsValid() {
		objects = append(objects, owns(wan, r.link.Router, 32)...)
	}
	for thing, addr := range map[string]netip.Addr{"demarcation": r.link.Demarcation, "firewall": r.link.Firewall} {
		index := wan
		if thing == "firewall" {
			index = lan
		}
		if addr.IsValid() {
			objects = append(objects, agent.Object{Name: oidARP.With(2, index).With(numbers(addr)...), Value: agent.Text(hardware(r.link.Ref, thing))})
		}
	}
	return objects
}

// vlan is one VLAN on lan0: tagged there but for that of the management, and an
// interface over it.
func (r *router) vlan(n network, lan uint32) []agent.Object {
	const onlyPort = "\x80"
	vid, index := uint32(n.vid), firstVLANIndex+uint32(n.vid)
	untagged := "\x00"
	if n.vid == management {
		untagged = onlyPort
	}
	name := "lan0." + strconv.Itoa(n.vid)
	return []agent.Object{
		{Name: oidVLAN.With(1, vid), Value: agent.Text(n.name)},
		{Name: oidVLAN.With(2, vid), Value: agent.Text(onlyPort)},
		{Name: oidVLAN.With(4, vid), Value: agent.Text(untagged)},
		{Name: oidIfTable.With(2, index), Value: agent.Text(name)},
		{Name: oidIfTable.With(3, index), Value: agent.Integer(typeVLAN)},
		{Name: oidIfTable.With(6, index), Value: agent.Text(hardware(r.link.Ref, "lan0"))},
		{Name: oidIfTable.With(7, index), Value: agent.Integer(stateUp)},
		{Name: oidIfTable.With(8, index), Value: agent.Integer(stateUp)},
		{Name: oidIfX.With(1, index), Value: agent.Text(name)},
		{Name: oidIfX.With(18, index), Value: agent.Text(n.name)},
		{Name: oidStack.With(index, lan), Value: agent.Integer(rowActive)},
	}
}

// owns is a row of ipAddressTable: the length of the prefix is the last number of what
// its third column points to.
func owns(index uint32, addr netip.Addr, bits int) []agent.Object {
	prefix := netip.PrefixFrom(addr, bits).Masked()
	row := append([]uint32{1, 4}, numbers(addr)...)
	pointer := agent.OID{1, 3, 6, 1, 2, 1, 4, 32, 1, 5, index, 1, 4}.With(numbers(prefix.Addr())...).With(uint32(bits))
	return []agent.Object{
		{Name: oidAddress.With(3).With(row...), Value: agent.Integer(int32(index))},
		{Name: oidAddress.With(4).With(row...), Value: agent.Integer(1)}, // unicast
		{Name: oidAddress.With(5).With(row...), Value: agent.Identifier(pointer)},
		{Name: oidAddress.With(6).With(row...), Value: agent.Integer(2)}, // manual
		{Name: oidAddress.With(7).With(row...), Value: agent.Integer(1)}, // preferred
	}
}

// numbers are the parts of an IPv4 address in the name of a row.
func numbers(addr netip.Addr) []uint32 {
	octets := addr.As4()
	return []uint32{uint32(octets[0]), uint32(octets[1]), uint32(octets[2]), uint32(octets[3])}
}
