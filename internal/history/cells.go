package history

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vigie/internal/measure"
)

// maxText bounds names in an archive, in octets.
const maxText = 200

// text is a name: not empty, and what a database takes.
func (r *tableReader) text(column int) string {
	text := r.cells[column]
	if text == "" || len(text) > maxText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		r.fail(column, fmt.Sprintf("a text of up to %d octets", maxText))
	}
	return text
}

// count is a number from 0 to what a packed day holds.
func (r *tableReader) count(column int) int64 {
	n, err := strconv.ParseInt(r.cells[column], 10, 64)
	if err != nil || n < 0 || n >= math.MaxInt32 {
		r.fail(column, fmt.Sprintf("a number from 0 to %d", math.MaxInt32-1))
		return 0
	}
	return n
}

// micros is a delay in microseconds, nothing where it is undefined.
func (r *tableReader) micros(column int) int32 {
	if r.cells[column] == "" {
		return measure.Undefined
	}
	return int32(r.count(column))
}

// rate is a number of octets a second, nothing where it was not measured.
func (r *tableReader) rate(column int) uint32 {
	if r.cells[column] == "" {
		return measure.NoRate
	}
	n, err := strconv.ParseUint(r.cells[column], 10, 32)
	if err != nil || uint32(n) == measure.NoRate {
		r.fail(column, fmt.Sprintf("octets a second from 0 to %d, or nothing", measure.NoRate-1))
	}
	return uint32(n)
}

func (r *tableReader) boolean(column int) bool {
	if text := r.cells[column]; text != "true" && text != "false" {
		r.fail(column, "true or false")
	}
	return r.cells[column] == "true"
}

// instant is a time of the month.
func (r *tableReader) instant(column int) time.Time {
	at := r.anyInstant(column)
	r.inMonth(column, at)
	return at
}

func (r *tableReader) inMonth(column int, at time.Time) {
	if at.Before(r.month) || !at.Before(next(r.month)) {
		r.fail(column, "a time in "+MonthName(r.month))
	}
}

// anyInstant is a time of any month, or none.
func (r *tableReader) anyInstant(column int) time.Time {
	if r.cells[column] == "" {
		return time.Time{}
	}
	at, err := time.Parse(instantLayout, r.cells[column])
	if err != nil || at.Year() < 1970 || at.Year() > 2200 || at.Nanosecond()%1000 != 0 {
		r.fail(column, "a time in UTC such as 2026-10-01T06:00:00Z, of the years 1970 to 2200")
	}
	return at
}

func (r *tableReader) day(column int) time.Time {
	day, err := time.Parse(time.DateOnly, r.cells[column])
	if err != nil {
		r.fail(column, "a day such as 2026-10-01")
		return day
	}
	r.inMonth(column, day)
	return day
}

// figures are the nine cells that hours and days have in common.
func (r *tableReader) figures(column int) measure.Figures {
	f := measure.Figures{
		Planned: r.count(column), Sent: r.count(column + 1), Received: r.count(column + 2), CoveredMillis: r.count(column + 3),
		MinMicros: r.micros(column + 4), MedianMicros: r.micros(column + 5), P95Micros: r.micros(column + 6),
		MaxMicros: r.micros(column + 7), JitterMicros: r.micros(column + 8), PDVMicros: measure.Undefined,
	}
	if f.Sent > f.Planned {
		r.fail(column+1, "no more than was planned")
	}
	if f.Received > f.Sent {
		r.fail(column+2, "no more than was sent")
	}
	return f
}
