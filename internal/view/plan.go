package view

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/ipam"
	"vigie/internal/org"
)

// PlanPage is the answer to "how is a table of the addressing plan divided?".
type PlanPage struct {
	Notices
	VRF        string // "" is the global table
	VRFs       []PlanTable
	Aggregates []PlanAggregate // with the whole territory only
	Nodes      []PlanNode
	Piece      Piece // of the nodes at the top
	Found      *PlanFinding
}

// PlanTable is a VRF, or the global table, with the number of prefixes seen.
type PlanTable struct {
	Name     string
	Prefixes int
}

// PlanAggregate is a block of a registry with how much of it is used.
type PlanAggregate struct {
	ipam.Aggregate
	Used float64 // percent
}

// PlanNode is a prefix, or a block that nothing stands on, with what is inside.
type PlanNode struct {
	ipam.Prefix
	Gap      bool     // only CIDR and VRF are set
	Hidden   bool     // outside the territory: taken, and no more is said
	Used     float64  // percent
	Place    SiteName // zero when the inventory does not have the site
	Inside   int      // prefixes inside, at any depth
	Children []PlanNode
}

// Folded reports whether there are prefixes inside that are not given here.
func (n PlanNode) Folded() bool { return n.Inside > 0 && len(n.Children) == 0 }

// Piece is a part of a list that is too long for one page.
type Piece struct {
	Number, Of int // from 1
	Total      int // rows of the whole list
}

// Limits of a page about the plan, in rows.
const (
	pieceRows = 250
	treeRows  = 400
)

// piece cuts the part of a list that a page shows; a number beyond the end is the
// last part.
func piece[T any](rows []T, number int) ([]T, Piece) {
	of := max((len(rows)+pieceRows-1)/pieceRows, 1)
	number = min(max(number, 1), of)
	from := (number - 1) * pieceRows
	return rows[from:min(from+pieceRows, len(rows))], Piece{Number: number, Of: of, Total: len(rows)}
}

// planReach is the part of the addressing plan that somebody sees.
type planReach struct {
	reach
	plan  *ipam.Index
	sites map[string]bool // whether the asker sees the site, by key
}

// planReach loads the plan for somebody who may see it at all.
func (s *Service) planReach(ctx context.Context, who org.User, now time.Time) (planReach, error) {
	r, err := s.reach(ctx, who, org.SeePlan, now)
	if err != nil {
		return planReach{}, err
	}
	plan, err := s.store.Plan(ctx)
	if err != nil {
		return planReach{}, err
	}
	p := planReach{reach: r, plan: plan, sites: make(map[string]bool, len(r.Sites))}
	for _, site := range r.Sites {
		p.sites[site.Key] = org.Allowed(who, org.SeePlan, r.OwnersOfSite(site, r.day)...)
	}
	return p, nil
}

// seesSite reports whether what belongs to a site is seen. What belongs to no site of
// the inventory is seen with the whole territory only.
func (r planReach) seesSite(key string) bool { return r.who.Territory.All || r.sites[key] }

// seesHost reports whether an address is seen: as the smallest prefix around it is.
func (r planReach) seesHost(vrf string, host netip.Addr) bool {
	if r.who.Territory.All {
		return true
	}
	around := r.plan.Covering(ipam.Prefix{CIDR: netip.PrefixFrom(host, host.BitLen()), VRF: vrf})
	if itself, known, err := r.plan.Block(vrf, netip.PrefixFrom(host, host.BitLen())); err == nil && known {
		around = append(around, itself)
	}
	return len(around) > 0 && r.seesSite(around[len(around)-1].Site)
}

// place names a site of the inventory by its key.
func (r planReach) place(key string) SiteName {
	site, ok := r.Site(key)
	if !ok {
		return SiteName{}
	}
	return r.nameSite(site)
}

func (r planReach) node(p ipam.Prefix) PlanNode {
	return PlanNode{Prefix: p, Used: r.plan.Utilisation(p), Place: r.place(p.Site), Inside: len(r.plan.Covered(p))}
}

// nodes gives what the asker sees of nodes that lie in a block. Within a block that is
// seen, one that is not is named as taken, or its free neighbours could not be told
// from it; elsewhere only what is seen inside it stays.
func (r planReach) nodes(all []ipam.Node, within bool) []PlanNode {
	var out []PlanNode
	for _, n := range all {
		switch {
		case n.Gap:
			out = append(out, PlanNode{Prefix: n.Prefix, Gap: true})
		case r.seesSite(n.Site):
			out = append(out, PlanNode{
				Prefix: n.Prefix, Used: n.Used, Place: r.place(n.Site), Inside: len(r.plan.Covered(n.Prefix)), Children: r.nodes(n.Children, true),
			})
		case within:
			out = append(out, PlanNode{Prefix: ipam.Prefix{CIDR: n.CIDR, VRF: n.VRF}, Hidden: true, Children: r.inner(n)})
		default:
			out = append(out, r.inner(n)...)
		}
	}
	return out
}

// inner gives what is seen inside a node that is not.
func (r planReach) inner(n ipam.Node) []PlanNode {
	return slices.DeleteFunc(r.nodes(n.Children, false), func(n PlanNode) bool { return n.Gap })
}

// unfold keeps what is inside nodes level by level, as long as it adds up to no more
// than the rows given; of the others only the number is said.
func unfold(nodes []PlanNode, rows int) {
	level := make([]*PlanNode, len(nodes))
	for i := range nodes {
		level[i] = &nodes[i]
	}
	rows -= len(nodes)
	for len(level) > 0 {
		var next []*PlanNode
		for _, n := range level {
			if len(n.Children) > rows {
				n.Children = nil
				continue
			}
			rows -= len(n.Children)
			for i := range n.Children {
				next = append(next, &n.Children[i])
			}
		}
		level = next
	}
}

// Plan answers for one table of the plan, with what a search finds in all of them.
func (s *Service) Plan(ctx context.Context, who org.User, q PlanQuestion, now time.Time) (PlanPage, error) {
	r, err := s.planReach(ctx, who, now)
	if err != nil {
		return PlanPage{}, err
	}
	tree, err := r.plan.Tree(q.VRF)
	if err != nil {
		return PlanPage{}, err
	}
	page := PlanPage{VRF: q.VRF, VRFs: r.tables()}
	if !slices.ContainsFunc(page.VRFs, func(t PlanTable) bool { return t.Name == q.VRF }) {
		return PlanPage{}, fault.Errorf(fault.NotFound, "no prefix of VRF %q is in the territory of user %d", q.VRF, who.ID)
	}
	if page.Notices, err = s.Notices(ctx, who, now); err != nil {
		return PlanPage{}, err
	}
	if who.Territory.All {
		for _, a := range r.plan.Aggregates {
			page.Aggregates = append(page.Aggregates, PlanAggregate{a, r.plan.AggregateUtilisation(a)})
		}
	}
	page.Nodes, page.Piece = piece(r.nodes(tree, false), q.Piece)
	unfold(page.Nodes, treeRows)
	if q.Text != "" {
		page.Found = r.find(q.Text)
	}
	return page, nil
}

// PlanQuestion asks for a table of the plan.
type PlanQuestion struct {
	VRF   string
	Text  string // an address, a prefix or words; empty finds nothing
	Piece int
}

// tables gives the global table and every VRF with a prefix that is seen, with the
// whole territory the other VRFs too.
func (r planReach) tables() []PlanTable {
	seen := map[string]int{"": 0}
	for _, v := range r.plan.VRFs {
		if r.who.Territory.All {
			seen[v.Name] = 0
		}
	}
	for _, p := range r.plan.Plan.Prefixes {
		if r.seesSite(p.Site) {
			seen[p.VRF]++
		}
	}
	var all []PlanTable
	for name, prefixes := range seen {
		all = append(all, PlanTable{name, prefixes})
	}
	slices.SortFunc(all, func(a, b PlanTable) int { return compareText(a.Name, b.Name) })
	return all
}

// SitePlan is the answer to "what does the plan give this site?".
type SitePlan struct {
	Notices
	SiteName
	VLANs    []ipam.VLAN
	Groups   []ipam.GroupUse // of the VLANs
	Prefixes []PlanNode      // by VRF and address, without children
	Hosts    []ipam.Address
	Piece    Piece // of the hosts
	Routers  []SiteRouter
}

// SiteRouter is a router on a link of the site.
type SiteRouter struct {
	inventory.Router
	LinkID int64
}

// SitePlan answers for one site; one that the plan does not name has an empty answer.
func (s *Service) SitePlan(ctx context.Context, who org.User, id int64, number int, now time.Time) (SitePlan, error) {
	r, err := s.planReach(ctx, who, now)
	if err != nil {
		return SitePlan{}, err
	}
	site, err := r.site(id)
	if err != nil {
		return SitePlan{}, err
	}
	page := SitePlan{SiteName: r.nameSite(site)}
	if page.Notices, err = s.Notices(ctx, who, now); err != nil {
		return SitePlan{}, err
	}
	page.Routers = r.routers(site)
	carried, err := r.plan.Carried(site.Key)
	if fault.KindOf(err) == fault.NotFound {
		_, page.Piece = piece[ipam.Address](nil, 1)
		return page, nil
	}
	if err != nil {
		return SitePlan{}, err
	}
	page.VLANs, page.Groups = carried.VLANs, carried.Groups
	for _, n := range carried.Prefixes {
		page.Prefixes = append(page.Prefixes, r.node(n.Prefix))
	}
	page.Hosts, page.Piece = piece(carried.Hosts, number)
	return page, nil
}

func (r planReach) routers(site inventory.Site) []SiteRouter {
	links := map[string]int64{}
	for _, link := range r.LinksOfSite(site.Key) {
		if inventory.InForce(link.Starts, link.Ends, r.day) && r.sees(org.SeeLinks, link) {
			links[link.Ref] = link.ID
		}
	}
	var all []SiteRouter
	for _, router := range r.Routers {
		if id, ok := links[router.Link]; ok && inventory.InForce(time.Time{}, router.Ends, r.day) {
			all = append(all, SiteRouter{router, id})
		}
	}
	return all
}
