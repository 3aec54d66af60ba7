package invoicing_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/billing/money"
	"vigie/internal/contract"
	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/invoicing"
)

// priceFrom ends the first price and begins a second one.
func priceFrom(f *facts, from string, cents money.Cents) {
	f.Prices[0].To = day(from)
	f.Prices = append(f.Prices, contract.Price{Lot: "lot", Item: "100M", From: day(from), Monthly: cents})
}

// termsFrom buys another item under the first link from a day on.
func termsFrom(f *facts, from, item string, cents money.Cents) {
	f.Prices = append(f.Prices, contract.Price{Lot: "lot", Item: item, From: day("2025-09-01"), Monthly: cents})
	f.Terms = append(f.Terms, contract.Terms{Link: "L-1", From: day(from), PriceItem: item, DownKbps: 500_000, UpKbps: 500_000})
}

// clauseFrom adds a version of the clause.
func clauseFrom(f *facts, from string, change func(*contract.Clause)) {
	c := clause()
	c.From = day(from)
	change(&c)
	f.Clauses = append(f.Clauses, c)
}

func TestALinkCostsWhatItsDaysCost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*facts, *inventory.Link)
		month  string
		want   []string
	}{
		"a whole month is the fee": {
			func(*facts, *inventory.Link) {}, "2026-05",
			[]string{"cea L-1 subscription [2026-05-01, 2026-06-01) 412.50 + 82.50 = 495.00"},
		},
		"a mise en service on the 12th (case E)": {
			func(_ *facts, l *inventory.Link) { l.Starts = day("2026-05-12") }, "2026-05",
			[]string{"cea L-1 prorata [2026-05-12, 2026-06-01) 266.13 + 53.23 = 319.36"},
		},
		"an end on the 12th (case E)": {
			func(_ *facts, l *inventory.Link) { l.Ends = day("2026-05-12") }, "2026-05",
			[]string{"cea L-1 prorata [2026-05-01, 2026-05-12) 146.37 + 29.27 = 175.64"},
		},
		"a beginning and an end in one month": {
			func(_ *facts, l *inventory.Link) { l.Starts, l.Ends = day("2026-05-12"), day("2026-05-13") }, "2026-05",
			[]string{"cea L-1 prorata [2026-05-12, 2026-05-13) 13.31 + 2.66 = 15.97"},
		},
		"nothing before the mise en service":      {func(_ *facts, l *inventory.Link) { l.Starts = day("2026-06-01") }, "2026-05", nil},
		"nothing from the end on":                 {func(_ *facts, l *inventory.Link) { l.Ends = day("2026-05-01") }, "2026-05", nil},
		"nothing of a link withdrawn at once":     {func(_ *facts, l *inventory.Link) { l.Starts, l.Ends = day("2026-05-12"), day("2026-05-12") }, "2026-05", nil},
		"nothing of a link outside the market":    {func(_ *facts, l *inventory.Link) { l.Lot, l.PriceItem = "", "" }, "2026-05", nil},
		"nothing before the market":               {func(_ *facts, l *inventory.Link) { l.Starts = day("2020-01-01") }, "2025-08", nil},
		"the beginning of the market, not before": {func(f *facts, _ *inventory.Link) { f.Markets[0].Starts = day("2026-05-12") }, "2026-05", []string{"cea L-1 prorata [2026-05-12, 2026-06-01) 266.13 + 53.23 = 319.36"}},
		"the end of the market, not after":        {func(f *facts, _ *inventory.Link) { f.Markets[0].Ends = day("2026-05-12") }, "2026-05", []string{"cea L-1 prorata [2026-05-01, 2026-05-12) 146.37 + 29.27 = 175.64"}},
		"a price that changes on the 16th": {
			func(f *facts, _ *inventory.Link) { priceFrom(f, "2026-05-16", 39800) }, "2026-05",
			[]string{
				"cea L-1 prorata [2026-05-01, 2026-05-16) 199.60 + 39.92 = 239.52",
				"cea L-1 prorata [2026-05-16, 2026-06-01) 205.42 + 41.08 = 246.50",
			},
		},
		"a rate raised on the 16th": {
			func(f *facts, _ *inventory.Link) {
				f.Prices[0].Monthly = 41201
				termsFrom(f, "2026-06-16", "500M", 60003)
			}, "2026-06",
			[]string{
				"cea L-1 prorata [2026-06-01, 2026-06-16) 206.01 + 41.20 = 247.21",
				"cea L-1 prorata [2026-06-16, 2026-07-01) 300.02 + 60.01 = 360.03",
			},
		},
		"a rate raised at the same price is one line": {
			func(f *facts, _ *inventory.Link) { termsFrom(f, "2026-06-16", "500M", 41250) }, "2026-06",
			[]string{"cea L-1 subscription [2026-06-01, 2026-07-01) 412.50 + 82.50 = 495.00"},
		},
		"the month before a rate is raised": {
			func(f *facts, _ *inventory.Link) { termsFrom(f, "2026-06-01", "500M", 60003) }, "2026-05",
			[]string{"cea L-1 subscription [2026-05-01, 2026-06-01) 412.50 + 82.50 = 495.00"},
		},
		"the month after a rate was raised": {
			func(f *facts, _ *inventory.Link) { termsFrom(f, "2026-06-16", "500M", 60003) }, "2026-07",
			[]string{"cea L-1 subscription [2026-07-01, 2026-08-01) 600.03 + 120.01 = 720.04"},
		},
		"a price that is renewed at 412.01 on the 16th is one line and loses no cent": {
			func(f *facts, _ *inventory.Link) { f.Prices[0].Monthly = 41201; priceFrom(f, "2026-06-16", 41201) }, "2026-06",
			[]string{"cea L-1 subscription [2026-06-01, 2026-07-01) 412.01 + 82.40 = 494.41"},
		},
		"a clause that changes no fee cuts nothing": {
			func(f *facts, _ *inventory.Link) {
				clauseFrom(f, "2026-05-16", func(c *contract.Clause) { c.GTR = time.Hour })
			}, "2026-05",
			[]string{"cea L-1 subscription [2026-05-01, 2026-06-01) 412.50 + 82.50 = 495.00"},
		},
		"a VAT that changes on the 16th": {
			func(f *facts, _ *inventory.Link) {
				clauseFrom(f, "2026-06-16", func(c *contract.Clause) { c.VATPercent = "10" })
			}, "2026-06",
			[]string{
				"cea L-1 prorata [2026-06-01, 2026-06-16) 206.25 + 41.25 = 247.50",
				"cea L-1 prorata [2026-06-16, 2026-07-01) 206.25 + 20.63 = 226.88",
			},
		},
		"a revised price (case F)": {
			func(f *facts, _ *inventory.Link) {
				f.Clauses[0].Revision = contract.Revision{Fixed: "0.15", Index0: "121.2", Index: "130.5", Decimals: 3}
			}, "2026-05",
			[]string{"cea L-1 subscription [2026-05-01, 2026-06-01) 439.73 + 87.95 = 527.68"},
		},
		"months of thirty days": {
			func(f *facts, l *inventory.Link) { f.Clauses[0].Proration = "30/360"; l.Starts = day("2026-05-12") }, "2026-05",
			[]string{"cea L-1 prorata [2026-05-12, 2026-06-01) 261.25 + 52.25 = 313.50"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, l := group(), link(1, "college")
			c.change(&f, &l)
			b := f.with(l).bill(t, c.month)
			if diff := cmp.Diff(lines(b), c.want); diff != "" {
				t.Errorf("lines (-got +want):\n%s", diff)
			}
			if len(b.Refusals) > 0 {
				t.Errorf("refused: %q", refusals(b))
			}
		})
	}
}

func TestWhatHasNoPriceIsRefusedByNameAndTheRestIsBilled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*facts)
		want   []string
	}{
		"an item that the list does not hold": {
			func(f *facts) { f.Links[1].PriceItem = "1000M" },
			[]string{"L-2 Lycée: price: lot lot has no price for item 1000M on 2026-05-01: 0.00"},
		},
		"a hole in the price list": {
			func(f *facts) {
				f.Links[1].PriceItem = "200M"
				f.Prices = append(f.Prices, contract.Price{Lot: "lot", Item: "200M", From: day("2025-09-01"), To: day("2026-05-10"), Monthly: 1})
			},
			[]string{"L-2 Lycée: price: lot lot has no price for item 200M on 2026-05-10: 0.00"},
		},
		"a lot without clause": {
			func(f *facts) {
				f.Lots = append(f.Lots, contract.Lot{Key: "lot-2", Market: "market", Operator: "op"})
				f.Links[1].Lot = "lot-2"
			},
			[]string{"L-2 Lycée: price: lot lot-2 has no clause in force on 2026-05-01: 0.00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := group().with(link(1, "college"), link(2, "lycee"))
			c.change(&f)
			// A penalty of what has no price must not stop the bill either.
			f = f.down(2, "2026-05-05T08:00", "2026-05-05T20:00")
			b := f.bill(t, "2026-05")
			if diff := cmp.Diff(refusals(b), c.want); diff != "" {
				t.Errorf("refusals (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(lines(b), []string{"cea L-1 subscription [2026-05-01, 2026-06-01) 412.50 + 82.50 = 495.00"}); diff != "" {
				t.Errorf("lines (-got +want):\n%s", diff)
			}
		})
	}
}

func TestVATIsComputedOncePerLotAndMonth(t *testing.T) {
	t.Parallel()
	f := group().price(1001).with(link(1, "college"), link(2, "college"), link(3, "lycee"))
	second := link(4, "lycee")
	second.Lot = "lot-2"
	f.Lots = append(f.Lots, contract.Lot{Key: "lot-2", Market: "market", Operator: "op"})
	f.Clauses = append(f.Clauses, contract.Clause{Lot: "lot-2", From: day("2025-09-01"), VATPercent: "20", Proration: "actual"})
	f.Prices = append(f.Prices, contract.Price{Lot: "lot-2", Item: "100M", From: day("2025-09-01"), Monthly: 1002})
	b := f.with(second).bill(t, "2026-05")
	// 20 % of 30.03 is 6.006: three lines rounded apart would give 6.00. With 10.02
	// more in the same sum the total would be 8.01.
	var vat []money.Cents
	for _, lot := range b.Lots {
		vat = append(vat, lot.Invoice.Totals.VAT)
	}
	if diff := cmp.Diff(vat, []money.Cents{601, 200}); diff != "" {
		t.Errorf("VAT by lot (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(members(b), []string{"cea 20.02 + 4.01 = 24.03 - 0.00 = 24.03", "region 20.03 + 4.00 = 24.03 - 0.00 = 24.03"}); diff != "" {
		t.Errorf("members (-got +want):\n%s", diff)
	}
	if b.Totals.TTC != 4806 || b.Due != 4806 {
		t.Errorf("the market costs %s, due %s, want 48.06 twice", b.Totals.TTC, b.Due)
	}
}

func TestAMonthIsADraftUntilItsLastInstantInParis(t *testing.T) {
	t.Parallel()
	f := group().with(link(1, "college"))
	for now, want := range map[time.Time]bool{
		time.Date(2026, 5, 31, 21, 59, 59, 0, time.UTC):  true,
		time.Date(2026, 5, 31, 22, 0, 0, 0, time.UTC):    false,
		time.Date(2026, 11, 30, 22, 59, 59, 0, time.UTC): false,
	} {
		if b := f.billAt(t, "2026-05", now); b.Draft != want || b.Totals.HT != 41250 {
			t.Errorf("at %s the bill of May is a draft: %v, want %v", now, b.Draft, want)
		}
	}
	if b := f.billAt(t, "2026-11", time.Date(2026, 11, 30, 22, 59, 59, 0, time.UTC)); !b.Draft {
		t.Error("the bill of November is final before midnight in Paris")
	}
}

func TestAMonthFarAheadIsNotFound(t *testing.T) {
	t.Parallel()
	service := invoicing.New(group().with(link(1, "college")))
	now := at("2026-11-30T23:30")
	for month, found := range map[string]bool{"2000-01": true, "2027-11": true, "2027-12": false, "2200-01": false} {
		_, err := service.Month(context.Background(), day(month+"-01"), now)
		if (err == nil) != found || err != nil && fault.KindOf(err) != fault.NotFound {
			t.Errorf("the bill of %s gives %v, found must be %v", month, err, found)
		}
	}
}

func TestAnyDayNamesItsMonth(t *testing.T) {
	t.Parallel()
	b, err := invoicing.New(group()).Month(context.Background(), day("2026-05-31"), afterwards)
	if err != nil || !b.Month.Equal(day("2026-05-01")) {
		t.Errorf("the month is %s, %v", b.Month, err)
	}
}
