package httpd

import (
	"bytes"
	"net/http"

	"vigie/internal/httpd/api"
)

// linkFigures is the table of a link's loss and delay over a range, under the names that
// the interface for programs gives them.
func (s *Server) linkFigures(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	g, err := readRange(r)
	if err != nil {
		return err
	}
	who, _ := asker(r)
	link, err := api.New(s.View, s.Statements, s.Audits).Link(r.Context(), who, id, g, s.Now())
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := api.WriteCSV(&body, link.Series.Points); err != nil {
		return err
	}
	attach(w, &body, csvType, "vigie-"+link.Ref+"-"+string(g)+".csv")
	return nil
}
