package invoicing

import (
	"errors"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/statement"
)

// lot makes the invoice of one lot and its split, and adds its penalties and
// refusals to the bill. What has no price is refused before the invoice, what has
// no key after it: its amount stays there, under the payer Unassigned.
func (m *maker) lot(key string, b *Bill) (Lot, error) {
	draft := invoice.Draft{Lot: key, Month: m.period.From}
	var subjects []statement.Subject
	for _, l := range m.x.Links {
		if l.Lot != key {
			continue
		}
		subject, err := m.subject(l)
		if err != nil {
			b.refuse(subject, NoKey, err.Error())
			continue
		}
		charges, err := m.charges(l)
		if err != nil {
			b.refuse(subject, NoPrice, err.Error())
			continue
		}
		penalties, err := m.penalties(l, &b.Coverage)
		if err != nil {
			b.refuse(subject, NoPenalty, err.Error())
		}
		subjects = append(subjects, subject)
		draft.Charges = append(draft.Charges, charges...)
		for _, p := range penalties {
			draft.Credits = append(draft.Credits, p.credit())
		}
		b.Penalties = append(b.Penalties, penalties...)
	}
	made, err := invoice.Build(draft)
	if err != nil {
		return Lot{}, err
	}
	split, err := m.split(made, subjects, b)
	return Lot{Key: key, Invoice: made, Statement: split}, err
}

func (b *Bill) refuse(s statement.Subject, cause Cause, reason string) {
	b.Refusals = append(b.Refusals, Refusal{Link: s.Link, Site: s.Site, Cause: cause, Reason: reason})
}

func (p Penalty) credit() invoice.Credit {
	cause := p.Ticket
	if cause == "" {
		cause = "availability"
	}
	return invoice.Credit{Lot: p.Lot, Link: p.Link, Day: p.Day, HT: p.Cents, Cause: cause, Clause: string(p.Kind)}
}

// split shares the invoice. Subjects that are refused are billed to Unassigned in
// a second pass, so that the rest of the lot is not held up by them and the sum is
// still the invoice's.
func (m *maker) split(made invoice.Invoice, subjects []statement.Subject, b *Bill) (statement.Statement, error) {
	in := statement.Input{Invoice: made, Subjects: subjects, Imputations: map[string]string{Unassigned: "-"}}
	for _, o := range m.x.Organisations {
		in.Imputations[o.Key] = o.BudgetLine
	}
	split, err := statement.Build(in)
	var refused *statement.RefusedError
	if !errors.As(err, &refused) {
		return split, err
	}
	first := map[string]statement.Refusal{}
	for _, r := range refused.Refusals {
		if _, known := first[r.Link]; !known {
			first[r.Link] = r
		}
	}
	for i, s := range subjects {
		r, ok := first[s.Link]
		if !ok {
			continue
		}
		in.Subjects[i] = statement.Subject{Link: s.Link, Site: s.Site, Payer: Unassigned}
		cause := NoKey
		if errors.Is(r.Err, statement.ErrNoImputation) {
			cause = NoBudgetLine
		}
		b.Refusals = append(b.Refusals, Refusal{Link: s.Link, Site: s.Site, Cause: cause, Reason: r.String(), HT: net(made, s.Link)})
	}
	return statement.Build(in)
}

// net is what a link costs on the invoice, before tax.
func net(made invoice.Invoice, link string) money.Cents {
	var sum money.Cents // within the invoice's total, which is in range
	for _, line := range made.Lines {
		if line.Link == link {
			sum += line.HT
		}
	}
	return sum
}
