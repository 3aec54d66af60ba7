package incident

import (
	"fmt"
	"slices"
)

// Owner says whose the router at the end of a link is.
type Owner string

// The owners of a router. An empty owner is taken for the operator.
const (
	OwnerOperator Owner = "operator"
	OwnerCustomer Owner = "customer"
)

// Link is one access as the decisions need it.
type Link struct {
	ID int64
	// Sites are the sites it serves: more than one for a grappe.
	Sites []int64
	// Operator sells it.
	Operator int64
	// POP is its aggregation point, 0 when not known: such a link is in no mass.
	POP int64
	// CPEOwner decides who is told of a dead router.
	CPEOwner Owner
}

// Topology is an indexed, unchanging list of links. Build it with NewTopology
// when the inventory changes, not at each cycle.
type Topology struct {
	links  []Link
	index  map[int64]int
	byPOP  map[int64][]int
	bySite map[int64][]int
}

// NewTopology indexes the links. Their order is the topology order: tickets
// opened in one cycle come in the order of their first link. It refuses an id
// that is not positive or comes twice. The caller must not change the links
// afterwards.
func NewTopology(links []Link) (Topology, error) {
	t := Topology{
		links:  links,
		index:  make(map[int64]int, len(links)),
		byPOP:  make(map[int64][]int),
		bySite: make(map[int64][]int),
	}
	for i, link := range links {
		if link.ID <= 0 {
			return Topology{}, fmt.Errorf("topology: link %d at position %d, want a positive id", link.ID, i)
		}
		if before, ok := t.index[link.ID]; ok {
			return Topology{}, fmt.Errorf("topology: link %d at positions %d and %d, want it once", link.ID, before, i)
		}
		t.index[link.ID] = i
		t.byPOP[link.POP] = append(t.byPOP[link.POP], i)
		for s, site := range link.Sites {
			if !slices.Contains(link.Sites[:s], site) {
				t.bySite[site] = append(t.bySite[site], i)
			}
		}
	}
	return t, nil
}

func (t Topology) has(link int64) bool {
	_, ok := t.index[link]
	return ok
}

// redundant reports whether a site has at least two links of at least two
// operators: only then can all of them failing at once accuse the site.
func (t Topology) redundant(site int64) bool {
	members := t.bySite[site]
	for _, i := range members[1:] {
		if t.links[i].Operator != t.links[members[0]].Operator {
			return true
		}
	}
	return false
}
