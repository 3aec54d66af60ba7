package ipam

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

var (
	errNotCIDR    = errors.New("is not a prefix such as 10.1.0.0/16 or 2001:db8::/32")
	errNotAddress = errors.New("is not an address with its mask, such as 10.1.0.1/24")
	errWhole      = errors.New("is the whole address space: a mask of /0 is refused")
)

// ParseCIDR reads a block and clears its host bits: "10.1.2.3/16" is 10.1.0.0/16. The error
// completes the text: "is not a prefix...".
func ParseCIDR(text string) (netip.Prefix, error) {
	p, err := parse(text, errNotCIDR)
	return p.Masked(), err
}

// ParseAddress reads a host with the mask of its interface. The error completes the text.
func ParseAddress(text string) (netip.Prefix, error) {
	return parse(text, errNotAddress)
}

func parse(text string, wrong error) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, wrong
	}
	// An IPv4-mapped address is IPv4 written another way (RFC 4291, 2.5.5.2).
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, wrong
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p.Bits() == 0 {
		return netip.Prefix{}, errWhole
	}
	return p, nil
}

// ParseVIDs reads the ranges of a VLAN group: "100-199,300". The error completes the text.
func ParseVIDs(text string) ([]VIDRange, error) {
	var ranges []VIDRange
	for part := range strings.SplitSeq(text, ",") {
		low, high, two := strings.Cut(strings.TrimSpace(part), "-")
		if !two {
			high = low
		}
		first, err := strconv.Atoi(low)
		last, err2 := strconv.Atoi(high)
		if err != nil || err2 != nil {
			return nil, errors.New("is not a list of VIDs such as 100-199,300")
		}
		ranges = append(ranges, VIDRange{first, last})
	}
	return ranges, checkVIDs(ranges)
}

// FormatVIDs writes ranges as ParseVIDs reads them.
func FormatVIDs(ranges []VIDRange) string {
	parts := make([]string, len(ranges))
	for i, r := range ranges {
		parts[i] = strconv.Itoa(r.First)
		if r.Last != r.First {
			parts[i] += "-" + strconv.Itoa(r.Last)
		}
	}
	return strings.Join(parts, ",")
}

func checkVIDs(ranges []VIDRange) error {
	for i, r := range ranges {
		if r.First < EveryVID.First || r.Last > EveryVID.Last || r.First > r.Last {
			return fmt.Errorf("holds %d-%d, which is not an ascending range within %d-%d", r.First, r.Last, EveryVID.First, EveryVID.Last)
		}
		for _, other := range ranges[:i] {
			if r.First <= other.Last && other.First <= r.Last {
				return fmt.Errorf("holds %d-%d and %d-%d, which overlap", other.First, other.Last, r.First, r.Last)
			}
		}
	}
	return nil
}
