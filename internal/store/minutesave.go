package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/measure"
)

var (
	sqlMinutePartition = query("minute.partition", `SELECT minute_partition(@day)`)
	sqlMinuteSave      = query("minute.save", `
		INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, jitter_micros, simulated,
			duplicates, reordered, loss_periods, longest_loss, delays)
		SELECT link, @at, p.id, least(planned, 32767), sent, received, nullif(low, -1), nullif(median, -1), nullif(p95, -1), nullif(high, -1), nullif(jitter, -1), @simulated,
			duplicates, reordered, periods, longest, delays
		FROM prober p, unnest(@links::bigint[], @planned::int[], @sent::int[], @received::int[],
			@lows::int[], @medians::int[], @p95s::int[], @highs::int[], @jitters::int[],
			@duplicates::int[], @reordered::int[], @periods::int[], @longest::int[], @delays::bytea[])
			AS row (link, planned, sent, received, low, median, p95, high, jitter, duplicates, reordered, periods, longest, delays)
		WHERE p.name = @prober
		ON CONFLICT (link_id, at, prober) DO UPDATE SET planned = excluded.planned, sent = excluded.sent, received = excluded.received,
			min_micros = excluded.min_micros, median_micros = excluded.median_micros, p95_micros = excluded.p95_micros,
			max_micros = excluded.max_micros, jitter_micros = excluded.jitter_micros, duplicates = excluded.duplicates,
			reordered = excluded.reordered, loss_periods = excluded.loss_periods, longest_loss = excluded.longest_loss, delays = excluded.delays`)
	// Minutes are those that batches begin in. A note that another transaction takes at the
	// same time is waited for, and written again when it was taken.
	sqlDueNote = query("minute_due.note", `
		INSERT INTO minute_due (prober, at, since)
		SELECT DISTINCT b.prober, date_trunc('minute', b.cycle), @since::timestamptz
		FROM batch b JOIN prober p ON p.id = b.prober
		WHERE b.cycle >= @from AND b.cycle < @to AND p.site IS NULL AND (@prober = '' OR p.name = @prober)
		ON CONFLICT DO NOTHING`)
	sqlDueTake = query("minute_due.take", `
		DELETE FROM minute_due d USING prober p
		WHERE p.id = d.prober AND (d.prober, d.at) = (SELECT prober, at FROM minute_due WHERE since <= @now ORDER BY at, prober LIMIT 1)
		RETURNING p.name, d.at`)
)

// DueMinutes notes minutes that are to be summarised.
func (t watchTx) DueMinutes(ctx context.Context, prober string, from, to, since time.Time) error {
	args := pgx.NamedArgs{"prober": prober, "from": from, "to": to, "since": since}
	if _, err := t.tx.Exec(ctx, sqlDueNote, args); err != nil {
		return fmt.Errorf("note the minutes from %s: %w", from.Format(time.RFC3339), err)
	}
	return nil
}

// TakeDue takes the note of the oldest minute that is due. What is read after it holds
// every batch whose own note it met: one that comes later waits for this transaction.
func (t watchTx) TakeDue(ctx context.Context, now time.Time) (prober string, minute time.Time, found bool, err error) {
	err = t.tx.QueryRow(ctx, sqlDueTake, pgx.NamedArgs{"now": now}).Scan(&prober, &minute)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", time.Time{}, false, nil
	case err != nil:
		return "", time.Time{}, false, fmt.Errorf("take the next minute to summarise: %w", err)
	}
	return prober, minute.UTC(), true, nil
}

// SaveMinutes writes the minutes of one instant, replacing what an earlier summary of the
// same minute said. New ones, which nearly all are, are copied in bulk.
func (t watchTx) SaveMinutes(ctx context.Context, prober string, minutes []measure.Minute) error {
	if len(minutes) == 0 {
		return nil
	}
	at := minutes[0].At
	if _, err := t.tx.Exec(ctx, sqlMinutePartition, pgx.NamedArgs{"day": at.Truncate(24 * time.Hour)}); err != nil {
		return fmt.Errorf("prepare the day %s: %w", at.Format(time.DateOnly), err)
	}
	err := pgx.BeginFunc(ctx, t.tx, func(tx pgx.Tx) error { return copyMinutes(ctx, tx, prober, minutes, t.simulated) })
	if sqlState(err) == uniqueViolation {
		err = replaceMinutes(ctx, t.tx, prober, minutes, t.simulated)
	}
	if err != nil {
		return fmt.Errorf("save the minute %s: %w", at.Format(time.RFC3339), err)
	}
	return nil
}

// minuteCopied are the columns of a minute in the order of minuteRows.
var minuteCopied = []string{
	"link_id", "at", "prober", "planned", "sent", "received",
	"min_micros", "median_micros", "p95_micros", "max_micros", "jitter_micros", "simulated",
	"duplicates", "reordered", "loss_periods", "longest_loss", "delays",
}

// copyMinutes adds rows of one instant to the partition of their day.
func copyMinutes(ctx context.Context, tx pgx.Tx, prober string, minutes []measure.Minute, simulated bool) error {
	var id int16
	if err := tx.QueryRow(ctx, sqlProberID, pgx.NamedArgs{"name": prober}).Scan(&id); err != nil {
		return fmt.Errorf("find prober %s: %w", prober, err)
	}
	partition := pgx.Identifier{"minute_" + minutes[0].At.UTC().Format("20060102")}
	_, err := tx.CopyFrom(ctx, partition, minuteCopied, &minuteRows{minutes: minutes, prober: id, simulated: simulated})
	return err
}

// minuteRows gives minutes as rows. The row is the same memory each time.
type minuteRows struct {
	minutes   []measure.Minute // from the next one on
	prober    int16
	simulated bool
	row       [17]any
	delays    []byte
	err       error
}

// Next makes the next row.
func (r *minuteRows) Next() bool {
	if len(r.minutes) == 0 || r.err != nil {
		return false
	}
	m := &r.minutes[0]
	r.minutes = r.minutes[1:]
	if r.delays, r.err = m.Delays.MarshalBinary(); r.err != nil {
		r.err = fmt.Errorf("link %d: %w", m.Link, r.err)
		return false
	}
	r.row = [...]any{
		m.Link, m.At, r.prober, int16(min(m.Planned, math.MaxInt16)), int16(m.Sent), int16(m.Received),
		defined(m.MinMicros), defined(m.MedianMicros), defined(m.P95Micros), defined(m.MaxMicros), defined(m.JitterMicros), r.simulated,
		counted(m.Duplicates), counted(m.Reordered), int16(m.LossPeriods), int16(m.LongestLoss), r.delays,
	}
	return true
}

// Values gives the row.
func (r *minuteRows) Values() ([]any, error) { return r.row[:], r.err }

// Err is why there is no next row.
func (r *minuteRows) Err() error { return r.err }

// replaceMinutes writes rows of one instant of which some are there already.
func replaceMinutes(ctx context.Context, tx pgx.Tx, prober string, minutes []measure.Minute, simulated bool) error {
	at := minutes[0].At
	n := len(minutes)
	links := make([]int64, n)
	delays := make([][]byte, n)
	var columns [12][]int32
	for i := range columns {
		columns[i] = make([]int32, n)
	}
	for i, m := range minutes {
		links[i] = m.Link
		var err error
		if delays[i], err = m.Delays.MarshalBinary(); err != nil {
			return fmt.Errorf("link %d: %w", m.Link, err)
		}
		for c, v := range [12]int32{
			int32(m.Planned), int32(m.Sent), int32(m.Received), m.MinMicros, m.MedianMicros, m.P95Micros, m.MaxMicros, m.JitterMicros,
			counted(m.Duplicates), counted(m.Reordered), counted(m.LossPeriods), counted(m.LongestLoss),
		} {
			columns[c][i] = v
		}
	}
	_, err := tx.Exec(ctx, sqlMinuteSave, pgx.NamedArgs{
		"at": at, "prober": prober, "simulated": simulated, "links": links,
		"planned": columns[0], "sent": columns[1], "received": columns[2],
		"lows": columns[3], "medians": columns[4], "p95s": columns[5], "highs": columns[6], "jitters": columns[7],
		"duplicates": columns[8], "reordered": columns[9], "periods": columns[10], "longest": columns[11], "delays": delays,
	})
	return err
}
