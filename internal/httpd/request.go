package httpd

import (
	"context"
	"net/http"
	"time"

	"vigie/internal/fault"
	"vigie/internal/org"
)

// policy allows what the pages use and nothing else: own files, own forms, no
// inline script or style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if s.TLSProxy {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := int64(bodyLimit)
		if r.Method == http.MethodPost && r.URL.Path == importAddress {
			limit = importLimit
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

func limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := pageLimit
		if r.Method == http.MethodPost && r.URL.Path == importAddress {
			limit += importWithin
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Where a session keeps the id of who signed in, and when, in microseconds.
const (
	personKey = "person"
	sinceKey  = "since"
)

// signedIn finds the person of a browser's session; fault.NotFound without one who may
// still look. A change of password ends the sessions before it.
func (s *Server) signedIn(ctx context.Context) (org.User, error) {
	id := s.sessions.GetInt64(ctx, personKey)
	if id == 0 {
		return org.User{}, fault.Errorf(fault.NotFound, "nobody is signed in")
	}
	who, err := s.People.ByID(ctx, id)
	if err != nil {
		return org.User{}, err
	}
	since := time.UnixMicro(s.sessions.GetInt64(ctx, sinceKey))
	if who.Disabled || since.Before(who.SignedOutAt) {
		return org.User{}, fault.Errorf(fault.NotFound, "the session of person %d is over", id)
	}
	return who, nil
}

type askerKey struct{}

// identify finds who asks. A person who was disabled or removed since is nobody.
func (s *Server) identify(next http.Handler) http.Handler {
	return s.answer(func(w http.ResponseWriter, r *http.Request) error {
		who, err := s.signedIn(r.Context())
		switch {
		case fault.KindOf(err) == fault.NotFound:
		case err != nil:
			return err
		default:
			r = r.WithContext(context.WithValue(r.Context(), askerKey{}, who))
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// asker is who asks; false when nobody is signed in.
func asker(r *http.Request) (org.User, bool) {
	who, ok := r.Context().Value(askerKey{}).(org.User)
	return who, ok
}

// isPart reports whether the script of a page asks for its live part only.
func isPart(r *http.Request) bool { return r.Header.Get(partHeader) == "live" }

const partHeader = "Vigie-Part"
