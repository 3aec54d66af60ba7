package vantage

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// Part is what one prober looks at: links, by ID, in rising order.
type Part struct {
	// First are the links that are this prober's own; it alone asks their routers,
	// because counters must have one reader.
	First []int64
	// Second are links of another prober's that it looks at too, as a second vantage
	// point.
	Second []int64
}

// Split spreads links over the probers at work, by name. Each link has one first
// prober, and for so many percent of them (0 to 100) there is a second, another one
// where there is another. Who looks at a link depends on the link and on the names
// alone: a prober that goes gives away its own links, and gets them back with its
// return.
func Split(links []int64, probers []string, secondPercent int) map[string]Part {
	out := make(map[string]Part, len(probers))
	for _, link := range links {
		first, second := rank(link, probers)
		if first == "" {
			continue
		}
		p := out[first]
		p.First = append(p.First, link)
		out[first] = p
		if second != "" && int(weigh("", link)%100) < secondPercent {
			p := out[second]
			p.Second = append(p.Second, link)
			out[second] = p
		}
	}
	for name, p := range out {
		slices.Sort(p.First)
		slices.Sort(p.Second)
		out[name] = p
	}
	return out
}

// rank gives the two probers that weigh most for a link, empty where there is none.
func rank(link int64, probers []string) (first, second string) {
	var most, next uint64
	for _, name := range probers {
		w := weigh(name, link)
		switch {
		case first == "" || heavier(w, most, name, first):
			second, next = first, most
			first, most = name, w
		case second == "" || heavier(w, next, name, second):
			second, next = name, w
		}
	}
	return first, second
}

// heavier compares by weight, and by name where two weigh the same.
func heavier(a, b uint64, nameA, nameB string) bool {
	return cmp.Or(cmp.Compare(a, b), cmp.Compare(nameB, nameA)) > 0
}

// weigh is the weight of a prober for a link: highest random weight (Thaler and
// Ravishankar 1998).
func weigh(name string, link int64) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(name)) // a hash never fails to write (hash.Hash)
	x := hash.Sum64() ^ uint64(link)*0x9e3779b97f4a7c15
	// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): without it names that are
	// alike would weigh alike.
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
