package history

import (
	"context"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"vigie/internal/measure"
)

// headers are the columns of each table. Times are UTC (RFC 3339), delays microseconds
// and empty where undefined, covered_millis thousandths of a minute, rates octets a
// second. delays is the distribution of an hour's delays as internal/measure encodes it,
// in base64.
var headers = map[string][]string{
	TableHours: {
		"link", "at", "planned", "sent", "received", "covered_millis", "min_micros", "median_micros", "p95_micros", "max_micros", "jitter_micros",
		"detailed", "duplicates", "reordered", "loss_periods", "longest_loss", "pdv_micros", "simulated", "delays",
	},
	TableDays: {
		"link", "day", "planned", "sent", "received", "covered_millis", "min_micros", "median_micros", "p95_micros", "max_micros", "jitter_micros", "simulated",
	},
	TableUtilisation: {"link", "at", "down_octets_per_second", "up_octets_per_second", "simulated"},
	TableOutages:     {"link", "from", "to", "cause", "told_at", "router_started", "simulated"},
	TableFindings:    {"link", "kind", "at", "prober", "body"},
}

// Instants are written to the microsecond, which is what a database keeps.
const instantLayout = "2006-01-02T15:04:05.999999Z"

const fiveMinutes = 5 * time.Minute

// Write writes one table of a month as CSV and returns its rows.
func Write(ctx context.Context, to io.Writer, table string, month time.Time, from Source) (rows int64, err error) {
	w := tableWriter{csv: csv.NewWriter(to)}
	if err := w.csv.Write(headers[table]); err != nil {
		return 0, err
	}
	switch table {
	case TableHours:
		err = from.Hours(ctx, month, w.hours)
	case TableDays:
		err = from.Days(ctx, month, w.day)
	case TableUtilisation:
		err = from.Carried(ctx, month, w.carried)
	case TableOutages:
		err = from.Outages(ctx, month, w.outage)
	case TableFindings:
		err = from.Findings(ctx, month, w.finding)
	default:
		err = fmt.Errorf("table %q is not known", table)
	}
	w.csv.Flush()
	if err == nil {
		err = w.csv.Error()
	}
	return w.rows, err
}

type tableWriter struct {
	csv   *csv.Writer
	rows  int64
	cells []string
}

func (w *tableWriter) row(cells ...string) error {
	w.rows++
	return w.csv.Write(cells)
}

func (w *tableWriter) hours(d HoursDay) error {
	for i, f := range d.Hours {
		if f.Planned == 0 {
			continue
		}
		delays := ""
		if d.Delays != nil {
			packed, err := d.Delays[i].MarshalBinary()
			if err != nil {
				return err
			}
			delays = base64.StdEncoding.EncodeToString(packed)
		}
		w.cells = append(w.cells[:0], d.Link, instantText(d.Day.Add(time.Duration(i)*time.Hour)))
		w.cells = appendFigures(w.cells, f)
		w.cells = append(w.cells, number(f.Detailed), number(f.Duplicates), number(f.Reordered), number(f.LossPeriods), number(f.LongestLoss),
			micros(f.PDVMicros), strconv.FormatBool(d.Simulated), delays)
		if err := w.row(w.cells...); err != nil {
			return err
		}
	}
	return nil
}

// appendFigures appends what hours and days have in common.
func appendFigures(cells []string, f measure.Figures) []string {
	return append(cells, number(f.Planned), number(f.Sent), number(f.Received), number(f.CoveredMillis),
		micros(f.MinMicros), micros(f.MedianMicros), micros(f.P95Micros), micros(f.MaxMicros), micros(f.JitterMicros))
}

func (w *tableWriter) day(d Whole) error {
	w.cells = appendFigures(append(w.cells[:0], d.Link, d.Day.Format(time.DateOnly)), d.Figures)
	return w.row(append(w.cells, strconv.FormatBool(d.Simulated))...)
}

func (w *tableWriter) carried(d CarriedDay) error {
	simulated := strconv.FormatBool(d.Simulated)
	for i, down := range d.Rates.Down {
		up := d.Rates.Up[i]
		if down == measure.NoRate && up == measure.NoRate {
			continue
		}
		if err := w.row(d.Link, instantText(d.Day.Add(time.Duration(i)*fiveMinutes)), rate(down), rate(up), simulated); err != nil {
			return err
		}
	}
	return nil
}

func (w *tableWriter) outage(o Outage) error {
	return w.row(o.Link, instantText(o.From), instantText(o.To), o.Cause, instantText(o.Told), instantText(o.Started), strconv.FormatBool(o.Simulated))
}

func (w *tableWriter) finding(f Finding) error {
	return w.row(f.Link, f.Kind, instantText(f.At), f.Prober, string(f.Body))
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func micros(n int32) string {
	if n == measure.Undefined {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

func rate(n uint32) string {
	if n == measure.NoRate {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(instantLayout)
}
