package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/measure"
	"vigie/internal/view"
)

// minuteColumns are those of a minute, as forEachMinute reads them.
const minuteColumns = `link_id, at, planned, sent, received, coalesce(min_micros, -1), coalesce(median_micros, -1),
			coalesce(p95_micros, -1), coalesce(max_micros, -1), coalesce(jitter_micros, -1), simulated,
			coalesce(duplicates, 0), coalesce(reordered, 0), coalesce(loss_periods, 0), coalesce(longest_loss, 0), duplicates IS NOT NULL, delays`

// forEachMinute calls f with each row.
func forEachMinute(rows pgx.Rows, f func(m measure.Minute, simulated bool) error) error {
	var m measure.Minute
	var simulated bool
	var delays []byte
	into := []any{
		&m.Link, &m.At, &m.Planned, &m.Sent, &m.Received, &m.MinMicros, &m.MedianMicros, &m.P95Micros, &m.MaxMicros, &m.JitterMicros, &simulated,
		&m.Duplicates, &m.Reordered, &m.LossPeriods, &m.LongestLoss, &m.Detailed, &delays,
	}
	_, err := pgx.ForEachRow(rows, into, func() error {
		minute := m
		minute.Delays = measure.Distribution{}
		if delays != nil {
			if err := minute.Delays.UnmarshalBinary(delays); err != nil {
				return fmt.Errorf("link %d, minute %s: %w", m.Link, m.At.UTC().Format(time.RFC3339), err)
			}
		}
		return f(minute, simulated)
	})
	return err
}

// measured reads the minutes of one link in order of time, each as its probers saw it
// together; one in which nothing left is no measure.
func measured(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) (list []view.Measured, err error) {
	rows, err := tx.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	var same []measure.Minute
	var anySimulated bool
	flush := func() {
		if len(same) == 0 {
			return
		}
		seen := view.Measured{At: same[0].At.UTC(), Figures: measure.Seen(same...), Simulated: anySimulated}
		for _, m := range same {
			seen.Delays.Merge(m.Delays)
		}
		if seen.Measured() {
			list = append(list, seen)
		}
		same, anySimulated = same[:0], false
	}
	err = forEachMinute(rows, func(m measure.Minute, simulated bool) error {
		if len(same) > 0 && !same[0].At.Equal(m.At) {
			flush()
		}
		same, anySimulated = append(same, m), anySimulated || simulated && m.Sent > 0
		return nil
	})
	flush()
	return list, err
}

// hoursOf sums minutes, in order of time, to hours.
func hoursOf(minutes []view.Measured) (hours []view.Measured) {
	for len(minutes) > 0 {
		hour := view.Measured{At: minutes[0].At.Truncate(time.Hour)}
		var parts []measure.Figures
		for len(minutes) > 0 && minutes[0].At.Before(hour.At.Add(time.Hour)) {
			parts = append(parts, minutes[0].Figures)
			hour.Delays.Merge(minutes[0].Delays)
			hour.Simulated = hour.Simulated || minutes[0].Simulated
			minutes = minutes[1:]
		}
		hour.Figures = measure.RollUp(parts)
		hours = append(hours, hour)
	}
	return hours
}
