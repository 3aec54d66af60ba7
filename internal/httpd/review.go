package httpd

import (
	"errors"
	"net/http"

	"vigie/dashboards"
	"vigie/internal/fault"
	"vigie/internal/intake"
)

func (s *Server) review(w http.ResponseWriter, r *http.Request) error {
	return s.showReview(w, r, &dashboards.ReviewPage{})
}

func (s *Server) showReview(w http.ResponseWriter, r *http.Request, page *dashboards.ReviewPage) error {
	var err error
	if page.Shell, err = s.inventoryShell(r); err != nil {
		return err
	}
	if page.Waiting, err = s.Inventory.Pending(r.Context(), s.Now()); err != nil {
		return err
	}
	if page.Undecided || len(page.Problems.List) > 0 {
		return s.showAs(w, r, http.StatusUnprocessableEntity, page)
	}
	return s.show(w, r, page)
}

// answerReview takes the answer to one question.
func (s *Server) answerReview(w http.ResponseWriter, r *http.Request) error {
	fields := map[string]string{}
	for _, name := range []string{"among", "name", "commune", "address", "meant", "other"} {
		value, err := fieldText(name, r.PostFormValue(name))
		if err != nil {
			return err
		}
		fields[name] = value
	}
	a := intake.Answer{Question: intake.Question{Among: fields["among"], Name: fields["name"], Commune: fields["commune"], Address: fields["address"]}}
	switch fields["meant"] {
	case "none":
	case "other":
		a.Key = fields["other"]
	default:
		a.Key = fields["meant"]
	}
	if fields["meant"] != "none" && a.Key == "" {
		return s.showReview(w, r, &dashboards.ReviewPage{Undecided: true})
	}
	_, err := s.Inventory.Answer(r.Context(), []intake.Answer{a}, s.options(r))
	var refused *intake.Refused
	if errors.As(err, &refused) {
		return s.showReview(w, r, &dashboards.ReviewPage{Problems: refused.Problems})
	}
	if fault.KindOf(err) == fault.NotFound {
		return s.done(w, r, "answered", "/review") // somebody was quicker: nothing waits for it any more
	}
	if err != nil {
		return err
	}
	return s.done(w, r, "answered", "/review")
}

// reviewCSV gives the questions as a file to fill in.
func (s *Server) reviewCSV(w http.ResponseWriter, r *http.Request) error {
	waiting, err := s.Inventory.Pending(r.Context(), s.Now())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="vigie-review.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	return intake.WriteReview(w, waiting)
}
