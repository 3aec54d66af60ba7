package storetest_test

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"vigie/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	first, second := storetest.New(t), storetest.New(t)
	if _, err := first.Pool().Exec(ctx, `INSERT INTO journal_head VALUES ('link', '1', 0, decode(repeat('00', 32), 'hex'))`); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := second.Pool().QueryRow(ctx, `SELECT count(*) FROM journal_head`).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if rows != 0 {
		t.Errorf("the second database has %d rows of the first, want none", rows)
	}
}

func TestADatabaseMayBeUsedInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.New(t)
		start := time.Now()
		time.Sleep(24 * time.Hour)
		var day int
		ask := db.Pool().QueryRow(context.Background(), `SELECT extract(day FROM $1 - $2::timestamptz)::int`, time.Now(), start)
		if err := ask.Scan(&day); err != nil {
			t.Fatal(err)
		}
		if day != 1 {
			t.Errorf("PostgreSQL counts %d days between the bubble's times, want 1", day)
		}
	})
}
