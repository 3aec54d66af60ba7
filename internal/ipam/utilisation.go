package ipam

// Utilisation says how full a prefix is, in percent from 0 to 100. Denominators are NetBox's: the
// size less 2 for an IPv4 block that is no pool and shorter than /31, else the size. Another rule is
// known (Nautobot drops two addresses only while neither is recorded); one had to be chosen.
func (x *Index) Utilisation(p Prefix) float64 {
	whole := spanOf(p.CIDR)
	switch {
	case p.Utilised:
		return 100
	case p.Status == Container:
		return percent(x.carved(p), whole.size())
	}
	t := x.find(p.VRF)
	full := within(t.utilised, whole)
	used := total(full).plus(number{0, uint64(outside(between(t.hosts, whole), full))})
	size := whole.size()
	if p.CIDR.Addr().Is4() && p.CIDR.Bits() < 31 && !p.Pool {
		size = size.minus(number{0, 2})
	}
	return percent(used, size)
}

// carved is how many addresses of a block the prefixes inside it cover, each counted once.
func (x *Index) carved(p Prefix) number {
	free := total(gaps(spanOf(p.CIDR), x.Covered(p)))
	return spanOf(p.CIDR).size().minus(free)
}

// AggregateUtilisation says how much of an aggregate the prefixes of every VRF cover, in percent.
func (x *Index) AggregateUtilisation(a Aggregate) float64 {
	var covered []span
	for vrf := range x.tables {
		block, known, err := x.Block(vrf, a.CIDR)
		if err == nil && known {
			return 100
		}
		for _, p := range x.Covered(block) {
			covered = append(covered, spanOf(p.CIDR))
		}
	}
	return percent(total(merged(covered)), spanOf(a.CIDR).size())
}

func percent(part, whole number) float64 {
	return min(100, part.float()/whole.float()*100)
}
