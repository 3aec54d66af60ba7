package i18n

import (
	"strconv"
	"strings"
)

// Spaces that keep a figure and its unit on one line.
const (
	narrowSpace = "\u202f"
	noBreak     = "\u00a0"
	minus       = "\u2212"
	none        = "\u2013" // stands where there is no figure
)

// Number writes an integer with its thousands apart: 1 234 567 or 1,234,567.
func (p Printer) Number(n int64) string {
	return p.fixed(n, 0)
}

// fixed writes n x 10^-decimals with exactly that many decimals.
func (p Printer) fixed(n int64, decimals int) string {
	digits := strconv.FormatInt(n, 10)
	negative := strings.HasPrefix(digits, "-")
	digits = strings.TrimPrefix(digits, "-")
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-decimals], digits[len(digits)-decimals:]
	var b strings.Builder
	if negative {
		b.WriteString(minus)
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(p.groupMark())
		}
		b.WriteRune(digit)
	}
	if decimals > 0 {
		b.WriteString(p.decimalMark())
		b.WriteString(fraction)
	}
	return b.String()
}

func (p Printer) groupMark() string {
	if p.lang == English {
		return ","
	}
	return narrowSpace
}

func (p Printer) decimalMark() string {
	if p.lang == English {
		return "."
	}
	return ","
}

// Euros writes an amount given in cents: 1 234,56 € or €1,234.56.
func (p Printer) Euros(cents int64) string {
	if p.lang == English {
		text := p.fixed(cents, 2)
		if rest, negative := strings.CutPrefix(text, minus); negative {
			return minus + "€" + rest
		}
		return "€" + text
	}
	return p.fixed(cents, 2) + noBreak + "€"
}

// Decimal writes a decimal string of a contract ("99.85") with the language's mark.
func (p Printer) Decimal(s string) string {
	return strings.Replace(s, ".", p.decimalMark(), 1)
}

// PercentSign appends the sign to a figure that is already written.
func (p Printer) PercentSign(figure string) string {
	if p.lang == English {
		return figure + "%"
	}
	return figure + noBreak + "%"
}

// Percent writes part/whole as a percentage, rounded half away from zero, except
// that it never says 0 or 100 when the share is not exactly that: what is 99.99 %
// covered is not covered. Without a whole there is no figure: it writes a dash.
func (p Printer) Percent(part, whole int64, decimals int) string {
	if whole <= 0 {
		return none
	}
	scale := int64(1)
	for range decimals {
		scale *= 10
	}
	full := 100 * scale
	// Shares of counts stay far below the overflow of part x 2 x full.
	rounded := (2*part*full + whole) / (2 * whole)
	switch {
	case part > 0 && part < whole && rounded <= 0:
		return "<" + noBreak + p.PercentSign(p.fixed(1, decimals))
	case part < whole && rounded >= full:
		rounded = full - 1
	}
	if rounded%scale == 0 {
		return p.PercentSign(p.fixed(rounded/scale, 0))
	}
	return p.PercentSign(p.fixed(rounded, decimals))
}

// Millis writes a delay given in microseconds in milliseconds: two decimals under
// 1 ms, one under 100 ms, none above or when it is whole. Not positive means
// undefined: a dash.
func (p Printer) Millis(micros int64) string {
	switch {
	case micros <= 0:
		return none
	case micros < 1_000:
		return p.fixed((micros+5)/10, 2) + noBreak + "ms"
	case micros < 99_950 && micros%1_000 != 0:
		return p.fixed((micros+50)/100, 1) + noBreak + "ms"
	default:
		return p.fixed((micros+500)/1_000, 0) + noBreak + "ms"
	}
}

// BitRate writes bits per second with a decimal prefix (kilo is 1000), one decimal
// when it is not whole: 100 Mbit/s, 1,5 Gbit/s. Not positive means not known.
func (p Printer) BitRate(bitsPerSecond int64) string {
	if bitsPerSecond <= 0 {
		return none
	}
	unit, prefix := int64(1), ""
	for _, step := range []struct {
		unit   int64
		prefix string
	}{{1_000_000_000, "G"}, {1_000_000, "M"}, {1_000, "k"}} {
		if bitsPerSecond >= step.unit {
			unit, prefix = step.unit, step.prefix
			break
		}
	}
	suffix := noBreak + prefix + "bit/s"
	if bitsPerSecond%unit == 0 {
		return p.fixed(bitsPerSecond/unit, 0) + suffix
	}
	return p.fixed((bitsPerSecond+unit/20)/(unit/10), 1) + suffix
}
