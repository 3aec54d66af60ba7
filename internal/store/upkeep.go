package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/history"
)

// Upkeep is what has to be done again and again: partitions ahead of time,
// retention, and the daily seal of the journal. Repeating it is harmless.
type Upkeep struct {
	db      *DB
	journal *Journal
	keep    history.Retention
}

// NewUpkeep returns the upkeep of db, which keeps things as long as it is told.
func NewUpkeep(db *DB, keep history.Retention) *Upkeep {
	return &Upkeep{db: db, journal: NewJournal(db), keep: keep}
}

var (
	sqlBatchDrop  = query("batch.drop", `DELETE FROM batch WHERE cycle < @before`)
	sqlMinuteDrop = query("minute.drop", `SELECT minute_drop_before(@day)`)
	// At most one day at a time: the run of the next hour drops the next one.
	sqlUtilisationDrop = query("utilisation.drop", `
		DELETE FROM utilisation WHERE at < @day AND at < (SELECT min(at) FROM utilisation) + interval '1 day'`)
	sqlPackingOldest = query("packing.oldest", `
		SELECT coalesce(min(day), @day) FROM packing WHERE (packed <> changes OR checked <> packed) AND NOT dropped AND day < @day`)
	sqlPackingDropped = query("packing.dropped", `
		UPDATE packing SET dropped = true WHERE day < @day AND NOT dropped`)
	// A week at most: after a change of the retention, the run of the next hour goes on.
	sqlHoursDrop = query("link_hours.drop", `
		DELETE FROM link_hours WHERE day < @day::date AND day < (SELECT min(day) FROM link_hours) + 7`)
	sqlUtilisationDayDrop = query("utilisation_day.drop", `
		DELETE FROM utilisation_day WHERE day < @day::date AND day < (SELECT min(day) FROM utilisation_day) + 7`)
	sqlDayDrop     = query("link_day.drop", `DELETE FROM link_day WHERE day < @day::date`)
	sqlSessionDrop = query("session.drop", `DELETE FROM session WHERE expires < @now`)
)

// Run does everything that is due at now.
func (u *Upkeep) Run(ctx context.Context, now time.Time) error {
	day := now.UTC().Truncate(24 * time.Hour)
	err := u.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for _, d := range []time.Time{day, day.AddDate(0, 0, 1)} {
			if _, err := tx.Exec(ctx, sqlMinutePartition, pgx.NamedArgs{"day": d}); err != nil {
				return fmt.Errorf("prepare the day %s: %w", d.Format(time.DateOnly), err)
			}
		}
		if err := dropPacked(ctx, tx, u.keep.Rows.Before(day)); err != nil {
			return err
		}
		return u.drop(ctx, tx, now)
	})
	if err != nil {
		return fmt.Errorf("upkeep: %w", err)
	}
	_, err = u.journal.Seal(ctx, day.AddDate(0, 0, -1), now)
	return err
}

// drop drops what is older than it is kept.
func (u *Upkeep) drop(ctx context.Context, tx pgx.Tx, now time.Time) error {
	rows, hours := u.keep.Rows.Before(now), u.keep.Hours.Before(now)
	// Whole days, and none of which something may still be kept as rows.
	hoursDay := u.keep.Hours.Before(now.UTC().Truncate(24 * time.Hour))
	daysDay := u.keep.Days.Before(now.UTC().Truncate(24 * time.Hour))
	for _, old := range []struct {
		what, sql string
		args      pgx.NamedArgs
	}{
		{"batches", sqlBatchDrop, pgx.NamedArgs{"before": u.keep.Batches.Before(now)}},
		{"hours of checks", sqlCheckHourDrop, pgx.NamedArgs{"before": rows}},
		{"sessions to reflectors", sqlStampDrop, pgx.NamedArgs{"before": rows}},
		{"quality of probers", sqlQualityDrop, pgx.NamedArgs{"before": rows}},
		{"findings", sqlFindingDrop, pgx.NamedArgs{"before": hours}},
		{"transitions of checks", sqlCheckTransitionDrop, pgx.NamedArgs{"before": hours}},
		{"packed hours", sqlHoursDrop, pgx.NamedArgs{"day": hoursDay}},
		{"packed five-minute figures", sqlUtilisationDayDrop, pgx.NamedArgs{"day": hoursDay}},
		{"days", sqlDayDrop, pgx.NamedArgs{"day": daysDay}},
		{"sessions", sqlSessionDrop, pgx.NamedArgs{"now": now}},
	} {
		if _, err := tx.Exec(ctx, old.sql, old.args); err != nil {
			return fmt.Errorf("drop old %s: %w", old.what, err)
		}
	}
	return nil
}

// dropPacked drops the rows of the days before day, and none from the oldest day on
// that is not packed as it is, or was not compared with its rows.
func dropPacked(ctx context.Context, tx pgx.Tx, day time.Time) error {
	var before time.Time
	if err := tx.QueryRow(ctx, sqlPackingOldest, pgx.NamedArgs{"day": day}).Scan(&before); err != nil {
		return fmt.Errorf("look for the oldest day that is not packed and compared: %w", err)
	}
	for _, drop := range []string{sqlPackingDropped, sqlMinuteDrop, sqlUtilisationDrop} {
		if _, err := tx.Exec(ctx, drop, pgx.NamedArgs{"day": before}); err != nil {
			return fmt.Errorf("drop the rows before %s: %w", before.Format(time.DateOnly), err)
		}
	}
	return nil
}
