package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/robfig/cron/v3"

	"vigie/internal/ticket"
)

const (
	// timeout bounds one job; a letter may take 15 s to leave.
	timeout = 25 * time.Second
	// rescueAfter is when a job of a killed process is taken up again. It leaves
	// time to save, after the timeout, what came of a letter: two workers must not
	// carry the same one.
	rescueAfter = 40 * time.Second
	// retryAfter is when a job that failed is tried again: what fails is our own
	// database, and the operator waits.
	retryAfter = 5 * time.Second
	workers    = 8
	lookers    = 4
	// upkeepAt is when the periodic upkeep runs, in UTC: every hour, so that a
	// day is never missed, at a minute that no clock change removes.
	upkeepAt = "CRON_TZ=UTC 7 * * * *"
)

// Desk is what the workers of the conversation call.
type Desk interface {
	Send(ctx context.Context, job ticket.Send, now func() time.Time) (again time.Duration, err error)
	Remind(ctx context.Context, job ticket.Remind, now time.Time) error
	Look(ctx context.Context, job ticket.Look, now func() time.Time) (again time.Duration, err error)
}

// Options is what the jobs need.
type Options struct {
	Pool *pgxpool.Pool
	Desk Desk
	// Upkeep is run every hour and at each start: partitions, retention, seals.
	Upkeep func(ctx context.Context, now time.Time) error
	// Pack is run every hour and at each start too, and again after the time it says.
	Pack func(ctx context.Context, now time.Time) (again time.Duration, err error)
	Log  *slog.Logger
}

// Jobs is the running set of workers. Use New, Start, Stop.
type Jobs struct {
	client *river.Client[pgx.Tx]
}

// New returns inert workers.
func New(o Options) (*Jobs, error) {
	upkeep, err := periodic(upkeepAt, Upkeep{})
	if err != nil {
		return nil, err
	}
	pack, err := periodic(packAt, Pack{})
	if err != nil {
		return nil, err
	}
	set := river.NewWorkers()
	river.AddWorker(set, &sender{desk: o.Desk})
	river.AddWorker(set, &reminder{desk: o.Desk})
	river.AddWorker(set, &looker{desk: o.Desk})
	river.AddWorker(set, &upkeeper{run: o.Upkeep})
	river.AddWorker(set, &packer{run: o.Pack})
	client, err := river.NewClient(riverpgxv5.New(o.Pool), &river.Config{
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: workers}, ticket.LookQueue: {MaxWorkers: lookers},
		},
		Workers:              set,
		PeriodicJobs:         []*river.PeriodicJob{upkeep, pack},
		JobTimeout:           timeout,
		RescueStuckJobsAfter: rescueAfter,
		Logger:               o.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the workers: %w", err)
	}
	return &Jobs{client: client}, nil
}

// periodic orders a job by a cron schedule, and at each start.
func periodic(at string, args river.JobArgs) (*river.PeriodicJob, error) {
	schedule, err := cron.ParseStandard(at)
	if err != nil {
		return nil, fmt.Errorf("schedule of the job %s %q: %w", args.Kind(), at, err)
	}
	order := func() (river.JobArgs, *river.InsertOpts) { return args, nil }
	return river.NewPeriodicJob(schedule, order, &river.PeriodicJobOpts{RunOnStart: true}), nil
}

// Start begins to work and returns when the queue is being read. The workers end
// with Stop, not with ctx.
func (j *Jobs) Start(ctx context.Context) error {
	if err := j.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the workers: %w", err)
	}
	return nil
}

// Stop lets the running jobs end, at the latest when ctx does, and returns when
// none is left.
func (j *Jobs) Stop(ctx context.Context) error {
	if err := j.client.Stop(ctx); err != nil {
		return j.client.StopAndCancel(context.WithoutCancel(ctx))
	}
	return nil
}

// Upkeep is the periodic job.
type Upkeep struct{}

// Kind names the job.
func (Upkeep) Kind() string { return "upkeep" }

// InsertOpts keeps two cores from doing the same upkeep in one minute.
func (Upkeep) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: time.Minute}}
}

type sender struct {
	river.WorkerDefaults[ticket.Send]
	desk Desk
}

// Work carries one message; what has to wait is looked at again later.
func (w *sender) Work(ctx context.Context, job *river.Job[ticket.Send]) error {
	again, err := w.desk.Send(ctx, job.Args, time.Now)
	if err != nil {
		return err
	}
	if again > 0 {
		return river.JobSnooze(again)
	}
	return nil
}

// NextRetry is soon, and never grows.
func (w *sender) NextRetry(*river.Job[ticket.Send]) time.Time { return time.Now().Add(retryAfter) }

type reminder struct {
	river.WorkerDefaults[ticket.Remind]
	desk Desk
}

// Work looks whether the second level has to be called.
func (w *reminder) Work(ctx context.Context, job *river.Job[ticket.Remind]) error {
	return w.desk.Remind(ctx, job.Args, time.Now())
}

// NextRetry is soon, and never grows.
func (w *reminder) NextRetry(*river.Job[ticket.Remind]) time.Time { return time.Now().Add(retryAfter) }

type looker struct {
	river.WorkerDefaults[ticket.Look]
	desk Desk
}

// Work asks the operator's system about a ticket, and again while it is to be asked.
func (w *looker) Work(ctx context.Context, job *river.Job[ticket.Look]) error {
	again, err := w.desk.Look(ctx, job.Args, time.Now)
	if err != nil {
		return err
	}
	if again > 0 {
		return river.JobSnooze(again)
	}
	return nil
}

// NextRetry is soon, and never grows.
func (w *looker) NextRetry(*river.Job[ticket.Look]) time.Time { return time.Now().Add(retryAfter) }

type upkeeper struct {
	river.WorkerDefaults[Upkeep]
	run func(ctx context.Context, now time.Time) error
}

// Work runs the upkeep.
func (w *upkeeper) Work(ctx context.Context, _ *river.Job[Upkeep]) error {
	return w.run(ctx, time.Now())
}
