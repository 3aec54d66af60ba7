package store_test

import (
	"context"
	"errors"
	"testing"

	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func TestOneProcessLeadsTheDatabase(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), storetest.New(t)
	first, err := db.Lead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Lead(ctx); !errors.Is(err, store.ErrLed) {
		t.Errorf("a second one: %v, want that another leads", err)
	}
	if err := first.Held(ctx); err != nil {
		t.Errorf("the leadership is not held: %v", err)
	}
	if err := first.Release(ctx); err != nil {
		t.Fatal(err)
	}
	second, err := db.Lead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// What the death of its host does.
	const end = `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	if _, err := db.Pool().Exec(ctx, end); err != nil {
		t.Fatal(err)
	}
	third, err := db.Lead(ctx)
	if err != nil {
		t.Fatalf("after the death of the leader: %v", err)
	}
	if err := second.Held(ctx); err == nil {
		t.Error("the dead leader still holds")
	}
	if err := third.Release(ctx); err != nil {
		t.Error(err)
	}
}
