package share_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/billing/money"
	"vigie/billing/share"
)

// weigh gives the payers a, b, c... one written weight each.
func weigh(t *testing.T, values ...string) []share.Weight {
	t.Helper()
	var weights []share.Weight
	for i, value := range values {
		weights = append(weights, share.Weight{Payer: string(rune('a' + i)), Value: number(t, value)})
	}
	return weights
}

func TestAllocateGivesLeftOverCentsToTheLargestRemainders(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		amount  money.Cents
		weights []string
		want    []money.Cents
	}{
		{"an exact quota is kept, whatever the order", 15, []string{"4/5", "2/25", "3/25"}, []money.Cents{12, 1, 2}},
		{"percentages with decimals", 100, []string{"60", "35.5", "4.5"}, []money.Cents{60, 36, 4}},
		{"the larger weight has the larger remainder", 5, []string{"100", "101", "100", "100"}, []money.Cents{1, 2, 1, 1}},
		{"a tie goes to the larger weight", 2, []string{"1", "3"}, []money.Cents{0, 2}},
		{"then to the lowest key", 10000, []string{"1", "1", "1"}, []money.Cents{3334, 3333, 3333}},
		{"a credit is the mirror of the charge", -10000, []string{"1", "1", "1"}, []money.Cents{-3334, -3333, -3333}},
		{"nobody with weight 0 gets a cent", 1, []string{"0", "1", "0"}, []money.Cents{0, 1, 0}},
		{"nothing is split into nothing", 0, []string{"2", "1"}, []money.Cents{0, 0}},
		{"Alabama: 10 cents", 10, []string{"6", "6", "2"}, []money.Cents{4, 4, 2}},
		{"Alabama: with 11, the third gets less", 11, []string{"6", "6", "2"}, []money.Cents{5, 5, 1}},
		{"the smallest amount there is", math.MinInt64, []string{"1"}, []money.Cents{math.MinInt64}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parts, err := share.Allocate(tt.amount, weigh(t, tt.weights...))
			if err != nil {
				t.Fatal(err)
			}
			var got []money.Cents
			for _, part := range parts {
				got = append(got, part.Cents)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllocateMarksWhoGotALeftOverCent(t *testing.T) {
	t.Parallel()
	parts, err := share.Allocate(-10000, weigh(t, "1", "1", "1"))
	if err != nil {
		t.Fatal(err)
	}
	want := []share.Part{{Payer: "a", Cents: -3334, Remainder: 1}, {Payer: "b", Cents: -3333}, {Payer: "c", Cents: -3333}}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func TestAllocateRefusesWeightsThatSplitNothing(t *testing.T) {
	t.Parallel()
	one := big.NewRat(1, 1)
	tests := []struct {
		name    string
		weights []share.Weight
		says    string
	}{
		{"none", nil, "0 weights add up to 0"},
		{"all zero", weigh(t, "0", "0"), "2 weights add up to 0"},
		{"a negative one", weigh(t, "3", "-1"), `payer "b" has weight -1`},
		{"a missing one", []share.Weight{{Payer: "a"}}, `payer "a" has no weight`},
		{"a payer twice", []share.Weight{{Payer: "a", Value: one}, {Payer: "a", Value: one}}, `payer "a" has two weights`},
		{"a nameless payer", []share.Weight{{Value: one}}, "weight without payer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := share.Allocate(100, tt.weights)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
		})
	}
}

// drawWeights draws payers with whole or fractional weights, at least one above 0.
func drawWeights(t *rapid.T) []share.Weight {
	n := rapid.IntRange(1, 8).Draw(t, "payers")
	weights := make([]share.Weight, n)
	for i := range weights {
		value := big.NewRat(rapid.Int64Range(0, 60).Draw(t, "weight"), rapid.SampledFrom([]int64{1, 1, 2, 7, 100}).Draw(t, "over"))
		weights[i] = share.Weight{Payer: fmt.Sprintf("payer-%d", i), Value: value}
	}
	if _, err := share.Total(weights); err != nil {
		weights[0].Value = big.NewRat(1, 1)
	}
	return weights
}

func mustAllocate(t *rapid.T, amount money.Cents, weights []share.Weight) []share.Part {
	parts, err := share.Allocate(amount, weights)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func TestPartsAddUpAndStayWithinACentOfTheQuota(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Cents(rapid.Int64().Draw(t, "amount"))
		weights := drawWeights(t)
		total, err := share.Total(weights)
		if err != nil {
			t.Fatal(err)
		}
		sum := new(big.Rat)
		for i, part := range mustAllocate(t, amount, weights) {
			sum.Add(sum, part.Cents.Rat())
			quota := new(big.Rat).Mul(amount.Rat(), weights[i].Value)
			gap := quota.Sub(quota.Quo(quota, total), part.Cents.Rat())
			if gap.Abs(gap).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("%s is %s cents away from its quota", part.Payer, gap.FloatString(3))
			}
			if weights[i].Value.Sign() == 0 && part.Cents != 0 {
				t.Fatalf("%s has weight 0 and pays %s", part.Payer, part.Cents)
			}
		}
		if sum.Cmp(amount.Rat()) != 0 {
			t.Fatalf("parts add up to %s, want %d", sum.RatString(), int64(amount))
		}
	})
}

func TestTheOppositeAmountGivesTheOppositeParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Cents(rapid.Int64Range(0, math.MaxInt64).Draw(t, "amount"))
		weights := drawWeights(t)
		want := mustAllocate(t, amount, weights)
		for i := range want {
			want[i].Cents = -want[i].Cents
		}
		if diff := cmp.Diff(want, mustAllocate(t, -amount, weights)); diff != "" {
			t.Fatalf("opposite amount (-want +got):\n%s", diff)
		}
	})
}

func TestScalingAllWeightsChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Cents(rapid.Int64Range(-1e6, 1e6).Draw(t, "amount"))
		weights := drawWeights(t)
		scale := big.NewRat(rapid.Int64Range(1, 1000).Draw(t, "num"), rapid.Int64Range(1, 1000).Draw(t, "den"))
		scaled := make([]share.Weight, len(weights))
		for i, w := range weights {
			scaled[i] = share.Weight{Payer: w.Payer, Value: new(big.Rat).Mul(w.Value, scale)}
		}
		if diff := cmp.Diff(mustAllocate(t, amount, weights), mustAllocate(t, amount, scaled)); diff != "" {
			t.Fatalf("weights times %s (-want +got):\n%s", scale.RatString(), diff)
		}
	})
}

func TestTheOrderOfThePayersChangesNoPartAndNoWeight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Cents(rapid.Int64Range(-1e6, 1e6).Draw(t, "amount"))
		weights := drawWeights(t)
		before := fmt.Sprint(weights)
		want := map[string]share.Part{}
		for _, part := range mustAllocate(t, amount, weights) {
			want[part.Payer] = part
		}
		got := map[string]share.Part{}
		for _, part := range mustAllocate(t, amount, rapid.Permutation(weights).Draw(t, "order")) {
			got[part.Payer] = part
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("another order (-want +got):\n%s", diff)
		}
		if after := fmt.Sprint(weights); after != before {
			t.Fatalf("the weights given became %s, want them untouched: %s", after, before)
		}
	})
}
