package money_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"vigie/billing/money"
)

func TestParseEurosReadsBothSeparators(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]money.Cents{
		"412,50": 41250, "412.50": 41250, "412": 41200, "412,5": 41250, "0.3": 30, "0,05": 5, "-12,00": -1200, "-0.01": -1,
		"92233720368547758,07": 9223372036854775807,
	} {
		if got, err := money.ParseEuros(text); err != nil || got != want {
			t.Errorf("ParseEuros(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestParseEurosRefusesAnythingElseAndSaysWhatItExpects(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "-", ",50", "412,", "412,505", "1 412,50", "1.412,50", "+412", " 412", "412 €", "4e2", "--4", "٤١٢", "0x1f",
		strings.Repeat("1", 41),
	} {
		_, err := money.ParseEuros(text)
		var syntax *money.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("ParseEuros(%q): error %v, want a SyntaxError", text, err)
			continue
		}
		if syntax.Value != text || !strings.Contains(err.Error(), "412,50") {
			t.Errorf("ParseEuros(%q): the error %q must give the value and an example", text, err)
		}
	}
	if _, err := money.ParseEuros("92233720368547758,08"); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("one cent too much: error %v, want ErrOverflow", err)
	}
}

func TestParsePercentReturnsTheFraction(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*big.Rat{
		"20": big.NewRat(1, 5), "5,5": big.NewRat(11, 200), "99.85": big.NewRat(1997, 2000), "0": new(big.Rat), "150": big.NewRat(3, 2),
	} {
		if got, err := money.ParsePercent(text); err != nil || got.Cmp(want) != 0 {
			t.Errorf("ParsePercent(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "20 %", "20%", "1/5", "NaN"} {
		if got, err := money.ParsePercent(text); err == nil {
			t.Errorf("ParsePercent(%q) = %s, want an error", text, got)
		}
	}
}

func TestParseDecimalIsExact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*big.Rat{
		"0,15": big.NewRat(3, 20), "121.2": big.NewRat(606, 5), "-3": big.NewRat(-3, 1), "012": big.NewRat(12, 1),
	} {
		if got, err := money.ParseDecimal(text); err != nil || got.Cmp(want) != 0 {
			t.Errorf("ParseDecimal(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1e3", "1/3", "1.2.3", "1_000", "Inf"} {
		if got, err := money.ParseDecimal(text); err == nil {
			t.Errorf("ParseDecimal(%q) = %s, want an error", text, got)
		}
	}
}

func FuzzParseEuros(f *testing.F) {
	for _, seed := range []string{"412,50", "412.50", "-0,01", "1 000", "", "92233720368547758,08"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cents, err := money.ParseEuros(text)
		if err != nil {
			return
		}
		if again, err := money.ParseEuros(cents.String()); err != nil || again != cents {
			t.Errorf("%q read as %s, read back as %s, %v", text, cents, again, err)
		}
		exact, err := money.ParseDecimal(text)
		if err != nil || exact.Mul(exact, big.NewRat(100, 1)).Cmp(cents.Rat()) != 0 {
			t.Errorf("%q is %s euros but the decimal %v cents, %v", text, cents, exact, err)
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"0,15", "121.2", "-3", "1e9", "1/3", "20"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := money.ParseDecimal(text)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(strings.Replace(text, ",", ".", 1))
		if !ok || value.Cmp(want) != 0 || strings.ContainsAny(text, "eE/_+xX") {
			t.Errorf("%q read as %s, want %v", text, value, want)
		}
		percent, err := money.ParsePercent(text)
		if (err == nil) != (value.Sign() >= 0) {
			t.Errorf("%q as a percentage: %v, %v", text, percent, err)
		}
		if err == nil && percent.Mul(percent, big.NewRat(100, 1)).Cmp(value) != 0 {
			t.Errorf("%q as a percentage is %s, want a hundredth of %s", text, percent, value)
		}
	})
}
