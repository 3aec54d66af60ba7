package statement

import (
	"vigie/billing/invoice"
	"vigie/billing/money"
)

// Check returns an error unless the statement is its invoice to the cent: each
// member's totals are those of its lines, and the members add up to the invoice
// and to the statement's own totals, for HT, VAT, TTC and credits. The error is
// an *ImbalanceError for the first figure that differs, or money.ErrOverflow.
func (s Statement) Check(of invoice.Invoice) error {
	var members invoice.Totals
	for _, m := range s.Members {
		lines, err := m.sum()
		if err != nil {
			return err
		}
		if err := equal(" of payer "+m.Payer, lines, m.Totals); err != nil {
			return err
		}
		if members, err = members.Plus(lines); err != nil {
			return err
		}
	}
	if err := equal(" of all payers", members, of.Totals); err != nil {
		return err
	}
	return equal(" of the statement", s.Totals, of.Totals)
}

// sum adds up a member's lines and credits.
func (m Member) sum() (invoice.Totals, error) {
	var sums invoice.Totals
	var err error
	for _, line := range m.Lines {
		if sums, err = sums.Plus(invoice.Totals{HT: line.HT, VAT: line.VAT, TTC: line.TTC}); err != nil {
			return invoice.Totals{}, err
		}
	}
	for _, credit := range m.Credits {
		if sums, err = sums.Plus(invoice.Totals{Credits: credit.HT}); err != nil {
			return invoice.Totals{}, err
		}
	}
	return sums, nil
}

func equal(whose string, got, want invoice.Totals) error {
	for _, figure := range []struct {
		name      string
		got, want money.Cents
	}{
		{"HT", got.HT, want.HT},
		{"VAT", got.VAT, want.VAT},
		{"TTC", got.TTC, want.TTC},
		{"HT + VAT", got.HT + got.VAT, want.TTC},
		{"credits", got.Credits, want.Credits},
	} {
		if figure.got != figure.want {
			return &ImbalanceError{Figure: figure.name + whose, Got: figure.got, Want: figure.want}
		}
	}
	return nil
}
