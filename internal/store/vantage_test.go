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
