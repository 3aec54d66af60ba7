package money

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// maxDigits bounds what is read: no contract writes longer numbers, and an
// unbounded one would cost unbounded memory in every later fraction.
const maxDigits = 40

// SyntaxError reports a text that is not the number it should be.
type SyntaxError struct {
	Value    string // the text as given
	Expected string // what would have been accepted
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%q is not valid: expected %s", e.Value, e.Expected)
}

// ParseEuros reads an amount in euros, with at most two decimals after a comma or a
// point: "412", "412,50", "-412.50", and "412.5" as spreadsheets keep it. Spaces, signs other than
// a leading minus, thousands separators and currency marks are refused with a
// *SyntaxError; an amount out of range wraps ErrOverflow.
func ParseEuros(text string) (Cents, error) {
	number, ok := scan(text)
	if !ok || len(number.decimals) > 2 {
		return 0, &SyntaxError{text, "euros such as 412, 412,50 or 412.50"}
	}
	decimals := (number.decimals + "00")[:2]
	cents, err := strconv.ParseInt(number.sign+number.whole+decimals, 10, 64)
	if err != nil { // only digits are left, so the range is the only possible cause
		return 0, fmt.Errorf("read %q euros: %w", text, ErrOverflow)
	}
	return Cents(cents), nil
}

// ParseDecimal reads a decimal number exactly, with a comma or a point: "0,15",
// "121.2", "-3". Exponents, fractions and spaces are refused with a *SyntaxError.
func ParseDecimal(text string) (*big.Rat, error) {
	const expected = "a decimal number such as 121,2 or 121.2"
	number, ok := scan(text)
	if !ok {
		return nil, &SyntaxError{text, expected}
	}
	value, ok := new(big.Rat).SetString(number.sign + number.whole + "." + number.decimals)
	if !ok {
		return nil, &SyntaxError{text, expected}
	}
	return value, nil
}

// ParsePercent reads a percentage of zero or more, written without its sign, and
// returns it as a fraction: "20" is 1/5, "5,5" is 11/200. Anything else is a
// *SyntaxError. There is no upper bound: a rise or a cap may exceed 100 %.
func ParsePercent(text string) (*big.Rat, error) {
	percent, err := ParseDecimal(text)
	if err != nil || percent.Sign() < 0 {
		return nil, &SyntaxError{text, "a percentage of 0 or more such as 20 or 5,5"}
	}
	return percent.Quo(percent, big.NewRat(100, 1)), nil
}

// decimal is a number cut into its written parts.
type decimal struct{ sign, whole, decimals string }

func scan(text string) (decimal, bool) {
	var number decimal
	digits := text
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		number.sign, digits = "-", rest
	}
	if len(digits) > maxDigits {
		return number, false
	}
	number.whole = digits
	if at := strings.IndexAny(digits, ",."); at >= 0 {
		number.whole, number.decimals = digits[:at], digits[at+1:]
		if number.decimals == "" {
			return number, false
		}
	}
	return number, number.whole != "" && onlyDigits(number.whole) && onlyDigits(number.decimals)
}

func onlyDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}
