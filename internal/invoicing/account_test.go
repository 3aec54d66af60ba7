package invoicing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/billing/invoice"
	"vigie/internal/fault"
	"vigie/internal/invoicing"
)

func (f facts) accounts(t testing.TB, from, to string) []invoicing.Account {
	t.Helper()
	a, err := invoicing.New(f).Accounts(context.Background(), day(from), day(to), afterwards)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// eventful is a year with everything that moves a bill: a shared site, a new price,
// links that come and go, penalties of both kinds.
func eventful() facts {
	f := steps(group()).with(link(1, "college"), starting(link(2, "verdun"), "2026-03-12"), ended(link(3, "lycee"), "2026-08-20"), link(4, "cite"), outside(link(5, "college")))
	priceFrom(&f, "2026-05-16", 39999)
	return f.key("cite", "2025-09-01", "2026-07-10", "cea 766", "region 1272").key("cite", "2026-07-10", "", "cea 1", "region 2").
		down(1, "2026-04-10T08:00", "2026-04-10T14:00").outage(2, "2026-06-30T20:00", "2026-07-01T09:00")
}

func TestTheAccountsOfAYearAreItsTwelveBills(t *testing.T) {
	t.Parallel()
	f := eventful()
	want := map[string]invoice.Totals{}
	for month := 1; month <= 12; month++ {
		for _, lot := range f.bill(t, fmt.Sprintf("2026-%02d", month)).Lots {
			for _, l := range lot.Invoice.Lines {
				sum := want[l.Link]
				sum.HT, sum.VAT, sum.TTC = sum.HT+l.HT, sum.VAT+l.VAT, sum.TTC+l.TTC
				want[l.Link] = sum
			}
			for _, c := range lot.Invoice.Credits {
				sum := want[c.Link]
				sum.Credits += c.HT
				want[c.Link] = sum
			}
		}
	}
	got := map[string]invoice.Totals{}
	for _, a := range f.accounts(t, "2026-01-01", "2027-01-01") {
		if len(a.Refused) > 0 {
			t.Errorf("%s is refused: %q", a.Link, a.Refused)
		}
		if a.Totals != (invoice.Totals{}) {
			got[a.Link] = a.Totals
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a year (-twelve bills +accounts):\n%s", diff)
	}
	if want["L-1"].Credits == 0 || want["L-2"].Credits == 0 {
		t.Errorf("the year has no penalty on L-1 or L-2: %+v", want)
	}
}

func TestThePartsOfAPeriodCostWhatTheWholeCosts(t *testing.T) {
	t.Parallel()
	f := eventful()
	sum := func(accounts []invoicing.Account) (ht, credits int64) {
		for _, a := range accounts {
			ht += int64(a.Totals.HT)
			credits += int64(a.Totals.Credits)
		}
		return ht, credits
	}
	wholeHT, wholeCredits := sum(f.accounts(t, "2026-01-01", "2027-01-01"))
	rapid.Check(t, func(rt *rapid.T) {
		cut := day("2026-01-01").AddDate(0, 0, rapid.IntRange(1, 364).Draw(rt, "cut")).Format(time.DateOnly)
		leftHT, leftCredits := sum(f.accounts(t, "2026-01-01", cut))
		rightHT, rightCredits := sum(f.accounts(t, cut, "2027-01-01"))
		if leftHT+rightHT != wholeHT || leftCredits+rightCredits != wholeCredits {
			rt.Fatalf("cut on %s: %d + %d cents, %d - %d of penalties; whole %d, %d", cut, leftHT, rightHT, leftCredits, rightCredits, wholeHT, wholeCredits)
		}
	})
}

func TestTheUptimeOfAPeriodIsMeasuredOverItsServedDays(t *testing.T) {
	t.Parallel()
	f := steps(group()).with(starting(link(1, "college"), "2026-07-01")).outage(1, "2026-07-10T08:00", "2026-07-10T20:00")
	got := f.accounts(t, "2026-01-01", "2026-08-01")[0].Uptime
	if got.Owed != 31*24*time.Hour || got.Known != got.Owed || got.Down != 12*time.Hour {
		t.Errorf("owed %v, known %v, down %v; want 31 days, all known, 12 h", got.Owed, got.Known, got.Down)
	}
}

func TestWhatHasNoPriceIsNamedOnce(t *testing.T) {
	t.Parallel()
	f := group().with(link(1, "college"))
	f.Prices[0].To = day("2026-02-01")
	a := f.accounts(t, "2026-01-01", "2026-06-01")[0]
	if a.Totals.HT != 41250 || len(a.Refused) != 4 {
		t.Errorf("January costs %s, refused %q; want the fee and a reason for each of four months", a.Totals.HT, a.Refused)
	}
}

func TestAccountsEndYesterday(t *testing.T) {
	t.Parallel()
	service := invoicing.New(group())
	now := at("2026-04-10T12:00")
	for name, c := range map[string]struct {
		from, to string
		refused  bool
	}{
		"until yesterday": {"2026-04-01", "2026-04-10", false},
		"today":           {"2026-04-01", "2026-04-11", true},
		"no day at all":   {"2026-04-01", "2026-04-01", true},
	} {
		_, err := service.Accounts(context.Background(), day(c.from), day(c.to), now)
		if (err != nil) != c.refused || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
