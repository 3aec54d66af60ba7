package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"vigie/internal/httpd/api"
	"vigie/internal/intake"
	"vigie/internal/invoicing"
	"vigie/internal/store"
	"vigie/internal/store/cluster"
)

// Instance is an open database with the services that commands call. A running
// server has one; a command without a server opens its own.
type Instance struct {
	db      *store.DB
	cluster *cluster.Cluster // nil with a database of one's own
	asking  *api.Service
	changed func(ctx context.Context) error
}

// OpenOptions says which database to open.
type OpenOptions struct {
	Dir         string
	DatabaseURL string
	Cycle       time.Duration // of the prober, by which the present grows old
	Notify      func(cluster.Event)
	Log         *slog.Logger
}

// OpenInstance starts the private database, or connects to the configured one,
// and brings the private one's schema up to date.
func OpenInstance(ctx context.Context, o OpenOptions) (*Instance, error) {
	i := &Instance{changed: func(context.Context) error { return nil }}
	dsn := o.DatabaseURL
	if dsn == "" {
		c, err := cluster.Start(ctx, cluster.Options{Dir: clusterDir(o.Dir), Notify: o.Notify})
		if err != nil {
			return nil, err
		}
		i.cluster, dsn = c, c.DSN()
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, errors.Join(err, i.Close(ctx))
	}
	i.db = db
	if o.DatabaseURL != "" {
		err = db.Check(ctx)
	} else {
		var applied []string
		applied, err = db.Migrate(ctx)
		if len(applied) > 0 {
			o.Log.Info("schema migrated", "applied", len(applied), "last", applied[len(applied)-1])
		}
	}
	if err == nil {
		i.asking, err = newAsking(db, o.Cycle)
	}
	if err != nil {
		return nil, errors.Join(err, i.Close(ctx))
	}
	return i, nil
}

// Close lets go of the database and stops the private one.
func (i *Instance) Close(ctx context.Context) error {
	if i.db != nil {
		i.db.Close()
	}
	if i.cluster == nil {
		return nil
	}
	return i.cluster.Stop(ctx)
}

// ImportRequest is a set of inventory files with how to take them.
type ImportRequest struct {
	Files      []intake.File `json:"files"`
	DryRun     bool          `json:"dry_run"`
	EndMissing time.Time     `json:"end_missing,omitzero"`
	Mapping    *intake.File  `json:"mapping,omitempty"`
	AcceptEnds int           `json:"accept_ends,omitempty"`
}

// ImportAnswer is what the import did, or the problems that kept it from it.
type ImportAnswer struct {
	Report   intake.Report    `json:"report"`
	Problems *intake.Problems `json:"problems,omitempty"`
	// Ends is set when nothing was saved because too much would end.
	Ends *intake.EndsUnaccepted `json:"ends,omitempty"`
}

// ReviewRequest is a review that a person filled in.
type ReviewRequest struct {
	File   intake.File `json:"file"`
	DryRun bool        `json:"dry_run"`
}

// Review takes the answers about rows that wait, all or nothing.
func (i *Instance) Review(ctx context.Context, r ReviewRequest) (ImportAnswer, error) {
	report, err := i.intake().Review(ctx, r.File, intake.Options{DryRun: r.DryRun, Actor: "vigie", Now: time.Now()})
	return imported(report, err)
}

// Pending gives the questions that wait for a person.
func (i *Instance) Pending(ctx context.Context) ([]intake.Waiting, error) {
	return i.intake().Pending(ctx, time.Now())
}

// Import takes inventory files, all or nothing. Problems of the files are in the
// answer; the error is anything else.
func (i *Instance) Import(ctx context.Context, r ImportRequest) (ImportAnswer, error) {
	report, err := i.intake().Import(ctx, r.Files, intake.Options{
		DryRun: r.DryRun, EndMissing: r.EndMissing, Mapping: r.Mapping, AcceptEnds: r.AcceptEnds, Actor: "vigie", Now: time.Now(),
	})
	return imported(report, err)
}

// intake changes the inventory, and tells the prober.
func (i *Instance) intake() *intake.Service {
	return &intake.Service{
		Store: store.NewIntake(i.db), Changed: func(ctx context.Context) error { return i.changed(ctx) },
	}
}

// imported is what a command is told of an import.
func imported(report intake.Report, err error) (ImportAnswer, error) {
	var refused *intake.Refused
	var ends *intake.EndsUnaccepted
	switch {
	case errors.As(err, &refused):
		return ImportAnswer{Report: report, Problems: &refused.Problems}, nil
	case errors.As(err, &ends):
		return ImportAnswer{Report: report, Ends: ends}, nil
	}
	return ImportAnswer{Report: report}, err
}

// Bill makes the bill of a month.
func (i *Instance) Bill(ctx context.Context, month, now time.Time) (invoicing.Bill, error) {
	return invoicing.New(store.NewInvoicing(i.db)).Month(ctx, month, now)
}

// JournalAnswer is what checking every chain found.
type JournalAnswer struct {
	Chains  int    `json:"chains"`
	Entries int    `json:"entries"`
	Seals   int    `json:"seals"`
	Broken  string `json:"broken,omitempty"` // the first break; empty when none
}

// Migrate brings the schema of a database of one's own up to date and names what
// was applied.
func Migrate(ctx context.Context, databaseURL string) ([]string, error) {
	db, err := store.Open(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return db.Migrate(ctx)
}

// stack stops what was started, in reverse.
type stack struct {
	mu    sync.Mutex
	stops []stopper
}

type stopper struct {
	name string
	stop func(context.Context) error
}

func (s *stack) push(name string, stop func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, stopper{name, stop})
}

func (s *stack) unwind(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for n := len(s.stops) - 1; n >= 0; n-- {
		if err := s.stops[n].stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", s.stops[n].name, err))
		}
	}
	s.stops = nil
	return errors.Join(errs...)
}

// CheckJournal verifies every chain; progress is called from time to time.
func (i *Instance) CheckJournal(ctx context.Context, progress func(done, total int)) (JournalAnswer, error) {
	found, err := store.NewJournal(i.db).Check(ctx, progress)
	if err != nil {
		return JournalAnswer{}, err
	}
	a := JournalAnswer{Chains: found.Chains, Entries: found.Entries, Seals: found.Seals}
	if found.Break != nil {
		a.Broken = found.Break.Error()
	}
	return a, nil
}
