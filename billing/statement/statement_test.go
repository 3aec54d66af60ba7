package statement_test

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/share"
	"vigie/billing/statement"
	"vigie/billing/tariff"
)

var (
	may         = tariff.MonthOf(time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC))
	imputations = map[string]string{
		"67-cea": "011-221-6262", "region": "011-222-6262", "55-meuse": "011-221-6262/55",
	}
)

// failer is what *testing.T and *rapid.T have in common here.
type failer interface{ Fatal(args ...any) }

// pupils is a key in force since September 2025 over the three payers.
func pupils(cea, region, meuse int64) share.Key {
	return share.Key{
		ID: "cite-1", From: time.Date(2025, time.September, 1, 0, 0, 0, 0, time.UTC),
		Basis: "effectifs, constat d'octobre 2024", Legal: "convention fictive 2025-12",
		Weights: []share.Weight{
			{Payer: "67-cea", Value: big.NewRat(cea, 1)},
			{Payer: "region", Value: big.NewRat(region, 1)},
			{Payer: "55-meuse", Value: big.NewRat(meuse, 1)},
		},
	}
}

func shared(link string, keys ...share.Key) statement.Subject {
	return statement.Subject{Link: link, Site: "Cité scolaire fictive", Keys: keys}
}

func alone(link, payer string) statement.Subject {
	return statement.Subject{Link: link, Site: "Collège fictif", Payer: payer}
}

func subscription(link string, ht money.Cents) invoice.Charge {
	return invoice.Charge{Lot: "L1", Link: link, Kind: invoice.Subscription, Period: may, HT: ht, Rate: big.NewRat(1, 5)}
}

func penalty(link string, ht money.Cents) invoice.Credit {
	return invoice.Credit{Lot: "L1", Link: link, Day: may.From.AddDate(0, 0, 6), HT: ht, Cause: "incident 2026-17", Clause: "CCAP 9.2"}
}

func bill(t failer, charges []invoice.Charge, credits ...invoice.Credit) invoice.Invoice {
	built, err := invoice.Build(invoice.Draft{Lot: "L1", Month: may.From, Charges: charges, Credits: credits})
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func build(t failer, of invoice.Invoice, subjects ...statement.Subject) statement.Statement {
	made, err := statement.Build(statement.Input{Invoice: of, Subjects: subjects, Imputations: imputations})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func totals(made statement.Statement) map[string]invoice.Totals {
	byPayer := make(map[string]invoice.Totals)
	for _, m := range made.Members {
		byPayer[m.Payer] = m.Totals
	}
	return byPayer
}

func TestMembersPayTheirShareToTheCent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		charges  []invoice.Charge
		subjects []statement.Subject
		want     map[string]invoice.Totals
	}{
		{
			"C1: 600,02 by pupils, VAT by the same key",
			[]invoice.Charge{subscription("s", 60002)},
			[]statement.Subject{shared("s", pupils(1127, 512, 389))},
			map[string]invoice.Totals{
				"67-cea":   {HT: 33344, VAT: 6669, TTC: 40013},
				"region":   {HT: 15149, VAT: 3029, TTC: 18178},
				"55-meuse": {HT: 11509, VAT: 2302, TTC: 13811},
			},
		},
		{
			"C3: 100,00 in three, the cent to the lowest key",
			[]invoice.Charge{subscription("s", 10000)},
			[]statement.Subject{shared("s", pupils(1, 1, 1))},
			map[string]invoice.Totals{
				"55-meuse": {HT: 3334, VAT: 667, TTC: 4001},
				"67-cea":   {HT: 3333, VAT: 667, TTC: 4000},
				"region":   {HT: 3333, VAT: 666, TTC: 3999},
			},
		},
		{
			"E: a prorata of 412,50 from 12 May for one payer, beside a shared line",
			[]invoice.Charge{
				{
					Lot: "L1", Link: "a", Kind: invoice.Prorata, HT: 26613, Rate: big.NewRat(1, 5),
					Period: tariff.Period{From: may.From.AddDate(0, 0, 11), To: may.To},
				},
				subscription("s", 10000),
			},
			[]statement.Subject{alone("a", "region"), shared("s", pupils(1, 1, 0))},
			map[string]invoice.Totals{
				"55-meuse": {},
				"67-cea":   {HT: 5000, VAT: 1000, TTC: 6000},
				"region":   {HT: 31613, VAT: 6323, TTC: 37936},
			},
		},
		{
			"a link of the market that is not billed pays nothing",
			[]invoice.Charge{subscription("a", 41250)},
			[]statement.Subject{alone("a", "67-cea"), alone("silent", "region"), shared("keyless")},
			map[string]invoice.Totals{"67-cea": {HT: 41250, VAT: 8250, TTC: 49500}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			made := build(t, bill(t, tt.charges), tt.subjects...)
			if diff := cmp.Diff(tt.want, totals(made)); diff != "" {
				t.Errorf("totals by payer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPenaltyFollowsTheKeyOfItsLinkAndLeavesTheChargesAlone(t *testing.T) {
	t.Parallel()
	of := bill(t, []invoice.Charge{subscription("s", 10000)}, penalty("s", 4126))
	want := map[string]invoice.Totals{
		"55-meuse": {HT: 3334, VAT: 667, TTC: 4001, Credits: 1376},
		"67-cea":   {HT: 3333, VAT: 667, TTC: 4000, Credits: 1375},
		"region":   {HT: 3333, VAT: 666, TTC: 3999, Credits: 1375},
	}
	if diff := cmp.Diff(want, totals(build(t, of, shared("s", pupils(1, 1, 1))))); diff != "" {
		t.Errorf("totals by payer (-want +got):\n%s", diff)
	}
}

func TestAYearIsTheSumOfItsMonths(t *testing.T) {
	t.Parallel()
	got := make(map[string]money.Cents)
	for month := range 12 {
		period := tariff.MonthOf(time.Date(2026, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC))
		charge := subscription("s", 60002)
		charge.Period = period
		built, err := invoice.Build(invoice.Draft{Lot: "L1", Month: period.From, Charges: []invoice.Charge{charge}})
		if err != nil {
			t.Fatal(err)
		}
		for payer, member := range totals(build(t, built, shared("s", pupils(1127, 512, 389)))) {
			got[payer] += member.HT
		}
	}
	want := map[string]money.Cents{"67-cea": 400128, "region": 181788, "55-meuse": 138108} // once a year: 400132, 181781, 138111
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("year by payer (-want +got):\n%s", diff)
	}
}

func TestALineExplainsItsFigures(t *testing.T) {
	t.Parallel()
	key := pupils(1127, 512, 389)
	made := build(t, bill(t, []invoice.Charge{subscription("s", 60002)}, penalty("s", 100)), shared("s", key))
	ground := statement.Share{
		KeyID: "cite-1", KeyFrom: key.From, Legal: "convention fictive 2025-12",
		Weight: big.NewRat(512, 1), Total: big.NewRat(2028, 1),
	}
	want := statement.Member{
		Payer: "region", Imputation: "011-222-6262",
		Lines: []statement.Line{{
			Link: "s", Site: "Cité scolaire fictive", Kind: invoice.Subscription, Period: may, Rate: big.NewRat(1, 5),
			Share: ground, HT: 15149, VAT: 3029, TTC: 18178, HTRemainder: 1, VATRemainder: 0,
		}},
		Credits: []statement.Credit{{
			Link: "s", Site: "Cité scolaire fictive", Day: may.From.AddDate(0, 0, 6), Cause: "incident 2026-17", Clause: "CCAP 9.2",
			Share: ground, HT: 25, Remainder: 0,
		}},
		Totals: invoice.Totals{HT: 15149, VAT: 3029, TTC: 18178, Credits: 25},
	}
	rational := cmp.Comparer(func(a, b *big.Rat) bool { return a.Cmp(b) == 0 })
	if diff := cmp.Diff(want, made.Members[2], rational); diff != "" {
		t.Errorf("member (-want +got):\n%s", diff)
	}
}

func TestALineCutAtAKeyChangeUsesBothKeys(t *testing.T) {
	t.Parallel()
	april := tariff.MonthOf(may.From.AddDate(0, -1, 0))
	change := april.From.AddDate(0, 0, 15)
	before, after := pupils(1, 1, 0), pupils(1, 0, 0)
	before.To, after.From, after.ID = change, change, "cite-2"
	parts, err := tariff.Cut(41201, april, tariff.Actual, change)
	if err != nil {
		t.Fatal(err)
	}
	d := invoice.Draft{Lot: "L1", Month: april.From}
	for _, part := range parts {
		d.Charges = append(d.Charges, invoice.Charge{
			Lot: "L1", Link: "s", Kind: invoice.Prorata, Period: part.Period, HT: part.Cents, Rate: big.NewRat(1, 5),
		})
	}
	built, err := invoice.Build(d)
	if err != nil {
		t.Fatal(err)
	}
	made := build(t, built, shared("s", before, after))
	want := map[string]invoice.Totals{ // 206,01 in two, then 206,00 for one
		"67-cea":   {HT: 30901, VAT: 6180, TTC: 37081},
		"region":   {HT: 10300, VAT: 2060, TTC: 12360},
		"55-meuse": {},
	}
	if diff := cmp.Diff(want, totals(made)); diff != "" {
		t.Errorf("totals by payer (-want +got):\n%s", diff)
	}
}

func TestMembersAlwaysAddUpToTheInvoice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weight := rapid.Int64Range(0, 2000)
		var charges []invoice.Charge
		var credits []invoice.Credit
		var subjects []statement.Subject
		for i := range rapid.IntRange(1, 10).Draw(t, "links") {
			link := fmt.Sprintf("link-%d", i)
			charges = append(charges, subscription(link, money.Cents(rapid.Int64Range(0, 200000).Draw(t, "ht"))))
			if rapid.Bool().Draw(t, "penalty") {
				credits = append(credits, penalty(link, money.Cents(rapid.Int64Range(0, 20000).Draw(t, "credit"))))
			}
			if rapid.Bool().Draw(t, "alone") {
				subjects = append(subjects, alone(link, "region"))
				continue
			}
			key := pupils(1+weight.Draw(t, "cea"), weight.Draw(t, "region"), weight.Draw(t, "meuse"))
			subjects = append(subjects, shared(link, key))
		}
		of := bill(t, charges, credits...)
		made := build(t, of, subjects...)
		var sum invoice.Totals
		for _, m := range made.Members {
			var err error
			if sum, err = sum.Plus(m.Totals); err != nil {
				t.Fatal(err)
			}
		}
		if sum != of.Totals || sum.HT+sum.VAT != sum.TTC {
			t.Fatalf("members add up to %v, want %v", sum, of.Totals)
		}
	})
}
