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
	// keepMinutes is how long minutes stay as rows.
	keepMinutes = 35 * 24 * time.Hour
)

var (
	sqlBatchDrop   = query("batch.drop", `DELETE FROM batch WHERE cycle < @before`)
	sqlMinuteDrop  = query("minute.drop", `SELECT minute_drop_before(@day)`)
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
		if _, err := tx.Exec(ctx, sqlMinuteDrop, pgx.NamedArgs{"day": day.Add(-keepMinutes)}); err != nil {
			return fmt.Errorf("drop old minutes: %w", err)
		}
		if _, err := tx.Exec(ctx, sqlBatchDrop, pgx.NamedArgs{"before": now.Add(-keepBatches)}); err != nil {
			return fmt.Errorf("drop old batches: %w", err)
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
