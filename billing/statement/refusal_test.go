package statement_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/share"
	"vigie/billing/statement"
)

func TestEverySubjectThatCannotBeSplitIsNamedAndNothingIsDone(t *testing.T) {
	t.Parallel()
	ending, unfounded, foreign := pupils(2, 1, 1), pupils(2, 1, 1), pupils(2, 1, 1)
	ending.To = may.From.AddDate(0, 0, 11)
	unfounded.Legal = ""
	foreign.Weights = slices.Clone(foreign.Weights)
	foreign.Weights[0].Payer = "54-meurthe"
	both := alone("both", "region")
	both.Keys = []share.Key{pupils(2, 1, 1)}

	links := []string{"both", "ending", "foreign", "good", "keyless-1", "keyless-2", "outside", "unfounded"}
	var charges []invoice.Charge
	for _, link := range links {
		charges = append(charges, subscription(link, 100))
	}
	made, err := statement.Build(statement.Input{
		Invoice: bill(t, charges, penalty("keyless-1", 5), penalty("outside-2", 5)),
		Subjects: []statement.Subject{
			shared("good", pupils(2, 1, 1)), shared("keyless-1"), shared("keyless-2"),
			shared("ending", ending), shared("unfounded", unfounded), shared("foreign", foreign), both,
		},
		Imputations: imputations,
	})
	if diff := cmp.Diff(statement.Statement{}, made); diff != "" {
		t.Errorf("a refused statement must be empty (-want +got):\n%s", diff)
	}
	var refused *statement.RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("error %v, want a RefusedError", err)
	}
	type refusal struct{ link, site, cause string }
	var got []refusal
	for _, r := range refused.Refusals {
		cause := r.Err.Error()
		if key := new(share.KeyError); errors.As(r.Err, &key) {
			cause = string(key.Reason)
		}
		got = append(got, refusal{r.Link, r.Site, cause})
		if !strings.Contains(err.Error(), r.Link) {
			t.Errorf("the error %q does not name %s", err, r.Link)
		}
	}
	const cite = "Cité scolaire fictive"
	want := []refusal{
		{"both", "Collège fictif", statement.ErrTwoGrounds.Error()},
		{"ending", cite, string(share.KeyEnds)},
		{"foreign", cite, `payer "54-meurthe": ` + statement.ErrNoImputation.Error()},
		{"keyless-1", cite, string(share.NoKey)},
		{"keyless-2", cite, string(share.NoKey)},
		{"outside", "", statement.ErrOutsideMarket.Error()},
		{"unfounded", cite, string(share.NoLegalBasis)},
		{"keyless-1", cite, string(share.NoKey)}, // on the day of its penalty
		{"outside-2", "", statement.ErrOutsideMarket.Error()},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(refusal{})); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
	if !errors.Is(err, statement.ErrOutsideMarket) || !errors.Is(err, statement.ErrNoImputation) {
		t.Errorf("errors.Is does not reach the causes of %v", err)
	}
}

func TestTheSameCauseOfALinkIsToldOnce(t *testing.T) {
	t.Parallel()
	installation := subscription("s", 90000)
	installation.Kind = invoice.FAS
	_, err := statement.Build(statement.Input{
		Invoice: bill(t, []invoice.Charge{subscription("s", 100), installation}), Subjects: []statement.Subject{shared("s")}, Imputations: imputations,
	})
	var refused *statement.RefusedError
	if !errors.As(err, &refused) || len(refused.Refusals) != 1 {
		t.Errorf("error %v, want one refusal", err)
	}
}

func TestALinkDescribedTwiceIsRefused(t *testing.T) {
	t.Parallel()
	_, err := statement.Build(statement.Input{
		Invoice: bill(t, nil), Subjects: []statement.Subject{alone("a", "region"), alone("a", "67-cea")}, Imputations: imputations,
	})
	if err == nil || !strings.Contains(err.Error(), `link "a" is described twice`) {
		t.Errorf("error %v, want one that names link a", err)
	}
}

func TestAnInvoiceWhoseTotalsAreNotItsLinesNeverLeaves(t *testing.T) {
	t.Parallel()
	for figure, spoil := range map[string]func(of *invoice.Invoice){
		"HT":      func(of *invoice.Invoice) { of.Totals.HT++ },
		"VAT":     func(of *invoice.Invoice) { of.Totals.VAT-- },
		"TTC":     func(of *invoice.Invoice) { of.Totals.TTC++ },
		"credits": func(of *invoice.Invoice) { of.Totals.Credits-- },
	} {
		of := bill(t, []invoice.Charge{subscription("s", 60002)}, penalty("s", 4125))
		spoil(&of)
		_, err := statement.Build(statement.Input{
			Invoice: of, Subjects: []statement.Subject{shared("s", pupils(1127, 512, 389))}, Imputations: imputations,
		})
		var imbalance *statement.ImbalanceError
		if !errors.As(err, &imbalance) || !strings.HasPrefix(imbalance.Figure, figure+" of") {
			t.Errorf("%s spoiled: error %v, want an ImbalanceError on it", figure, err)
		}
	}
}

func TestCheckFindsACentThatMoved(t *testing.T) {
	t.Parallel()
	of := bill(t, []invoice.Charge{subscription("s", 60002)}, penalty("s", 4125))
	spoils := map[string]func(s *statement.Statement){
		"HT of payer 55-meuse":     func(s *statement.Statement) { s.Members[0].Lines[0].HT++ },
		"VAT of payer 67-cea":      func(s *statement.Statement) { s.Members[1].Totals.VAT++ },
		"TTC of payer region":      func(s *statement.Statement) { s.Members[2].Lines[0].TTC-- },
		"credits of payer region":  func(s *statement.Statement) { s.Members[2].Credits[0].HT++ },
		"HT of all payers":         func(s *statement.Statement) { s.Members = s.Members[:2] },
		"credits of the statement": func(s *statement.Statement) { s.Totals.Credits++ },
		"HT + VAT of payer 67-cea": func(s *statement.Statement) { m := &s.Members[1]; m.Lines[0].TTC++; m.Totals.TTC++ },
		"HT of all payers, shifted": func(s *statement.Statement) {
			m := &s.Members[0]
			m.Lines[0].HT++
			m.Totals.HT++
			m.Lines[0].TTC++
			m.Totals.TTC++
		},
	}
	for _, name := range slices.Sorted(maps.Keys(spoils)) {
		made := build(t, of, shared("s", pupils(1127, 512, 389)))
		if err := made.Check(of); err != nil {
			t.Fatalf("before: %v", err)
		}
		spoils[name](&made)
		figure, _, _ := strings.Cut(name, ",")
		var imbalance *statement.ImbalanceError
		if err := made.Check(of); !errors.As(err, &imbalance) || imbalance.Figure != figure {
			t.Errorf("%s: error %v, want an ImbalanceError on %s", name, err, figure)
		}
	}
}

func TestCheckRefusesToWrap(t *testing.T) {
	t.Parallel()
	huge := statement.Statement{Members: []statement.Member{{
		Payer: "region", Credits: []statement.Credit{{HT: math.MaxInt64}, {HT: 1}},
	}}}
	if err := huge.Check(invoice.Invoice{}); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("error %v, want ErrOverflow", err)
	}
}
