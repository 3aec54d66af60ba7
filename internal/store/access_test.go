package store_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/access"
	"vigie/internal/fault"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

// morning is when people and tokens are made.
var morning = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

// gate is an access service over PostgreSQL with an administrator, an auditor of
// everything and a financier of the Meuse.
type gate struct {
	*access.Service
	db                    *store.DB
	admin, audit, finance org.User
}

func newGate(t *testing.T) gate {
	t.Helper()
	db := storetest.New(t)
	if _, err := db.Pool().Exec(t.Context(), `INSERT INTO organisation (key, name, kind, source) VALUES ('meuse', 'Meuse', 'departement', 'test')`); err != nil {
		t.Fatal(err)
	}
	g := gate{Service: access.New(store.NewAccess(db)), db: db}
	everything := org.Territory{All: true}
	for _, p := range []struct {
		to *org.User
		u  org.User
	}{
		{&g.admin, org.User{Login: "Ada", Name: "Ada", Role: org.Admin, Territory: everything}},
		{&g.audit, org.User{Login: "aude", Name: "Aude", Role: org.Auditor, Territory: everything}},
		{&g.finance, org.User{Login: "max", Name: "Max", Role: org.Finance, Organisation: "meuse", Territory: org.Territory{Organisations: []string{"meuse"}}}},
	} {
		id, err := g.AddPerson(t.Context(), access.Console(), p.u, anyHash, morning)
		if err != nil {
			t.Fatal(err)
		}
		if *p.to, err = store.NewPeople(db).ByID(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// token makes a token of 30 days and returns its text.
func (g gate) token(t *testing.T, who, person org.User, role org.Role) string {
	t.Helper()
	text, err := g.CreateToken(t.Context(), who, access.NewToken{Person: person.ID, Name: "tableur", Role: role, Life: 30 * 24 * time.Hour}, morning)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestATokenActsForItsPersonUntilSomethingEndsIt(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	text := g.token(t, g.finance, g.finance, org.Finance)
	who, token, err := g.Asker(t.Context(), text, morning.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(g.finance, who); diff != "" || token.Name != "tableur" {
		t.Errorf("the token %q acts for (-its person +got):\n%s", token.Name, diff)
	}
	refused := func(name string, at time.Time) {
		t.Helper()
		if _, _, err := g.Asker(t.Context(), text, at); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	refused("expired", morning.Add(30*24*time.Hour))
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := g.db.Pool().Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`UPDATE person SET role = 'network' WHERE id = $1`, g.finance.ID)
	refused("a person whose role shrank", morning.Add(time.Hour))
	exec(`UPDATE person SET role = 'admin' WHERE id = $1`, g.finance.ID)
	if who, _, err := g.Asker(t.Context(), text, morning.Add(time.Hour)); err != nil || who.Role != org.Finance {
		t.Errorf("a person whose role grew: role %q, %v, want the token's", who.Role, err)
	}
	if err := g.Disable(t.Context(), g.admin, g.finance.ID, true, morning); err != nil {
		t.Fatal(err)
	}
	refused("a person who is disabled", morning.Add(time.Hour))
	if err := g.Disable(t.Context(), g.admin, g.finance.ID, false, morning); err != nil {
		t.Fatal(err)
	}
	if err := g.RevokeToken(t.Context(), g.finance, g.finance.ID, token.ID, morning.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	refused("revoked", morning.Add(time.Hour))
}

func TestTheTableHoldsNoTokenOnlyItsDigest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	text := g.token(t, g.admin, g.admin, org.Auditor)
	var digest []byte
	if err := g.db.Pool().QueryRow(t.Context(), `SELECT digest FROM token`).Scan(&digest); err != nil {
		t.Fatal(err)
	}
	want, err := access.ParseToken(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(digest, want[:]) || bytes.Contains(digest, []byte(text)) {
		t.Errorf("the table holds %x, want the digest of %d bytes", digest, len(want))
	}
	if !strings.HasPrefix(text, "vigie_") || len(text) != len("vigie_")+43 {
		t.Errorf("the token is %q, want vigie_ and 256 bits", text)
	}
	if again := g.token(t, g.admin, g.admin, org.Auditor); again == text {
		t.Error("two tokens are the same")
	}
}

func TestATokenIsRefusedToWhoMayNotHaveIt(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for name, c := range map[string]struct {
		who, person org.User
		change      func(*access.NewToken)
		want        fault.Kind
	}{
		"a role that permits more":          {g.finance, g.finance, func(n *access.NewToken) { n.Role = org.Auditor }, fault.Invalid},
		"a role that permits other things":  {g.audit, g.audit, func(n *access.NewToken) { n.Role = org.Network }, fault.Invalid},
		"a role that does not exist":        {g.admin, g.admin, func(n *access.NewToken) { n.Role = "god" }, fault.Invalid},
		"somebody else's":                   {g.finance, g.admin, nil, fault.Forbidden},
		"nobody's":                          {g.admin, org.User{ID: 999}, nil, fault.NotFound},
		"no life":                           {g.admin, g.admin, func(n *access.NewToken) { n.Life = 0 }, fault.Invalid},
		"more than a year":                  {g.admin, g.admin, func(n *access.NewToken) { n.Life = access.MaxLife + 1 }, fault.Invalid},
		"no name":                           {g.admin, g.admin, func(n *access.NewToken) { n.Name = " " }, fault.Invalid},
		"a name of several lines":           {g.admin, g.admin, func(n *access.NewToken) { n.Name = "a\nb" }, fault.Invalid},
		"a disabled person cannot have one": {disabled(g.admin), g.admin, nil, fault.Forbidden},
	} {
		n := access.NewToken{Person: c.person.ID, Name: "x", Role: org.Finance, Life: time.Hour}
		if c.change != nil {
			c.change(&n)
		}
		if text, err := g.CreateToken(t.Context(), c.who, n, morning); fault.KindOf(err) != c.want {
			t.Errorf("%s: %q, %v, want %s", name, text, err, c.want)
		}
	}
	for range access.TokensEach {
		g.token(t, g.admin, g.finance, org.Finance) // an administrator makes them for anybody
	}
	if _, err := g.CreateToken(t.Context(), g.finance, access.NewToken{Person: g.finance.ID, Name: "x", Role: org.Finance, Life: time.Hour}, morning); fault.KindOf(err) != fault.Conflict {
		t.Errorf("one token too many: %v, want a conflict", err)
	}
	for _, id := range []int64{g.admin.ID, g.audit.ID} {
		if err := g.RevokeToken(t.Context(), g.finance, id, 1, morning); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("revoke somebody else's: %v, want forbidden", err)
		}
	}
	if err := g.RevokeToken(t.Context(), g.audit, g.audit.ID, 1, morning); fault.KindOf(err) != fault.NotFound {
		t.Errorf("revoke another's as one's own: %v, want not found", err)
	}
}

func disabled(u org.User) org.User {
	u.Disabled = true
	return u
}

func TestEveryChangeOfAccessIsInTheJournalWithoutNames(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.token(t, g.admin, g.admin, org.Auditor)
	tokens, err := g.Tokens(t.Context(), g.admin, g.admin.ID)
	if err != nil || len(tokens) != 1 {
		t.Fatalf("tokens %v, %v", tokens, err)
	}
	for range 2 { // the second time there is nothing to do
		if err := g.RevokeToken(t.Context(), access.Console(), g.admin.ID, tokens[0].ID, morning); err != nil {
			t.Fatal(err)
		}
		if err := g.Disable(t.Context(), g.admin, g.finance.ID, true, morning); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.SetPassword(t.Context(), access.Console(), g.audit.ID, anyHash, morning); err != nil {
		t.Fatal(err)
	}
	rows, err := g.db.Pool().Query(t.Context(), `SELECT chain_kind || ' ' || actor || ' ' || action, convert_from(body, 'UTF8') FROM journal_entry ORDER BY chain_kind, chain_id, seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var what, body string
		if err := rows.Scan(&what, &body); err != nil {
			t.Fatal(err)
		}
		got = append(got, what)
		if strings.Contains(strings.ToLower(body), "ada") || strings.Contains(body, "tableur") {
			t.Errorf("%s names somebody: %s", what, body)
		}
	}
	if diff := cmp.Diff(got, []string{
		"person console person.added", "person console person.added", "person console person.password",
		"person console person.added", "person user:1 person.disabled",
		"token user:1 token.created", "token console token.revoked",
	}); diff != "" {
		t.Errorf("journal (-got +want):\n%s", diff)
	}
	found, err := store.NewJournal(g.db).Check(t.Context(), func(int, int) {})
	if err != nil || found.Break != nil {
		t.Errorf("the journal: %+v, %v", found, err)
	}
}

func TestTheUseOfATokenIsKeptToTheMinute(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	text := g.token(t, g.admin, g.admin, org.Finance)
	for _, c := range []struct{ after, want time.Duration }{{time.Minute, time.Minute}, {119 * time.Second, time.Minute}, {2 * time.Minute, 2 * time.Minute}} {
		if _, _, err := g.Asker(t.Context(), text, morning.Add(c.after)); err != nil {
			t.Fatal(err)
		}
		tokens, err := g.Tokens(t.Context(), g.admin, g.admin.ID)
		if err != nil || !tokens[0].LastUsedAt.Equal(morning.Add(c.want)) {
			t.Errorf("used after %s: last use %s, %v, want %s later", c.after, tokens[0].LastUsedAt, err, c.want)
		}
	}
}

func TestPeopleAreAddedWithWhatExists(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	good := org.User{Login: "new", Name: "New", Role: org.Finance, Territory: org.Territory{Organisations: []string{"meuse"}}}
	for name, c := range map[string]struct {
		change func(*org.User)
		want   fault.Kind
	}{
		"a login that is taken":    {func(u *org.User) { u.Login = "ADA" }, fault.Conflict},
		"a login with a space":     {func(u *org.User) { u.Login = "a b" }, fault.Invalid},
		"no name":                  {func(u *org.User) { u.Name = "" }, fault.Invalid},
		"a role that is none":      {func(u *org.User) { u.Role = "chef" }, fault.Invalid},
		"an unknown organisation":  {func(u *org.User) { u.Organisation = "mars" }, fault.Invalid},
		"an unknown territory":     {func(u *org.User) { u.Territory.Organisations = []string{"mars"} }, fault.Invalid},
		"no territory":             {func(u *org.User) { u.Territory.Organisations = nil }, fault.Invalid},
		"everything, well spelled": {func(u *org.User) { u.Login, u.Territory = "all", org.Territory{All: true} }, fault.Internal},
	} {
		u := good
		c.change(&u)
		_, err := g.AddPerson(t.Context(), g.admin, u, anyHash, morning)
		if fault.KindOf(err) != c.want || (err == nil) != (c.want == fault.Internal) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := g.AddPerson(t.Context(), g.audit, good, anyHash, morning); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("by an auditor: %v, want forbidden", err)
	}
	people, err := g.People(t.Context(), g.admin)
	if err != nil || !slices.ContainsFunc(people, func(u org.User) bool { return u.Login == "ada" }) {
		t.Errorf("people %v, %v", people, err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	if err := g.Disable(t.Context(), access.Console(), g.admin.ID, true, morning); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the last administrator: %v, want a conflict", err)
	}
	second := org.User{Login: "second", Name: "Second", Role: org.Admin, Territory: org.Territory{All: true}}
	if _, err := g.AddPerson(t.Context(), g.admin, second, anyHash, morning); err != nil {
		t.Fatal(err)
	}
	if err := g.Disable(t.Context(), access.Console(), g.admin.ID, true, morning); err != nil {
		t.Errorf("one of two administrators: %v", err)
	}
	who, err := store.NewPeople(g.db).ByID(t.Context(), g.admin.ID)
	if err != nil || !who.Disabled || !who.SignedOutAt.Equal(morning) {
		t.Errorf("the disabled one: %+v, %v", who, err)
	}
}

func TestADatabaseKeepsItsPurpose(t *testing.T) {
	t.Parallel()
	for first, second := range map[store.Purpose]store.Purpose{store.Demo: store.Real, store.Real: store.Demo} {
		db := storetest.New(t)
		if p, err := db.Purpose(context.Background()); p != "" || err != nil {
			t.Errorf("a new database is for %q, %v", p, err)
		}
		for range 2 {
			if err := db.Claim(context.Background(), first, morning); err != nil {
				t.Errorf("%s: %v", first, err)
			}
		}
		if err := db.Claim(context.Background(), second, morning); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s after %s: %v, want a conflict", second, first, err)
		}
	}
}
