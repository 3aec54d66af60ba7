package httpd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"vigie/internal/fault"
	"vigie/internal/httpd/api"
	"vigie/internal/org"
)

// mountAPI puts the operations for programs on a router. The document that describes
// them holds no data and is open to everybody.
func (s *Server) mountAPI(r chi.Router) error {
	r.Use(tagged)
	r.NotFound(problem(http.StatusNotFound, "no operation stands at this address; "+api.Base+"/openapi.json lists them"))
	r.MethodNotAllowed(problem(http.StatusMethodNotAllowed, "operations are asked with GET"))
	r.Get("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// A write fails only when the reader has gone.
		_, _ = w.Write(s.mounted.Document)
	})
	var err error
	r.Group(func(r chi.Router) {
		r.Use(s.identifyProgram)
		s.mounted, err = api.Mount(r, api.New(s.View, s.Statements, s.Audits), api.Options{Now: s.Now, Report: s.report})
	})
	return err
}

// report keeps an error under a number.
func (s *Server) report(_ context.Context, err error) string {
	number := newNumber()
	s.Log.Error("request failed", "number", number, "err", err)
	return number
}

func problem(status int, detail string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeProblem(w, api.NewProblem(status, detail)) }
}

func writeProblem(w http.ResponseWriter, p *api.Problem) {
	w.Header().Set("Content-Type", api.ProblemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails only when the reader has gone
}

// identifyProgram finds who asks: the person of a token, else of a browser's session.
// A token comes in its header only; an address would keep it in logs. Who asks too
// often waits.
func (s *Server) identifyProgram(next http.Handler) http.Handler {
	asking := func(w http.ResponseWriter, r *http.Request, who org.User, key string, err error) {
		switch {
		case fault.KindOf(err) == fault.NotFound:
			w.Header().Set("WWW-Authenticate", `Bearer realm="vigie"`)
			writeProblem(w, api.NewProblem(http.StatusUnauthorized, "send a token that works as Authorization: Bearer, or sign in"))
		case err != nil:
			p := api.NewProblem(http.StatusServiceUnavailable, "who asks could not be found out")
			p.Number = s.report(r.Context(), err)
			writeProblem(w, p)
		default:
			s.withinBudget(w, key, func() { next.ServeHTTP(w, r.WithContext(api.WithAsker(r.Context(), who))) })
		}
	}
	bySession := s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := s.signedIn(r.Context())
		asking(w, r, who, "person "+strconv.FormatInt(who.ID, 10), err)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		if header == "" {
			bySession.ServeHTTP(w, r)
			return
		}
		who, token, err := s.Access.Asker(r.Context(), bearer(header), s.Now())
		asking(w, r, who, "token "+strconv.FormatInt(token.ID, 10), err)
	})
}

// bearer is the token of a header (RFC 6750, 2.1); empty for another scheme.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// withinBudget lets a request pass while its asker has some left, and says how much.
func (s *Server) withinBudget(w http.ResponseWriter, key string, pass func()) {
	left, wait := s.budgets.spend(s.Now(), key)
	w.Header().Set("RateLimit-Limit", strconv.Itoa(requestsPerMinute))
	w.Header().Set("RateLimit-Remaining", strconv.Itoa(left))
	if wait > 0 {
		w.Header().Set("Retry-After", retryAfter(wait))
		writeProblem(w, api.NewProblem(http.StatusTooManyRequests, "more than "+strconv.Itoa(requestsPerMinute)+" requests a minute"))
		return
	}
	pass()
}

// tagged gives a good answer an entity tag made of its content, and answers 304 to who
// has it already. It saves the way, not the work: answers follow the present.
func tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := &keptAnswer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(kept, r)
		h := w.Header()
		if kept.status == http.StatusOK {
			sum := sha256.Sum256(kept.body.Bytes())
			// Weak: the compressed answer and the plain one have the same tag.
			tag := `W/"` + hex.EncodeToString(sum[:16]) + `"`
			h.Set("ETag", tag)
			h.Set("Cache-Control", "private, no-cache")
			h.Add("Vary", "Authorization")
			if matches(r.Header.Get("If-None-Match"), tag) {
				h.Del("Content-Type")
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		w.WriteHeader(kept.status)
		_, _ = kept.body.WriteTo(w) // fails only when the reader has gone
	})
}

// keptAnswer holds an answer back.
type keptAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *keptAnswer) WriteHeader(status int)            { k.status = status }
func (k *keptAnswer) Write(content []byte) (int, error) { return k.body.Write(content) }

// matches reads If-None-Match (RFC 9110, 13.1.2), by weak comparison.
func matches(header, tag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	bare := strings.TrimPrefix(tag, "W/")
	for given := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(given), "W/") == bare {
			return true
		}
	}
	return false
}
