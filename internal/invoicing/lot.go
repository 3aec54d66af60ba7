package invoicing

import (
	"errors"
	"fmt"
	"strings"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/share"
	"vigie/billing/statement"
	"vigie/internal/inventory"
)

// lot makes the invoice of one lot and its split. What has no price is refused
// before, what has no key after: its amount stays on the invoice, under the payer
// Unassigned.
func (m *maker) lot(key string, penalties []Penalty) (Lot, []Refusal, error) {
	draft := invoice.Draft{Lot: key, Month: m.period.From}
	var subjects []statement.Subject
	var refusals []Refusal
	for _, l := range m.x.Links {
		if l.Lot != key {
			continue
		}
		subject, err := m.subject(l)
		if err != nil {
			return Lot{}, nil, err
		}
		charges, err := m.charges(l)
		if err != nil {
			refusals = append(refusals, Refusal{Link: l.Ref, Site: subject.Site, Reason: err.Error()})
			continue
		}
		subjects = append(subjects, subject)
		draft.Charges = append(draft.Charges, charges...)
	}
	for _, p := range penalties {
		if p.Lot == key {
			draft.Credits = append(draft.Credits, invoice.Credit{Lot: key, Link: p.Link, Day: p.Day, HT: p.Cents, Cause: cause(p), Clause: string(p.Kind)})
		}
	}
	made, err := invoice.Build(draft)
	if err != nil {
		return Lot{}, nil, err
	}
	split, more, err := m.split(made, subjects)
	return Lot{Key: key, Invoice: made, Statement: split}, append(refusals, more...), err
}

func cause(p Penalty) string {
	if p.Ticket == "" {
		return "availability"
	}
	return p.Ticket
}

// subject names who pays for a link: the only member of its sites, or the keys
// that share it.
func (m *maker) subject(l inventory.Link) (statement.Subject, error) {
	var names []string
	for _, site := range m.x.SitesOfLink(l) {
		names = append(names, site.Name)
	}
	s := statement.Subject{Link: l.Ref, Site: strings.Join(names, " ; ")}
	payers := m.x.OrganisationsOfLink(l, m.served(l).LastDay())
	if len(payers) == 1 {
		s.Payer = payers[0]
		return s, nil
	}
	keys, err := m.keys(inventory.PayerSubject(l))
	s.Keys = keys
	return s, err
}

// keys are the versions of the split key of a subject.
func (m *maker) keys(subject string) ([]share.Key, error) {
	var keys []share.Key
	for _, row := range m.x.Keys {
		if row.Subject != subject {
			continue
		}
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

// split shares the invoice. Subjects that are refused are billed to Unassigned in
// a second pass, so that the rest of the lot is not held up by them and the sum is
// still the invoice's.
func (m *maker) split(made invoice.Invoice, subjects []statement.Subject) (statement.Statement, []Refusal, error) {
	in := statement.Input{Invoice: made, Subjects: subjects, Imputations: map[string]string{Unassigned: "-"}}
	for _, o := range m.x.Organisations {
		in.Imputations[o.Key] = o.BudgetLine
	}
	split, err := statement.Build(in)
	var refused *statement.RefusedError
	if !errors.As(err, &refused) {
		return split, nil, err
	}
	reasons := map[string]string{}
	for _, r := range refused.Refusals {
		if reasons[r.Link] == "" {
			reasons[r.Link] = r.String()
		}
	}
	var refusals []Refusal
	for i, s := range subjects {
		if reasons[s.Link] == "" {
			continue
		}
		in.Subjects[i] = statement.Subject{Link: s.Link, Site: s.Site, Payer: Unassigned}
		refusals = append(refusals, Refusal{Link: s.Link, Site: s.Site, Reason: reasons[s.Link], HT: net(made, s.Link)})
	}
	split, err = statement.Build(in)
	return split, refusals, err
}

// net is what a link costs on the invoice, before tax.
func net(made invoice.Invoice, link string) money.Cents {
	var sum money.Cents
	for _, line := range made.Lines {
		if line.Link == link {
			sum += line.HT
		}
	}
	return sum
}
