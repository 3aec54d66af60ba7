package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"vigie/billing/money"
)

func TestRoundGoesToTheNearestCentAndHalvesAwayFromZero(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		exact string
		want  money.Cents
	}{
		{"a whole number stays", "7", 7},
		{"just under a half goes down", "2062.4999999999", 2062},
		{"a half goes up, even where half-even would not", "2062.5", 2063},
		{"an odd half goes up too", "2063.5", 2064},
		{"a negative half goes down", "-2062.5", -2063},
		{"a small negative goes to zero", "-0.49", 0},
		{"a third is not a half", "1/3", 0},
		{"the largest amount fits", "9223372036854775807.4", math.MaxInt64},
		{"the smallest amount fits", "-9223372036854775808", math.MinInt64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			exact, ok := new(big.Rat).SetString(tt.exact)
			if !ok {
				t.Fatalf("bad test fraction %q", tt.exact)
			}
			got, err := money.Round(exact)
			if err != nil || got != tt.want {
				t.Errorf("Round(%s) = %d, %v; want %d", tt.exact, got, err, tt.want)
			}
		})
	}
}

func TestAnAmountOutOfRangeIsRefused(t *testing.T) {
	t.Parallel()
	half := big.NewRat(1, 2)
	if _, err := money.Round(new(big.Rat).Add(money.Cents(math.MaxInt64).Rat(), half)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("Round over the range: error %v, want ErrOverflow", err)
	}
	if _, err := money.Cents(math.MinInt64).Times(big.NewRat(-1, 1)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("Times over the range: error %v, want ErrOverflow", err)
	}
	if _, err := money.Sum(math.MaxInt64, 1); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("Sum over the range: error %v, want ErrOverflow", err)
	}
	if _, err := money.Sum(math.MinInt64, -1); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("Sum under the range: error %v, want ErrOverflow", err)
	}
}

func TestSumAddsBothSigns(t *testing.T) {
	t.Parallel()
	got, err := money.Sum(60002, 12000, -4125)
	if err != nil || got != 67877 {
		t.Errorf("Sum = %d, %v; want 67877", got, err)
	}
	if got, err := money.Sum(); err != nil || got != 0 {
		t.Errorf("Sum of nothing = %d, %v; want 0", got, err)
	}
}

func TestStringWritesEurosThatParseReadsBack(t *testing.T) {
	t.Parallel()
	for cents, want := range map[money.Cents]string{
		0: "0.00", 5: "0.05", -5: "-0.05", 41250: "412.50", -10000: "-100.00",
		math.MinInt64: "-92233720368547758.08",
	} {
		if got := cents.String(); got != want {
			t.Errorf("%d as text: got %s, want %s", int64(cents), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		cents := money.Cents(rapid.Int64().Draw(t, "cents"))
		if got, err := money.ParseEuros(cents.String()); err != nil || got != cents {
			t.Fatalf("%s read back: %d, %v; want %d", cents, got, err, cents)
		}
	})
}

func TestRoundingIsSymmetricAndAtMostHalfACentAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		exact := big.NewRat(rapid.Int64Range(-1e12, 1e12).Draw(t, "num"), rapid.Int64Range(1, 1e6).Draw(t, "den"))
		up, err := money.Round(exact)
		if err != nil {
			t.Fatal(err)
		}
		down, err := money.Round(new(big.Rat).Neg(exact))
		if err != nil || up != -down {
			t.Fatalf("Round(%s) = %d but its opposite gives %d, %v", exact, up, down, err)
		}
		gap := new(big.Rat).Sub(up.Rat(), exact)
		if gap.Abs(gap).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("Round(%s) = %d is %s away", exact, up, gap)
		}
	})
}
