package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/calendar"
	"vigie/internal/measure"
	"vigie/internal/view"
)

// A day is read from its packed form where that holds all that was measured, else
// from its rows. Days of a demonstration's past never had rows.
var (
	sqlViewUnpacked = query("view.unpacked", `
		SELECT day FROM packing WHERE packed <> changes AND NOT dropped AND day >= @from AND day < @to ORDER BY day`)
	sqlViewHours = query("view.hours", `
		SELECT day, body, simulated FROM link_hours
		WHERE link_id = @link AND day >= @from AND day < @to AND day <> ALL (@unpacked::date[]) ORDER BY day`)
	sqlViewHourRows = query("view.hour_rows", `
		SELECT date_trunc('hour', at) AS at, sum(sent)::bigint AS sent, sum(received)::bigint AS received, sum(covered)::bigint AS covered_millis,
			coalesce(min(min_micros), -1) AS min_micros,
			coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY median_micros), -1) AS median_micros,
			coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY p95_micros), -1) AS p95_micros,
			coalesce(max(max_micros), -1) AS max_micros, bool_or(simulated) AS simulated
		FROM (`+seenMinutes()+`) AS seen
		WHERE (at AT TIME ZONE 'UTC')::date = ANY (@unpacked::date[])
		GROUP BY 1 ORDER BY 1`)
	sqlViewUtilisationDays = query("view.utilisation_days", `
		SELECT day, body, simulated FROM utilisation_day
		WHERE link_id = @link AND day >= @from AND day < @to AND day <> ALL (@unpacked::date[]) ORDER BY day`)
	sqlViewUtilisationRows = query("view.utilisation_rows", `
		SELECT at, down_octets, up_octets, covered_millis, simulated FROM utilisation
		WHERE link_id = @link AND at >= @from AND at < @to AND (at AT TIME ZONE 'UTC')::date = ANY (@unpacked::date[])
		ORDER BY at`)
)

type hourRow struct {
	At            time.Time
	Sent          int64
	Received      int64
	CoveredMillis int64
	MinMicros     int32
	MedianMicros  int32
	P95Micros     int32
	MaxMicros     int32
	Simulated     bool
}

func (r hourRow) hour() view.Hourly {
	return view.Hourly{At: r.At.UTC(), Simulated: r.Simulated, Figures: measure.Figures{
		Planned: r.Sent, Sent: r.Sent, Received: r.Received, CoveredMillis: r.CoveredMillis,
		MinMicros: r.MinMicros, MedianMicros: r.MedianMicros, P95Micros: r.P95Micros, MaxMicros: r.MaxMicros, JitterMicros: measure.Undefined,
	}}
}

type packedRow struct {
	Day       time.Time
	Body      []byte
	Simulated bool
}

// days bounds the UTC days that a window touches.
func days(link int64, w view.Window) pgx.NamedArgs {
	return pgx.NamedArgs{"link": link, "from": w.From.Truncate(24 * time.Hour), "to": w.To.Add(24*time.Hour - 1).Truncate(24 * time.Hour)}
}

// packedAndRows reads the packed days of a link that a window touches, and which days
// have to be read from their rows; args then bounds these.
func packedAndRows(ctx context.Context, tx pgx.Tx, sql string, link int64, w view.Window) (packed []packedRow, args pgx.NamedArgs, err error) {
	args = days(link, w)
	unpacked, err := scalars[time.Time](ctx, tx, sqlViewUnpacked, args)
	if err != nil {
		return nil, nil, err
	}
	args["unpacked"] = unpacked
	if packed, err = many(ctx, tx, sql, args, same[packedRow]); err != nil || len(unpacked) == 0 {
		return packed, nil, err
	}
	args["from"], args["to"] = calendar.Later(w.From, unpacked[0]), calendar.Earlier(w.To, unpacked[len(unpacked)-1].Add(24*time.Hour))
	return packed, args, nil
}

// Hours gives the measured hours of a link that begin in a window, in order.
func (v *View) Hours(ctx context.Context, link int64, w view.Window) (hours []view.Hourly, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		packed, args, err := packedAndRows(ctx, tx, sqlViewHours, link, w)
		if err != nil {
			return err
		}
		for _, row := range packed {
			var body measure.Hours
			if err := body.UnmarshalBinary(row.Body); err != nil {
				return fmt.Errorf("the day %s: %w", row.Day.Format(time.DateOnly), err)
			}
			for i, figures := range body {
				at := row.Day.Add(time.Duration(i) * time.Hour)
				if figures.Measured() && !at.Before(w.From) && at.Before(w.To) {
					hours = append(hours, view.Hourly{At: at, Figures: figures, Simulated: row.Simulated})
				}
			}
		}
		if args == nil {
			return nil
		}
		rows, err := many(ctx, tx, sqlViewHourRows, args, hourRow.hour)
		hours = inOrder(hours, rows, func(h view.Hourly) time.Time { return h.At })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the hours of link %d: %w", link, err)
	}
	return hours, nil
}

// inOrder merges two lists in order of time.
func inOrder[T any](a, b []T, at func(T) time.Time) []T {
	if len(a) == 0 || len(b) == 0 || at(a[len(a)-1]).Before(at(b[0])) {
		return append(a, b...)
	}
	merged := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if at(b[0]).Before(at(a[0])) {
			a, b = b, a
		}
		merged, a = append(merged, a[0]), a[1:]
	}
	return append(append(merged, a...), b...)
}

// Carried gives what a link carried in the five minutes that begin in a window, in
// order; what was not measured is left out.
func (v *View) Carried(ctx context.Context, link int64, w view.Window) (list []view.FiveMinutes, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		packed, args, err := packedAndRows(ctx, tx, sqlViewUtilisationDays, link, w)
		if err != nil {
			return err
		}
		list = make([]view.FiveMinutes, 0, len(packed)*measure.FiveMinutesADay)
		for _, row := range packed {
			var body measure.UtilisationDay
			if err := body.UnmarshalBinary(row.Body); err != nil {
				return fmt.Errorf("the day %s: %w", row.Day.Format(time.DateOnly), err)
			}
			for i, down := range body.Down {
				at := row.Day.Add(time.Duration(i) * view.LoadStep)
				if down != measure.NoRate && !at.Before(w.From) && at.Before(w.To) {
					list = append(list, view.FiveMinutes{At: at, Down: down, Up: body.Up[i], Simulated: row.Simulated})
				}
			}
		}
		if args == nil {
			return nil
		}
		rows, err := many(ctx, tx, sqlViewUtilisationRows, args, carriedRow.interval)
		if err != nil {
			return err
		}
		var measured []view.FiveMinutes
		for _, row := range rows {
			if row.Down != measure.NoRate {
				measured = append(measured, row)
			}
		}
		list = inOrder(list, measured, func(f view.FiveMinutes) time.Time { return f.At })
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what link %d carried: %w", link, err)
	}
	return list, nil
}

type carriedRow struct {
	At            time.Time
	DownOctets    int64
	UpOctets      int64
	CoveredMillis int32
	Simulated     bool
}

// interval has no rate where too little of it was measured.
func (r carriedRow) interval() view.FiveMinutes {
	f := view.FiveMinutes{At: r.At.UTC(), Simulated: r.Simulated}
	c := measure.Carried{At: f.At, DownOctets: r.DownOctets, UpOctets: r.UpOctets, CoveredMillis: r.CoveredMillis}
	f.Down, f.Up, _ = c.Rates()
	return f
}
