package ipam_test

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"vigie/internal/ipam"
)

// parents is where the drawn plans live: small enough to count address by address.
var parents = []string{"10.0.0.0/22", "255.255.252.0/22", "2001:db8::/118", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fc00/118"}

type world struct {
	parent ipam.Prefix
	plan   ipam.Plan
	x      *ipam.Index
}

// drawWorld draws a parent with prefixes, addresses and ranges inside it, and some outside.
func drawWorld(t *rapid.T) world {
	at := netip.MustParsePrefix(rapid.SampledFrom(parents).Draw(t, "parent"))
	width := at.Addr().BitLen()
	w := world{parent: ipam.Prefix{
		CIDR:   at,
		Status: rapid.SampledFrom([]ipam.Status{ipam.Active, ipam.Container}).Draw(t, "status"),
		Pool:   rapid.Bool().Draw(t, "pool"),
	}}
	inside := func(name string) netip.Addr {
		a := at.Addr()
		for range rapid.IntRange(0, 1023).Draw(t, name) {
			a = a.Next()
		}
		return a
	}
	w.plan.Prefixes = []ipam.Prefix{w.parent}
	for range rapid.IntRange(0, 12).Draw(t, "prefixes") {
		length := rapid.IntRange(at.Bits()+1, width).Draw(t, "length")
		w.plan.Prefixes = append(w.plan.Prefixes, ipam.Prefix{CIDR: netip.PrefixFrom(inside("prefix"), length).Masked(), Status: ipam.Active})
	}
	for range rapid.IntRange(0, 20).Draw(t, "addresses") {
		mask := rapid.IntRange(at.Bits(), width).Draw(t, "mask")
		w.plan.Addresses = append(w.plan.Addresses, ipam.Address{Address: netip.PrefixFrom(inside("host"), mask)})
	}
	for range rapid.IntRange(0, 4).Draw(t, "ranges") {
		first, last := inside("start"), inside("end")
		if last.Less(first) {
			first, last = last, first
		}
		w.plan.Ranges = append(w.plan.Ranges, ipam.Range{
			Start: first, End: last, Populated: rapid.Bool().Draw(t, "populated"), Utilised: rapid.Bool().Draw(t, "utilised"),
		})
	}
	w.x = ipam.NewIndex(w.plan)
	return w
}

func (w world) every(do func(netip.Addr)) {
	for a := w.parent.CIDR.Addr(); a.IsValid() && w.parent.CIDR.Contains(a); a = a.Next() {
		do(a)
	}
}

func TestFreeAndUsedMakeTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		free := w.x.Free(w.parent)
		if !slices.IsSortedFunc(free, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) }) {
			t.Fatalf("not in address order: %v", free)
		}
		for i, f := range free[:max(0, len(free)-1)] {
			wider := netip.PrefixFrom(f.Addr(), f.Bits()-1)
			if next := free[i+1]; wider == wider.Masked() && next.Bits() == f.Bits() && wider.Contains(next.Addr()) {
				t.Fatalf("%v and %v are one block", f, next)
			}
		}
		w.every(func(a netip.Addr) {
			holders := 0
			for _, f := range free {
				if f.Contains(a) {
					holders++
				}
			}
			taken := slices.ContainsFunc(w.plan.Prefixes[1:], func(p ipam.Prefix) bool { return p.CIDR.Contains(a) })
			if taken && holders != 0 || !taken && holders != 1 {
				t.Fatalf("%v is in %d free blocks; taken is %v", a, holders, taken)
			}
		})
	})
}

func TestAllocationsLieInFreeSpaceAndNeverOverlap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		before := w.x.Free(w.parent)
		lengths := rapid.SliceOfN(rapid.IntRange(w.parent.CIDR.Bits()+1, w.parent.CIDR.Addr().BitLen()), 1, 8).Draw(t, "lengths")
		got, err := w.x.Allocate(w.parent, lengths...)
		if err != nil {
			if got != nil {
				t.Fatalf("%v and %v", got, err)
			}
			return
		}
		for i, p := range got {
			if p.Bits() != lengths[i] || p != p.Masked() {
				t.Fatalf("%v is not a /%d", p, lengths[i])
			}
			if !slices.ContainsFunc(before, func(f netip.Prefix) bool { return f.Overlaps(p) && f.Bits() <= p.Bits() }) {
				t.Fatalf("%v was not free: %v", p, before)
			}
			if slices.ContainsFunc(got[:i], p.Overlaps) {
				t.Fatalf("%v overlaps one before: %v", p, got)
			}
			w.plan.Prefixes = append(w.plan.Prefixes, ipam.Prefix{CIDR: p, Status: ipam.Active})
		}
		for _, f := range ipam.NewIndex(w.plan).Free(w.parent) {
			if slices.ContainsFunc(got, f.Overlaps) {
				t.Fatalf("%v is still free after %v", f, got)
			}
		}
	})
}

// Every free host may be recorded, no other usable one may, and counting says as many as walking.
func TestFreeHostsAreThoseThatTheRulesAccept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		free := map[netip.Addr]bool{}
		for a := range w.x.Hosts(w.parent).All() {
			free[a] = true
		}
		if n := w.x.Hosts(w.parent).Count().Int64(); n != int64(len(free)) {
			t.Fatalf("counted %d, walked %d", n, len(free))
		}
		with := w.plan
		with.Ranges = slices.Clone(w.plan.Ranges)
		var hosts []netip.Addr
		w.every(func(a netip.Addr) { hosts = append(hosts, a) })
		for _, a := range hosts[1 : len(hosts)-1] { // the ends may be unusable
			with.Addresses = append(with.Addresses, ipam.Address{Address: netip.PrefixFrom(a, a.BitLen())})
		}
		refused := map[netip.Addr]bool{}
		for _, f := range ipam.Check(with) {
			if f.Table == ipam.Addresses && f.Row >= len(w.plan.Addresses) {
				refused[with.Addresses[f.Row].Address.Addr()] = true
			}
		}
		for _, a := range hosts[1 : len(hosts)-1] {
			if free[a] == refused[a] {
				t.Fatalf("%v: free is %v, refused is %v", a, free[a], refused[a])
			}
		}
	})
}

func TestUtilisationIsAShareOfTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		var used, size float64
		w.every(func(a netip.Addr) {
			size++
			inPrefix := func(p ipam.Prefix) bool { return p.CIDR.Contains(a) }
			isHost := func(h ipam.Address) bool { return h.Address.Addr() == a }
			inRange := func(r ipam.Range) bool { return r.Utilised && !a.Less(r.Start) && !r.End.Less(a) }
			container := w.parent.Status == ipam.Container
			if container && slices.ContainsFunc(w.plan.Prefixes[1:], inPrefix) ||
				!container && (slices.ContainsFunc(w.plan.Addresses, isHost) || slices.ContainsFunc(w.plan.Ranges, inRange)) {
				used++
			}
		})
		if w.parent.Status == ipam.Active && !w.parent.Pool && w.parent.CIDR.Addr().Is4() {
			size -= 2
		}
		got, want := w.x.Utilisation(w.parent), min(100, used/size*100)
		if got < 0 || got > 100 || got-want > 1e-9 || want-got > 1e-9 {
			t.Fatalf("%.9f %%, want %.9f %%", got, want)
		}
	})
}

func TestDepthAndCoverAgreeWithTheTree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for _, p := range w.plan.Prefixes {
			around := map[netip.Prefix]bool{}
			inside := 0
			for _, other := range w.plan.Prefixes {
				switch {
				case !other.CIDR.Overlaps(p.CIDR) || other.CIDR == p.CIDR:
				case other.CIDR.Bits() < p.CIDR.Bits():
					around[other.CIDR] = true
				default:
					inside++
				}
			}
			if got := len(w.x.Covering(p)); got != len(around) {
				t.Fatalf("%v lies in %d prefixes, want %d", p.CIDR, got, len(around))
			}
			if got := len(w.x.Covered(p)); got != inside {
				t.Fatalf("%v holds %d prefixes, want %d", p.CIDR, got, inside)
			}
		}
		rows := 0
		var walk func(nodes []ipam.Node)
		walk = func(nodes []ipam.Node) {
			for _, n := range nodes {
				if !n.Gap {
					rows++
				}
				walk(n.Children)
			}
		}
		tree, err := w.x.Tree("")
		if err != nil {
			t.Fatal(err)
		}
		walk(tree)
		if rows != len(w.plan.Prefixes) {
			t.Fatalf("the tree holds %d prefixes of %d", rows, len(w.plan.Prefixes))
		}
	})
}

// What a parser accepts says the same when written and read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"10.1.2.3/16", "2001:db8::1/32", "::ffff:10.0.0.1/120", "0.0.0.0/0", "10.0.0.1", "fe80::1%eth0/64", "100-199,300"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := ipam.ParseCIDR(text); err == nil {
			if again, err := ipam.ParseCIDR(p.String()); err != nil || again != p || p.Masked() != p || p.Bits() == 0 {
				t.Errorf("%q is %v, then %v, %v", text, p, again, err)
			}
		}
		if p, err := ipam.ParseAddress(text); err == nil {
			if again, err := ipam.ParseAddress(p.String()); err != nil || again != p {
				t.Errorf("%q is %v, then %v, %v", text, p, again, err)
			}
		}
		if ranges, err := ipam.ParseVIDs(text); err == nil {
			written := ipam.FormatVIDs(ranges)
			if again, err := ipam.ParseVIDs(written); err != nil || !slices.Equal(again, ranges) {
				t.Errorf("%q is %v, then %v, %v", text, ranges, again, err)
			}
		}
	})
}
