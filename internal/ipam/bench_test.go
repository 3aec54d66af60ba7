package ipam_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"vigie/internal/ipam"
)

func four(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

const ten = 10 << 24

// busy is the /8 whose page took 20 minutes elsewhere: 4,524 addresses and 3,513 ranges.
func busy() ipam.Plan {
	plan := ipam.Plan{Prefixes: []ipam.Prefix{{CIDR: netip.PrefixFrom(four(ten), 8), Status: ipam.Active}}}
	for i := range uint32(4524) {
		plan.Addresses = append(plan.Addresses, ipam.Address{Address: netip.PrefixFrom(four(ten+1+i), 8)})
	}
	for i := range uint32(3513) {
		start := ten + 1<<16 + i*4096
		plan.Ranges = append(plan.Ranges, ipam.Range{Start: four(start), End: four(start + 99), Populated: true, Utilised: true})
	}
	return plan
}

// forest is 100,000 prefixes in three levels below containers.
func forest() ipam.Plan {
	var plan ipam.Plan
	add := func(at uint32, length int, status ipam.Status) {
		plan.Prefixes = append(plan.Prefixes, ipam.Prefix{CIDR: netip.PrefixFrom(four(at), length), Status: status})
	}
	add(ten, 8, ipam.Container)
	for i := range uint32(256) {
		add(ten+i<<16, 16, ipam.Container)
		for j := range uint32(195) {
			add(ten+i<<16+j<<8, 24, ipam.Active)
			add(ten+i<<16+j<<8, 26, ipam.Active)
		}
	}
	return plan
}

func BenchmarkBusyPrefix(b *testing.B) {
	plan := busy()
	for b.Loop() {
		x := ipam.NewIndex(plan)
		p := x.Plan.Prefixes[0]
		if _, err := x.AllocateHosts(p, 100, 0); err != nil || x.Hosts(p).Count().Sign() < 0 || x.Utilisation(p) == 0 {
			b.Fatal(err)
		}
	}
}

func BenchmarkTreeOf100000Prefixes(b *testing.B) {
	x := ipam.NewIndex(forest())
	for b.Loop() {
		if nodes, err := x.Tree(""); err != nil || len(nodes) != 1 {
			b.Fatal(len(nodes), err)
		}
	}
}

func BenchmarkCheck100000Prefixes(b *testing.B) {
	plan := forest()
	for b.Loop() {
		if found := ipam.Check(plan); len(found) != 0 {
			b.Fatal(found[0])
		}
	}
}

func BenchmarkAllocateIn100000Prefixes(b *testing.B) {
	x := ipam.NewIndex(forest())
	p := x.Plan.Prefixes[1] // a /16
	for b.Loop() {
		if _, err := x.Allocate(p, 24, 24, 20); err != nil {
			b.Fatal(err)
		}
	}
}
