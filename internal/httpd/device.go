package httpd

import (
	"net/http"

	"vigie/dashboards"
)

// device shows what the router of a link carries.
func (s *Server) device(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	who, _ := asker(r)
	page, err := s.View.Device(r.Context(), who, id, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.DevicePage{Shell: s.following(r, dashboards.Links, page.Notices), Page: page})
}
