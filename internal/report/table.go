package report

import (
	"strconv"
	"strings"
	"time"

	"vigie/billing/money"
)

// kind is what a cell holds.
type kind int

const (
	empty kind = iota
	text
	passage
	number
	euros
	date
)

// Cell is one value of a table. The zero Cell is empty.
type Cell struct {
	kind     kind
	words    string
	scaled   int64 // the figure x 10^decimals
	decimals int
	day      time.Time
}

// Text is words, whatever they begin with.
func Text(words string) Cell { return Cell{kind: text, words: words} }

// Passage is a text that may run over several lines.
func Passage(words string) Cell { return Cell{kind: passage, words: words} }

// Number is scaled x 10^-decimals.
func Number(scaled int64, decimals int) Cell {
	return Cell{kind: number, scaled: scaled, decimals: decimals}
}

// Euros is an amount.
func Euros(c money.Cents) Cell { return Cell{kind: euros, scaled: int64(c), decimals: 2} }

// Day is a civil day, held at midnight UTC.
func Day(d time.Time) Cell {
	if d.IsZero() {
		return Cell{}
	}
	return Cell{kind: date, day: d}
}

// Missing is a figure that is not given, and why.
func Missing(reason string) Cell { return Cell{words: reason} }

// plain writes the cell for a program: a decimal point, an ISO date, nothing for what
// is missing.
func (c Cell) plain() string {
	switch c.kind {
	case text, passage:
		return c.words
	case number, euros:
		return decimal(c.scaled, c.decimals)
	case date:
		return c.day.Format(time.DateOnly)
	}
	return ""
}

// decimal writes scaled x 10^-decimals exactly: -412.50.
func decimal(scaled int64, decimals int) string {
	sign := ""
	magnitude := uint64(scaled)
	if scaled < 0 {
		sign, magnitude = "-", -magnitude
	}
	digits := strconv.FormatUint(magnitude, 10)
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if decimals == 0 {
		return sign + digits
	}
	return sign + digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
}

// Column is one column of a table.
type Column struct {
	// Key names it for programs, Title for people.
	Key, Title string
	// Width is in characters.
	Width float64
}

// Table is one sheet.
type Table struct {
	Name    string // of the sheet: at most 31 characters, none of : \ / ? * [ ]
	Heading string // a line above the columns
	Columns []Column
	Rows    [][]Cell
	// Sum is a last row, or nil.
	Sum []Cell
}
