package history

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"vigie/internal/measure"
	"vigie/probe"
)

// Read reads one table of a month and hands its records to the sink, all of them in the
// order of the file. What is wrong with a value is a *Problem. It returns the rows of the
// file and how many records were new to the sink.
func Read(ctx context.Context, from io.Reader, table string, month time.Time, into Sink) (rows int64, added int, err error) {
	r := &tableReader{csv: csv.NewReader(from), table: table, month: month}
	r.csv.ReuseRecord = true
	r.csv.FieldsPerRecord = -1 // the header says what is wrong with it
	if err := r.header(); err != nil {
		return 0, 0, err
	}
	switch table {
	case TableHours:
		added, err = pour(ctx, r, r.hours, into.Hours)
	case TableDays:
		added, err = pour(ctx, r, r.whole, into.Days)
	case TableUtilisation:
		added, err = pour(ctx, r, r.carried, into.Carried)
	case TableOutages:
		added, err = pour(ctx, r, r.outage, into.Outages)
	case TableFindings:
		added, err = pour(ctx, r, r.finding, into.Findings)
	default:
		err = fmt.Errorf("table %q is not known", table)
	}
	return r.rows, added, err
}

// atOnce is how many records go to the sink together.
const atOnce = 200

// pour reads records until the end. read gives nil while a record goes on.
func pour[T any](ctx context.Context, r *tableReader, read func() (*T, error), take func(context.Context, []T) (int, error)) (added int, err error) {
	var list []T
	flush := func() error {
		n, err := take(ctx, list)
		added += n
		list = list[:0]
		return err
	}
	for more := true; more; {
		more, err = r.next()
		if err != nil {
			return added, err
		}
		record, err := read()
		if err != nil {
			return added, err
		}
		if record != nil {
			list = append(list, *record)
		}
		if len(list) == atOnce || !more && len(list) > 0 {
			if err := flush(); err != nil {
				return added, err
			}
		}
	}
	return added, nil
}

// tableReader reads the rows of one table.
type tableReader struct {
	csv   *csv.Reader
	table string
	month time.Time

	cells   []string // of the row; nil behind the last
	line    Place
	rows    int64
	problem *Problem // the first of the row
	last    key

	// The day that is being read, while its rows go on.
	hoursDay   *HoursDay
	carriedDay *CarriedDay
}

// key orders the rows of a table: each may stand there once.
type key struct {
	link string
	at   time.Time
	rest string
}

func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.link, other.link), k.at.Compare(other.at), cmp.Compare(k.rest, other.rest))
}

func (r *tableReader) header() error {
	cells, err := r.csv.Read()
	if err != nil {
		return fmt.Errorf("%s: the header: %w", FileName(r.table), err)
	}
	r.csv.FieldsPerRecord = len(headers[r.table])
	if !slices.Equal(cells, headers[r.table]) {
		return fmt.Errorf("%s, line 1: columns %q, expected %q", FileName(r.table), cells, headers[r.table])
	}
	return nil
}

// next reads a row; false behind the last.
func (r *tableReader) next() (bool, error) {
	cells, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		r.cells = nil
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", FileName(r.table), err)
	}
	line, _ := r.csv.FieldPos(0)
	r.cells, r.line, r.problem = cells, Place(line), nil
	r.rows++
	return true, nil
}

// fail notes what is wrong with a cell, unless an earlier one of the row is.
func (r *tableReader) fail(column int, expected string) {
	if r.problem == nil {
		r.problem = &Problem{Table: r.table, Line: r.line, Field: headers[r.table][column], Value: r.cells[column], Expected: expected}
	}
}

// sorted requires that the row follows the one before.
func (r *tableReader) sorted(k key) {
	if r.rows > 1 && k.compare(r.last) <= 0 {
		r.fail(0, "rows in the order of link and time, each once")
	}
	r.last = k
}

// done gives the first problem of the row.
func (r *tableReader) done() error {
	if r.problem != nil {
		return r.problem
	}
	return nil
}

// hours adds a row to the day it belongs to, and gives a day once it is over.
func (r *tableReader) hours() (*HoursDay, error) {
	former := r.hoursDay
	if r.cells == nil {
		r.hoursDay = nil
		return r.packable(former)
	}
	link, at, simulated := r.text(0), r.instant(1), r.boolean(17)
	if at.Truncate(time.Hour) != at {
		r.fail(1, "the beginning of an hour")
	}
	r.sorted(key{link: link, at: at})
	f := r.figures(2)
	f.Detailed, f.Duplicates, f.Reordered = r.count(11), r.count(12), r.count(13)
	f.LossPeriods, f.LongestLoss, f.PDVMicros = r.count(14), r.count(15), r.micros(16)
	if f.Planned == 0 {
		r.fail(2, "more than 0: an hour without a plan has no row")
	}
	if f.Detailed > f.Sent {
		r.fail(11, "no more than was sent")
	}
	day := at.Truncate(24 * time.Hour)
	goesOn := former != nil && former.Link == link && former.Day.Equal(day)
	if !goesOn {
		r.hoursDay = &HoursDay{Place: r.line, Link: link, Day: day, Hours: measure.NewHours(), Simulated: simulated}
		if r.cells[18] != "" {
			r.hoursDay.Delays = &measure.HourlyDelays{}
		}
	}
	current := r.hoursDay
	if simulated != current.Simulated {
		r.fail(17, "the same for a whole day")
	}
	if (r.cells[18] != "") != (current.Delays != nil) {
		r.fail(18, "a distribution in every row of a day or in none")
	}
	current.Hours[at.Hour()] = f
	if current.Delays != nil {
		current.Delays[at.Hour()] = r.distribution(18)
	}
	if err := r.done(); err != nil || goesOn {
		return nil, err
	}
	return r.packable(former)
}

// packable makes sure that a day can be stored.
func (r *tableReader) packable(d *HoursDay) (*HoursDay, error) {
	if d == nil {
		return nil, nil
	}
	if _, err := d.Hours.MarshalBinary(); err != nil {
		return nil, fmt.Errorf("%s, line %d: the day that begins here: %w", FileName(r.table), d.Place, err)
	}
	return d, nil
}

func (r *tableReader) whole() (*Whole, error) {
	if r.cells == nil {
		return nil, nil
	}
	d := &Whole{Place: r.line, Link: r.text(0), Day: r.day(1), Simulated: r.boolean(11)}
	d.Figures = r.figures(2)
	r.sorted(key{link: d.Link, at: d.Day})
	return d, r.done()
}

// carried adds a row to the day it belongs to, and gives a day once it is over.
func (r *tableReader) carried() (*CarriedDay, error) {
	former := r.carriedDay
	if r.cells == nil {
		r.carriedDay = nil
		return former, nil
	}
	link, at, simulated := r.text(0), r.instant(1), r.boolean(4)
	if at.Truncate(fiveMinutes) != at {
		r.fail(1, "the beginning of five minutes")
	}
	r.sorted(key{link: link, at: at})
	day := at.Truncate(24 * time.Hour)
	goesOn := former != nil && former.Link == link && former.Day.Equal(day)
	if !goesOn {
		r.carriedDay = &CarriedDay{Place: r.line, Link: link, Day: day, Rates: measure.NewUtilisationDay(), Simulated: simulated}
	}
	if simulated != r.carriedDay.Simulated {
		r.fail(4, "the same for a whole day")
	}
	i := int(at.Sub(day) / fiveMinutes)
	r.carriedDay.Rates.Down[i], r.carriedDay.Rates.Up[i] = r.rate(2), r.rate(3)
	if r.cells[2] == "" && r.cells[3] == "" {
		r.fail(2, "a rate in one direction at least")
	}
	if err := r.done(); err != nil || goesOn {
		return nil, err
	}
	return former, nil
}

func (r *tableReader) outage() (*Outage, error) {
	if r.cells == nil {
		return nil, nil
	}
	o := &Outage{
		Place: r.line, Link: r.text(0), From: r.instant(1), To: r.anyInstant(2), Cause: r.cells[3],
		Told: r.anyInstant(4), Started: r.anyInstant(5), Simulated: r.boolean(6),
	}
	r.sorted(key{link: o.Link, at: o.From})
	switch told := o.Cause != ""; {
	case !o.To.IsZero() && o.To.Before(o.From):
		r.fail(2, "an end that is not before the beginning")
	case told && o.Cause != "line" && o.Cause != "power":
		r.fail(3, "line, power or nothing")
	case told == o.Told.IsZero():
		r.fail(4, "a time where there is a cause, and nothing else")
	case told == o.Started.IsZero():
		r.fail(5, "a time where there is a cause, and nothing else")
	case told && (o.To.IsZero() || o.Told.Before(o.To)):
		r.fail(4, "a time after the end of the outage")
	}
	return o, r.done()
}

func (r *tableReader) finding() (*Finding, error) {
	if r.cells == nil {
		return nil, nil
	}
	f := &Finding{Place: r.line, Link: r.cells[0], Kind: r.cells[1], At: r.instant(2), Prober: r.text(3), Body: json.RawMessage(r.cells[4])}
	if f.Link != "" {
		r.text(0)
	}
	r.sorted(key{link: f.Link, at: f.At, rest: f.Kind + "\x00" + f.Prober + "\x00" + string(f.Body)})
	value, err := probe.ReadFinding(f.Kind, f.Body)
	if err == nil {
		_, err = probe.Report{At: f.At, Finding: value}.Body()
	}
	if err != nil {
		r.fail(4, fmt.Sprintf("a finding of its kind: %v", err))
	}
	return f, r.done()
}

func (r *tableReader) distribution(column int) (d measure.Distribution) {
	packed, err := base64.StdEncoding.Strict().DecodeString(r.cells[column])
	if err == nil {
		err = d.UnmarshalBinary(packed)
	}
	if err != nil {
		r.fail(column, fmt.Sprintf("a distribution in base64: %v", err))
	}
	return d
}
