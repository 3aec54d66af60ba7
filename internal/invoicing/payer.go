package invoicing

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"vigie/billing/money"
	"vigie/billing/share"
	"vigie/billing/statement"
	"vigie/billing/tariff"
	"vigie/internal/inventory"
)

// subject names who pays for a link in the month: the only member of its sites,
// or the keys that share it.
func (m *maker) subject(l inventory.Link) (statement.Subject, error) {
	var names []string
	for _, site := range m.x.SitesOfLink(l) {
		names = append(names, site.Name)
	}
	s := statement.Subject{Link: l.Ref, Site: strings.Join(names, " ; ")}
	turns := m.turns(l)
	if len(turns) == 1 && len(turns[0].payers) == 1 {
		s.Payer = turns[0].payers[0]
		return s, nil
	}
	for _, t := range turns {
		if len(t.payers) == 1 {
			s.Keys = append(s.Keys, alone(t))
			continue
		}
		keys, err := m.keysIn(inventory.PayerSubject(l), t.Period)
		if err != nil {
			return s, err
		}
		s.Keys = append(s.Keys, keys...)
	}
	return s, nil
}

// turn is a part of the month with the same members on the sites of a link.
type turn struct {
	tariff.Period
	payers []string
}

// turns cut the month on the days when the members of a link's sites change: when
// the last establishment of one of them closes.
func (m *maker) turns(l inventory.Link) []turn {
	var closings []time.Time
	for _, site := range l.Sites {
		for _, e := range m.x.EstablishmentsOfSite(site) {
			closings = append(closings, e.Ends)
		}
	}
	var out []turn
	for _, p := range pieces(m.period, closings) {
		payers := m.x.OrganisationsOfLink(l, p.From)
		if n := len(out) - 1; n >= 0 && slices.Equal(out[n].payers, payers) {
			out[n].To = p.To
			continue
		}
		out = append(out, turn{p, payers})
	}
	return out
}

// payerDays are the days of the month on which the payers of a link change, or
// their shares.
func (m *maker) payerDays(l inventory.Link) []time.Time {
	var days []time.Time
	turns := m.turns(l)
	for _, t := range turns {
		days = append(days, t.From)
	}
	if len(turns) == 1 && len(turns[0].payers) == 1 {
		return days // whose key, if there is one, shares nothing
	}
	for _, k := range m.keys[inventory.PayerSubject(l)] {
		days = append(days, k.From, k.To)
	}
	return days
}

// alone is the ground of a member that pays whole for a part of the month only. It
// has no id, as for a payer without key.
func alone(t turn) share.Key {
	return share.Key{
		From: t.From, To: t.To, Legal: "only member on the sites of the link",
		Weights: []share.Weight{{Payer: t.payers[0], Value: big.NewRat(1, 1)}},
	}
}

// keysIn are the versions of a split key that touch a part of the month. One that
// reaches over an end inside the month stops there.
func (m *maker) keysIn(subject string, during tariff.Period) ([]share.Key, error) {
	versions, err := m.versions(subject)
	if err != nil {
		return nil, err
	}
	var keys []share.Key
	for _, k := range versions {
		if !k.From.Before(during.To) || !k.To.IsZero() && !k.To.After(during.From) {
			continue
		}
		if during.From.After(m.period.From) && k.From.Before(during.From) {
			k.From = during.From
		}
		if during.To.Before(m.period.To) && (k.To.IsZero() || k.To.After(during.To)) {
			k.To = during.To
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// versions are all versions of the split key of a subject, by date.
func (m *maker) versions(subject string) ([]share.Key, error) {
	var keys []share.Key
	for _, row := range m.keys[subject] {
		if n := len(keys); n == 0 || !keys[n-1].From.Equal(row.From) {
			keys = append(keys, share.Key{ID: subject, From: row.From, To: row.To, Basis: row.Basis, Legal: row.Legal})
		}
		weight, err := money.ParseDecimal(row.Weight)
		if err != nil {
			return nil, fmt.Errorf("key of %s, weight of %s: %w", subject, row.Organisation, err)
		}
		k := &keys[len(keys)-1]
		k.Weights = append(k.Weights, share.Weight{Payer: row.Organisation, Value: weight})
	}
	return keys, nil
}
