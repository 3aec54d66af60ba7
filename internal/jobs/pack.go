package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// packAt is when the days that are over are packed, in UTC: every hour, since late
// measurements may change one at any time.
const packAt = "CRON_TZ=UTC 11 * * * *"

// Pack is the periodic job that packs days.
type Pack struct{}

// Kind names the job.
func (Pack) Kind() string { return "pack" }

// InsertOpts keeps two cores from packing in one minute.
func (Pack) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: time.Minute}}
}

type packer struct {
	river.WorkerDefaults[Pack]
	run func(ctx context.Context, now time.Time) (again time.Duration, err error)
}

// Work packs for a while, and goes on later with what is left.
func (w *packer) Work(ctx context.Context, _ *river.Job[Pack]) error {
	again, err := w.run(ctx, time.Now())
	if err != nil {
		return err
	}
	if again > 0 {
		return river.JobSnooze(again)
	}
	return nil
}
