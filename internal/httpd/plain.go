package httpd

import (
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"vigie/internal/httpd/api"
	"vigie/internal/org"
)

// static serves a file under the name that carries its checksum, for ever.
func (s *Server) static(w http.ResponseWriter, r *http.Request) error {
	file, ok := s.pages.Static().File(chi.URLParam(r, "file"))
	if !ok {
		return failure{http.StatusNotFound, "notfound"}
	}
	w.Header().Set("Content-Type", file.ContentType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	// A write fails only when the reader has gone.
	_, _ = w.Write(file.Content)
	return nil
}

// healthz says how Vigie is: "ok", or "degraded" with the parts that are not well;
// 503 when one of these is essential.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) error {
	answer := struct {
		Status   string   `json:"status"`
		Degraded []string `json:"degraded"`
	}{"ok", []string{}}
	status := http.StatusOK
	for _, part := range s.Health.Parts(r.Context()) {
		if part.Healthy {
			continue
		}
		answer.Status = "degraded"
		answer.Degraded = append(answer.Degraded, part.Name)
		if part.Essential {
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(answer)
}

// metrics are Vigie's own figures: they name no link, and anybody may read them, also
// while the database that knows who may read more is away.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) error {
	exposed(w)
	s.Metrics(w)
	return nil
}

// linkMetrics are those of the links that the asker sees.
func (s *Server) linkMetrics(w http.ResponseWriter, r *http.Request) error {
	who, ok := api.Asker(r.Context())
	switch {
	case !ok:
		return errNobody
	case !org.Allowed(who, org.SeeLinks):
		return forbidden(who, org.SeeLinks)
	}
	exposed(w)
	// A write fails only when the reader has gone.
	_ = s.Links(w, who)
	return nil
}

// exposed says in which format metrics come.
func exposed(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
}
