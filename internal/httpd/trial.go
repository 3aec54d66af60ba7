package httpd

import (
	"errors"
	"net/http"
	"strconv"

	"vigie/dashboards"
	"vigie/internal/fault"
	"vigie/internal/trial"
)

// trial shows what a test of a link would do, and asks for a confirmation.
func (s *Server) trial(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	return s.showTrial(w, r, http.StatusOK, &dashboards.TrialPage{}, id)
}

func (s *Server) showTrial(w http.ResponseWriter, r *http.Request, status int, page *dashboards.TrialPage, link int64) (err error) {
	who, _ := asker(r)
	if page.Offer, err = s.Trials.Offer(r.Context(), who, link, s.Now()); err != nil {
		return err
	}
	if open := page.Offer.Open; open != nil {
		if page.AskedBy, err = s.People.ByID(r.Context(), open.Person); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	page.Shell = s.shell(r, dashboards.Links)
	return s.showAs(w, r, status, page)
}

// askTrial takes a confirmed request; what is refused is said beside the form.
func (s *Server) askTrial(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	ask := trial.Ask{Reason: r.PostFormValue("reason")}
	switch when := r.PostFormValue("when"); when {
	case "slot":
	case "now":
		ask.Insists = true
	default:
		return fault.Errorf(fault.Invalid, "field when %.20q: expected slot or now", when)
	}
	who, _ := asker(r)
	err = s.Trials.Ask(r.Context(), who, id, ask, s.Now())
	page := dashboards.TrialPage{Ask: ask}
	var refused *trial.Refused
	switch {
	case errors.As(err, &refused):
		page.Problem = "notrun." + string(refused.Reason)
		return s.showTrial(w, r, http.StatusConflict, &page, id)
	case fault.KindOf(err) == fault.Invalid:
		page.Problem = "trial.reason.wanted"
		return s.showTrial(w, r, http.StatusUnprocessableEntity, &page, id)
	case err != nil:
		return err
	}
	return s.done(w, r, "trial", "/links/"+strconv.FormatInt(id, 10))
}
