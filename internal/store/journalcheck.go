package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/journal"
)

// Report is what a check of the journal found.
type Report struct {
	Chains  int
	Entries int
	Seals   int
	// Break is the first place that cannot be trusted, a *journal.Break or a *journal.SealBreak;
	// nil when everything holds.
	Break error
}

var (
	sqlCheckCount = query("journal.check_count", `
		SELECT count(*) FROM journal_entry`)
	sqlCheckEntries = query("journal.check_entries", `
		SELECT e.chain_kind, e.chain_id, e.seq, e.version, e.at, e.actor, e.action, e.body, e.prev, e.hash,
			s.hash AS sealed
		FROM journal_entry e
		LEFT JOIN journal_seal_head s USING (chain_kind, chain_id, seq)
		ORDER BY e.chain_kind, e.chain_id, e.seq`)
	sqlCheckHeads = query("journal.check_heads", `
		SELECT chain_kind, chain_id, seq, hash FROM journal_head WHERE seq > 0 ORDER BY chain_kind, chain_id`)
	sqlCheckCut = query("journal.check_cut", `
		SELECT s.chain_kind, s.chain_id, s.seq, s.hash FROM journal_seal_head s
		WHERE NOT EXISTS (SELECT FROM journal_entry e
			WHERE e.chain_kind = s.chain_kind AND e.chain_id = s.chain_id AND e.seq = s.seq)
		ORDER BY s.chain_kind, s.chain_id, s.seq LIMIT 1`)
	sqlCheckSeals = query("journal.check_seals", `
		SELECT day, at, heads, prev, hash FROM journal_seal ORDER BY day`)
	sqlCheckSealHeads = query("journal.check_seal_heads", `
		SELECT chain_kind, chain_id, seq, hash FROM journal_seal_head WHERE day = @day`)
)

// Check verifies every record of every chain, the end of each chain and every daily seal, on one
// snapshot of the database, record by record in little memory. progress, when not nil, is called
// now and then with the number of records verified. The error tells of a database that could not
// be read; a journal that cannot be trusted is told by Report.Break.
func (j *Journal) Check(ctx context.Context, progress func(done, total int)) (Report, error) {
	var report Report
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, j.db.pool, snapshot, func(tx pgx.Tx) error {
		c := checker{tx: tx, report: &report, progress: progress}
		return c.run(ctx)
	})
	if untrusted(err) {
		report.Break, err = err, nil
	}
	if err != nil {
		return Report{}, fmt.Errorf("check the journal: %w", classify(err))
	}
	return report, nil
}

// untrusted tells whether err is about the journal itself.
func untrusted(err error) bool {
	var record *journal.Break
	var seal *journal.SealBreak
	return errors.As(err, &record) || errors.As(err, &seal)
}

// checker is one run of Check.
type checker struct {
	tx       pgx.Tx
	report   *Report
	progress func(done, total int)
	total    int
	heads    []journal.Head // what the verified records end with, in order of chains
}

func (c *checker) run(ctx context.Context) error {
	if err := c.tx.QueryRow(ctx, sqlCheckCount).Scan(&c.total); err != nil {
		return err
	}
	if err := c.records(ctx); err != nil {
		return err
	}
	if err := c.ends(ctx); err != nil {
		return err
	}
	return c.seals(ctx)
}

// progressStep is the number of records between two reports of progress.
const progressStep = 1000

// records verifies every record, chain after chain.
func (c *checker) records(ctx context.Context) error {
	rows, err := c.tx.Query(ctx, sqlCheckEntries)
	if err != nil {
		return err
	}
	defer rows.Close()
	var head journal.Head
	for rows.Next() {
		record, sealed, err := scanRecord(rows)
		if err != nil {
			return err
		}
		if record.Chain != head.Chain {
			c.close(head)
			head = journal.Head{Chain: record.Chain}
		}
		if head, err = journal.Follow(head, record); err != nil {
			return err
		}
		if sealed != nil && *sealed != record.Hash {
			return &journal.Break{Chain: record.Chain, Seq: record.Seq, Reason: journal.SealMismatch}
		}
		c.count()
	}
	c.close(head)
	return rows.Err()
}

func (c *checker) close(head journal.Head) {
	if head.Seq > 0 {
		c.heads = append(c.heads, head)
		c.report.Chains++
	}
}

func (c *checker) count() {
	c.report.Entries++
	if done := c.report.Entries; c.progress != nil && (done%progressStep == 0 || done == c.total) {
		c.progress(done, c.total)
	}
}

// scanRecord returns a record and, where a daily seal covers it, the hash that the seal holds.
func scanRecord(rows pgx.Rows) (r journal.Record, sealed *journal.Hash, err error) {
	var prev, hash, seal []byte
	err = rows.Scan(&r.Chain.Kind, &r.Chain.ID, &r.Seq, &r.Version, &r.At, &r.Actor, &r.Action, &r.Body, &prev, &hash, &seal)
	copy(r.Prev[:], prev)
	copy(r.Hash[:], hash)
	if seal != nil {
		sealed = new(journal.Hash)
		copy(sealed[:], seal)
	}
	return r, sealed, err
}

// ends compares the stored ends of the chains with what the records gave, and finds sealed
// records that are no longer there.
func (c *checker) ends(ctx context.Context) error {
	stored, err := c.readHeads(ctx, sqlCheckHeads)
	if err != nil {
		return err
	}
	for i := range max(len(stored), len(c.heads)) {
		switch {
		case i >= len(c.heads) || i < len(stored) && stored[i].Chain.Compare(c.heads[i].Chain) < 0:
			return &journal.Break{Chain: stored[i].Chain, Seq: 1, Reason: journal.Cut}
		case i >= len(stored) || stored[i] != c.heads[i]:
			return &journal.Break{Chain: c.heads[i].Chain, Seq: c.heads[i].Seq + 1, Reason: journal.Cut}
		}
	}
	cut, err := c.readHeads(ctx, sqlCheckCut)
	if err == nil && len(cut) > 0 {
		return &journal.Break{Chain: cut[0].Chain, Seq: cut[0].Seq, Reason: journal.Cut}
	}
	return err
}

func (c *checker) readHeads(ctx context.Context, statement string, args ...any) ([]journal.Head, error) {
	rows, err := c.tx.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanHead)
}

// seals verifies the chain of daily seals.
func (c *checker) seals(ctx context.Context) error {
	rows, err := c.tx.Query(ctx, sqlCheckSeals)
	if err != nil {
		return err
	}
	seals, err := pgx.CollectRows(rows, scanSeal)
	if err != nil {
		return err
	}
	var prev journal.Hash
	for _, seal := range seals {
		heads, err := c.sealHeads(ctx, seal.Day)
		if err != nil {
			return err
		}
		if err := seal.Check(prev, heads); err != nil {
			return err
		}
		prev = seal.Hash
		c.report.Seals++
	}
	return nil
}

func (c *checker) sealHeads(ctx context.Context, day time.Time) ([]journal.Head, error) {
	return c.readHeads(ctx, sqlCheckSealHeads, pgx.NamedArgs{"day": day})
}
