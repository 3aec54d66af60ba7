package intake_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func forms(t *testing.T) (intake.Service, *store.DB) {
	t.Helper()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	return intake.Service{Store: store.NewIntake(db)}, db
}

func formOf(t *testing.T, s intake.Service, table, key string) intake.Form {
	t.Helper()
	f, err := s.Form(context.Background(), table, key)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func person(id string) intake.Options { return intake.Options{Actor: "user:" + id, Now: now} }

func TestARowIsEditedAndItsHistoryKept(t *testing.T) {
	t.Parallel()
	s, db := forms(t)
	f := formOf(t, s, "sites", "site-1")
	e := intake.Edit{Table: "sites", Key: "site-1", Version: f.Version, Values: []intake.Value{{"name", "Nouveau nom"}, {"key", "other"}}}
	if _, report, err := s.Save(context.Background(), e, person("7")); err != nil || report.Empty() {
		t.Fatalf("error %v, report %+v", err, report)
	}
	before := f.Fields[slices.IndexFunc(f.Fields, func(x intake.Field) bool { return x.Name == "name" })].Value
	history, err := s.History(context.Background(), "sites", "site-1")
	want := []intake.Recorded{
		{At: now, Actor: "user:7", Change: "changed", Fields: []intake.FieldChange{{Field: "name", Old: before, New: "Nouveau nom"}}},
		{At: now, Actor: "user:7", Change: "added"},
	}
	if diff := cmp.Diff(history, want, exact); diff != "" || err != nil {
		t.Errorf("error %v, history (-got +want):\n%s", err, diff)
	}
	if n := count(t, db, `SELECT count(*) FROM journal_entry WHERE action = 'inventory.edit'`); n != 1 {
		t.Errorf("%d journal entries, want one", n)
	}
}

func TestTwoEditsOfOneRowAreAConflict(t *testing.T) {
	t.Parallel()
	s, _ := forms(t)
	f := formOf(t, s, "sites", "site-1")
	e := intake.Edit{Table: "sites", Key: "site-1", Version: f.Version, Values: []intake.Value{{"name", "Premier"}}}
	if _, _, err := s.Save(context.Background(), e, person("7")); err != nil {
		t.Fatal(err)
	}
	e.Values[0].Text = "Second"
	shown, _, err := s.Save(context.Background(), e, person("8"))
	if fault.KindOf(err) != fault.Conflict {
		t.Fatalf("error %v, want a conflict", err)
	}
	if at := slices.IndexFunc(shown.Fields, func(x intake.Field) bool { return x.Name == "name" }); shown.Fields[at].Value != "Premier" {
		t.Errorf("the form shows %q, want what is stored", shown.Fields[at].Value)
	}
}

func TestAProblemStandsBesideItsField(t *testing.T) {
	t.Parallel()
	s, db := forms(t)
	e := intake.Edit{Table: "canaries", Values: []intake.Value{{"key", "k 1"}, {"name", "N"}, {"address", "10.0.0"}, {"path", "p"}}}
	f, _, err := s.Save(context.Background(), e, person("7"))
	var refused *intake.Refused
	if !errors.As(err, &refused) {
		t.Fatalf("error %v, want a refusal", err)
	}
	var got []string
	for _, x := range f.Fields {
		if x.Problem != "" {
			got = append(got, x.Name+" "+x.Value+": "+x.Problem)
		}
	}
	want := []string{
		"key k 1: is not a key (letters without accents, digits and . _ : / -, at most 64, no space)",
		"address 10.0.0: is not an IPv4 or IPv6 address", "source : is required",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
	taken := intake.Edit{Table: "sites", Values: []intake.Value{{"key", "site-1"}}}
	if _, _, err := s.Save(context.Background(), taken, person("7")); err == nil || !strings.Contains(err.Error(), "is stored already") {
		t.Errorf("a key that is taken: %v", err)
	}
	if n := count(t, db, `SELECT count(*) FROM canary`); n != 2 {
		t.Errorf("%d canaries, want those of the base", n)
	}
}

func TestAPriceChangesFromADayAndKeepsItsPast(t *testing.T) {
	t.Parallel()
	s, db := forms(t)
	const key = "lot-b 100M 2025-09-01"
	day := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	f := formOf(t, s, "prices", key)
	if !f.Dated || !f.CanEnd {
		t.Errorf("form %+v: a price is dated and ends", f)
	}
	e := intake.Edit{Table: "prices", Key: key, Version: f.Version, Values: []intake.Value{{"monthly_ht", "500"}}, From: day}
	if _, _, err := s.Save(context.Background(), e, person("7")); err != nil {
		t.Fatal(err)
	}
	x := inventory.NewIndex(loaded(t, db))
	old, _ := x.PriceAt("lot-b", "100M", day.AddDate(0, 0, -1))
	next, ok := x.PriceAt("lot-b", "100M", day)
	if old.Monthly != 38990 || next.Monthly != 50000 || !ok {
		t.Errorf("price before %+v and from the day %+v", old, next)
	}
	e.Version = formOf(t, s, "prices", key).Version
	if _, _, err := s.Save(context.Background(), e, person("7")); err == nil || !strings.Contains(err.Error(), "is not a day within the period") {
		t.Errorf("a day after the end: %v", err)
	}
}

func TestTheSharesOfASplitKeyChangeTogether(t *testing.T) {
	t.Parallel()
	s, db := forms(t)
	stored := loaded(t, db).Keys
	share := stored[0]
	group := 0
	for _, k := range stored {
		if k.Subject == share.Subject && k.From.Equal(share.From) {
			group++
		}
	}
	key := share.Subject + " " + share.From.Format(time.DateOnly) + " " + share.Organisation
	day := share.From.AddDate(0, 1, 0)
	if !share.To.IsZero() && !day.Before(share.To) {
		t.Fatalf("the base's first key is too short: %+v", share)
	}
	e := intake.Edit{Table: "keys", Key: key, Version: formOf(t, s, "keys", key).Version, Values: []intake.Value{{"weight", "77"}}, From: day}
	if _, _, err := s.Save(context.Background(), e, person("7")); err != nil {
		t.Fatal(err)
	}
	x := inventory.NewIndex(loaded(t, db))
	next := x.KeyAt(share.Subject, day)
	if len(next) != group || !slices.ContainsFunc(next, func(k inventory.KeyShare) bool { return k.Organisation == share.Organisation && k.Weight == "77" }) {
		t.Errorf("key from the day: %+v, want %d shares", next, group)
	}
	if before := x.KeyAt(share.Subject, day.AddDate(0, 0, -1)); len(before) != group || !before[0].To.Equal(day) {
		t.Errorf("key before: %+v", before)
	}
	key = share.Subject + " " + day.Format(time.DateOnly) + " " + share.Organisation
	end := day.AddDate(0, 1, 0)
	e = intake.Edit{Table: "keys", Key: key, Version: formOf(t, s, "keys", key).Version, Values: []intake.Value{{"to", end.Format(time.DateOnly)}}}
	if _, _, err := s.Save(context.Background(), e, person("7")); err != nil {
		t.Fatal(err)
	}
	if after := inventory.NewIndex(loaded(t, db)).KeyAt(share.Subject, end); len(after) > 0 {
		t.Errorf("shares after the end of their key: %+v", after)
	}
}

func TestAMomentThatIsGivenBackAsShownStays(t *testing.T) {
	t.Parallel()
	s, db := forms(t)
	works := loaded(t, db).Maintenances[0] // begins in the hour that exists twice
	f := formOf(t, s, "maintenances", works.Key)
	e := intake.Edit{Table: "maintenances", Key: works.Key, Version: f.Version, Values: []intake.Value{{"from", "2026-10-25T02:30"}, {"note", "x"}}}
	if _, _, err := s.Save(context.Background(), e, person("7")); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, db).Maintenances[0]; !got.From.Equal(works.From) || got.Note != "x" {
		t.Errorf("works %+v, were %+v", got, works)
	}
}

func TestAnUnknownTableOrRowIsNotFound(t *testing.T) {
	t.Parallel()
	s, _ := forms(t)
	for _, asked := range [][2]string{{"schools", ""}, {"sites", "site-99"}, {"", ""}} {
		if _, err := s.Form(context.Background(), asked[0], asked[1]); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q %q: %v, want not found", asked[0], asked[1], err)
		}
	}
}

func TestADraftIsAcceptedAsItWasShown(t *testing.T) {
	t.Parallel()
	s, db := forms(t)
	ctx := context.Background()
	if _, err := db.Pool().Exec(ctx, `INSERT INTO person (login, name, role, territory, territory_all, password_hash, disabled) VALUES ('a', 'A', 'admin', '{}', true, '$argon2id$v=19$x', false)`); err != nil {
		t.Fatal(err)
	}
	id := int64(count(t, db, `SELECT id FROM person WHERE login = 'a'`))
	draft := intake.Draft{Person: id, At: now, Files: []intake.File{file("canaries.csv", "key,name,address,path,source", "k-9,Neuf,192.0.2.99,autre,test")}}
	var err error
	if draft.ID, err = s.Store.PutDraft(ctx, draft); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Store.Draft(ctx, id+1, draft.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("somebody else's draft: %v", err)
	}
	stored, err := s.Store.Draft(ctx, id, draft.ID)
	if diff := cmp.Diff(stored, draft, cmp.AllowUnexported(intake.File{})); diff != "" || err != nil {
		t.Errorf("error %v, draft (-got +want):\n%s", err, diff)
	}
	preview, err := s.Preview(ctx, stored, person("7"))
	if err != nil || preview.Empty() || preview.Token == "" {
		t.Fatalf("error %v, preview %+v", err, preview)
	}
	if _, err := s.Accept(ctx, stored, "another", person("7")); fault.KindOf(err) != fault.Conflict {
		t.Errorf("another difference: %v, want a conflict", err)
	}
	if _, err := s.Accept(ctx, stored, preview.Token, person("7")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, `SELECT count(*) FROM canary WHERE key = 'k-9'`) + count(t, db, `SELECT count(*) FROM import_draft`); n != 1 {
		t.Errorf("%d rows of canary k-9 and drafts, want 1 and 0", n)
	}
}
