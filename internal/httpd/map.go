package httpd

import (
	"net/http"

	"vigie/dashboards"
)

// siteMap shows the sites of one département, or of all.
func (s *Server) siteMap(w http.ResponseWriter, r *http.Request) error {
	departement, err := text("departement", r.URL.Query().Get("departement"))
	if err != nil {
		return err
	}
	who, _ := asker(r)
	m, err := s.View.Map(r.Context(), who, departement, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.MapPage{Shell: s.following(r, dashboards.Map, m.Notices), Map: m})
}
