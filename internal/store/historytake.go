package store

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/history"
	"vigie/internal/measure"
)

// historySink is history.Sink in one transaction. links are the numbers of references.
type historySink struct {
	tx    pgx.Tx
	links map[string]int64
}

var (
	sqlTakeHours = query("take.hours", `
		SELECT k.n, h.body, h.delays, h.simulated
		FROM unnest(@links::bigint[], @days::date[]) WITH ORDINALITY AS k (link, day, n)
		JOIN link_hours h ON h.link_id = k.link AND h.day = k.day`)
	sqlTakeDays = query("take.days", `
		SELECT k.n, d.day, d.planned, d.sent, d.received, d.covered_millis, coalesce(d.min_micros, -1), coalesce(d.median_micros, -1),
			coalesce(d.p95_micros, -1), coalesce(d.max_micros, -1), coalesce(d.jitter_micros, -1), d.simulated
		FROM unnest(@links::bigint[], @days::date[]) WITH ORDINALITY AS k (link, day, n)
		JOIN link_day d ON d.link_id = k.link AND d.day = k.day`)
	sqlTakeCarried = query("take.carried", `
		SELECT k.n, u.body, u.simulated
		FROM unnest(@links::bigint[], @days::date[]) WITH ORDINALITY AS k (link, day, n)
		JOIN utilisation_day u ON u.link_id = k.link AND u.day = k.day`)
	sqlTakeOutages = query("take.outages", `
		SELECT k.n, o.to_at, coalesce(o.cause, ''), o.told_at, o.router_started, o.simulated
		FROM unnest(@links::bigint[], @from::timestamptz[]) WITH ORDINALITY AS k (link, at, n)
		JOIN outage o ON o.link_id = k.link AND o.from_at = k.at`)
	sqlTakeOutage = query("take.outage", `
		INSERT INTO outage (link_id, from_at, to_at, cause, told_at, router_started, simulated)
		VALUES (@link, @from, @to, nullif(@cause, ''), @told, @started, @simulated)`)
	sqlTakeFindings = query("take.findings", `
		INSERT INTO finding (link_id, kind, at, prober, body)
		SELECT DISTINCT link, kind, at, prober, body
		FROM unnest(@links::bigint[], @kinds::text[], @at::timestamptz[], @probers::text[], @bodies::jsonb[]) AS k (link, kind, at, prober, body)
		WHERE NOT EXISTS (SELECT FROM finding f
			WHERE f.link_id = k.link AND f.kind = k.kind AND f.at = k.at AND f.prober = k.prober AND f.body = k.body)`)
	// A day that is taken counts as changed and packed at once; one that is not packed as
	// it is would hide what is taken.
	sqlTakePacking = query("take.packing", `
		INSERT INTO packing AS p (day, changes, packed, doing) SELECT DISTINCT day, 1, 1, 1 FROM unnest(@days::date[]) AS day ORDER BY 1
		ON CONFLICT (day) DO UPDATE SET changes = p.changes + 1, packed = p.packed + 1, through = 0, checked_through = 0`)
	sqlTakeUnpacked = query("take.unpacked", `
		SELECT min(day) FROM packing WHERE packed <> changes AND NOT dropped AND day = ANY (@days::date[])`)
)

// number gives the link of a reference.
func (s historySink) number(table string, line history.Place, ref string) (int64, error) {
	id, ok := s.links[ref]
	if !ok {
		return 0, &history.Problem{Table: table, Line: line, Field: "link", Value: ref, Expected: "the reference of a link of the inventory"}
	}
	return id, nil
}

// contradiction is a value that differs from what is stored.
func contradiction(table string, line history.Place, field, value, stored string) error {
	return &history.Problem{Table: table, Line: line, Field: field, Value: value, Expected: stored + ", as it is stored"}
}

// keyed are the links and days of some records.
func keyed[T any](s historySink, table string, list []T, key func(*T) (history.Place, string, time.Time)) (links []int64, days []time.Time, err error) {
	for i := range list {
		line, ref, day := key(&list[i])
		id, err := s.number(table, line, ref)
		if err != nil {
			return nil, nil, err
		}
		links, days = append(links, id), append(days, day)
	}
	return links, days, nil
}

// stored reads what is stored of some records; f is called with the place of each.
func (s historySink) stored(ctx context.Context, sql string, args pgx.NamedArgs, into []any, f func(i int) error) error {
	rows, err := s.tx.Query(ctx, sql, args)
	if err != nil {
		return err
	}
	var n int64
	_, err = pgx.ForEachRow(rows, append([]any{&n}, into...), func() error { return f(int(n) - 1) })
	return err
}

// packedDays makes sure that days can be taken in packed form, and counts the change.
func (s historySink) packedDays(ctx context.Context, table string, line history.Place, days []time.Time) error {
	if len(days) == 0 {
		return nil
	}
	var day *time.Time
	if err := s.tx.QueryRow(ctx, sqlTakeUnpacked, pgx.NamedArgs{"days": days}).Scan(&day); err != nil {
		return err
	}
	if day != nil {
		return &history.Problem{Table: table, Line: line, Field: "day", Value: day.Format(time.DateOnly), Expected: "a day of which no rows wait to be packed: a running Vigie packs them within the hour"}
	}
	_, err := s.tx.Exec(ctx, sqlTakePacking, pgx.NamedArgs{"days": days})
	return err
}

// Hours takes packed hours.
func (s historySink) Hours(ctx context.Context, list []history.HoursDay) (int, error) {
	const table = history.TableHours
	links, days, err := keyed(s, table, list, func(d *history.HoursDay) (history.Place, string, time.Time) { return d.Place, d.Link, d.Day })
	if err != nil {
		return 0, err
	}
	known := make([]bool, len(list))
	var body, delays []byte
	var simulated bool
	err = s.stored(ctx, sqlTakeHours, pgx.NamedArgs{"links": links, "days": days}, []any{&body, &delays, &simulated}, func(i int) error {
		known[i] = true
		var is history.HoursDay
		if err := readHours(&is, body, delays); err != nil {
			return fmt.Errorf("link %s, day %s as it is stored: %w", list[i].Link, list[i].Day.Format(time.DateOnly), err)
		}
		is.Simulated = simulated
		return sameHours(list[i], is)
	})
	if err != nil {
		return 0, err
	}
	var rows [][]any
	var fresh []time.Time
	for i, d := range list {
		if known[i] {
			continue
		}
		if body, err = d.Hours.MarshalBinary(); err != nil {
			return 0, err
		}
		row := []any{links[i], d.Day, body, d.Simulated, nil}
		if d.Delays != nil {
			if row[4], err = d.Delays.MarshalBinary(); err != nil {
				return 0, err
			}
		}
		rows, fresh = append(rows, row), append(fresh, d.Day)
	}
	if err := s.packedDays(ctx, table, list[0].Place, fresh); err != nil {
		return 0, err
	}
	return s.insert(ctx, "link_hours", []string{"link_id", "day", "body", "simulated", "delays"}, rows)
}

// sameHours compares a day with what is stored; the line is that where it begins.
func sameHours(d, is history.HoursDay) error {
	for i, f := range d.Hours {
		if f != is.Hours[i] {
			hour := d.Day.Add(time.Duration(i) * time.Hour).Format("2006-01-02T15")
			return contradiction(history.TableHours, d.Place, "the hour "+hour, fmt.Sprintf("%+v", f), fmt.Sprintf("%+v", is.Hours[i]))
		}
	}
	if d.Simulated != is.Simulated {
		return contradiction(history.TableHours, d.Place, "simulated", strconv.FormatBool(d.Simulated), strconv.FormatBool(is.Simulated))
	}
	if (d.Delays == nil) != (is.Delays == nil) {
		return contradiction(history.TableHours, d.Place, "delays", fmt.Sprint(d.Delays != nil), fmt.Sprint(is.Delays != nil))
	}
	if d.Delays == nil {
		return nil
	}
	a, err := d.Delays.MarshalBinary()
	if err != nil {
		return err
	}
	b, err := is.Delays.MarshalBinary()
	if err == nil && !bytes.Equal(a, b) {
		err = contradiction(history.TableHours, d.Place, "delays", fmt.Sprintf("a day in %d octets", len(a)), fmt.Sprintf("another in %d", len(b)))
	}
	return err
}

// Days takes days as wholes.
func (s historySink) Days(ctx context.Context, list []history.Whole) (int, error) {
	const table = history.TableDays
	links, days, err := keyed(s, table, list, func(d *history.Whole) (history.Place, string, time.Time) { return d.Place, d.Link, d.Day })
	if err != nil {
		return 0, err
	}
	known := make([]bool, len(list))
	var is history.Whole
	err = s.stored(ctx, sqlTakeDays, pgx.NamedArgs{"links": links, "days": days}, wholeColumns(&is)[1:], func(i int) error {
		known[i] = true
		if list[i].Figures != is.Figures || list[i].Simulated != is.Simulated {
			return contradiction(table, list[i].Place, "figures", fmt.Sprintf("%+v simulated %t", list[i].Figures, list[i].Simulated), fmt.Sprintf("%+v simulated %t", is.Figures, is.Simulated))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	var rows [][]any
	var fresh []time.Time
	for i, d := range list {
		if known[i] {
			continue
		}
		f := d.Figures
		fresh = append(fresh, d.Day)
		rows = append(rows, []any{
			links[i], d.Day, f.Planned, f.Sent, f.Received, f.CoveredMillis,
			defined(f.MinMicros), defined(f.MedianMicros), defined(f.P95Micros), defined(f.MaxMicros), defined(f.JitterMicros), d.Simulated,
		})
	}
	if err := s.packedDays(ctx, table, list[0].Place, fresh); err != nil {
		return 0, err
	}
	return s.insert(ctx, "link_day", []string{
		"link_id", "day", "planned", "sent", "received", "covered_millis",
		"min_micros", "median_micros", "p95_micros", "max_micros", "jitter_micros", "simulated",
	}, rows)
}

// Carried takes packed five-minute figures.
func (s historySink) Carried(ctx context.Context, list []history.CarriedDay) (int, error) {
	const table = history.TableUtilisation
	links, days, err := keyed(s, table, list, func(d *history.CarriedDay) (history.Place, string, time.Time) { return d.Place, d.Link, d.Day })
	if err != nil {
		return 0, err
	}
	known := make([]bool, len(list))
	var body []byte
	var simulated bool
	err = s.stored(ctx, sqlTakeCarried, pgx.NamedArgs{"links": links, "days": days}, []any{&body, &simulated}, func(i int) error {
		known[i] = true
		var is measure.UtilisationDay
		if err := is.UnmarshalBinary(body); err != nil {
			return fmt.Errorf("link %s, day %s as it is stored: %w", list[i].Link, list[i].Day.Format(time.DateOnly), err)
		}
		return sameCarried(list[i], is, simulated)
	})
	if err != nil {
		return 0, err
	}
	var rows [][]any
	var fresh []time.Time
	for i, d := range list {
		if known[i] {
			continue
		}
		if body, err = d.Rates.MarshalBinary(); err != nil {
			return 0, err
		}
		rows, fresh = append(rows, []any{links[i], d.Day, body, d.Simulated}), append(fresh, d.Day)
	}
	if err := s.packedDays(ctx, table, list[0].Place, fresh); err != nil {
		return 0, err
	}
	return s.insert(ctx, "utilisation_day", []string{"link_id", "day", "body", "simulated"}, rows)
}

func sameCarried(d history.CarriedDay, is measure.UtilisationDay, simulated bool) error {
	for i := range d.Rates.Down {
		if d.Rates.Down[i] != is.Down[i] || d.Rates.Up[i] != is.Up[i] {
			at := d.Day.Add(time.Duration(i) * 5 * time.Minute).Format(time.RFC3339)
			return contradiction(history.TableUtilisation, d.Place, "rates of "+at, fmt.Sprint(d.Rates.Down[i], d.Rates.Up[i]), fmt.Sprint(is.Down[i], is.Up[i]))
		}
	}
	if d.Simulated != simulated {
		return contradiction(history.TableUtilisation, d.Place, "simulated", strconv.FormatBool(d.Simulated), strconv.FormatBool(simulated))
	}
	return nil
}

func (s historySink) insert(ctx context.Context, table string, columns []string, rows [][]any) (int, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	n, err := s.tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
	return int(n), err
}

// Outages takes outages. One that the archive does not know the end or the cause of may
// have got them since.
func (s historySink) Outages(ctx context.Context, list []history.Outage) (int, error) {
	const table = history.TableOutages
	links, from, err := keyed(s, table, list, func(o *history.Outage) (history.Place, string, time.Time) { return o.Place, o.Link, o.From })
	if err != nil {
		return 0, err
	}
	known := make([]bool, len(list))
	var is history.Outage
	var to, told, started *time.Time
	err = s.stored(ctx, sqlTakeOutages, pgx.NamedArgs{"links": links, "from": from}, []any{&to, &is.Cause, &told, &started, &is.Simulated}, func(i int) error {
		known[i] = true
		is.To, is.Told, is.Started = instant(to), instant(told), instant(started)
		return sameOutage(list[i], is)
	})
	if err != nil {
		return 0, err
	}
	batch := &pgx.Batch{}
	for i, o := range list {
		if !known[i] {
			batch.Queue(sqlTakeOutage, pgx.NamedArgs{
				"link": links[i], "from": o.From, "to": nullable(o.To), "cause": o.Cause, "told": nullable(o.Told), "started": nullable(o.Started), "simulated": o.Simulated,
			})
		}
	}
	return batch.Len(), s.tx.SendBatch(ctx, batch).Close()
}

func sameOutage(o, is history.Outage) error {
	text := func(t time.Time) string {
		if t.IsZero() {
			return "nothing"
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	switch {
	case !o.To.IsZero() && !o.To.Equal(is.To):
		return contradiction(history.TableOutages, o.Place, "to", text(o.To), text(is.To))
	case o.Cause != "" && o.Cause != is.Cause:
		return contradiction(history.TableOutages, o.Place, "cause", o.Cause, "\""+is.Cause+"\"")
	case o.Cause != "" && !o.Told.Equal(is.Told):
		return contradiction(history.TableOutages, o.Place, "told_at", text(o.Told), text(is.Told))
	case o.Cause != "" && !o.Started.Equal(is.Started):
		return contradiction(history.TableOutages, o.Place, "router_started", text(o.Started), text(is.Started))
	case o.Simulated != is.Simulated:
		return contradiction(history.TableOutages, o.Place, "simulated", strconv.FormatBool(o.Simulated), strconv.FormatBool(is.Simulated))
	}
	return nil
}

// Findings takes findings; one that stands there in the same words is the same.
func (s historySink) Findings(ctx context.Context, list []history.Finding) (int, error) {
	var links []int64
	var kinds, probers []string
	var at []time.Time
	var bodies []string
	for _, f := range list {
		var id int64
		if f.Link != "" {
			var err error
			if id, err = s.number(history.TableFindings, f.Place, f.Link); err != nil {
				return 0, err
			}
		}
		links, kinds, probers, at, bodies = append(links, id), append(kinds, f.Kind), append(probers, f.Prober), append(at, f.At), append(bodies, string(f.Body))
	}
	done, err := s.tx.Exec(ctx, sqlTakeFindings, pgx.NamedArgs{"links": links, "kinds": kinds, "at": at, "probers": probers, "bodies": bodies})
	return int(done.RowsAffected()), err
}
