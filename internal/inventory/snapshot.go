package inventory

import (
	"cmp"
	"slices"
	"time"

	"vigie/internal/contract"
	"vigie/internal/org"
)

// Snapshot is the whole inventory at one moment, ended things included. Each slice is in the
// order of its natural key (Sort).
type Snapshot struct {
	Organisations  []org.Organisation
	Communes       []Commune
	Sites          []Site
	Establishments []Establishment
	Contacts       []Contact
	Operators      []Operator
	POPs           []POP
	Markets        []contract.Market
	Lots           []contract.Lot
	Clauses        []contract.Clause // by lot and date
	Prices         []contract.Price  // by lot, item and date
	Links          []Link
	Terms          []contract.Terms // later than a link's own, by link and date
	Routers        []Router
	Canaries       []Canary
	Keys           []KeyShare // by subject, date and organisation
	Maintenances   []Maintenance
	Checks         []Check
}

// Sort puts every slice in the order of its natural key, byte by byte.
func (s *Snapshot) Sort() {
	by(s.Organisations, func(o org.Organisation) string { return o.Key })
	by(s.Communes, func(c Commune) string { return c.INSEE })
	by(s.Sites, func(v Site) string { return v.Key })
	by(s.Establishments, func(e Establishment) string { return e.UAI })
	by(s.Contacts, func(c Contact) string { return c.Key })
	by(s.Operators, func(o Operator) string { return o.Key })
	by(s.POPs, func(p POP) string { return p.Key })
	by(s.Markets, func(m contract.Market) string { return m.Key })
	by(s.Lots, func(l contract.Lot) string { return l.Key })
	by(s.Links, func(l Link) string { return l.Ref })
	by(s.Routers, func(r Router) string { return r.Key })
	by(s.Canaries, func(c Canary) string { return c.Key })
	by(s.Maintenances, func(m Maintenance) string { return m.Key })
	by(s.Checks, func(c Check) string { return c.Key })
	slices.SortFunc(s.Clauses, func(a, b contract.Clause) int {
		return cmp.Or(cmp.Compare(a.Lot, b.Lot), a.From.Compare(b.From))
	})
	slices.SortFunc(s.Prices, func(a, b contract.Price) int {
		return cmp.Or(cmp.Compare(a.Lot, b.Lot), cmp.Compare(a.Item, b.Item), a.From.Compare(b.From))
	})
	slices.SortFunc(s.Terms, func(a, b contract.Terms) int {
		return cmp.Or(cmp.Compare(a.Link, b.Link), a.From.Compare(b.From))
	})
	slices.SortFunc(s.Keys, func(a, b KeyShare) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), a.From.Compare(b.From), cmp.Compare(a.Organisation, b.Organisation))
	})
}

func by[T any](rows []T, key func(T) string) {
	slices.SortFunc(rows, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

// InForce reports whether a thing that starts and ends on those days exists on the day. The end
// is the first day without it; a zero end is open, a zero start has always been.
func InForce(starts, ends, day time.Time) bool {
	return !day.Before(starts) && (ends.IsZero() || day.Before(ends))
}
