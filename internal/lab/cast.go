package lab

import "slices"

// massLeast is the fewest links of a POP whose failure together tells that the
// POP itself failed.
const massLeast = 3

// cast are the parts of the script: references of links, keys of POPs and of a
// site; "" where the topology has nobody for it. No link plays twice.
type cast struct {
	cut, slow, dead, flapping string
	failing, works            string
	dark                      string
	walled                    string // a link behind whose router something is known
}

func newCast(topology Topology, seed uint64) cast {
	draws := newDice(seed, "script")
	var c cast
	failing, _ := middlingPOP(topology)
	c.failing = failing.key
	taken := make(map[string]bool)
	if link, exists := linkToCut(topology, failing.key, draws); exists {
		c.cut = link.Ref
		taken[link.Ref] = true
	}
	for _, p := range topology.pops() { // the smallest that is not the failing one
		if len(p.links) >= massLeast && p.key != failing.key {
			c.works = p.key
			break
		}
	}
	// Whose POP fails or is worked on has had its part.
	free := func(link Link) bool {
		return !taken[link.Ref] && (link.POP == "" || link.POP != c.failing && link.POP != c.works)
	}
	c.dark = siteOfTwoOperators(topology, free)
	sites := topology.accesses()
	alone := func(link Link) bool { return free(link) && len(sites.beside(link)) == 1 }
	for _, part := range []struct {
		ref    *string
		suited func(Link) bool
	}{
		{&c.slow, alone},
		{&c.dead, func(link Link) bool { return alone(link) && link.Demarcation.IsValid() }},
		{&c.flapping, alone},
		{&c.walled, func(link Link) bool { return alone(link) && link.Firewall.IsValid() }},
	} {
		suited := slices.DeleteFunc(slices.Clone(topology.Links), func(link Link) bool { return !part.suited(link) })
		if len(suited) == 0 {
			continue
		}
		link := suited[draws.below(uint64(len(suited)))]
		*part.ref = link.Ref
		taken[link.Ref] = true
	}
	return c
}

// siteOfTwoOperators returns the first site, by key, where accesses of at least
// two operators end and all may be used; "" when there is none.
func siteOfTwoOperators(topology Topology, free func(Link) bool) string {
	var found []string
	for site, links := range topology.accesses() {
		operators := make(map[string]bool)
		usable := true
		for _, i := range links {
			operators[topology.Links[i].Operator] = true
			usable = usable && free(topology.Links[i])
		}
		if usable && len(operators) > 1 {
			found = append(found, site)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Min(found)
}

// middlingPOP returns the median by size of the POPs whose failure can be told
// from single cuts, false when there is none.
func middlingPOP(topology Topology) (pop, bool) {
	pops := slices.DeleteFunc(topology.pops(), func(p pop) bool { return len(p.links) < massLeast })
	if len(pops) == 0 {
		return pop{}, false
	}
	return pops[len(pops)/2], true
}

// linkToCut draws a link off the failing POP, if possible one whose sites have
// no other access, so that the cut is felt.
func linkToCut(topology Topology, failing string, draws *dice) (Link, bool) {
	accesses := make(map[string]int)
	for _, link := range topology.Links {
		for _, site := range link.Sites {
			accesses[site]++
		}
	}
	var single, others []Link
	for _, link := range topology.Links {
		shared := slices.ContainsFunc(link.Sites, func(site string) bool { return accesses[site] > 1 })
		switch {
		case failing != "" && link.POP == failing:
		case shared:
			others = append(others, link)
		default:
			single = append(single, link)
		}
	}
	candidates := single
	if len(candidates) == 0 {
		candidates = others
	}
	if len(candidates) == 0 {
		return Link{}, false
	}
	return candidates[draws.below(uint64(len(candidates)))], true
}
