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
		SELECT day, body, simulated, delays FROM link_hours
		WHERE link_id = @link AND day >= @from AND day < @to AND day <> ALL (@unpacked::date[]) ORDER BY day`)
	sqlViewHourRows = query("view.hour_rows", `
		SELECT `+minuteColumns+` FROM minute
		WHERE link_id = @link AND at >= @from AND at < @to AND (at AT TIME ZONE 'UTC')::date = ANY (@unpacked::date[])
		ORDER BY at, prober`)
	sqlViewUtilisationDays = query("view.utilisation_days", `
		SELECT day, body, simulated FROM utilisation_day
		WHERE link_id = @link AND day >= @from AND day < @to AND day <> ALL (@unpacked::date[]) ORDER BY day`)
	sqlViewUtilisationRows = query("view.utilisation_rows", `
		SELECT at, down_octets, up_octets, covered_millis, simulated FROM utilisation
		WHERE link_id = @link AND at >= @from AND at < @to AND (at AT TIME ZONE 'UTC')::date = ANY (@unpacked::date[])
		ORDER BY at`)
)

type packedRow struct {
	Day       time.Time
	Body      []byte
	Simulated bool
}

type packedHoursRow struct {
	packedRow
	Delays []byte
}

// appendHours appends the measured hours of the day that begin in a window.
func (r packedHoursRow) appendHours(list []view.Measured, w view.Window) ([]view.Measured, error) {
	var body measure.Hours
	if err := body.UnmarshalBinary(r.Body); err != nil {
		return nil, fmt.Errorf("the day %s: %w", r.Day.Format(time.DateOnly), err)
	}
	var delays measure.HourlyDelays
	if r.Delays != nil {
		if err := delays.UnmarshalBinary(r.Delays); err != nil {
			return nil, fmt.Errorf("the day %s: %w", r.Day.Format(time.DateOnly), err)
		}
	}
	for i := range body {
		at := r.Day.Add(time.Duration(i) * time.Hour)
		if body[i].Measured() && !at.Before(w.From) && at.Before(w.To) {
			list = append(list, view.Measured{At: at, Figures: body[i], Delays: delays[i], Simulated: r.Simulated})
		}
	}
	return list, nil
}

// days bounds the UTC days that a window touches.
func days(link int64, w view.Window) pgx.NamedArgs {
	return pgx.NamedArgs{"link": link, "from": w.From.Truncate(24 * time.Hour), "to": w.To.Add(24*time.Hour - 1).Truncate(24 * time.Hour)}
}

// packedAndRows reads the packed days of a link that a window touches, and which days
// have to be read from their rows; args then bounds these.
func packedAndRows[T any](ctx context.Context, tx pgx.Tx, sql string, link int64, w view.Window) (packed []T, args pgx.NamedArgs, err error) {
	args = days(link, w)
	unpacked, err := scalars[time.Time](ctx, tx, sqlViewUnpacked, args)
	if err != nil {
		return nil, nil, err
	}
	args["unpacked"] = unpacked
	if packed, err = many(ctx, tx, sql, args, same[T]); err != nil || len(unpacked) == 0 {
		return packed, nil, err
	}
	args["from"], args["to"] = calendar.Later(w.From, unpacked[0]), calendar.Earlier(w.To, unpacked[len(unpacked)-1].Add(24*time.Hour))
	return packed, args, nil
}

// Hours gives the measured hours of a link that begin in a window, in order.
func (v *View) Hours(ctx context.Context, link int64, w view.Window) (hours []view.Measured, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		packed, args, err := packedAndRows[packedHoursRow](ctx, tx, sqlViewHours, link, w)
		if err != nil {
			return err
		}
		hours = make([]view.Measured, 0, (len(packed)+1)*measure.HoursADay) // and today's
		for _, row := range packed {
			if hours, err = row.appendHours(hours, w); err != nil {
				return err
			}
		}
		if args == nil {
			return nil
		}
		minutes, err := measured(ctx, tx, sqlViewHourRows, args)
		hours = inOrder(hours, hoursOf(minutes), func(h view.Measured) time.Time { return h.At })
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
		packed, args, err := packedAndRows[packedRow](ctx, tx, sqlViewUtilisationDays, link, w)
		if err != nil {
			return err
		}
		list = make([]view.FiveMinutes, 0, (len(packed)+1)*measure.FiveMinutesADay) // and today's rows
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
