package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
	"vigie/internal/history"
	"vigie/internal/measure"
)

// History reads and takes months of what was measured.
type History struct{ db *DB }

// NewHistory returns the history in db.
func NewHistory(db *DB) *History { return &History{db: db} }

// Export gives f the history as it is at one moment.
func (h *History) Export(ctx context.Context, f func(history.Source) error) error {
	return h.db.snapshot(ctx, func(tx pgx.Tx) error { return f(historySource{tx}) })
}

// Import gives f what takes a month, all of it or nothing.
func (h *History) Import(ctx context.Context, f func(context.Context, history.Sink) error) error {
	return h.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		links, err := linkNumbers(ctx, tx)
		if err != nil {
			return err
		}
		return f(ctx, historySink{tx, links})
	})
}

// The rows of a month in the order of link and time, as history.Source says; links by
// their reference.
var (
	sqlHistoryUnpacked = query("history.unpacked", `
		SELECT min(day) FROM packing WHERE packed <> changes AND NOT dropped AND day >= @from AND day < @to`)
	sqlHistoryMonths = query("history.months", `
		SELECT DISTINCT date_trunc('month', day::timestamp) AS month FROM link_day WHERE day < @before ORDER BY 1`)
	sqlHistoryHours = query("history.hours", `
		SELECT l.ref, h.day, h.body, h.delays, h.simulated FROM link_hours h JOIN link l ON l.id = h.link_id
		WHERE h.day >= @from AND h.day < @to ORDER BY l.ref COLLATE "C", h.day`)
	sqlHistoryDays = query("history.days", `
		SELECT l.ref, d.day, d.planned, d.sent, d.received, d.covered_millis, coalesce(d.min_micros, -1), coalesce(d.median_micros, -1),
			coalesce(d.p95_micros, -1), coalesce(d.max_micros, -1), coalesce(d.jitter_micros, -1), d.simulated
		FROM link_day d JOIN link l ON l.id = d.link_id
		WHERE d.day >= @from AND d.day < @to ORDER BY l.ref COLLATE "C", d.day`)
	sqlHistoryCarried = query("history.carried", `
		SELECT l.ref, u.day, u.body, u.simulated FROM utilisation_day u JOIN link l ON l.id = u.link_id
		WHERE u.day >= @from AND u.day < @to ORDER BY l.ref COLLATE "C", u.day`)
	sqlHistoryOutages = query("history.outages", `
		SELECT l.ref, o.from_at, o.to_at, coalesce(o.cause, ''), o.told_at, o.router_started, o.simulated
		FROM outage o JOIN link l ON l.id = o.link_id
		WHERE o.from_at >= @from AND o.from_at < @to ORDER BY l.ref COLLATE "C", o.from_at`)
	sqlHistoryFindings = query("history.findings", `
		SELECT coalesce(l.ref, ''), f.kind, f.at, f.prober, f.body::text FROM (
			SELECT DISTINCT link_id, kind, at, prober, body FROM finding WHERE at >= @from AND at < @to) f
		LEFT JOIN link l ON l.id = f.link_id WHERE l.id IS NOT NULL OR f.link_id = 0
		ORDER BY coalesce(l.ref, '') COLLATE "C", f.at, f.kind COLLATE "C", f.prober COLLATE "C", f.body::text COLLATE "C"`)
)

// Months gives the months of which days are stored that begin before an instant.
func (h *History) Months(ctx context.Context, before time.Time) ([]time.Time, error) {
	rows, err := h.db.pool.Query(ctx, sqlHistoryMonths, pgx.NamedArgs{"before": before})
	if err != nil {
		return nil, fmt.Errorf("load the months stored: %w", classify(err))
	}
	months, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return nil, fmt.Errorf("load the months stored: %w", classify(err))
	}
	return months, nil
}

// historySource is history.Source in one snapshot.
type historySource struct{ tx pgx.Tx }

func monthArgs(month time.Time) pgx.NamedArgs {
	return pgx.NamedArgs{"from": month, "to": month.AddDate(0, 1, 0)}
}

// Ready refuses a month of which a day is not packed as it is.
func (s historySource) Ready(ctx context.Context, month time.Time) error {
	var day *time.Time
	if err := s.tx.QueryRow(ctx, sqlHistoryUnpacked, monthArgs(month)).Scan(&day); err != nil {
		return fmt.Errorf("look for days that are not packed: %w", err)
	}
	if day != nil {
		return fault.Errorf(fault.Conflict, "%s is not complete: the day %s is not packed yet; a running Vigie packs it within the hour",
			history.MonthName(month), day.Format(time.DateOnly))
	}
	return nil
}

// each calls f after each row was read into some variables.
func (s historySource) each(ctx context.Context, what, sql string, month time.Time, into []any, f func() error) error {
	rows, err := s.tx.Query(ctx, sql, monthArgs(month))
	if err == nil {
		_, err = pgx.ForEachRow(rows, into, f)
	}
	if err != nil {
		return fmt.Errorf("read the %s of %s: %w", what, history.MonthName(month), err)
	}
	return nil
}

// Hours gives the packed hours.
func (s historySource) Hours(ctx context.Context, month time.Time, each func(history.HoursDay) error) error {
	var d history.HoursDay
	var body, delays []byte
	return s.each(ctx, "hours", sqlHistoryHours, month, []any{&d.Link, &d.Day, &body, &delays, &d.Simulated}, func() error {
		if err := readHours(&d, body, delays); err != nil {
			return fmt.Errorf("link %s, day %s: %w", d.Link, d.Day.Format(time.DateOnly), err)
		}
		return each(d)
	})
}

func readHours(d *history.HoursDay, body, delays []byte) error {
	if err := d.Hours.UnmarshalBinary(body); err != nil {
		return err
	}
	d.Delays = nil
	if delays == nil {
		return nil
	}
	d.Delays = &measure.HourlyDelays{}
	return d.Delays.UnmarshalBinary(delays)
}

// Days gives the days as wholes.
func (s historySource) Days(ctx context.Context, month time.Time, each func(history.Whole) error) error {
	var d history.Whole
	return s.each(ctx, "days", sqlHistoryDays, month, wholeColumns(&d), func() error { return each(d) })
}

func wholeColumns(d *history.Whole) []any {
	f := &d.Figures
	f.PDVMicros = measure.Undefined
	return []any{
		&d.Link, &d.Day, &f.Planned, &f.Sent, &f.Received, &f.CoveredMillis,
		&f.MinMicros, &f.MedianMicros, &f.P95Micros, &f.MaxMicros, &f.JitterMicros, &d.Simulated,
	}
}

// Carried gives the five-minute figures.
func (s historySource) Carried(ctx context.Context, month time.Time, each func(history.CarriedDay) error) error {
	var d history.CarriedDay
	var body []byte
	return s.each(ctx, "five-minute figures", sqlHistoryCarried, month, []any{&d.Link, &d.Day, &body, &d.Simulated}, func() error {
		if err := d.Rates.UnmarshalBinary(body); err != nil {
			return fmt.Errorf("link %s, day %s: %w", d.Link, d.Day.Format(time.DateOnly), err)
		}
		return each(d)
	})
}

// Outages gives the outages that began in the month.
func (s historySource) Outages(ctx context.Context, month time.Time, each func(history.Outage) error) error {
	var o history.Outage
	var to, told, started *time.Time
	return s.each(ctx, "outages", sqlHistoryOutages, month, []any{&o.Link, &o.From, &to, &o.Cause, &told, &started, &o.Simulated}, func() error {
		o.To, o.Told, o.Started = instant(to), instant(told), instant(started)
		return each(o)
	})
}

// Findings gives what probers found out, each once.
func (s historySource) Findings(ctx context.Context, month time.Time, each func(history.Finding) error) error {
	var f history.Finding
	var body string
	return s.each(ctx, "findings", sqlHistoryFindings, month, []any{&f.Link, &f.Kind, &f.At, &f.Prober, &body}, func() error {
		f.Body = []byte(body)
		return each(f)
	})
}

var sqlHistoryLinks = query("history.links", `SELECT ref, id FROM link`)

func linkNumbers(ctx context.Context, tx pgx.Tx) (map[string]int64, error) {
	rows, err := tx.Query(ctx, sqlHistoryLinks)
	if err != nil {
		return nil, err
	}
	links := map[string]int64{}
	var ref string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&ref, &id}, func() error {
		links[ref] = id
		return nil
	})
	return links, err
}
