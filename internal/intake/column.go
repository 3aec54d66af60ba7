package intake

import (
	"fmt"
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigie/internal/calendar"
)

// column is one header of a table: how the text of a cell becomes a field of a row,
// and the canonical text of that field. A text field keeps a wrong text too, so
// that what refers to the row still finds it.
type column[T any] struct {
	header
	// read is given a text that is not empty; it returns what the text is not, or ""
	// when it was understood.
	read func(r *T, text string) string
	show func(r *T) string
}

// must makes the cell of every row required.
func (c column[T]) must() column[T] {
	c.required = true
	return c
}

func custom[T any](name string, read func(*T, string) string, show func(*T) string) column[T] {
	return column[T]{header{name: name}, read, show}
}

// as says what kind of field a form offers for the column.
func (c column[T]) as(kind FieldKind, choices ...string) column[T] {
	c.kind, c.choices = kind, choices
	return c
}

// checked is a column of text that check accepts when it returns "".
func checked[T any](name string, at func(*T) *string, check func(string) string) column[T] {
	return custom(name,
		func(r *T, text string) string { *at(r) = text; return check(text) },
		func(r *T) string { return *at(r) })
}

// maxText bounds a cell, in characters.
const maxText = 300

// text is a column of free text on one line: a line break in a name could forge
// the header of a mail.
func text[T any](name string, at func(*T) *string) column[T] {
	return checked(name, at, func(text string) string {
		switch {
		case utf8.RuneCountInString(text) > maxText:
			return fmt.Sprintf("is longer than %d characters", maxText)
		case strings.ContainsFunc(text, unicode.IsControl):
			return "holds a line break or another control character"
		}
		return ""
	})
}

func pattern[T any](name string, at func(*T) *string, form *regexp.Regexp, expected string) column[T] {
	return checked(name, at, func(text string) string {
		if !form.MatchString(text) {
			return expected
		}
		return ""
	})
}

var keyForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$`)

// IsKey reports whether a text has the form of a key: of a site, a link or anything else
// that has one.
func IsKey(text string) bool { return keyForm.MatchString(text) }

// key is a column that names its row, or an item, between files and people.
func key[T any](name string, at func(*T) *string) column[T] {
	return word(name, at).must()
}

// word is a column that holds a key of something that no table lists; it may be
// empty.
func word[T any](name string, at func(*T) *string) column[T] {
	return pattern(name, at, keyForm, "is not a key (letters without accents, digits and . _ : / -, at most 64, no space)")
}

// foreign is a column that holds a key of another table: only the table knows
// which ones exist.
func foreign[T any](name string, at func(*T) *string) column[T] {
	return checked(name, at, func(string) string { return "" })
}

func enum[T any, E ~string](name string, at func(*T) *E, values ...E) column[T] {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return custom(name,
		func(r *T, text string) string {
			if !slices.Contains(list, text) {
				return "is not one of " + strings.Join(list, ", ")
			}
			*at(r) = E(text)
			return ""
		},
		func(r *T) string { return string(*at(r)) }).as(Choice, list...)
}

func boolean[T any](name string, at func(*T) *bool) column[T] {
	return custom(name,
		func(r *T, text string) string {
			switch strings.ToLower(text) {
			case "yes", "oui", "true", "1":
				*at(r) = true
			case "no", "non", "false", "0":
			default:
				return "is not yes or no"
			}
			return ""
		},
		func(r *T) string {
			if *at(r) {
				return "yes"
			}
			return "no"
		}).as(YesNo, "yes", "no")
}

// day is a column of civil days, held at midnight UTC.
func day[T any](name string, at func(*T) *time.Time) column[T] {
	return custom(name,
		func(r *T, text string) string {
			d, err := time.Parse(time.DateOnly, text)
			if err != nil || d.Year() < 1900 || d.Year() > 2200 {
				return "is not a date (YYYY-MM-DD, 1900 to 2200)"
			}
			*at(r) = d
			return ""
		},
		func(r *T) string { return showDay(*at(r)) }).as(Day)
}

func showDay(d time.Time) string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// instant is a column of moments: with an offset, or in the civil time of
// Europe/Paris, whose hour that exists twice is its first occurrence.
func instant[T any](name string, at func(*T) *time.Time) column[T] {
	return custom(name,
		func(r *T, text string) string {
			t, err := parseInstant(text)
			if err != nil || t.Year() < 1900 || t.Year() > 2200 {
				return "is not a moment (2026-03-29T14:00 in Europe/Paris, or with an offset 2026-03-29T14:00:00+02:00)"
			}
			*at(r) = t
			return ""
		},
		func(r *T) string { return at(r).Format(time.RFC3339) }).as(Moment)
}

func parseInstant(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Second), nil
		}
	}
	return calendar.ParseLocal(text)
}

func integer[T any, N ~int | ~int64](name string, at func(*T) *N, low, high N) column[T] {
	return custom(name,
		func(r *T, text string) string {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < int64(low) || n > int64(high) {
				return fmt.Sprintf("is not a whole number from %d to %d", low, high)
			}
			*at(r) = N(n)
			return ""
		},
		func(r *T) string {
			if *at(r) == 0 {
				return ""
			}
			return strconv.FormatInt(int64(*at(r)), 10)
		})
}

// thousandths is a column of decimals held as a whole number of their thousandths
// (Mbit/s as kbit/s, ms as microseconds), above zero and up to high thousandths.
func thousandths[T any, N ~int32 | ~int64](name string, at func(*T) *N, high N) column[T] {
	return custom(name,
		func(r *T, text string) string {
			n, ok := parseThousandths(text)
			if !ok || n <= 0 || n > int64(high) {
				return fmt.Sprintf("is not a number above 0 and up to %s, with at most 3 decimals", showThousandths(int64(high)))
			}
			*at(r) = N(n)
			return ""
		},
		func(r *T) string {
			if *at(r) == 0 {
				return ""
			}
			return showThousandths(int64(*at(r)))
		})
}

func parseThousandths(text string) (int64, bool) {
	text, ok := canonicalDecimal(text)
	whole, decimals, _ := strings.Cut(text, ".")
	if !ok || len(decimals) > 3 {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(decimals + "000")[:3], 10, 64)
	return n, err == nil
}

func showThousandths(n int64) string {
	text, _ := canonicalDecimal(fmt.Sprintf("%d.%03d", n/1000, n%1000))
	return text
}

// decimal is a column of exact decimal numbers of zero or more, kept as canonical
// text; high is the largest allowed.
func decimal[T any](name string, at func(*T) *string, high int64) column[T] {
	return custom(name,
		func(r *T, text string) string {
			canonical, ok := canonicalDecimal(text)
			whole, decimals, _ := strings.Cut(canonical, ".")
			n, err := strconv.ParseInt(whole, 10, 64)
			if !ok || err != nil || n > high || (n == high && decimals != "") {
				return fmt.Sprintf("is not a decimal number from 0 to %d", high)
			}
			*at(r) = canonical
			return ""
		},
		func(r *T) string { return *at(r) })
}

var decimalForm = regexp.MustCompile(`^[0-9]{1,18}([.,][0-9]{1,18})?$`)

// canonicalDecimal writes a number of zero or more with a point and without
// useless zeros: "05,50" is "5.5".
func canonicalDecimal(text string) (string, bool) {
	if !decimalForm.MatchString(text) {
		return "", false
	}
	whole, decimals, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	whole, decimals = strings.TrimLeft(whole, "0"), strings.TrimRight(decimals, "0")
	if whole == "" {
		whole = "0"
	}
	if decimals == "" {
		return whole, true
	}
	return whole + "." + decimals, true
}

// degrees is a column of WGS84 degrees within plus or minus limit.
func degrees[T any](name string, at func(*T) *float64, limit float64) column[T] {
	return custom(name,
		func(r *T, text string) string {
			f, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
			if err != nil || !(f >= -limit && f <= limit) {
				return fmt.Sprintf("is not a decimal number of degrees from -%g to %g", limit, limit)
			}
			*at(r) = f
			return ""
		},
		func(r *T) string {
			if *at(r) == 0 {
				return ""
			}
			return strconv.FormatFloat(*at(r), 'f', -1, 64)
		})
}

func address[T any](name string, at func(*T) *netip.Addr) column[T] {
	return custom(name,
		func(r *T, text string) string {
			a, err := netip.ParseAddr(text)
			if err != nil {
				return "is not an IPv4 or IPv6 address"
			}
			if a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
				return "is not the address of one host"
			}
			*at(r) = a.Unmap()
			return ""
		},
		func(r *T) string {
			if !at(r).IsValid() {
				return ""
			}
			return at(r).String()
		})
}

func email[T any](name string, at func(*T) *string) column[T] {
	return checked(name, at, func(text string) string {
		parsed, err := mail.ParseAddress(text)
		if err != nil || parsed.Address != text {
			return "is not a mail address such as desk@operator.example"
		}
		return ""
	})
}
