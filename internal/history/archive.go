package history

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vigie/internal/measure"
)

// The tables of an archive. Each is a file of CSV (RFC 4180, UTF-8), packed by gzip.
const (
	TableHours       = "link_hours"
	TableDays        = "link_day"
	TableUtilisation = "utilisation"
	TableOutages     = "outage"
	TableFindings    = "finding"
)

// Tables are all tables in the order in which they are written and read.
func Tables() []string {
	return []string{TableHours, TableDays, TableUtilisation, TableOutages, TableFindings}
}

// Place is where a record stands in its table: the line of the file, counted from 1 for
// the header; 0 when it was not read from a file.
type Place int

// HoursDay are the hours of one link in one UTC day. Its rows are those hours of which
// something was planned.
type HoursDay struct {
	Place
	Link  string // reference
	Day   time.Time
	Hours measure.Hours
	// Delays are nil where none were kept.
	Delays    *measure.HourlyDelays
	Simulated bool
}

// Whole is one UTC day of a link as a whole; of its figures only those that the table of
// days holds are set.
type Whole struct {
	Place
	Link      string
	Day       time.Time
	Figures   measure.Figures
	Simulated bool
}

// CarriedDay is what a link carried in the five minutes of a UTC day. Its rows are those
// that were measured.
type CarriedDay struct {
	Place
	Link      string
	Day       time.Time
	Rates     measure.UtilisationDay
	Simulated bool
}

// Outage is a confirmed outage that began in the month. To is zero while it lasts; Cause
// is line or power, empty while nothing told, and then Told and Started are zero.
type Outage struct {
	Place
	Link          string
	From, To      time.Time
	Cause         string
	Told, Started time.Time
	Simulated     bool
}

// Finding is what a prober found out beside its rounds; without a link it is about the
// prober itself.
type Finding struct {
	Place
	Link   string
	Kind   string
	At     time.Time
	Prober string
	Body   json.RawMessage
}

// Source gives one month as it is stored at one moment, each table in the order of link
// and time.
type Source interface {
	// Ready returns fault.Conflict when a day of the month is not packed as it is.
	Ready(ctx context.Context, month time.Time) error
	Hours(ctx context.Context, month time.Time, each func(HoursDay) error) error
	Days(ctx context.Context, month time.Time, each func(Whole) error) error
	Carried(ctx context.Context, month time.Time, each func(CarriedDay) error) error
	Outages(ctx context.Context, month time.Time, each func(Outage) error) error
	Findings(ctx context.Context, month time.Time, each func(Finding) error) error
}

// Sink takes what an archive holds, some records at a time, in one transaction. What is
// stored already as it is there is passed over; what contradicts it is a *Problem. It
// returns how many records were new.
type Sink interface {
	Hours(ctx context.Context, list []HoursDay) (added int, err error)
	Days(ctx context.Context, list []Whole) (added int, err error)
	Carried(ctx context.Context, list []CarriedDay) (added int, err error)
	Outages(ctx context.Context, list []Outage) (added int, err error)
	Findings(ctx context.Context, list []Finding) (added int, err error)
}

// Problem is what is wrong with one value of an archive.
type Problem struct {
	Table    string
	Line     Place
	Field    string
	Value    string
	Expected string
}

// Error names the file, the line, the field, the value and what is expected.
func (p *Problem) Error() string {
	return fmt.Sprintf("%s, line %d: %s: %q, expected %s", FileName(p.Table), p.Line, p.Field, p.Value, p.Expected)
}

// FileName is the file of a table in the folder of its month.
func FileName(table string) string { return table + ".csv.gz" }

// MonthName names a month as folders do: 2026-10.
func MonthName(month time.Time) string { return month.Format("2006-01") }

// ParseMonth reads the name of a month.
func ParseMonth(text string) (time.Time, error) {
	month, err := time.Parse("2006-01", text)
	if err != nil || month.Year() < 1970 || month.Year() > 2200 {
		return time.Time{}, fmt.Errorf("%q, expected a month such as 2026-10", text)
	}
	return month, nil
}

// next is the first instant after a month.
func next(month time.Time) time.Time { return month.AddDate(0, 1, 0) }
