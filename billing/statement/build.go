package statement

import (
	"fmt"
	"maps"
	"slices"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/share"
)

// Input is an invoice and what its split needs.
type Input struct {
	Invoice     invoice.Invoice
	Subjects    []Subject         // the links of the market, each once
	Imputations map[string]string // budget line by payer key
}

// Build splits an invoice between its payers. Either the whole statement is
// returned and adds up to the invoice, or an error: a *RefusedError that names
// every subject without a ground to split on, an *ImbalanceError when the
// invoice's own totals are not those of its lines, or money.ErrOverflow.
func Build(in Input) (Statement, error) {
	r, err := newRegister(in)
	if err != nil {
		return Statement{}, err
	}
	lines := make([]ground, len(in.Invoice.Lines))
	for i, line := range in.Invoice.Lines {
		lines[i] = r.ground(line.Link, line.Period.From, line.Period.LastDay())
	}
	credits := make([]ground, len(in.Invoice.Credits))
	for i, credit := range in.Invoice.Credits {
		credits[i] = r.ground(credit.Link, credit.Day, credit.Day)
	}
	if len(r.refusals) > 0 {
		return Statement{}, &RefusedError{Lot: in.Invoice.Lot, Refusals: r.refusals}
	}

	b := builder{members: make(map[string]*Member), imputations: in.Imputations}
	for i, line := range in.Invoice.Lines {
		if err := b.addLine(line, lines[i]); err != nil {
			return Statement{}, fmt.Errorf("split line %s: %w", line.Key(), err)
		}
	}
	for i, credit := range in.Invoice.Credits {
		if err := b.addCredit(credit, credits[i]); err != nil {
			return Statement{}, fmt.Errorf("split credit %s: %w", credit.Key(), err)
		}
	}
	made := Statement{Lot: in.Invoice.Lot, Month: in.Invoice.Month, Totals: in.Invoice.Totals}
	for _, payer := range slices.Sorted(maps.Keys(b.members)) {
		member := *b.members[payer]
		if member.Totals, err = member.sum(); err != nil {
			return Statement{}, fmt.Errorf("total of payer %s: %w", payer, err)
		}
		made.Members = append(made.Members, member)
	}
	if err := made.Check(in.Invoice); err != nil {
		return Statement{}, err
	}
	return made, nil
}

// builder gathers the members of a statement.
type builder struct {
	members     map[string]*Member
	imputations map[string]string
}

func (b builder) member(payer string) *Member {
	if b.members[payer] == nil {
		b.members[payer] = &Member{Payer: payer, Imputation: b.imputations[payer]}
	}
	return b.members[payer]
}

func (b builder) addLine(line invoice.Line, g ground) error {
	ht, err := share.Allocate(line.HT, g.weights)
	if err != nil {
		return err
	}
	vat, err := share.Allocate(line.VAT, g.weights)
	if err != nil {
		return err
	}
	for i, w := range g.weights {
		ttc, err := money.Sum(ht[i].Cents, vat[i].Cents)
		if err != nil {
			return err
		}
		m := b.member(w.Payer)
		m.Lines = append(m.Lines, Line{
			Link: line.Link, Site: g.site, Kind: line.Kind, Period: line.Period, Rate: line.Rate,
			Share: g.shareOf(w),
			HT:    ht[i].Cents, VAT: vat[i].Cents, TTC: ttc,
			HTRemainder: ht[i].Remainder, VATRemainder: vat[i].Remainder,
		})
	}
	return nil
}

func (b builder) addCredit(credit invoice.Credit, g ground) error {
	parts, err := share.Allocate(credit.HT, g.weights)
	if err != nil {
		return err
	}
	for i, w := range g.weights {
		m := b.member(w.Payer)
		m.Credits = append(m.Credits, Credit{
			Link: credit.Link, Site: g.site, Day: credit.Day, Cause: credit.Cause, Clause: credit.Clause,
			Share: g.shareOf(w), HT: parts[i].Cents, Remainder: parts[i].Remainder,
		})
	}
	return nil
}
