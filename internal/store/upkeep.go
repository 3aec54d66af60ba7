package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Upkeep is what has to be done again and again: partitions ahead of time,
// retention, and the daily seal of the journal. Repeating it is harmless.
type Upkeep struct {
	db      *DB
	journal *Journal
}

// NewUpkeep returns the upkeep of db.
func NewUpkeep(db *DB) *Upkeep { return &Upkeep{db: db, journal: NewJournal(db)} }

const (
	// keepBatches is how long batches stay for replay after their minute is
	// summarised.
	keepBatches = 24 * time.Hour
	// keepRows is how long minutes and five-minute figures stay as rows beside their
	// packed form, and so how late a measurement may still change its day. Hours of
	// checks stay as long.
	keepRows = 35 * 24 * time.Hour
	// keepFindings is as long as hours are kept.
	keepFindings = 400 * 24 * time.Hour
)

var (
	sqlBatchDrop  = query("batch.drop", `DELETE FROM batch WHERE cycle < @before`)
	sqlMinuteDrop = query("minute.drop", `SELECT minute_drop_before(@day)`)
	// At most one day at a time: the run of the next hour drops the next one.
	sqlUtilisationDrop = query("utilisation.drop", `
		DELETE FROM utilisation WHERE at < @day AND at < (SELECT min(at) FROM utilisation) + interval '1 day'`)
	sqlPackingOldest = query("packing.oldest", `
		SELECT coalesce(min(day), @day) FROM packing WHERE packed <> changes AND NOT dropped AND day < @day`)
	sqlPackingDropped = query("packing.dropped", `
		UPDATE packing SET dropped = true WHERE day < @day AND NOT dropped`)
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
		if err := dropPacked(ctx, tx, day.Add(-keepRows)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlBatchDrop, pgx.NamedArgs{"before": now.Add(-keepBatches)}); err != nil {
			return fmt.Errorf("drop old batches: %w", err)
		}
		if _, err := tx.Exec(ctx, sqlFindingDrop, pgx.NamedArgs{"before": now.Add(-keepFindings)}); err != nil {
			return fmt.Errorf("drop old findings: %w", err)
		}
		if _, err := tx.Exec(ctx, sqlCheckHourDrop, pgx.NamedArgs{"before": now.Add(-keepRows)}); err != nil {
			return fmt.Errorf("drop old hours of checks: %w", err)
		}
		if _, err := tx.Exec(ctx, sqlCheckTransitionDrop, pgx.NamedArgs{"before": now.Add(-keepFindings)}); err != nil {
			return fmt.Errorf("drop old transitions of checks: %w", err)
		}
		if _, err := tx.Exec(ctx, sqlQualityDrop, pgx.NamedArgs{"before": now.Add(-keepRows)}); err != nil {
			return fmt.Errorf("drop the old quality of probers: %w", err)
		}
		if _, err := tx.Exec(ctx, sqlSessionDrop, pgx.NamedArgs{"now": now}); err != nil {
			return fmt.Errorf("drop expired sessions: %w", err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("upkeep: %w", err)
	}
	_, err = u.journal.Seal(ctx, day.AddDate(0, 0, -1), now)
	return err
}

// dropPacked drops the rows of the days before day, and none from the oldest day on
// that is not packed as it is.
func dropPacked(ctx context.Context, tx pgx.Tx, day time.Time) error {
	var before time.Time
	if err := tx.QueryRow(ctx, sqlPackingOldest, pgx.NamedArgs{"day": day}).Scan(&before); err != nil {
		return fmt.Errorf("look for the oldest day that is not packed: %w", err)
	}
	for _, drop := range []string{sqlPackingDropped, sqlMinuteDrop, sqlUtilisationDrop} {
		if _, err := tx.Exec(ctx, drop, pgx.NamedArgs{"day": before}); err != nil {
			return fmt.Errorf("drop the rows before %s: %w", before.Format(time.DateOnly), err)
		}
	}
	return nil
}
