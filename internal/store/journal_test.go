package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"vigie/internal/journal"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

var (
	monday = time.Date(2026, time.March, 30, 6, 30, 0, 123456000, time.UTC)
	link1  = journal.Chain{Kind: "link", ID: "1"}
	link2  = journal.Chain{Kind: "link", ID: "2"}
)

func said(chain journal.Chain, body string) journal.Entry {
	return journal.Entry{Chain: chain, At: monday, Actor: "vigie", Action: "link.down", Body: []byte(body)}
}

func appendAll(t *testing.T, db *store.DB, entries ...journal.Entry) {
	t.Helper()
	err := db.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		return store.AppendJournal(ctx, tx, entries...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, db *store.DB) store.Report {
	t.Helper()
	report, err := store.NewJournal(db).Check(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func seal(t *testing.T, db *store.DB, day time.Time) journal.Seal {
	t.Helper()
	s, err := store.NewJournal(db).Seal(context.Background(), day, day.Add(19*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestChainsGrowAndVerify(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	appendAll(t, db, said(link1, "a"), said(link2, "b"), said(link1, ""))
	appendAll(t, db, said(link1, "d"))
	appendAll(t, db)
	appendAll(t, db, journal.Entry{Chain: link2, At: monday, Actor: "vigie", Action: "no body"})
	if diff := cmp.Diff(store.Report{Chains: 2, Entries: 5}, check(t, db)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestAnEmptyJournalVerifies(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(store.Report{}, check(t, storetest.New(t))); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestWritersOfTheSameChainsTakeTurns(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	const writers, rounds = 6, 5
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			first, second := said(link1, fmt.Sprint(w)), said(link2, fmt.Sprint(w))
			if w%2 == 0 {
				first, second = second, first
			}
			for range rounds {
				appendAll(t, db, first, second)
			}
		})
	}
	running.Wait()
	want := store.Report{Chains: 2, Entries: 2 * writers * rounds}
	if diff := cmp.Diff(want, check(t, db)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestARollbackLeavesNoTraceInTheChain(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	appendAll(t, db, said(link1, "a"))
	err := db.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		if err := store.AppendJournal(ctx, tx, said(link1, "lost"), said(link2, "lost")); err != nil {
			return err
		}
		return context.Canceled
	})
	if err == nil {
		t.Fatal("the transaction was committed")
	}
	appendAll(t, db, said(link1, "b"))
	if diff := cmp.Diff(store.Report{Chains: 1, Entries: 2}, check(t, db)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestTheJournalRefusesToBeRewritten(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	appendAll(t, db, said(link1, "a"))
	seal(t, db, monday)
	for _, sql := range []string{
		`UPDATE journal_entry SET actor = 'user:1'`,
		`DELETE FROM journal_entry`,
		`TRUNCATE journal_entry CASCADE`,
		`DELETE FROM journal_head`,
		`TRUNCATE journal_head CASCADE`,
		`UPDATE journal_seal SET at = at`,
		`DELETE FROM journal_seal_head`,
		`TRUNCATE journal_seal CASCADE`,
	} {
		if _, err := db.Pool().Exec(context.Background(), sql); err == nil {
			t.Errorf("%s was accepted", sql)
		}
	}
	if diff := cmp.Diff(store.Report{Chains: 1, Entries: 1, Seals: 1}, check(t, db)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestCheckNamesTheFirstBreakOfWhoeverGotPastTheTriggers(t *testing.T) {
	t.Parallel()
	broken := func(chain journal.Chain, seq int64, reason journal.Reason) error {
		return &journal.Break{Chain: chain, Seq: seq, Reason: reason}
	}
	// The last entry of link/1 with another body and the hash that fits it, as somebody who knows
	// the encoding would write it.
	rewritten, _ := journal.Append(journal.Head{Chain: link1}, said(link1, "a"))
	rewritten, _ = journal.Append(journal.Head{Chain: link1, Seq: 1, Hash: rewritten.Hash}, said(link1, "another story"))
	hash := fmt.Sprintf(`decode('%s', 'hex')`, rewritten.Hash)

	tests := map[string]struct {
		tamper string
		want   error
	}{
		"a changed actor": {
			`UPDATE journal_entry SET actor = 'user:1' WHERE chain_id = '2' AND seq = 1`, broken(link2, 1, journal.Altered),
		},
		"a removed entry": {
			`DELETE FROM journal_entry WHERE chain_id = '1' AND seq = 1`, broken(link1, 1, journal.Gap),
		},
		"the last entry removed": {
			`DELETE FROM journal_entry WHERE chain_id = '1' AND seq = 2`, broken(link1, 2, journal.Cut),
		},
		"the last entry removed and the head set back": {
			`DELETE FROM journal_entry WHERE chain_id = '1' AND seq = 2;
			 UPDATE journal_head SET (seq, hash) = (SELECT seq, hash FROM journal_entry WHERE chain_id = '1') WHERE chain_id = '1'`,
			broken(link1, 2, journal.Cut),
		},
		"a whole chain removed": {
			`DELETE FROM journal_entry WHERE chain_id = '1'`, broken(link1, 1, journal.Cut),
		},
		"a whole chain removed with its head": {
			`DELETE FROM journal_entry WHERE chain_id = '2'; DELETE FROM journal_head WHERE chain_id = '2'`,
			broken(link2, 1, journal.Cut),
		},
		"a sealed entry rewritten with its hash": {
			`UPDATE journal_entry SET body = 'another story', hash = ` + hash + ` WHERE chain_id = '1' AND seq = 2;
			 UPDATE journal_head SET hash = ` + hash + ` WHERE chain_id = '1'`,
			broken(link1, 2, journal.SealMismatch),
		},
		"the seal rewritten along with it": {
			`UPDATE journal_entry SET body = 'another story', hash = ` + hash + ` WHERE chain_id = '1' AND seq = 2;
			 UPDATE journal_head SET hash = ` + hash + ` WHERE chain_id = '1';
			 UPDATE journal_seal_head SET hash = ` + hash + ` WHERE chain_id = '1'`,
			&journal.SealBreak{Day: monday.Truncate(24 * time.Hour), Reason: journal.Altered},
		},
		"a seal removed": {
			`DELETE FROM journal_seal_head WHERE day = '2026-03-30'; DELETE FROM journal_seal WHERE day = '2026-03-30'`,
			&journal.SealBreak{Day: monday.Truncate(24*time.Hour).AddDate(0, 0, 1), Reason: journal.Unlinked},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.New(t)
			appendAll(t, db, said(link1, "a"), said(link1, "b"), said(link2, "c"))
			seal(t, db, monday)
			seal(t, db, monday.AddDate(0, 0, 1))
			exec(t, db, `ALTER DATABASE `+databaseName(t, db)+` SET session_replication_role = replica`)
			db.Pool().Reset()
			exec(t, db, test.tamper)
			if diff := cmp.Diff(test.want, check(t, db).Break); diff != "" {
				t.Errorf("break (-want +got):\n%s", diff)
			}
		})
	}
}

func databaseName(t *testing.T, db *store.DB) string {
	t.Helper()
	var name string
	if err := db.Pool().QueryRow(context.Background(), `SELECT current_database()`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSealCoversWhatMovedSinceTheLastOne(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	appendAll(t, db, said(link1, "a"), said(link2, "b"))
	first := seal(t, db, monday)
	if again := seal(t, db, monday.Add(time.Hour)); again != first {
		t.Errorf("the same day sealed again gives %v, want %v", again, first)
	}
	appendAll(t, db, said(link1, "c"))
	second := seal(t, db, monday.AddDate(0, 0, 1))
	third := seal(t, db, monday.AddDate(0, 0, 4))
	if second.Prev != first.Hash || third.Prev != second.Hash {
		t.Error("the seals are not chained")
	}
	if empty := journal.NewSeal(second.Hash, third.Day, third.At, nil); third != empty {
		t.Errorf("a day without a move gives %v, want %v", third, empty)
	}
	_, err := store.NewJournal(db).Seal(context.Background(), monday.AddDate(0, 0, 2), monday)
	wantConflict(t, err, "sealed up to 2026-04-03")
	if diff := cmp.Diff(store.Report{Chains: 2, Entries: 3, Seals: 3}, check(t, db)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestTwoSealsOfOneDayAtOnceAreOne(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	appendAll(t, db, said(link1, "a"))
	seals := make([]journal.Seal, 4)
	var running sync.WaitGroup
	for i := range seals {
		running.Go(func() { seals[i] = seal(t, db, monday.Add(time.Duration(i)*time.Second)) })
	}
	running.Wait()
	for _, s := range seals[1:] {
		if s != seals[0] {
			t.Errorf("seals differ: %v and %v", seals[0], s)
		}
	}
}

func TestCheckTellsItsProgress(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	entries := make([]journal.Entry, 2500)
	for i := range entries {
		entries[i] = said(journal.Chain{Kind: "link", ID: fmt.Sprint(i % 7)}, "x")
	}
	appendAll(t, db, entries...)
	var got [][2]int
	_, err := store.NewJournal(db).Check(context.Background(), func(done, total int) {
		got = append(got, [2]int{done, total})
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]int{{1000, 2500}, {2000, 2500}, {2500, 2500}}, got); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestCheckOfWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report, err := store.NewJournal(db).Check(ctx, nil)
	if err == nil || report != (store.Report{}) {
		t.Errorf("a check that could not read gives %v, %v", report, err)
	}
}
