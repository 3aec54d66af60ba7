package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/trial"
)

// Trials keeps what people asked to be tested.
type Trials struct {
	db        *DB
	inventory indexCache
}

// NewTrials returns the requests kept in db.
func NewTrials(db *DB) *Trials { return &Trials{db: db} }

var (
	sqlTestRequestSave = query("test_request.save", `
		INSERT INTO test_request (link_id, at, person_id, insists, reason, until) VALUES (@link, @at, @person, @insists, @reason, @until)
		ON CONFLICT (link_id) DO UPDATE SET at = excluded.at, person_id = excluded.person_id, insists = excluded.insists, reason = excluded.reason, until = excluded.until`)
	// A test that names its method was tried; the others are reasons of the plan.
	sqlTestRequestOpen = query("test_request.open", `
		SELECT link_id, at, person_id, insists, reason, until FROM test_request r
		WHERE at <= @now AND until > @now AND (link_id = @link OR @link = 0) AND NOT EXISTS (
			SELECT FROM finding WHERE link_id = r.link_id AND kind = 'throughput' AND at > r.at AND body ? 'method')`)
)

// Inventory gives the whole inventory; it is shared and read only.
func (t *Trials) Inventory(ctx context.Context) (index *inventory.Index, err error) {
	err = t.db.snapshot(ctx, func(tx pgx.Tx) error {
		index, err = t.inventory.get(ctx, tx)
		return err
	})
	return index, err
}

// Save keeps a request with its journal entry.
func (t *Trials) Save(ctx context.Context, r trial.Request, e journal.Entry) error {
	err := t.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlTestRequestSave, pgx.NamedArgs{
			"link": r.Link, "at": r.At, "person": r.Person, "insists": r.Insists, "reason": r.Reason, "until": r.Until,
		})
		if err != nil {
			return err
		}
		return appendJournal(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("save the request for a test of link %d: %w", r.Link, classify(err))
	}
	return nil
}

type testRequestRow struct {
	LinkID   int64
	At       time.Time
	PersonID int64
	Insists  bool
	Reason   string
	Until    time.Time
}

func (r testRequestRow) request() trial.Request {
	return trial.Request{Link: r.LinkID, At: r.At.UTC(), Person: r.PersonID, Insists: r.Insists, Reason: r.Reason, Until: r.Until.UTC()}
}

// Request gives the request of a link that holds, nil without one.
func (t *Trials) Request(ctx context.Context, link int64, now time.Time) (*trial.Request, error) {
	open, err := t.open(ctx, link, now)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	return &open[0], nil
}

// Open gives all requests that hold.
func (t *Trials) Open(ctx context.Context, now time.Time) ([]trial.Request, error) {
	return t.open(ctx, 0, now)
}

// open gives the requests that hold of one link, or of all for link 0.
func (t *Trials) open(ctx context.Context, link int64, now time.Time) (list []trial.Request, err error) {
	err = t.db.snapshot(ctx, func(tx pgx.Tx) error {
		list, err = many(ctx, tx, sqlTestRequestOpen, pgx.NamedArgs{"link": link, "now": now}, testRequestRow.request)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load the requests for tests: %w", classify(err))
	}
	return list, nil
}
