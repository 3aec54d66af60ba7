package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
	"vigie/internal/incident"
	"vigie/internal/journal"
	"vigie/internal/watch"
	"vigie/probe"
)

// Watch is the store of the live chain.
type Watch struct {
	conversation
}

// NewWatch returns the live chain's store in db.
func NewWatch(db *DB) (*Watch, error) {
	c, err := newConversation(db)
	if err != nil {
		return nil, err
	}
	return &Watch{c}, nil
}

// InTx runs f in one transaction. When f stores a batch, data that the database cannot
// hold are fault.Invalid: the same batch would be refused for ever, and hold up the others.
func (w *Watch) InTx(ctx context.Context, f func(context.Context, watch.Tx) error) error {
	var batch bool
	err := w.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return f(ctx, watchTx{w.bind(tx), &batch})
	})
	if state := sqlState(err); batch && refusedData(err) {
		return fault.Errorf(fault.Invalid, "data that the database refuses (SQLSTATE %s), which a check before it should have found: %w", state, err)
	}
	return err
}

// watchTx is watch.Tx.
type watchTx struct {
	conversationTx
	batch *bool // set when the transaction stores a batch
}

var (
	sqlEngineInit = query("engine.init", `
		INSERT INTO engine (id, state) VALUES (true, '{}') ON CONFLICT DO NOTHING`)
	sqlEngineLock = query("engine.lock", `
		SELECT decided FROM engine FOR UPDATE`)
	// The id is a small number that every refused row would use up: only a name
	// that is not there yet is inserted.
	sqlProberEnsure = query("prober.ensure", `
		INSERT INTO prober (name, site) SELECT @name, (SELECT site FROM prober_key WHERE name = @name)
		WHERE NOT EXISTS (SELECT FROM prober WHERE name = @name) ON CONFLICT DO NOTHING`)
	sqlProberTouch = query("prober.touch", `
		UPDATE prober SET last_seen = greatest(last_seen, @now) WHERE name = @name
		RETURNING id, last_seq, (SELECT cycle FROM batch WHERE batch.prober = prober.id AND seq = last_seq),
			coalesce((SELECT last FROM batch WHERE batch.prober = prober.id AND seq = last_seq), false), coalesce(site, '')`)
	sqlProberAdvance = query("prober.advance", `
		UPDATE prober SET last_seq = @seq WHERE id = @id`)
	sqlBatchInsert = query("batch.insert", `
		INSERT INTO batch (prober, seq, cycle, last, late, received, body)
		VALUES (@prober, @seq, @cycle, @last, @late, @now, @body)`)
	sqlBatchBetween = query("batch.between", `
		SELECT body FROM batch WHERE cycle >= @from AND cycle < @to AND prober = (SELECT id FROM prober WHERE name = @prober AND site IS NULL) ORDER BY cycle, seq`)
	sqlBatchTimely = query("batch.timely", `
		SELECT body FROM batch WHERE cycle = @cycle AND NOT late`+ofLinks+` ORDER BY prober, seq`)
	sqlBatchPieces = query("batch.pieces", `
		SELECT body FROM batch WHERE cycle = @cycle AND prober = (SELECT id FROM prober WHERE name = @prober) ORDER BY seq`)
	sqlBatchAround = query("batch.around", `
		SELECT (SELECT max(cycle) FROM batch WHERE cycle < @at AND NOT late`+ofLinks+`), (SELECT min(cycle) FROM batch WHERE cycle >= @at AND NOT late`+ofLinks+`)`)
)

// ofLinks leaves out the batches of probers that stand at a site.
const ofLinks = ` AND prober <> ALL (ARRAY(SELECT id FROM prober WHERE site IS NOT NULL))`

// Decided locks the engine and returns its last decided cycle.
func (t watchTx) Decided(ctx context.Context) (time.Time, error) {
	if _, err := t.tx.Exec(ctx, sqlEngineInit); err != nil {
		return time.Time{}, fmt.Errorf("begin the engine's row: %w", err)
	}
	var decided *time.Time
	if err := t.tx.QueryRow(ctx, sqlEngineLock).Scan(&decided); err != nil {
		return time.Time{}, fmt.Errorf("lock the engine: %w", err)
	}
	return instant(decided), nil
}

// instant is a column that may be NULL as a time, zero for NULL, always in UTC.
func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// nullable is a time as a column that may be NULL.
func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// SaveBatch stores a batch unless the prober's last sequence says that it was.
func (t watchTx) SaveBatch(ctx context.Context, b probe.Batch, late bool, now time.Time) (watch.Mark, bool, error) {
	*t.batch = true
	if _, err := t.tx.Exec(ctx, sqlProberEnsure, pgx.NamedArgs{"name": b.Prober}); err != nil {
		return watch.Mark{}, false, fmt.Errorf("find prober %s: %w", b.Prober, err)
	}
	var prober int16
	var seq int64
	var cycle *time.Time
	var last bool
	var site string
	if err := t.tx.QueryRow(ctx, sqlProberTouch, pgx.NamedArgs{"name": b.Prober, "now": now}).Scan(&prober, &seq, &cycle, &last, &site); err != nil {
		return watch.Mark{}, false, fmt.Errorf("find prober %s: %w", b.Prober, err)
	}
	former := watch.Mark{Seq: uint64(seq), Cycle: instant(cycle), Last: last, Site: site}
	if b.Seq <= former.Seq {
		return former, false, nil
	}
	body, err := b.MarshalBinary()
	if err != nil {
		return watch.Mark{}, false, err
	}
	args := pgx.NamedArgs{
		"prober": prober, "seq": int64(b.Seq), "cycle": b.Cycle, "last": b.Last, "late": late, "now": now, "body": body,
	}
	if _, err := t.tx.Exec(ctx, sqlBatchInsert, args); err != nil {
		return watch.Mark{}, false, fmt.Errorf("store batch %d: %w", b.Seq, err)
	}
	_, err = t.tx.Exec(ctx, sqlProberAdvance, pgx.NamedArgs{"id": prober, "seq": int64(b.Seq)})
	return former, true, err
}

// Timely returns the batches that came in time for a cycle.
func (t watchTx) Timely(ctx context.Context, cycle time.Time) ([]probe.Batch, error) {
	batches, err := t.batches(ctx, sqlBatchTimely, pgx.NamedArgs{"cycle": cycle})
	if err != nil {
		return nil, fmt.Errorf("load the batches of %s: %w", cycle.Format(time.RFC3339), err)
	}
	return batches, nil
}

// Batches returns every batch of a prober of the cycles in [from, to).
func (t watchTx) Batches(ctx context.Context, prober string, from, to time.Time) ([]probe.Batch, error) {
	batches, err := t.batches(ctx, sqlBatchBetween, pgx.NamedArgs{"prober": prober, "from": from, "to": to})
	if err != nil {
		return nil, fmt.Errorf("load the batches of prober %s from %s: %w", prober, from.Format(time.RFC3339), err)
	}
	return batches, nil
}

// Pieces returns the batches of one prober of a cycle.
func (t watchTx) Pieces(ctx context.Context, prober string, cycle time.Time) ([]probe.Batch, error) {
	batches, err := t.batches(ctx, sqlBatchPieces, pgx.NamedArgs{"prober": prober, "cycle": cycle})
	if err != nil {
		return nil, fmt.Errorf("load the batches of prober %s of %s: %w", prober, cycle.Format(time.RFC3339), err)
	}
	return batches, nil
}

func (t watchTx) batches(ctx context.Context, sql string, args pgx.NamedArgs) ([]probe.Batch, error) {
	rows, err := t.tx.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (probe.Batch, error) {
		var body []byte
		if err := row.Scan(&body); err != nil {
			return probe.Batch{}, err
		}
		var b probe.Batch
		return b, b.UnmarshalBinary(body)
	})
}

// Around returns the cycles nearest to an instant for which a batch came in time.
func (t watchTx) Around(ctx context.Context, at time.Time) (before, after time.Time, err error) {
	var b, a *time.Time
	if err := t.tx.QueryRow(ctx, sqlBatchAround, pgx.NamedArgs{"at": at}).Scan(&b, &a); err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("find the cycles around %s: %w", at.Format(time.RFC3339), err)
	}
	return instant(b), instant(a), nil
}

// LastSeq returns the sequence of the last batch of a prober that was applied, 0
// for a prober that never delivered.
func (w *Watch) LastSeq(ctx context.Context, prober string) (uint64, error) {
	var seq int64
	err := w.db.pool.QueryRow(ctx, sqlProberSeq, pgx.NamedArgs{"name": prober}).Scan(&seq)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find the last batch of prober %s: %w", prober, classify(err))
	}
	return uint64(seq), nil
}

var sqlProberSeq = query("prober.seq", `SELECT last_seq FROM prober WHERE name = @name`)

var (
	// Time is in one gap only. What is covered already stays as it is, but for the
	// better reason: data lost says more than nothing came.
	sqlGapExtend = query("gap.extend", `
		UPDATE gap SET to_at = greatest(to_at, @to), reason = CASE WHEN from_at = @from AND @reason = 'lost' THEN @reason ELSE reason END
		WHERE prober = (SELECT id FROM prober WHERE name = @prober)
			AND from_at <= @from AND (to_at >= @to OR (reason = @reason AND to_at >= @from))
			AND NOT EXISTS (SELECT FROM gap next WHERE next.prober = gap.prober AND next.from_at > gap.from_at AND next.from_at < @to)`)
	sqlGapInsert = query("gap.insert", `
		INSERT INTO gap (prober, from_at, to_at, reason)
		SELECT p.id, lower(span), upper(span), @reason
		FROM prober p, unnest(tstzmultirange(tstzrange(@from, @to)) - coalesce(
			(SELECT range_agg(tstzrange(from_at, to_at)) FROM gap WHERE prober = p.id AND from_at < @to AND to_at > @from), '{}')) AS span
		WHERE p.name = @prober`)
)

// counted is a count as a column holds it: a host that answers without end is not
// counted to its end.
func counted(n int64) int32 { return int32(min(n, math.MaxInt32)) }

// AddGap lengthens the gap that ends where this one begins, or begins new ones in the
// time that no gap covers yet.
func (t watchTx) AddGap(ctx context.Context, g watch.Gap) error {
	args := pgx.NamedArgs{"prober": g.Prober, "from": g.From, "to": g.To, "reason": string(g.Reason)}
	done, err := t.tx.Exec(ctx, sqlGapExtend, args)
	if err == nil && done.RowsAffected() == 0 {
		_, err = t.tx.Exec(ctx, sqlGapInsert, args)
	}
	if err != nil {
		return fmt.Errorf("record the gap of prober %s from %s: %w", g.Prober, g.From.Format(time.RFC3339), err)
	}
	return nil
}

var (
	sqlStateEngine    = query("state.engine", `SELECT state FROM engine`)
	sqlStateLinks     = query("state.links", `SELECT state FROM link_state ORDER BY link_id`)
	sqlStateIncidents = query("state.incidents", `SELECT state FROM incident WHERE closed_at IS NULL ORDER BY id`)
	sqlStateTickets   = query("state.tickets", `SELECT state FROM ticket_memory ORDER BY ticket_id`)
)

// State loads what the decisions remember.
func (t watchTx) State(ctx context.Context) (incident.State, error) {
	var s incident.State
	var raw []byte
	if err := t.tx.QueryRow(ctx, sqlStateEngine).Scan(&raw); err != nil {
		return s, fmt.Errorf("load the engine: %w", err)
	}
	if err := json.Unmarshal(raw, &s.Engine); err != nil {
		return s, fmt.Errorf("read the engine: %w", err)
	}
	var err error
	if s.Links, err = loadJSON[incident.LinkState](ctx, t.tx, sqlStateLinks); err != nil {
		return s, fmt.Errorf("load the link states: %w", err)
	}
	if s.Incidents, err = loadJSON[incident.Incident](ctx, t.tx, sqlStateIncidents); err != nil {
		return s, fmt.Errorf("load the open incidents: %w", err)
	}
	if s.Tickets, err = loadJSON[incident.Ticket](ctx, t.tx, sqlStateTickets); err != nil {
		return s, fmt.Errorf("load the tickets remembered: %w", err)
	}
	return s, nil
}

func loadJSON[T any](ctx context.Context, tx pgx.Tx, sql string) ([]T, error) {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) {
		var raw []byte
		var v T
		if err := row.Scan(&raw); err != nil {
			return v, err
		}
		return v, json.Unmarshal(raw, &v)
	})
}

// Journal appends entries to their chains.
func (t conversationTx) Journal(ctx context.Context, entries ...journal.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return appendJournal(ctx, t.tx, entries...)
}
