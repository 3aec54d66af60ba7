package incident

import (
	"vigie/internal/linkstate"
)

// formSites opens a site incident where every access of a site failed at once:
// power or premises, no operator's fault (R5).
func (e *engine) formSites() {
	seen := map[int64]bool{}
	for _, i := range e.down {
		for _, site := range e.topo.links[i].Sites {
			if seen[site] {
				continue
			}
			seen[site] = true
			members := e.topo.bySite[site]
			if e.topo.redundant(site) && e.siteFailed(members) {
				e.start(Incident{Kind: KindSite, Start: e.earliest(members), Site: site}, members)
			}
		}
	}
}

// siteFailed reports whether all links of a site are down together and free:
// in no mass or other site, without ticket, not flapping, not left behind by a
// mass. Maintenance does not matter, an unknown link does.
func (e *engine) siteFailed(members []int) bool {
	start := e.earliest(members)
	for _, i := range members {
		row := &e.links[i]
		if row.State.Status != linkstate.Down || row.Flapping || row.State.Since.Sub(start) > e.policy.SiteWindow {
			return false
		}
		inc := e.of(i)
		if inc != nil && (inc.Ticket != 0 || inc.Straggler || inc.wide() || inc.Kind == KindSite) {
			return false
		}
	}
	return true
}
