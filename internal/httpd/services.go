package httpd

import (
	"net/http"

	"vigie/dashboards"
)

func (s *Server) services(w http.ResponseWriter, r *http.Request) error {
	who, _ := asker(r)
	services, err := s.View.Services(r.Context(), who, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.ServicesPage{Shell: s.following(r, dashboards.Links, services.Notices), Services: services})
}
