package httpd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"vigie/dashboards"
	"vigie/internal/fault"
	"vigie/internal/httpd/api"
	"vigie/internal/org"
)

// errNobody is a request that needs somebody signed in and cannot be sent to the
// sign-in page.
var errNobody = errors.New("nobody is signed in")

// failure is an error with the page that shows it.
type failure struct {
	status int
	kind   string // of the family "error." in the catalogues
}

func (f failure) Error() string { return f.kind }

func unknownAddress(http.ResponseWriter, *http.Request) error {
	return failure{http.StatusNotFound, "notfound"}
}

func unknownMethod(http.ResponseWriter, *http.Request) error {
	return failure{http.StatusMethodNotAllowed, "method"}
}

func foreign(http.ResponseWriter, *http.Request) error {
	return failure{http.StatusForbidden, "origin"}
}

func forbidden(who org.User, action org.Action) error {
	return fault.Errorf(fault.Forbidden, "user %d with role %s may not %s", who.ID, who.Role, action)
}

// shown says how an error is shown: every kind at one place.
func shown(err error) failure {
	var f failure
	if errors.As(err, &f) {
		return f
	}
	kind := fault.KindOf(err)
	return failure{api.Status(kind), pageKinds[kind]}
}

// detail is what the asker can mend; of anything else a page says the kind only.
func detail(err error) string {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		return err.Error()
	}
	return ""
}

// pageKinds are the family "error." of the catalogues, by kind.
var pageKinds = map[fault.Kind]string{
	fault.NotFound: "notfound", fault.Forbidden: "forbidden", fault.Invalid: "invalid", fault.Conflict: "conflict",
	fault.Unavailable: "unavailable", fault.Internal: "internal",
}

// answer makes a handler of the net/http kind: what fails becomes a page, unless
// the reader has gone.
func (s *Server) answer(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		switch {
		case err == nil || errors.Is(err, context.Canceled) && r.Context().Err() != nil:
			return
		case errors.Is(err, errNobody):
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.fail(w, r, err)
	}
}

// fail shows an error. What is ours to repair gets a number, and the log its cause.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := shown(err)
	number := ""
	if f.status >= http.StatusInternalServerError {
		number = newNumber()
		s.Log.Error("request failed", "number", number, "method", r.Method, "path", r.URL.Path, "err", err)
	}
	if strings.HasPrefix(r.URL.Path, api.Base+"/") {
		p := api.NewProblem(f.status, "the request failed")
		p.Number = number
		writeProblem(w, p)
		return
	}
	page := &dashboards.ErrorPage{Shell: s.shell(r, ""), Status: f.status, Kind: f.kind, Number: number, Detail: detail(err)}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(f.status)
	if err := s.pages.Render(w, page); err != nil {
		s.Log.Error("error page not shown", "number", number, "err", err)
	}
}

func newNumber() string {
	var b [4]byte
	// rand.Read never fails (crypto/rand).
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// recovered turns a panic into an error page, and keeps the server up.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			number := newNumber()
			s.Log.Error("handler panicked", "number", number, "path", r.URL.Path, "cause", cause, slog.String("stack", string(debug.Stack())))
			if strings.HasPrefix(r.URL.Path, api.Base+"/") {
				p := api.NewProblem(http.StatusInternalServerError, "the request failed; the log holds the cause under the number")
				p.Number = number
				writeProblem(w, p)
				return
			}
			http.Error(w, number, http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

func (s *Server) sessionError(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) }
