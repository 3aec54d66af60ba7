package ipam

import (
	"fmt"
	"iter"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	"vigie/internal/fault"
)

// Free gives the free prefixes of a block: the block without every prefix inside it in its VRF, in
// address order, each as large as alignment allows. A block with nothing inside is free as a whole.
func (x *Index) Free(block Prefix) []netip.Prefix {
	var free []netip.Prefix
	for _, gap := range gaps(spanOf(block.CIDR), x.Covered(block)) {
		free = append(free, gap.cidrs()...)
	}
	return free
}

// gaps is a span without the prefixes inside it, which are in address order.
func gaps(whole span, inside []Prefix) []span {
	var out []span
	at := whole.first
	for _, p := range inside {
		if p.CIDR.Addr().Less(at) {
			continue // inside the one before
		}
		if at.Less(p.CIDR.Addr()) {
			out = append(out, span{at, p.CIDR.Addr().Prev()})
		}
		last := spanOf(p.CIDR).last
		if last == whole.last {
			return out
		}
		at = last.Next()
	}
	return append(out, span{at, whole.last})
}

// Allocate finds room for prefixes of some lengths in a block, each in the first free prefix that is
// large enough, at its lowest address: all of them in the order asked, or none. It changes nothing.
// The error is fault.Invalid for a length that cannot lie inside the block, fault.Conflict when there
// is no room, and then names what is left.
func (x *Index) Allocate(block Prefix, lengths ...int) ([]netip.Prefix, error) {
	free := x.Free(block)
	var found []netip.Prefix
	for _, length := range lengths {
		if length <= block.CIDR.Bits() || length > block.CIDR.Addr().BitLen() {
			return nil, fault.Errorf(fault.Invalid, "/%d is not a length inside %s (/%d to /%d)",
				length, block.CIDR, block.CIDR.Bits()+1, block.CIDR.Addr().BitLen())
		}
		at := slices.IndexFunc(free, func(f netip.Prefix) bool { return f.Bits() <= length })
		if at < 0 {
			return nil, x.noRoom(block, length, free)
		}
		taken := netip.PrefixFrom(free[at].Addr(), length)
		found = append(found, taken)
		free = slices.Replace(free, at, at+1, rest(free[at], taken)...)
	}
	return found, nil
}

// rest is a block without a prefix at its start, in address order.
func rest(block, taken netip.Prefix) []netip.Prefix {
	if block == taken {
		return nil
	}
	return span{spanOf(taken).last.Next(), spanOf(block).last}.cidrs()
}

// noRoom says what is free instead, inside the containers of the block too: their room is
// for others to ask for, and is never given for the block's.
func (x *Index) noRoom(block Prefix, length int, free []netip.Prefix) error {
	left := "nothing"
	if len(free) > 0 {
		left = slices.MinFunc(free, func(a, b netip.Prefix) int { return a.Bits() - b.Bits() }).String()
	}
	inside := x.roomInside(block)
	if len(inside) == 0 {
		return fault.Errorf(fault.Conflict, "no free /%d in %s; %s is free", length, block.CIDR, left)
	}
	texts := make([]string, len(inside))
	for i, r := range inside {
		texts[i] = fmt.Sprintf("%s of %s", r.free, r.container)
	}
	ask := ""
	if inside[0].free.Bits() <= length {
		ask = fmt.Sprintf(": ask for /%d in %s", length, inside[0].container)
	}
	return fault.Errorf(fault.Conflict, "no free /%d in %s outside its containers, where %s is free; inside them the largest free are %s%s",
		length, block.CIDR, left, strings.Join(texts, ", "), ask)
}

// room is a free prefix with the container in which it lies.
type room struct{ free, container netip.Prefix }

// shownRooms is how many of them an error names.
const shownRooms = 3

// roomInside gives the largest free prefix of each container inside a block, the largest
// first.
func (x *Index) roomInside(block Prefix) []room {
	var rooms []room
	for _, p := range x.Covered(block) {
		if p.Status != Container || p.CIDR == block.CIDR {
			continue
		}
		if free := x.Free(p); len(free) > 0 {
			rooms = append(rooms, room{slices.MinFunc(free, func(a, b netip.Prefix) int { return a.Bits() - b.Bits() }), p.CIDR})
		}
	}
	slices.SortStableFunc(rooms, func(a, b room) int { return a.free.Bits() - b.free.Bits() })
	return rooms[:min(shownRooms, len(rooms))]
}

// Hosts is the usable addresses of a block, with what is not free among them.
type Hosts struct {
	usable span
	closed []span       // populated ranges, disjoint
	taken  []netip.Addr // distinct hosts
}

// Hosts gives the addresses of a block that are usable, of which All are the free ones.
func (x *Index) Hosts(block Prefix) Hosts {
	t := x.find(block.VRF)
	hosts := t.hosts
	if block.VRF == "" && block.Status == Container {
		hosts = x.hosts
	}
	usable := usable(block)
	return Hosts{usable: usable, closed: within(t.populated, usable), taken: between(hosts, usable)}
}

// usable drops from a block the addresses that no host may have.
func usable(block Prefix) span {
	s := spanOf(block.CIDR)
	width := block.CIDR.Addr().BitLen()
	if block.Pool || block.CIDR.Bits() >= width-1 {
		return s
	}
	s.first = s.first.Next()
	if block.CIDR.Addr().Is4() {
		s.last = s.last.Prev()
	}
	return s
}

// All gives the free addresses in order. It looks at one after the other: the first costs little,
// however large the block.
func (h Hosts) All() iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		closed, taken := h.closed, h.taken
		for at := h.usable.first; at.IsValid() && !h.usable.last.Less(at); at = at.Next() {
			if len(closed) > 0 && closed[0].holds(at) {
				at, closed = closed[0].last, closed[1:]
				continue
			}
			for len(taken) > 0 && taken[0].Less(at) {
				taken = taken[1:] // inside a closed range
			}
			if len(taken) > 0 && taken[0] == at {
				continue
			}
			if !yield(at) {
				return
			}
		}
	}
}

// Count is the number of free addresses, without looking at each.
func (h Hosts) Count() *big.Int {
	return h.usable.size().minus(total(h.closed)).minus(number{0, uint64(outside(h.taken, h.closed))}).big()
}

// outside counts the hosts that lie in none of the spans.
func outside(hosts []netip.Addr, spans []span) int {
	n := len(hosts)
	for _, s := range spans {
		n -= len(between(hosts, s))
	}
	return n
}

// AllocateHosts finds a number of free addresses in a block, the lowest first: all of them, or none.
// They get the mask of the given length, or the block's own for 0. It changes nothing. The error is
// fault.Invalid for a mask that is wider than the block, fault.Conflict when there is no room.
func (x *Index) AllocateHosts(block Prefix, count, length int) ([]netip.Prefix, error) {
	if length == 0 {
		length = block.CIDR.Bits()
	}
	if length < block.CIDR.Bits() || length > block.CIDR.Addr().BitLen() {
		return nil, fault.Errorf(fault.Invalid, "/%d is not a mask inside %s (/%d to /%d)",
			length, block.CIDR, block.CIDR.Bits(), block.CIDR.Addr().BitLen())
	}
	if count < 1 {
		return nil, fault.Errorf(fault.Invalid, "%d is not a number of addresses: 1 or more", count)
	}
	var found []netip.Prefix
	for host := range x.Hosts(block).All() {
		if found = append(found, netip.PrefixFrom(host, length)); len(found) == count {
			return found, nil
		}
	}
	return nil, fault.Errorf(fault.Conflict, "%d addresses are free in %s, fewer than the %d asked", len(found), block.CIDR, count)
}

// FreeVIDs gives the VIDs of a group that no VLAN of it has, in order.
func (x *Index) FreeVIDs(group VLANGroup) []int {
	used := map[int]bool{}
	for _, v := range x.VLANs {
		if v.Group == group.Name {
			used[v.VID] = true
		}
	}
	var free []int
	for _, r := range group.Ranges {
		for vid := r.First; vid <= r.Last; vid++ {
			if !used[vid] {
				free = append(free, vid)
			}
		}
	}
	slices.Sort(free)
	return free
}
