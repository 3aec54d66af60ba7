package sla_test

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/billing/money"
	"vigie/internal/contract"
	"vigie/internal/sla"
)

var exact = cmp.Comparer(func(a, b *big.Rat) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Cmp(b) == 0
})

var steps = []contract.Step{{Below: "99.85", Percent: "5"}, {Below: "99.5", Percent: "10"}, {Below: "99", Percent: "20"}}

func TestAGTRPenaltyShowsItsWorking(t *testing.T) {
	t.Parallel()
	clause := contract.Clause{Lot: "lot-1", PercentHour: "5", CapPercent: "50"}
	tests := []struct {
		name    string
		clause  contract.Clause
		overrun time.Duration
		want    sla.Penalty
	}{
		{"no overrun", clause, 0, sla.Penalty{Part: new(big.Rat), PercentHour: "5", CapPercent: "50"}},
		{
			"two started hours", clause, 70 * time.Minute,
			sla.Penalty{Cents: 4125, Part: big.NewRat(1, 10), StartedHours: 2, PercentHour: "5", CapPercent: "50"},
		},
		{
			"exactly at the cap is not capped", clause, 10 * time.Hour,
			sla.Penalty{Cents: 20625, Part: big.NewRat(1, 2), StartedHours: 10, PercentHour: "5", CapPercent: "50"},
		},
		{
			"over the cap", clause, 10*time.Hour + 1,
			sla.Penalty{Cents: 20625, Part: big.NewRat(1, 2), StartedHours: 11, PercentHour: "5", CapPercent: "50", Capped: true},
		},
		{
			"without a cap",
			contract.Clause{PercentHour: "5"},
			30 * time.Hour,
			sla.Penalty{Cents: 61875, Part: big.NewRat(3, 2), StartedHours: 30, PercentHour: "5"},
		},
		{
			"half a cent goes up", clause, time.Hour,
			sla.Penalty{Cents: 2063, Part: big.NewRat(1, 20), StartedHours: 1, PercentHour: "5", CapPercent: "50"},
		},
		{"a clause without the penalty", contract.Clause{}, 70 * time.Minute, sla.Penalty{Part: new(big.Rat), StartedHours: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want.Kind, tt.want.Fee = sla.KindGTR, 41250
			got, err := sla.GTRPenalty(41250, tt.clause, tt.overrun)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, exact); diff != "" {
				t.Errorf("penalty (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAvailabilityPenaltyIsTheLastStepStrictlyAbove(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		ratio *big.Rat
		cents money.Cents
		step  *contract.Step
	}{
		{"perfect", big.NewRat(1, 1), 0, nil},
		{"exactly at the first step", big.NewRat(9985, 10000), 0, nil},
		{"just under the first step rounds half a cent up", big.NewRat(99849999, 100000000), 2063, &steps[0]},
		{"exactly at the second step stays in the first", big.NewRat(995, 1000), 2063, &steps[0]},
		{"under the second step", big.NewRat(992, 1000), 4125, &steps[1]},
		{"down all month", new(big.Rat), 8250, &steps[2]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sla.AvailabilityPenalty(41250, steps, tt.ratio)
			if err != nil || got.Cents != tt.cents || got.Kind != sla.KindAvailability {
				t.Errorf("got %s %s, %v, want %s", got.Kind, got.Cents, err, tt.cents)
			}
			if diff := cmp.Diff(tt.step, got.Step); diff != "" {
				t.Errorf("step (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPercentageThatIsNotOneIsNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		price func() (sla.Penalty, error)
		part  string
	}{
		{"per hour", func() (sla.Penalty, error) {
			return sla.GTRPenalty(41250, contract.Clause{Lot: "lot-1", PercentHour: "5 %"}, time.Hour)
		}, `lot-1: percent per started hour: "5 %"`},
		{"cap", func() (sla.Penalty, error) {
			return sla.GTRPenalty(41250, contract.Clause{Lot: "lot-1", PercentHour: "5", CapPercent: "-50"}, time.Hour)
		}, `lot-1: cap percent: "-50"`},
		{"below", func() (sla.Penalty, error) {
			return sla.AvailabilityPenalty(41250, []contract.Step{steps[0], {Below: "1/2", Percent: "5"}}, big.NewRat(1, 1))
		}, `step 2: below: "1/2"`},
		{"percent of a step", func() (sla.Penalty, error) {
			return sla.AvailabilityPenalty(41250, []contract.Step{{Below: "99", Percent: ""}}, big.NewRat(1, 1))
		}, `step 1: percent: ""`},
		{"an amount out of range", func() (sla.Penalty, error) {
			return sla.GTRPenalty(math.MaxInt64, contract.Clause{Lot: "lot-1", PercentHour: "200"}, time.Hour)
		}, money.ErrOverflow.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.price()
			if err == nil || !strings.Contains(err.Error(), tt.part) {
				t.Errorf("error %v, want it to say %s", err, tt.part)
			}
		})
	}
}

func TestAPenaltyNeverPassesItsCapNorShrinksWithTheOverrun(t *testing.T) {
	t.Parallel()
	clause := contract.Clause{PercentHour: "3.7", CapPercent: "42.5"}
	price := func(t *rapid.T, fee money.Cents, overrun time.Duration) money.Cents {
		penalty, err := sla.GTRPenalty(fee, clause, overrun)
		if err != nil {
			t.Fatal(err)
		}
		return penalty.Cents
	}
	rapid.Check(t, func(t *rapid.T) {
		fee := money.Cents(rapid.Int64Range(0, 1e9).Draw(t, "fee"))
		overrun := time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(t, "overrun"))
		more := overrun + time.Duration(rapid.Int64Range(0, int64(10*time.Hour)).Draw(t, "more"))
		less, greater := price(t, fee, overrun), price(t, fee, more)
		limit, err := fee.Times(big.NewRat(425, 1000))
		if err != nil {
			t.Fatal(err)
		}
		if less > greater || greater > limit {
			t.Fatalf("fee %s: %v costs %s, %v costs %s, cap %s", fee, overrun, less, more, greater, limit)
		}
	})
}

func TestThePenaltyMonthIsTheLocalMonthOfTheRestoration(t *testing.T) {
	t.Parallel()
	for restored, want := range map[string]string{
		"2026-04-30T23:59": "2026-04-01", "2026-05-01T00:00": "2026-05-01", "2026-01-01T00:30": "2026-01-01",
	} {
		if got := sla.Month(local(t, restored)).Format(time.DateOnly); got != want {
			t.Errorf("restored %s: month %s, want %s", restored, got, want)
		}
	}
}
