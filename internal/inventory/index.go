package inventory

import (
	"slices"
	"time"

	"vigie/internal/contract"
	"vigie/internal/org"
)

// Index answers questions about a snapshot without walking it. It is read-only, so any number
// of goroutines may share one. A day is a civil day at midnight UTC.
type Index struct {
	Snapshot
	organisations  map[string]int
	communes       map[string]int
	sites          map[string]int
	operators      map[string]int
	pops           map[string]int
	lots           map[string]int
	links          map[string]int
	linkIDs        map[int64]int
	linksOfSite    map[string][]int
	schoolsOfSite  map[string][]int
	contactsOfSite map[string][]int
	routersOfLink  map[string][]int
	clausesOfLot   map[string][]int
	pricesOfLot    map[string][]int
	termsOfLink    map[string][]int
	sharesOf       map[string][]int
	checkIDs       map[int64]int
	checksOf       map[string][]int // by subjectOf
}

// NewIndex sorts the snapshot and indexes it.
func NewIndex(s Snapshot) *Index {
	s.Sort()
	x := &Index{
		Snapshot:       s,
		organisations:  index(s.Organisations, func(o org.Organisation) string { return o.Key }),
		communes:       index(s.Communes, func(c Commune) string { return c.INSEE }),
		sites:          index(s.Sites, func(v Site) string { return v.Key }),
		operators:      index(s.Operators, func(o Operator) string { return o.Key }),
		pops:           index(s.POPs, func(p POP) string { return p.Key }),
		lots:           index(s.Lots, func(l contract.Lot) string { return l.Key }),
		links:          index(s.Links, func(l Link) string { return l.Ref }),
		linkIDs:        index(s.Links, func(l Link) int64 { return l.ID }),
		schoolsOfSite:  group(s.Establishments, func(e Establishment) string { return e.Site }),
		contactsOfSite: group(s.Contacts, func(c Contact) string { return c.Site }),
		routersOfLink:  group(s.Routers, func(r Router) string { return r.Link }),
		clausesOfLot:   group(s.Clauses, func(c contract.Clause) string { return c.Lot }),
		pricesOfLot:    group(s.Prices, func(p contract.Price) string { return p.Lot }),
		termsOfLink:    group(s.Terms, func(t contract.Terms) string { return t.Link }),
		sharesOf:       group(s.Keys, func(k KeyShare) string { return k.Subject }),
		checkIDs:       index(s.Checks, func(c Check) int64 { return c.ID }),
		checksOf:       group(s.Checks, func(c Check) string { return subjectOf(c.Scope, c.Subject) }),
		linksOfSite:    map[string][]int{},
	}
	for i, l := range s.Links {
		for _, key := range l.Sites {
			x.linksOfSite[key] = append(x.linksOfSite[key], i)
		}
	}
	return x
}

func index[T any, K comparable](rows []T, key func(T) K) map[K]int {
	m := make(map[K]int, len(rows))
	for i, row := range rows {
		m[key(row)] = i
	}
	return m
}

func group[T any](rows []T, key func(T) string) map[string][]int {
	m := make(map[string][]int)
	for i, row := range rows {
		m[key(row)] = append(m[key(row)], i)
	}
	return m
}

func find[T any, K comparable](rows []T, m map[K]int, key K) (T, bool) {
	i, ok := m[key]
	if !ok {
		var none T
		return none, false
	}
	return rows[i], true
}

func pick[T any](rows []T, places []int) []T {
	picked := make([]T, len(places))
	for i, place := range places {
		picked[i] = rows[place]
	}
	return picked
}

// Organisation finds an organisation by its key.
func (x *Index) Organisation(key string) (org.Organisation, bool) {
	return find(x.Organisations, x.organisations, key)
}

// Commune finds a commune by its INSEE code.
func (x *Index) Commune(insee string) (Commune, bool) { return find(x.Communes, x.communes, insee) }

// Site finds a site by its key.
func (x *Index) Site(key string) (Site, bool) { return find(x.Sites, x.sites, key) }

// Operator finds an operator by its key.
func (x *Index) Operator(key string) (Operator, bool) { return find(x.Operators, x.operators, key) }

// POP finds a POP by its key.
func (x *Index) POP(key string) (POP, bool) { return find(x.POPs, x.pops, key) }

// Lot finds a lot by its key.
func (x *Index) Lot(key string) (contract.Lot, bool) { return find(x.Lots, x.lots, key) }

// Link finds a link by the operator's service reference.
func (x *Index) Link(ref string) (Link, bool) { return find(x.Links, x.links, ref) }

// LinkByID finds a link by its numeric id.
func (x *Index) LinkByID(id int64) (Link, bool) { return find(x.Links, x.linkIDs, id) }

// SitesOfLink gives the sites that a link serves; the first carries the access.
func (x *Index) SitesOfLink(l Link) []Site {
	sites := make([]Site, 0, len(l.Sites))
	for _, key := range l.Sites {
		if site, ok := x.Site(key); ok {
			sites = append(sites, site)
		}
	}
	return sites
}

// LinksOfSite gives the links that serve a site, ended ones included.
func (x *Index) LinksOfSite(site string) []Link { return pick(x.Links, x.linksOfSite[site]) }

// EstablishmentsOfSite gives the establishments of a site, ended ones included.
func (x *Index) EstablishmentsOfSite(site string) []Establishment {
	return pick(x.Establishments, x.schoolsOfSite[site])
}

// ContactsOfSite gives the people reachable at a site, in the order of their keys.
func (x *Index) ContactsOfSite(site string) []Contact {
	return pick(x.Contacts, x.contactsOfSite[site])
}

// RouterOfLink gives the router of a link that is looked at on a day: of those in force with an
// address the first by key, one that is asked by SNMP before one that is not.
func (x *Index) RouterOfLink(ref string, day time.Time) (Router, bool) {
	var found Router
	for _, r := range pick(x.Routers, x.routersOfLink[ref]) {
		if !InForce(time.Time{}, r.Ends, day) || !r.Address.IsValid() {
			continue
		}
		if found.Key == "" || found.SNMP == "" && r.SNMP != "" {
			found = r
		}
	}
	return found, found.Key != ""
}

// OrganisationsOfSite gives, sorted, the keys of those who pay for a site on a day: the members
// that answer for its establishments, or its owner where no establishment is left.
func (x *Index) OrganisationsOfSite(site string, day time.Time) []string {
	var keys []string
	for _, e := range x.EstablishmentsOfSite(site) {
		if InForce(time.Time{}, e.Ends, day) {
			keys = append(keys, e.Organisation)
		}
	}
	if owner, ok := x.Site(site); ok && len(keys) == 0 {
		keys = []string{owner.Organisation}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// OrganisationsOfLink gives, sorted, the keys of those who pay for the sites of a link on a day.
// With more than one, the link is shared and needs a key in force (KeyAt of its PayerSubject).
func (x *Index) OrganisationsOfLink(l Link, day time.Time) []string {
	var keys []string
	for _, site := range l.Sites {
		keys = append(keys, x.OrganisationsOfSite(site, day)...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// OwnersOfSite gives the keys of those to whom a site belongs in terms of territory: its owner,
// those who pay for it, and those among whom its key splits the cost.
func (x *Index) OwnersOfSite(site Site, day time.Time) []string {
	owners := append(x.OrganisationsOfSite(site.Key, day), site.Organisation)
	for _, share := range x.KeyAt(site.Key, day) {
		owners = append(owners, share.Organisation)
	}
	return owners
}

// OwnersOfLink gives those of its sites, and those who pay for it as a grappe.
func (x *Index) OwnersOfLink(l Link, day time.Time) []string {
	var owners []string
	for _, site := range x.SitesOfLink(l) {
		owners = append(owners, x.OwnersOfSite(site, day)...)
	}
	for _, share := range x.KeyAt(l.Ref, day) {
		owners = append(owners, share.Organisation)
	}
	return owners
}

// PayerSubject names what the split key of a link is about: its site, or the link itself when
// it is a grappe, whose several sites have no common key of their own.
func PayerSubject(l Link) string {
	if len(l.Sites) == 1 {
		return l.Sites[0]
	}
	return l.Ref
}

// KeyAt gives the shares of the split key of a subject in force on a day, by organisation; none
// when no key is in force.
func (x *Index) KeyAt(subject string, day time.Time) []KeyShare {
	var shares []KeyShare
	for _, share := range pick(x.Keys, x.sharesOf[subject]) {
		if InForce(share.From, share.To, day) {
			shares = append(shares, share)
		}
	}
	return shares
}

// ClauseAt gives the clause of a lot in force on a day: the latest version not after it.
func (x *Index) ClauseAt(lot string, day time.Time) (contract.Clause, bool) {
	places := x.clausesOfLot[lot]
	for _, place := range slices.Backward(places) {
		if c := x.Clauses[place]; !c.From.After(day) {
			return c, true
		}
	}
	return contract.Clause{}, false
}

// PriceAt gives the price of an item of a lot on a day.
func (x *Index) PriceAt(lot, item string, day time.Time) (contract.Price, bool) {
	for _, place := range x.pricesOfLot[lot] {
		if p := x.Prices[place]; p.Item == item && InForce(p.From, p.To, day) {
			return p, true
		}
	}
	return contract.Price{}, false
}

// TermsOf gives what was ever bought under a link, in order of date: first what its own row
// holds from its start on.
func (x *Index) TermsOf(l Link) []contract.Terms {
	return append([]contract.Terms{l.Terms()}, pick(x.Terms, x.termsOfLink[l.Ref])...)
}

// TermsAt gives what is bought under a link on a day: the latest terms not after it, its own
// before any other.
func (x *Index) TermsAt(l Link, day time.Time) contract.Terms {
	for _, place := range slices.Backward(x.termsOfLink[l.Ref]) {
		if t := x.Terms[place]; !t.From.After(day) {
			return t
		}
	}
	return l.Terms()
}
