package httpd_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vigie/internal/fault"
	"vigie/internal/httpd"
)

func TestBadInputIsRefusedWithTheRightStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	long := strings.Repeat("é", 101)
	for _, row := range []struct {
		method, path string
		form         form
		want         int
	}{
		{"GET", "/links/0", nil, 404},
		{"GET", "/links/-1", nil, 404},
		{"GET", "/links/99999999", nil, 404},
		{"GET", "/links/99999999999999999999", nil, 404},
		{"GET", "/links/1%00", nil, 404},
		{"GET", "/links/%27;DROP%20TABLE%20link;--", nil, 404},
		{"GET", "/links/1?range=2h", nil, 422},
		{"GET", "/sites/1?range=%ff", nil, 422},
		{"GET", "/?q=" + url.QueryEscape(long), nil, 422},
		{"GET", "/?q=%ff%fe", nil, 422},
		{"GET", "/?q=%00", nil, 422},
		{"GET", "/?state=on-fire", nil, 422},
		{"GET", "/?by=colour", nil, 422},
		{"GET", "/statements?month=2026-13", nil, 422},
		{"GET", "/statements?month=1999-12", nil, 422},
		{"GET", "/statements.csv?month=-1", nil, 422},
		{"GET", "/tickets/3", nil, 404},
		{"GET", "/nowhere", nil, 404},
		{"PUT", "/", nil, 405},
		{"POST", "/tickets/1/acknowledgement", form{"reference": {"  "}, "at": {"2026-11-24T14:00"}}, 422},
		{"POST", "/tickets/1/acknowledgement", form{"reference": {long}, "at": {"2026-11-24T14:00"}}, 422},
		{"POST", "/tickets/1/acknowledgement", form{"reference": {"A"}, "at": {"24/11/2026"}}, 422},
		{"POST", "/tickets/1/acknowledgement", form{"reference": {"A"}, "at": {"2026-11-24T14:06"}}, 422}, // the future
		{"POST", "/tickets/1/acknowledgement", form{"reference": {"A"}, "at": {"2026-11-24T13:00"}}, 422}, // before the outage
		{"POST", "/tickets/9/acknowledgement", form{"reference": {"A"}, "at": {"2026-11-24T14:00"}}, 404},
		{"POST", "/tickets/1/gels/1", form{"verdict": {"peut-être"}}, 422},
		{"POST", "/tickets/1/gels/1", form{"verdict": {"accept"}, "cause": {"ennui"}}, 422},
		{"POST", "/tickets/1/gels/9", form{"verdict": {"refuse"}}, 422},
		{"POST", "/tickets/1/messages/9/approval", form{}, 404},
		{"POST", "/tickets/1/messages/1/approval", form{}, 409}, // already sent
		{"POST", "/sending", form{"stop": {"maybe"}}, 422},
		{"POST", "/operators/nobody/mode", form{"mode": {"ask"}}, 404},
		{"POST", "/operators/cigogne/mode", form{"mode": {"shout"}}, 422},
		{"POST", "/sending", form{"stop": {strings.Repeat("x", 70_000)}}, 422},
	} {
		if got := b.do(row.method, row.path, row.form); got.status != row.want {
			t.Errorf("%s %s %.80v: status %d, want %d", row.method, row.path, row.form, got.status, row.want)
		}
	}
}

func TestAnAnswerForbidsWhatPagesDoNotNeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.signIn(t, "admin").get("/").header
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "same-origin",
		"Cache-Control":           "no-store",
	} {
		if got.Get(name) != want {
			t.Errorf("header %s is %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestAChangeFromAnotherOriginIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://elsewhere.example"}} {
		if got := b.do(http.MethodPost, "/sending", form{"stop": {"yes"}}, header...); got.status != http.StatusForbidden {
			t.Errorf("with %v: status %d, want 403", header, got.status)
		}
	}
	if text := b.get("/").text(); strings.Contains(text, "Envois arrêtés") {
		t.Error("sending was stopped from another origin")
	}
}

func TestAStaticFileIsKeptForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visit(t)
	page := b.get("/signin").body
	_, rest, found := strings.Cut(page, `<link rel="stylesheet" href="`)
	path, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("the page names no stylesheet:\n%s", page)
	}
	file := b.get(path)
	if file.status != http.StatusOK || !strings.Contains(file.header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(file.header.Get("Content-Type"), "text/css") {
		t.Errorf("%s: status %d, headers %v", path, file.status, file.header)
	}
}

func TestSignInRefusesTheWrongAndTheDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visit(t)
	for _, row := range []struct{ login, password string }{
		{"admin", "wrong"}, {"nobody", password}, {"parti", password}, {"admin", ""}, {"admin", strings.Repeat("x", 300)},
	} {
		got := b.post("/signin", form{"login": {row.login}, "password": {row.password}})
		if got.status != http.StatusUnauthorized {
			t.Errorf("sign in as %q with %.10q: status %d, want 401", row.login, row.password, got.status)
		}
		got.contains(t, "Identifiant ou mot de passe incorrect.")
	}
	got := b.post("/signin", form{"login": {" Admin "}, "password": {password}, "next": {"/tickets?which=all"}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/tickets?which=all" {
		t.Errorf("sign in: status %d to %q, want 303 to where one was going", got.status, got.header.Get("Location"))
	}
	cookie := got.header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("the session's cookie %q lacks HttpOnly or SameSite=Lax", cookie)
	}
}

func TestSignInGivesANewSessionAndSignOutEndsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	base, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	token := func() string {
		for _, cookie := range b.http.Jar.Cookies(base) {
			if cookie.Name == "vigie" {
				return cookie.Value
			}
		}
		return ""
	}
	opens := func(token string) int {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.AddCookie(&http.Cookie{Name: "vigie", Value: token})
		answer := httptest.NewRecorder()
		w.server.ServeHTTP(answer, request)
		return answer.Code
	}
	before := token()
	b.post("/signin", form{"login": {"reseau"}, "password": {password}})
	after := token()
	if opens(before) != http.StatusSeeOther || opens(after) != http.StatusOK {
		t.Errorf("after another sign-in the old session gives %d and the new one %d, want 303 and 200", opens(before), opens(after))
	}
	b.post("/signout", form{})
	if got := opens(after); got != http.StatusSeeOther {
		t.Errorf("a session after its sign-out: status %d, want 303 to the sign-in page", got)
	}
}

func TestADisabledPersonIsNobodyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	w.exec(t, `UPDATE person SET disabled = true WHERE login = 'reseau'`)
	if got := b.get("/"); got.status != http.StatusSeeOther {
		t.Errorf("status %d, want 303 to the sign-in page", got.status)
	}
}

func TestTooManyAttemptsMustWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visit(t)
	for range httpd.AttemptsPerLogin {
		b.post("/signin", form{"login": {"admin"}, "password": {"wrong"}})
	}
	if got := b.post("/signin", form{"login": {"admin"}, "password": {password}}); got.status != http.StatusTooManyRequests {
		t.Errorf("the right password after too many wrong ones: status %d, want 429", got.status)
	}
	if got := b.post("/signin", form{"login": {"reseau"}, "password": {password}}); got.status != http.StatusSeeOther {
		t.Errorf("another login: status %d, want 303", got.status)
	}
}

func TestAttemptsAreBoundedAndForgotten(t *testing.T) {
	t.Parallel()
	a := httpd.NewAttempts()
	for i := range httpd.AttemptsKept + 500 {
		httpd.AllowAttempt(a, now, "address "+strings.Repeat("x", i%7), "login "+time.Duration(i).String())
	}
	if n := httpd.Remembered(a); n > httpd.AttemptsKept {
		t.Errorf("%d keys are remembered, want at most %d", n, httpd.AttemptsKept)
	}
	for range httpd.AttemptsPerLogin + 1 {
		httpd.AllowAttempt(a, now, "address y", "login y")
	}
	if httpd.AllowAttempt(a, now, "address z", "login y") {
		t.Error("a login over its limit is allowed")
	}
	if !httpd.AllowAttempt(a, now.Add(httpd.AttemptsWindow+time.Second), "address z", "login y") {
		t.Error("a login is refused after its window")
	}
}

func TestAPasswordNeedsALength(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"", "1234567", strings.Repeat("x", 201)} {
		if _, err := httpd.HashPassword(password); fault.KindOf(err) != fault.Invalid {
			t.Errorf("password of %d bytes: error %v, want an invalid one", len(password), err)
		}
	}
}

func TestWallClockIsParisTime(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Time{
		"2026-11-24T14:05":    time.Date(2026, 11, 24, 13, 5, 0, 0, time.UTC),
		"2026-07-14T14:05:30": time.Date(2026, 7, 14, 12, 5, 30, 0, time.UTC),
		"2026-10-25T02:30":    time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), // twice: the first
	} {
		got, err := httpd.ReadWallClock(value)
		if err != nil || !got.Equal(want) {
			t.Errorf("wall clock %q: %v, %v; want %v", value, got, err, want)
		}
	}
}

func FuzzMonth(f *testing.F) {
	for _, seed := range []string{"", "2026-11", "2026-13", "0000-00", "2026-1", "２０２６-11"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		first, err := httpd.ReadMonth(value, now)
		if err == nil && (first.Day() != 1 || first.Year() < 2000 || first.Year() > 2200 || first.Location() != time.UTC) {
			t.Errorf("month %q is read as %v", value, first)
		}
	})
}

func FuzzWallClock(f *testing.F) {
	for _, seed := range []string{"2026-11-24T14:05", "2026-11-24T14:05:59", "2026-03-29T02:30", "2026-11-24T14:05:60", "T", "2026-11-24T14:05:+1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		at, err := httpd.ReadWallClock(value)
		if err == nil && (at.Year() < 2000 || at.Year() > 2200) {
			t.Errorf("wall clock %q is read as %v", value, at)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("Barr")
	f.Add("\xff\x00")
	f.Fuzz(func(t *testing.T, value string) {
		text, err := httpd.ReadText("q", value)
		if err == nil && (!utf8.ValidString(text) || utf8.RuneCountInString(text) > 100 || strings.ContainsRune(text, 0)) {
			t.Errorf("text %q is read as %q", value, text)
		}
	})
}

func FuzzLocal(f *testing.F) {
	for _, seed := range []string{"/", "/tickets?which=all", "//evil.example", "https://evil.example", `/\evil.example`, "/%2f/evil", "javascript:alert(1)", "/a\r\nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		next := httpd.ReadLocal(value)
		u, err := url.Parse(next)
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n") {
			t.Errorf("%q leads to %q, out of this site", value, next)
		}
	})
}

func TestAPageThatRefusesAValueNamesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	b.get("/plan/prefix?cidr=10.64.0.0/33").contains(t, "Demande incorrecte", `prefix "10.64.0.0/33"`)
	b.get("/statements?month=11").contains(t, `month "11": expected one such as 2026-11`)
	hidden := w.signIn(t, "meuse").get("/links/1")
	if hidden.status != http.StatusNotFound || strings.Contains(hidden.body, "territory of user") {
		t.Errorf("status %d: what is hidden must not say why\n%s", hidden.status, hidden.text())
	}
}
