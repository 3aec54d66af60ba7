package httpd

import (
	"net/http"

	"vigie/dashboards"
	"vigie/internal/fault"
	"vigie/internal/linkstate"
	"vigie/internal/view"
)

func (s *Server) board(w http.ResponseWriter, r *http.Request) error {
	filter, err := readFilter(r)
	if err != nil {
		return err
	}
	who, _ := asker(r)
	board, err := s.View.Board(r.Context(), who, filter, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.BoardPage{Shell: s.following(r, dashboards.Links, board.Notices), Filter: filter, Board: board})
}

// readFilter reads the query of the board.
func readFilter(r *http.Request) (view.Filter, error) {
	q := r.URL.Query()
	fields := map[string]string{}
	for _, name := range []string{"q", "state", "operator", "departement", "by"} {
		value, err := text(name, q.Get(name))
		if err != nil {
			return view.Filter{}, err
		}
		fields[name] = value
	}
	f := view.Filter{
		Text: fields["q"], Status: fields["state"], Operator: fields["operator"],
		Departement: fields["departement"], By: view.ByDepartement,
	}
	var status linkstate.Status
	if f.Status != "" && status.UnmarshalText([]byte(f.Status)) != nil {
		return view.Filter{}, fault.Errorf(fault.Invalid, "state %q: expected up, degraded, down or unknown", f.Status)
	}
	switch by := view.Grouping(fields["by"]); by {
	case "", view.ByDepartement:
	case view.ByPOP:
		f.By = by
	default:
		return view.Filter{}, fault.Errorf(fault.Invalid, "grouping %q: expected departement or pop", by)
	}
	return f, nil
}

// readRange reads how far back a series looks; six hours when nothing is said.
func readRange(r *http.Request) (view.Range, error) {
	value := r.URL.Query().Get("range")
	if value == "" {
		return view.SixHours, nil
	}
	g, err := view.ParseRange(value)
	if err != nil {
		return "", fault.Errorf(fault.Invalid, "%w", err)
	}
	return g, nil
}

func (s *Server) link(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	g, err := readRange(r)
	if err != nil {
		return err
	}
	who, _ := asker(r)
	link, err := s.View.Link(r.Context(), who, id, g, s.Now())
	if err != nil {
		return err
	}
	page := &dashboards.LinkPage{Shell: s.following(r, dashboards.Links, link.Notices), Link: link}
	page.Testable = page.Viewer.RunTests && s.Trials.Available()
	return s.show(w, r, page)
}

func (s *Server) site(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	g, err := readRange(r)
	if err != nil {
		return err
	}
	who, _ := asker(r)
	site, err := s.View.Site(r.Context(), who, id, g, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.SitePage{Shell: s.following(r, dashboards.Links, site.Notices), Range: g, Site: site})
}

func (s *Server) incidents(w http.ResponseWriter, r *http.Request) error {
	who, _ := asker(r)
	list, err := s.View.Incidents(r.Context(), who, openOnly(r), s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.IncidentsPage{Shell: s.following(r, dashboards.Incidents, list.Notices), List: list})
}

// openOnly reports whether a list is asked for without what is over.
func openOnly(r *http.Request) bool { return r.URL.Query().Get("which") != "all" }

func (s *Server) tickets(w http.ResponseWriter, r *http.Request) error {
	who, _ := asker(r)
	list, err := s.View.Tickets(r.Context(), who, openOnly(r), s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.TicketsPage{Shell: s.following(r, dashboards.Tickets, list.Notices), List: list})
}

func (s *Server) ticket(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	who, _ := asker(r)
	page, err := s.View.Ticket(r.Context(), who, id, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.TicketPage{Shell: s.following(r, dashboards.Tickets, page.Notices), Ticket: page})
}

func (s *Server) probers(w http.ResponseWriter, r *http.Request) error {
	g, err := readRange(r)
	if err != nil {
		return err
	}
	who, _ := asker(r)
	page, err := s.View.Probers(r.Context(), who, g, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.ProbersPage{Shell: s.following(r, dashboards.Probers, page.Notices), Probers: page})
}
