package ipam

import (
	"cmp"
	"encoding/binary"
	"math/big"
	"math/bits"
	"net/netip"
	"slices"
)

// number is an address as an integer, or a count of addresses.
type number struct{ hi, lo uint64 }

func numberOf(a netip.Addr) number {
	if a.Is4() {
		four := a.As4()
		return number{0, uint64(binary.BigEndian.Uint32(four[:]))}
	}
	sixteen := a.As16()
	return number{binary.BigEndian.Uint64(sixteen[:8]), binary.BigEndian.Uint64(sixteen[8:])}
}

// addr is the address of n; v4 says of which family.
func (n number) addr(v4 bool) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], n.hi)
	binary.BigEndian.PutUint64(b[8:], n.lo)
	if v4 {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.AddrFrom16(b)
}

func (n number) plus(m number) number {
	lo, carry := bits.Add64(n.lo, m.lo, 0)
	hi, _ := bits.Add64(n.hi, m.hi, carry)
	return number{hi, lo}
}

func (n number) minus(m number) number {
	lo, borrow := bits.Sub64(n.lo, m.lo, 0)
	hi, _ := bits.Sub64(n.hi, m.hi, borrow)
	return number{hi, lo}
}

func (n number) compare(m number) int {
	return cmp.Or(cmp.Compare(n.hi, m.hi), cmp.Compare(n.lo, m.lo))
}

func (n number) trailingZeros() int {
	if n.lo != 0 {
		return bits.TrailingZeros64(n.lo)
	}
	return 64 + bits.TrailingZeros64(n.hi)
}

func (n number) length() int {
	if n.hi != 0 {
		return 64 + bits.Len64(n.hi)
	}
	return bits.Len64(n.lo)
}

func (n number) float() float64 { return float64(n.hi)*(1<<64) + float64(n.lo) }

func (n number) big() *big.Int {
	high := new(big.Int).SetUint64(n.hi)
	return high.Lsh(high, 64).Add(high, new(big.Int).SetUint64(n.lo))
}

var one = number{0, 1}

func powerOfTwo(exponent int) number {
	if exponent >= 64 {
		return number{1 << (exponent - 64), 0}
	}
	return number{0, 1 << exponent}
}

// span is the addresses from first to last, both included, of one family.
type span struct{ first, last netip.Addr }

func spanOf(p netip.Prefix) span {
	host := p.Addr().BitLen() - p.Bits()
	size := powerOfTwo(host).minus(one)
	return span{p.Addr(), numberOf(p.Addr()).plus(size).addr(p.Addr().Is4())}
}

// span is the addresses of a range, false when its ends make none.
func (r Range) span() (span, bool) {
	return span{r.Start, r.End}, r.Start.BitLen() == r.End.BitLen() && !r.End.Less(r.Start)
}

// size is the number of addresses; a /0 of IPv6 would not fit, and is no prefix here.
func (s span) size() number { return numberOf(s.last).minus(numberOf(s.first)).plus(one) }

func (s span) holds(a netip.Addr) bool { return !a.Less(s.first) && !s.last.Less(a) }

// meets gives the part of a span inside another.
func (s span) meets(other span) (span, bool) {
	if s.first.Less(other.first) {
		s.first = other.first
	}
	if other.last.Less(s.last) {
		s.last = other.last
	}
	return s, s.first.BitLen() == s.last.BitLen() && !s.last.Less(s.first)
}

// merged joins what overlaps or touches, in address order.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.first.Compare(b.first) })
	var out []span
	for _, s := range spans {
		end := len(out) - 1
		if end >= 0 && (!out[end].last.Less(s.first) || out[end].last.Next() == s.first) {
			if out[end].last.Less(s.last) {
				out[end].last = s.last
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// within gives the spans of a merged list that lie inside another, cut at its ends.
func within(spans []span, whole span) []span {
	from, _ := slices.BinarySearchFunc(spans, whole.first, func(s span, a netip.Addr) int { return s.last.Compare(a) })
	var out []span
	for _, s := range spans[from:] {
		if whole.last.Less(s.first) {
			break
		}
		if part, ok := s.meets(whole); ok {
			out = append(out, part)
		}
	}
	return out
}

// total is the number of addresses of disjoint spans.
func total(spans []span) number {
	var sum number
	for _, s := range spans {
		sum = sum.plus(s.size())
	}
	return sum
}

// cidrs gives the fewest blocks that make up a span, in address order.
func (s span) cidrs() []netip.Prefix {
	v4 := s.first.Is4()
	width := s.first.BitLen()
	at, last := numberOf(s.first), numberOf(s.last)
	var out []netip.Prefix
	for {
		left := last.minus(at) // one less than the addresses left
		// The largest power of two that aligns with the address and fits in what is left.
		exponent := min(at.trailingZeros(), width, left.plus(one).length()-1)
		out = append(out, netip.PrefixFrom(at.addr(v4), width-exponent))
		size := powerOfTwo(exponent)
		if left.minus(size.minus(one)) == (number{}) {
			return out
		}
		at = at.plus(size)
	}
}
