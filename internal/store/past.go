package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
	"vigie/internal/measure"
)

// Past writes the simulated past of a demonstration, from its end back to its
// beginning.
type Past struct{ db *DB }

// NewPast returns the past of the demonstration in db.
func NewPast(db *DB) *Past { return &Past{db: db} }

// PastMark is how far a past is written: from Written to Until, on its way to Since.
type PastMark struct{ Since, Written, Until time.Time }

// Percent is the part that is written, rounded down.
func (m PastMark) Percent() int {
	whole := m.Until.Sub(m.Since)
	if whole <= 0 {
		return 100
	}
	return int(100 * float64(m.Until.Sub(m.Written)) / float64(whole))
}

// PastPiece is what lies between From and what is written already.
type PastPiece struct {
	From    time.Time
	Prober  string           // that would have measured
	Minutes []measure.Minute // as rows
	Carried []PastCarried    // likewise
	Days    []PastDay        // packed
	Outages []PastOutage
}

// PastCarried is what a link carried in five minutes.
type PastCarried struct {
	Link int64
	measure.Carried
}

// PastDay is one packed day of a link.
type PastDay struct {
	Link    int64
	Day     time.Time
	Hours   measure.Hours
	Delays  *measure.HourlyDelays
	Carried measure.UtilisationDay
}

// PastOutage is an outage [From, To) of a link.
type PastOutage struct {
	Link     int64
	From, To time.Time
	Power    bool // the site's power; else the operator's line
}

// The router of a simulated link tells after its outage that it ran all along, or that
// it has just started.
const (
	pastTold   = 3 * time.Minute
	pastUptime = 40 * 24 * time.Hour
)

var (
	sqlPastMark = query("past.mark", `SELECT since, written, until FROM simulated_past`)
	// What was measured before the past begins to be written bounds it.
	sqlPastBegin = query("past.begin", `
		INSERT INTO simulated_past (since, written, until)
		SELECT least(@since, until), until, until FROM (SELECT least(@until::timestamptz, (SELECT min(at) FROM minute)) AS until) AS ends
		ON CONFLICT DO NOTHING`)
	sqlPastLock = query("past.lock", `SELECT written FROM simulated_past FOR UPDATE`)
	sqlPastMove = query("past.move", `UPDATE simulated_past SET written = @from`)
)

// Begin returns how far the past is written. The first time it fixes that the past
// goes from since to until, or to the first minute measured when that is earlier.
func (p *Past) Begin(ctx context.Context, since, until time.Time) (mark PastMark, err error) {
	err = p.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		err := tx.QueryRow(ctx, sqlPastMark).Scan(&mark.Since, &mark.Written, &mark.Until)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if _, err := tx.Exec(ctx, sqlPastBegin, pgx.NamedArgs{"since": since, "until": until}); err != nil {
			return err
		}
		return tx.QueryRow(ctx, sqlPastMark).Scan(&mark.Since, &mark.Written, &mark.Until)
	})
	if err != nil {
		return PastMark{}, fmt.Errorf("begin the simulated past: %w", err)
	}
	return PastMark{mark.Since.UTC(), mark.Written.UTC(), mark.Until.UTC()}, nil
}

// Write adds a piece before what is written, all of it or nothing. A piece that does
// not lie before it was written already: fault.Conflict.
func (p *Past) Write(ctx context.Context, piece PastPiece) error {
	err := p.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var written time.Time
		if err := tx.QueryRow(ctx, sqlPastLock).Scan(&written); err != nil {
			return err
		}
		if !piece.From.Before(written) {
			return fault.Errorf(fault.Conflict, "the past is written back to %s already", written.Format(time.RFC3339))
		}
		if err := copyPast(ctx, tx, piece); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlPastMove, pgx.NamedArgs{"from": piece.From})
		return err
	})
	if err != nil {
		return fmt.Errorf("write the simulated past from %s: %w", piece.From.Format(time.RFC3339), err)
	}
	return nil
}

func copyPast(ctx context.Context, tx pgx.Tx, piece PastPiece) error {
	if len(piece.Minutes) > 0 {
		if err := copyPastMinutes(ctx, tx, piece); err != nil {
			return err
		}
	}
	hours, days, carried, err := packPast(piece.Days)
	if err != nil {
		return err
	}
	rows := make([][]any, len(piece.Carried))
	for i, c := range piece.Carried {
		rows[i] = []any{c.Link, c.At, c.DownOctets, c.UpOctets, c.CoveredMillis, true}
	}
	outages := make([][]any, len(piece.Outages))
	for i, o := range piece.Outages {
		cause, started := "line", o.From.Add(-pastUptime)
		if o.Power {
			cause, started = "power", o.To
		}
		outages[i] = []any{o.Link, o.From, o.To, cause, o.To.Add(pastTold), started, true}
	}
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"utilisation", []string{"link_id", "at", "down_octets", "up_octets", "covered_millis", "simulated"}, rows},
		{"link_hours", []string{"link_id", "day", "body", "simulated", "delays"}, hours},
		{"link_day", []string{
			"link_id", "day", "planned", "sent", "received", "covered_millis",
			"min_micros", "median_micros", "p95_micros", "max_micros", "jitter_micros", "simulated",
		}, days},
		{"utilisation_day", []string{"link_id", "day", "body", "simulated"}, carried},
		{"outage", []string{"link_id", "from_at", "to_at", "cause", "told_at", "router_started", "simulated"}, outages},
	} {
		if len(table.rows) == 0 {
			continue
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{table.name}, table.columns, pgx.CopyFromRows(table.rows)); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	return nil
}

func copyPastMinutes(ctx context.Context, tx pgx.Tx, piece PastPiece) error {
	var prober int16
	if _, err := tx.Exec(ctx, sqlProberEnsure, pgx.NamedArgs{"name": piece.Prober}); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, sqlProberID, pgx.NamedArgs{"name": piece.Prober}).Scan(&prober); err != nil {
		return fmt.Errorf("find prober %s: %w", piece.Prober, err)
	}
	made := map[time.Time]bool{}
	rows := make([][]any, len(piece.Minutes))
	for i, m := range piece.Minutes {
		if day := m.At.Truncate(24 * time.Hour); !made[day] {
			if _, err := tx.Exec(ctx, sqlMinutePartition, pgx.NamedArgs{"day": day}); err != nil {
				return err
			}
			made[day] = true
		}
		delays, err := m.Delays.MarshalBinary()
		if err != nil {
			return fmt.Errorf("link %d: %w", m.Link, err)
		}
		rows[i] = []any{
			m.Link, m.At, prober, int16(m.Planned), int16(m.Sent), int16(m.Received),
			defined(m.MinMicros), defined(m.MedianMicros), defined(m.P95Micros), defined(m.MaxMicros), defined(m.JitterMicros), true,
			counted(m.Duplicates), counted(m.Reordered), int16(m.LossPeriods), int16(m.LongestLoss), delays,
		}
	}
	columns := []string{
		"link_id", "at", "prober", "planned", "sent", "received",
		"min_micros", "median_micros", "p95_micros", "max_micros", "jitter_micros", "simulated",
		"duplicates", "reordered", "loss_periods", "longest_loss", "delays",
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"minute"}, columns, pgx.CopyFromRows(rows))
	return err
}

var sqlProberID = query("prober.id", `SELECT id FROM prober WHERE name = @name`)

// defined is a delay as a column: NULL where it is undefined.
func defined(micros int32) *int32 {
	if micros == measure.Undefined {
		return nil
	}
	return &micros
}

func packPast(list []PastDay) (hours, days, carried [][]any, err error) {
	for _, d := range list {
		body, err := d.Hours.MarshalBinary()
		if err != nil {
			return nil, nil, nil, fmt.Errorf("link %d, day %s: %w", d.Link, d.Day.Format(time.DateOnly), err)
		}
		delays, err := d.Delays.MarshalBinary()
		if err != nil {
			return nil, nil, nil, err
		}
		used, err := d.Carried.MarshalBinary()
		if err != nil {
			return nil, nil, nil, err
		}
		f := d.Hours.Day()
		hours = append(hours, []any{d.Link, d.Day, body, true, delays})
		carried = append(carried, []any{d.Link, d.Day, used, true})
		days = append(days, []any{
			d.Link, d.Day, f.Planned, f.Sent, f.Received, f.CoveredMillis,
			defined(f.MinMicros), defined(f.MedianMicros), defined(f.P95Micros), defined(f.MaxMicros), defined(f.JitterMicros), true,
		})
	}
	return hours, days, carried, nil
}
