package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/access"
	"vigie/internal/fault"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/vantage"
)

func TestAProberIsAddedOnceAndItsNameMayBeGivenAgainWhenItIsRevoked(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	service := vantage.New(store.NewVantage(db))
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	add := func(name, site, key string, at time.Time) error {
		return service.Add(t.Context(), access.Console(), vantage.Prober{Name: name, Site: site, PublicKey: key}, at)
	}
	if err := add("lyon", "", "KEY1", noon); err != nil {
		t.Fatal(err)
	}
	if err := add("lyon", "", "KEY2", noon); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second prober of one name: %v", err)
	}
	if err := add("Lyon", "", "KEY2", noon); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a name with a capital: %v", err)
	}
	if err := add("school", "no-such-site", "KEY2", noon); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a site that does not exist: %v", err)
	}
	if err := service.Revoke(t.Context(), access.Console(), "paris", noon); fault.KindOf(err) != fault.NotFound {
		t.Errorf("revoking nobody: %v", err)
	}
	auditor := org.User{ID: 7, Role: org.Auditor}
	if err := service.Revoke(t.Context(), auditor, "lyon", noon); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("an auditor revokes: %v", err)
	}
	for range 2 { // the second changes nothing
		if err := service.Revoke(t.Context(), access.Console(), "lyon", noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	listed := func() vantage.Prober {
		t.Helper()
		list, err := service.List(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[0]
	}
	want := vantage.Prober{Name: "lyon", PublicKey: "KEY1", CreatedAt: noon, RevokedAt: noon.Add(time.Hour)}
	if diff := cmp.Diff(want, listed()); diff != "" || want.Works() {
		t.Errorf("revoked prober (-want +got):\n%s", diff)
	}
	if err := add("lyon", "", "KEY2", noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	want = vantage.Prober{Name: "lyon", PublicKey: "KEY2", CreatedAt: noon.Add(2 * time.Hour)}
	if diff := cmp.Diff(want, listed()); diff != "" || !want.Works() {
		t.Errorf("prober given again (-want +got):\n%s", diff)
	}
	found, err := store.NewJournal(db).Check(t.Context(), func(int, int) {})
	if err != nil || found.Entries != 3 {
		t.Errorf("journal: %+v, %v; want 3 entries", found, err)
	}
}

func TestWhetherAProberStandsAtASiteNeverChangesUnderItsName(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	exec(t, db, `INSERT INTO organisation (key, name, kind, source) VALUES ('payer', 'payer', 'region', 's')`)
	exec(t, db, `INSERT INTO commune (insee, name, departement, temple, source) VALUES ('67482', 'Ville', '67', false, 's')`)
	for _, key := range []string{"lycee", "college"} {
		exec(t, db, `INSERT INTO site (key, name, kind, commune, organisation, source) VALUES ('`+key+`', 'a school', 'lycee', '67482', 'payer', 's')`)
	}
	service := vantage.New(store.NewVantage(db))
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	again := func(name, site, key string) error {
		if err := service.Revoke(t.Context(), access.Console(), name, noon); err != nil && fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		return service.Add(t.Context(), access.Console(), vantage.Prober{Name: name, Site: site, PublicKey: key}, noon)
	}
	for i, step := range []struct {
		name, site string
		want       fault.Kind
	}{{"inside", "lycee", 0}, {"inside", "", fault.Conflict}, {"inside", "college", 0}, {"lyon", "", 0}, {"lyon", "college", fault.Conflict}} {
		if err := again(step.name, step.site, string(rune('A'+i))); fault.KindOf(err) != step.want {
			t.Errorf("%s at %q: %v", step.name, step.site, err)
		}
	}
	w, err := store.NewWatch(db)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name, site string
		want       fault.Kind
	}{{"local", "", 0}, {"local", "", 0}, {"local", "lycee", fault.Conflict}, {"own", "lycee", 0}, {"own", "college", 0}, {"own", "", fault.Conflict}} {
		if err := w.Station(t.Context(), step.name, step.site); fault.KindOf(err) != step.want {
			t.Errorf("the core's own, %s at %q: %v", step.name, step.site, err)
		}
	}
}
