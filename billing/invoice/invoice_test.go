package invoice_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/tariff"
)

var (
	may    = tariff.MonthOf(time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC))
	twenty = big.NewRat(1, 5)
)

// subscription is a full month of a link of lot L1 at 20 %.
func subscription(link string, ht money.Cents) invoice.Charge {
	return invoice.Charge{Lot: "L1", Link: link, Kind: invoice.Subscription, Period: may, HT: ht, Rate: twenty}
}

// penalty is a credit of lot L1 on 7 May.
func penalty(link string, ht money.Cents) invoice.Credit {
	return invoice.Credit{Lot: "L1", Link: link, Day: may.From.AddDate(0, 0, 6), HT: ht, Cause: "incident 2026-17", Clause: "CCAP 9.2"}
}

func draft(charges ...invoice.Charge) invoice.Draft {
	return invoice.Draft{Lot: "L1", Month: may.From, Charges: charges}
}

func build(t *testing.T, d invoice.Draft) invoice.Invoice {
	t.Helper()
	built, err := invoice.Build(d)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// vats returns the VAT of each line by link.
func vats(built invoice.Invoice) map[string]money.Cents {
	byLink := make(map[string]money.Cents)
	for _, line := range built.Lines {
		byLink[line.Link] += line.VAT
	}
	return byLink
}

func TestVATIsComputedOnceOnTheSumAndSpreadOverTheLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		charges []invoice.Charge
		totals  invoice.Totals
		vats    map[string]money.Cents
	}{
		{
			"one line of 600,02",
			[]invoice.Charge{subscription("a", 60002)},
			invoice.Totals{HT: 60002, VAT: 12000, TTC: 72002},
			map[string]money.Cents{"a": 12000},
		},
		{
			"three lines that would each round up share one VAT; the left-over cent goes to the lowest key",
			[]invoice.Charge{subscription("c", 3), subscription("a", 3), subscription("b", 3)},
			invoice.Totals{HT: 9, VAT: 2, TTC: 11},
			map[string]money.Cents{"a": 1, "b": 1, "c": 0},
		},
		{
			"412,50 in service from 12 May",
			[]invoice.Charge{{
				Lot: "L1", Link: "a", Kind: invoice.Prorata, HT: 26613, Rate: twenty,
				Period: tariff.Period{From: may.From.AddDate(0, 0, 11), To: may.To},
			}},
			invoice.Totals{HT: 26613, VAT: 5323, TTC: 31936},
			map[string]money.Cents{"a": 5323},
		},
		{
			"a free line bears no VAT",
			[]invoice.Charge{subscription("free", 0), subscription("paid", 5)},
			invoice.Totals{HT: 5, VAT: 1, TTC: 6},
			map[string]money.Cents{"free": 0, "paid": 1},
		},
		{
			"only free lines",
			[]invoice.Charge{subscription("free", 0)},
			invoice.Totals{},
			map[string]money.Cents{"free": 0},
		},
		{"no line at all", nil, invoice.Totals{}, map[string]money.Cents{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			built := build(t, draft(tt.charges...))
			if diff := cmp.Diff(tt.totals, built.Totals); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.vats, vats(built)); diff != "" {
				t.Errorf("VAT by link (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEachRateHasItsOwnBase(t *testing.T) {
	t.Parallel()
	reduced := subscription("b", 1003)
	reduced.Rate = big.NewRat(11, 200)
	sameRateWrittenOtherwise := subscription("c", 2)
	sameRateWrittenOtherwise.Rate = big.NewRat(20, 100)
	built := build(t, draft(subscription("a", 1), reduced, sameRateWrittenOtherwise))
	var got []string
	for _, due := range built.Taxes {
		got = append(got, fmt.Sprint(due.Rate.RatString(), " of ", due.Base, ": ", due.VAT))
	}
	want := []string{"11/200 of 10.03: 0.55", "1/5 of 0.03: 0.01"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("taxes (-want +got):\n%s", diff)
	}
}

func TestPenaltiesStayApartAndNeverLowerTheVAT(t *testing.T) {
	t.Parallel()
	d := draft(subscription("a", 41250))
	waived := penalty("a", 0)
	waived.Clause = "CCAP 9.3"
	d.Credits = []invoice.Credit{waived, penalty("a", 4125)}
	built := build(t, d)
	want := invoice.Totals{HT: 41250, VAT: 8250, TTC: 49500, Credits: 4125}
	if diff := cmp.Diff(want, built.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	if len(built.Credits) != 2 || built.Credits[0].HT != 4125 {
		t.Errorf("credits %v: want both, the waived one kept, in the order of their keys", built.Credits)
	}
}

func TestBuildRefusesALineAndSaysWhy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(d *invoice.Draft)
		says  string
	}{
		{"no lot", func(d *invoice.Draft) { d.Lot = "" }, "the reference of a lot"},
		{"a month that begins on the 2nd", func(d *invoice.Draft) { d.Month = d.Month.AddDate(0, 0, 1) }, "first day of a month"},
		{"a charge of another lot", func(d *invoice.Draft) { d.Charges[0].Lot = "L2" }, `lot "L2": expected "L1"`},
		{"a charge without link", func(d *invoice.Draft) { d.Charges[0].Link = "" }, "the reference of a link"},
		{"a charge without kind", func(d *invoice.Draft) { d.Charges[0].Kind = "" }, `such as "subscription"`},
		{"a charge of another month", func(d *invoice.Draft) { d.Charges[0].Period = tariff.MonthOf(may.To) }, "expected days of 2026-05"},
		{"a charge over two months", func(d *invoice.Draft) { d.Charges[0].Period.To = may.To.AddDate(0, 0, 1) }, "first day of the next"},
		{"a negative charge", func(d *invoice.Draft) { d.Charges[0].HT = -1 }, "amount -0.01: expected 0 or more"},
		{"a charge without rate", func(d *invoice.Draft) { d.Charges[0].Rate = nil }, "VAT rate <nil>"},
		{"a rate written as 20", func(d *invoice.Draft) { d.Charges[0].Rate = big.NewRat(20, 1) }, "a fraction from 0 to 1"},
		{"the same month of a link twice", func(d *invoice.Draft) { d.Charges = append(d.Charges, d.Charges[0]) }, "line a subscription [2026-05-01, 2026-06-01): given twice"},
		{"a credit of another lot", func(d *invoice.Draft) { d.Credits[0].Lot = "L2" }, `lot "L2"`},
		{"a credit without link", func(d *invoice.Draft) { d.Credits[0].Link = "" }, "the reference of a link"},
		{"a credit without cause", func(d *invoice.Draft) { d.Credits[0].Cause = "" }, "an incident or a ticket"},
		{"a credit without clause", func(d *invoice.Draft) { d.Credits[0].Clause = "" }, "the clause that grants"},
		{"a credit of another month", func(d *invoice.Draft) { d.Credits[0].Day = may.To }, "expected a day of 2026-05"},
		{"a credit at an hour", func(d *invoice.Draft) { d.Credits[0].Day = may.From.Add(time.Hour) }, "midnight UTC"},
		{"a negative credit", func(d *invoice.Draft) { d.Credits[0].HT = -1 }, "what the operator owes"},
		{"a credit twice", func(d *invoice.Draft) { d.Credits = append(d.Credits, d.Credits[0]) }, "credit a incident 2026-17 CCAP 9.2: given twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := draft(subscription("a", 41250))
			d.Credits = []invoice.Credit{penalty("a", 4125)}
			tt.spoil(&d)
			_, err := invoice.Build(d)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
		})
	}
}

func TestATotalOutOfRangeIsRefused(t *testing.T) {
	t.Parallel()
	for name, charges := range map[string][]invoice.Charge{
		"the base": {subscription("a", math.MaxInt64), subscription("b", 1)},
		"a line":   {subscription("a", math.MaxInt64)},
	} {
		if _, err := invoice.Build(draft(charges...)); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%s: error %v, want ErrOverflow", name, err)
		}
	}
}

func TestLinesAddUpToTheInvoiceInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rates := []*big.Rat{twenty, big.NewRat(11, 200), new(big.Rat)}
		var charges []invoice.Charge
		for i := range rapid.IntRange(0, 12).Draw(t, "lines") {
			charge := subscription(fmt.Sprintf("link-%d", i), money.Cents(rapid.Int64Range(0, 50).Draw(t, "ht")))
			charge.Rate = rapid.SampledFrom(rates).Draw(t, "rate")
			charges = append(charges, charge)
		}
		built, err := invoice.Build(draft(charges...))
		if err != nil {
			t.Fatal(err)
		}
		var lines, taxes invoice.Totals
		for _, line := range built.Lines {
			lines.HT, lines.VAT, lines.TTC = lines.HT+line.HT, lines.VAT+line.VAT, lines.TTC+line.TTC
		}
		for _, due := range built.Taxes {
			taxes.HT, taxes.VAT, taxes.TTC = taxes.HT+due.Base, taxes.VAT+due.VAT, taxes.TTC+due.Base+due.VAT
		}
		if lines != built.Totals || taxes != built.Totals {
			t.Fatalf("lines %v, taxes %v: want the totals %v", lines, taxes, built.Totals)
		}
		slices.Reverse(charges)
		again, err := invoice.Build(draft(charges...))
		if err != nil {
			t.Fatal(err)
		}
		rational := cmp.Comparer(func(a, b *big.Rat) bool { return a.Cmp(b) == 0 })
		if diff := cmp.Diff(built, again, rational); diff != "" {
			t.Fatalf("in reverse order (-want +got):\n%s", diff)
		}
	})
}

func TestPlusRefusesToWrap(t *testing.T) {
	t.Parallel()
	most := invoice.Totals{Credits: math.MaxInt64}
	if _, err := most.Plus(invoice.Totals{Credits: 1}); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("error %v, want ErrOverflow", err)
	}
}
