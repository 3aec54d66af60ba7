package store_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

const anyHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func TestAPersonIsFoundByLoginAndById(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	if _, err := db.Pool().Exec(ctx, `INSERT INTO organisation (key, name, kind, source) VALUES ('meuse', 'Meuse', 'departement', 'test')`); err != nil {
		t.Fatal(err)
	}
	people := store.NewPeople(db)
	want := org.User{
		Login: "max", Name: "Max", Role: org.Finance, Organisation: "meuse",
		Territory: org.Territory{Organisations: []string{"meuse", "gone"}},
	}
	first, err := people.Upsert(ctx, want, anyHash)
	if err != nil {
		t.Fatal(err)
	}
	want.ID, want.Name, want.Disabled = first, "Maxime", true
	second, err := people.Upsert(ctx, want, anyHash)
	if err != nil {
		t.Fatal(err)
	}
	if second != first {
		t.Errorf("a changed person has id %d, want %d as before", second, first)
	}
	byLogin, hash, err := people.ByLogin(ctx, "MAX")
	if err != nil || hash != anyHash {
		t.Fatalf("by login: hash %q, error %v", hash, err)
	}
	byID, err := people.ByID(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	for how, got := range map[string]org.User{"login": byLogin, "id": byID} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", how, diff)
		}
	}
}

func TestAnUnknownPersonIsNotFound(t *testing.T) {
	t.Parallel()
	people := store.NewPeople(storetest.New(t))
	if _, _, err := people.ByLogin(context.Background(), "nobody"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("by login: %v, want not found", err)
	}
	if _, err := people.ByID(context.Background(), 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("by id: %v, want not found", err)
	}
}

func TestASessionLastsUntilItExpires(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	sessions := store.NewSessions(db)
	count := func() (n int) {
		if err := db.Pool().QueryRow(context.Background(), `SELECT count(*) FROM session`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := sessions.Commit("stale", []byte("x"), time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, found, err := sessions.Find("stale"); found || err != nil {
		t.Errorf("an expired session: found %t, error %v", found, err)
	}
	for _, data := range []string{"one", "two"} {
		if err := sessions.Commit("token", []byte(data), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if data, found, err := sessions.Find("token"); !found || err != nil || string(data) != "two" {
		t.Errorf("session: %q, found %t, error %v; want the last saved", data, found, err)
	}
	if n := count(); n != 1 {
		t.Errorf("%d sessions are kept, want the one that has not expired", n)
	}
	var digest []byte
	if err := db.Pool().QueryRow(context.Background(), `SELECT digest FROM session`).Scan(&digest); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(digest, []byte("token")) {
		t.Error("the table holds the token itself")
	}
	for range 2 {
		if err := sessions.Delete("token"); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(); n != 0 {
		t.Errorf("%d sessions are left, want none", n)
	}
}
