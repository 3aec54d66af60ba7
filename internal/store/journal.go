package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
	"vigie/internal/journal"
)

// Journal checks and seals the chains that every service appends to.
type Journal struct {
	db *DB
}

// NewJournal returns the journal kept in db.
func NewJournal(db *DB) *Journal { return &Journal{db: db} }

var (
	sqlJournalOpen = query("journal.open", `
		INSERT INTO journal_head (chain_kind, chain_id, seq, hash)
		SELECT kind, id, 0, @zero FROM unnest(@kinds::text[], @ids::text[]) AS chain (kind, id)
		ORDER BY kind COLLATE "C", id COLLATE "C"
		ON CONFLICT DO NOTHING`)
	sqlJournalLock = query("journal.lock", `
		SELECT chain_kind, chain_id, seq, hash FROM journal_head
		WHERE (chain_kind, chain_id) IN (SELECT kind, id FROM unnest(@kinds::text[], @ids::text[]) AS chain (kind, id))
		ORDER BY chain_kind, chain_id
		FOR UPDATE`)
	sqlJournalAppend = query("journal.append", `
		INSERT INTO journal_entry (chain_kind, chain_id, seq, version, at, actor, action, body, prev, hash)
		VALUES (@kind, @id, @seq, @version, @at, @actor, @action, @body, @prev, @hash)`)
	sqlJournalAdvance = query("journal.advance", `
		UPDATE journal_head SET seq = @seq, hash = @hash WHERE chain_kind = @kind AND chain_id = @id`)
)

// appendJournal gives entries their places at the ends of their chains, which stay locked until
// the transaction ends. Heads are locked in one order, so that two calls cannot wait for each
// other; two calls in one transaction can, and InTx then runs it again.
func appendJournal(ctx context.Context, tx pgx.Tx, entries ...journal.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	heads, err := lockHeads(ctx, tx, entries)
	if err != nil {
		return fmt.Errorf("lock the ends of the journal: %w", err)
	}
	batch := &pgx.Batch{}
	for _, e := range entries {
		r, head := journal.Append(heads[e.Chain], e)
		heads[e.Chain] = head
		batch.Queue(sqlJournalAppend, pgx.NamedArgs{
			"kind": r.Chain.Kind, "id": r.Chain.ID, "seq": r.Seq, "version": r.Version, "at": r.At, "actor": r.Actor,
			"action": r.Action, "body": notNull(r.Body), "prev": r.Prev[:], "hash": r.Hash[:],
		})
	}
	for chain, head := range heads {
		batch.Queue(sqlJournalAdvance, pgx.NamedArgs{
			"kind": chain.Kind, "id": chain.ID, "seq": head.Seq, "hash": head.Hash[:],
		})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	return nil
}

// notNull returns an empty body as empty bytes, where nil would be NULL.
func notNull(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// lockHeads locks and returns the head of every chain that entries name; new chains begin.
func lockHeads(ctx context.Context, tx pgx.Tx, entries []journal.Entry) (map[journal.Chain]journal.Head, error) {
	var kinds, ids []string
	for _, e := range entries {
		kinds, ids = append(kinds, e.Chain.Kind), append(ids, e.Chain.ID)
	}
	zero := journal.Hash{}
	args := pgx.NamedArgs{"kinds": kinds, "ids": ids, "zero": zero[:]}
	if _, err := tx.Exec(ctx, sqlJournalOpen, args); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, sqlJournalLock, pgx.NamedArgs{"kinds": kinds, "ids": ids})
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanHead)
	if err != nil {
		return nil, err
	}
	heads := make(map[journal.Chain]journal.Head, len(list))
	for _, head := range list {
		heads[head.Chain] = head
	}
	return heads, nil
}

func scanHead(row pgx.CollectableRow) (journal.Head, error) {
	var h journal.Head
	var hash []byte
	err := row.Scan(&h.Chain.Kind, &h.Chain.ID, &h.Seq, &hash)
	copy(h.Hash[:], hash)
	return h, err
}

var (
	sqlSealLock = query("journal.seal_lock", `
		LOCK TABLE journal_seal IN SHARE ROW EXCLUSIVE MODE`)
	sqlSealLast = query("journal.seal_last", `
		SELECT day, at, heads, prev, hash FROM journal_seal ORDER BY day DESC LIMIT 1`)
	sqlSealMoved = query("journal.seal_moved", `
		SELECT h.chain_kind, h.chain_id, h.seq, h.hash FROM journal_head h
		WHERE h.seq > coalesce((SELECT max(s.seq) FROM journal_seal_head s
			WHERE s.chain_kind = h.chain_kind AND s.chain_id = h.chain_id), 0)`)
	sqlSealInsert = query("journal.seal_insert", `
		INSERT INTO journal_seal (day, at, heads, prev, hash) VALUES (@day, @at, @heads, @prev, @hash)`)
)

// Seal chains the ends of all chains that moved since the last seal into one global chain, as the
// seal of day (its calendar day, in its own location) made at now. A day that is sealed already
// returns its seal unchanged; a day before the last sealed one is fault.Conflict. Writers are not
// held up: what they commit meanwhile belongs to the next seal.
func (j *Journal) Seal(ctx context.Context, day, now time.Time) (journal.Seal, error) {
	var seal journal.Seal
	err := j.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlSealLock); err != nil {
			return err
		}
		last, err := lastSeal(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sqlSealMoved)
		if err != nil {
			return err
		}
		heads, err := pgx.CollectRows(rows, scanHead)
		if err != nil {
			return err
		}
		seal = journal.NewSeal(last.Hash, day, now, heads)
		switch {
		case seal.Day.Equal(last.Day):
			seal = last
			return nil
		case seal.Day.Before(last.Day):
			return fault.Errorf(fault.Conflict, "the journal is sealed up to %s", last.Day.Format(time.DateOnly))
		}
		return insertSeal(ctx, tx, seal, heads)
	})
	if err != nil {
		return journal.Seal{}, fmt.Errorf("seal the journal for %s: %w", day.Format(time.DateOnly), err)
	}
	return seal, nil
}

// lastSeal returns the newest seal, or the zero seal before the first.
func lastSeal(ctx context.Context, tx pgx.Tx) (journal.Seal, error) {
	rows, err := tx.Query(ctx, sqlSealLast)
	if err != nil {
		return journal.Seal{}, err
	}
	last, err := pgx.CollectExactlyOneRow(rows, scanSeal)
	if errors.Is(err, pgx.ErrNoRows) {
		return journal.Seal{}, nil
	}
	return last, err
}

func scanSeal(row pgx.CollectableRow) (journal.Seal, error) {
	var s journal.Seal
	var heads, prev, hash []byte
	err := row.Scan(&s.Day, &s.At, &heads, &prev, &hash)
	s.At = s.At.UTC()
	copy(s.Heads[:], heads)
	copy(s.Prev[:], prev)
	copy(s.Hash[:], hash)
	return s, err
}

func insertSeal(ctx context.Context, tx pgx.Tx, seal journal.Seal, heads []journal.Head) error {
	args := pgx.NamedArgs{
		"day": seal.Day, "at": seal.At, "heads": seal.Heads[:], "prev": seal.Prev[:], "hash": seal.Hash[:],
	}
	if _, err := tx.Exec(ctx, sqlSealInsert, args); err != nil {
		return err
	}
	columns := []string{"chain_kind", "chain_id", "seq", "hash", "day"}
	source := pgx.CopyFromSlice(len(heads), func(i int) ([]any, error) {
		h := heads[i]
		return []any{h.Chain.Kind, h.Chain.ID, h.Seq, h.Hash[:], seal.Day}, nil
	})
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"journal_seal_head"}, columns, source)
	return err
}
