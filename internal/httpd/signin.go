package httpd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/alexedwards/argon2id"

	"vigie/dashboards"
	"vigie/internal/fault"
	"vigie/internal/org"
)

// hashing is the cost of one password check: OWASP's first choice for argon2id
// (19 MiB, two passes, one lane).
var hashing = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobodysHash is what a password is compared with when the login is not known, so
// that the answer takes as long.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Limits of what a sign-in form takes; a longer password would only cost time.
const passwordLimit = 200

// HashPassword returns the argon2id hash that a person's row keeps. A password has
// 8 to 200 bytes.
func HashPassword(password string) (string, error) {
	if len(password) < 8 || len(password) > passwordLimit {
		return "", fault.Errorf(fault.Invalid, "password of %d bytes: expected 8 to %d", len(password), passwordLimit)
	}
	hash, err := argon2id.CreateHash(password, hashing)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

func signInAddress(r *http.Request) string {
	next := local(r.URL.RequestURI())
	if next == "/" {
		return "/signin"
	}
	return "/signin?next=" + url.QueryEscape(next)
}

func (s *Server) signInForm(w http.ResponseWriter, r *http.Request) error {
	if _, ok := asker(r); ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	page := &dashboards.SignInPage{Shell: s.shell(r, ""), Next: local(r.URL.Query().Get("next"))}
	page.Done = s.sessions.PopString(r.Context(), doneKey)
	return s.show(w, r, page)
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	login, err := text("login", r.PostFormValue("login"))
	if err != nil {
		return err
	}
	login = strings.ToLower(login)
	keys := []string{"address " + s.address(r), "login " + login}
	if !s.attempts.allow(s.Now(), keys...) {
		return s.signInAgain(w, r, login, http.StatusTooManyRequests, "slow")
	}
	who, known, err := s.check(r.Context(), login, r.PostFormValue("password"))
	if err != nil {
		return err
	}
	if !known {
		s.Log.Info("sign-in refused", "login", login, "address", s.address(r))
		return s.signInAgain(w, r, login, http.StatusUnauthorized, "wrong")
	}
	s.attempts.forget(keys[1])
	// A new token: one planted before the sign-in opens nothing.
	if err := s.sessions.RenewToken(r.Context()); err != nil {
		return fmt.Errorf("renew the session: %w", err)
	}
	s.sessions.Put(r.Context(), personKey, who.ID)
	s.sessions.Put(r.Context(), sinceKey, s.Now().UnixMicro())
	http.Redirect(w, r, local(r.PostFormValue("next")), http.StatusSeeOther)
	return nil
}

// check reports whether login and password are those of somebody who may sign in.
func (s *Server) check(ctx context.Context, login, password string) (org.User, bool, error) {
	who, hash, err := s.People.ByLogin(ctx, login)
	if fault.KindOf(err) == fault.NotFound {
		hash = nobodysHash
	} else if err != nil {
		return org.User{}, false, err
	}
	if len(password) > passwordLimit {
		return org.User{}, false, nil
	}
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return org.User{}, false, fault.Errorf(fault.Unavailable, "check a password: %w", ctx.Err())
	}
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return org.User{}, false, fmt.Errorf("check the password of %q: %w", login, err)
	}
	return who, match && who.ID != 0 && !who.Disabled, nil
}

func (s *Server) signInAgain(w http.ResponseWriter, r *http.Request, login string, status int, problem string) error {
	page := &dashboards.SignInPage{Shell: s.shell(r, ""), Login: login, Next: local(r.PostFormValue("next")), Problem: problem}
	page.Path = "/signin"
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return s.pages.Render(w, page)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.Destroy(r.Context()); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
	return nil
}
