package httpd_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"vigie/internal/access"
	"vigie/internal/httpd"
	"vigie/internal/httpd/api"
	"vigie/internal/org"
	"vigie/internal/store"
)

// token gives somebody's program a token.
func (w *world) token(t *testing.T, login string, role org.Role) string {
	t.Helper()
	who := w.people[login]
	text, err := access.New(store.NewAccess(w.db)).CreateToken(t.Context(), who, access.NewToken{Person: who.ID, Name: "test", Role: role, Life: time.Hour}, now)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var madeToken = regexp.MustCompile(`value="(vigie_[A-Za-z0-9_-]+)"`)

func TestATokenIsMadeOnThePageShownOnceAndRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "audit")
	b.get("/tokens").contains(t, "Aucun jeton.", "GET", "/api/v1/statements", "600 requêtes par minute")
	made := b.post("/tokens", form{"name": {"Tableur de <Rémi>"}, "role": {"finance"}, "days": {"90"}})
	found := madeToken.FindStringSubmatch(made.body)
	if made.status != http.StatusOK || found == nil || made.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, token %q, cache control %q", made.status, found, made.header.Get("Cache-Control"))
	}
	token := html.UnescapeString(found[1])
	made.contains(t, "Tableur de <Rémi> Finances 24/11/2026 14:05 22/02/2027 14:05 jamais")
	if again := b.get("/tokens"); strings.Contains(again.body, token) {
		t.Error("the token is shown a second time")
	}
	program := w.visit(t)
	if got := program.get(api.Base+"/statements", "Authorization", "Bearer "+token); got.status != http.StatusOK {
		t.Errorf("with the token: status %d: %s", got.status, got.body)
	}
	b.get("/tokens").contains(t, "22/02/2027 14:05 24/11/2026 14:05") // used
	var id int64
	if err := w.db.Pool().QueryRow(t.Context(), `SELECT id FROM token`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if done := b.post(fmt.Sprintf("/tokens/%d/revocation", id), form{}); done.status != http.StatusSeeOther {
		t.Errorf("revocation: status %d", done.status)
	}
	b.get("/tokens").contains(t, "Jeton révoqué : il n’ouvre plus rien.", "révoqué")
	if got := program.get(api.Base+"/statements", "Authorization", "Bearer "+token); got.status != http.StatusUnauthorized {
		t.Errorf("after revocation: status %d, want 401", got.status)
	}
}

func TestATokenOpensTheAPIAsItsPersonAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, plan)
	token := "Bearer " + w.token(t, "meuse", org.Finance)
	session, program := w.signIn(t, "meuse"), w.visit(t)
	for _, questions := range w.questions(t) {
		for _, path := range questions {
			want, got := session.get(api.Base+path), program.get(api.Base+path, "Authorization", token)
			if got.status != want.status || got.body != want.body {
				t.Errorf("%s: by token %d %.200s\nby session %d %.200s", path, got.status, got.body, want.status, want.body)
			}
		}
	}
	for _, path := range []string{"/", "/tickets", "/statements", "/tokens", "/live"} {
		if got := program.get(path, "Authorization", token); got.status == http.StatusOK {
			t.Errorf("the page %s opens to a token", path)
		}
	}
	small := "Bearer " + w.token(t, "admin", org.Network)
	if got := program.get(api.Base+"/statements", "Authorization", small); got.status != http.StatusForbidden {
		t.Errorf("an administrator's token for the network: costs answer %d, want 403", got.status)
	}
}

func TestOnlyATokenThatWorksInItsHeaderOpens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.token(t, "admin", org.Admin)
	signedIn := w.signIn(t, "admin")
	for name, header := range map[string]string{
		"another scheme": "Basic " + token, "no scheme": token, "a letter less": "Bearer " + token[:len(token)-1],
		"another": "Bearer vigie_" + strings.Repeat("A", 43), "nothing": "Bearer ", "two": "Bearer " + token + " " + token,
	} {
		if got := signedIn.get(api.Base+"/links", "Authorization", header); got.status != http.StatusUnauthorized {
			t.Errorf("%s, beside a session: status %d, want 401", name, got.status)
		}
	}
	if got := w.visit(t).get(api.Base + "/links?access_token=" + token); got.status != http.StatusUnauthorized {
		t.Errorf("in the address: status %d, want 401", got.status)
	}
	if got := w.visit(t).get(api.Base+"/links", "Authorization", "bearer  "+token); got.status != http.StatusOK {
		t.Errorf("a scheme in lower case: status %d, want 200", got.status)
	}
}

func TestAChangedPasswordEndsTheSessionsBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	if got := b.get("/"); got.status != http.StatusOK {
		t.Fatalf("before: status %d", got.status)
	}
	w.exec(t, `UPDATE person SET signed_out_at = $1 WHERE login = 'reseau'`, now.Add(time.Second))
	for path, want := range map[string]int{"/": http.StatusSeeOther, api.Base + "/links": http.StatusUnauthorized} {
		if got := b.get(path); got.status != want {
			t.Errorf("%s after: status %d, want %d", path, got.status, want)
		}
	}
	w.exec(t, `UPDATE person SET signed_out_at = $1 WHERE login = 'reseau'`, now.Add(-time.Second))
	if got := w.signIn(t, "reseau").get("/"); got.status != http.StatusOK {
		t.Errorf("a session since: status %d", got.status)
	}
}

func FuzzHeadersOfPrograms(f *testing.F) {
	const tag = `W/"0123"`
	for _, seed := range []string{tag, `"0123"`, "*", `"a", W/"0123" `, `W/`, "", "Bearer vigie_x", "bearer  y ", "Basic z", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if httpd.MatchesTag(header, tag) && strings.TrimSpace(header) != "*" && !strings.Contains(header, `"0123"`) {
			t.Errorf("%q names the tag %s", header, tag)
		}
		if token := httpd.Bearer(header); token != strings.TrimSpace(token) || token != "" && !strings.HasPrefix(strings.ToLower(header), "bearer ") {
			t.Errorf("%q carries the token %q", header, token)
		}
	})
}
