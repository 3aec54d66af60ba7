package httpd

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"vigie/internal/fault"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

func ticketAddress(id int64) string { return "/tickets/" + strconv.FormatInt(id, 10) }

func (s *Server) approve(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	message, err := number(r, "message")
	if err != nil {
		return err
	}
	who, _ := asker(r)
	if err := s.Desk.Approve(r.Context(), who, message, s.Now()); err != nil {
		return err
	}
	return s.done(w, r, "approved", ticketAddress(id))
}

func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	reference, err := text("reference", r.PostFormValue("reference"))
	if err != nil {
		return err
	}
	at, err := wallClock(r.PostFormValue("at"))
	if err != nil {
		return err
	}
	who, _ := asker(r)
	if err := s.Desk.Acknowledge(r.Context(), who, id, reference, at, s.Now()); err != nil {
		return err
	}
	return s.done(w, r, "acknowledged", ticketAddress(id))
}

func (s *Server) judge(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	gel, err := number(r, "gel")
	if err != nil {
		return err
	}
	verdict := ticket.Verdict{Cause: sla.Cause(r.PostFormValue("cause"))}
	switch said := r.PostFormValue("verdict"); said {
	case "accept":
		verdict.Accepted = true
	case "refuse":
	default:
		return fault.Errorf(fault.Invalid, "field verdict %.20q: expected accept or refuse", said)
	}
	who, _ := asker(r)
	if err := s.Desk.Judge(r.Context(), who, id, gel, verdict, s.Now()); err != nil {
		return err
	}
	return s.done(w, r, "judged", ticketAddress(id))
}

func (s *Server) sending(w http.ResponseWriter, r *http.Request) error {
	said := map[string]string{"yes": "stopped", "no": "resumed"}
	stop := r.PostFormValue("stop")
	if said[stop] == "" {
		return fault.Errorf(fault.Invalid, "field stop %.20q: expected yes or no", stop)
	}
	who, _ := asker(r)
	if err := s.Desk.StopSending(r.Context(), who, stop == "yes", s.Now()); err != nil {
		return err
	}
	return s.done(w, r, said[stop], r.PostFormValue("next"))
}

func (s *Server) mode(w http.ResponseWriter, r *http.Request) error {
	operator, err := text("operator", chi.URLParam(r, "key"))
	if err != nil {
		return err
	}
	mode, err := ticket.ParseMode(r.PostFormValue("mode"))
	if err != nil {
		return fault.Errorf(fault.Invalid, "%w", err)
	}
	who, _ := asker(r)
	if err := s.Desk.SetMode(r.Context(), who, operator, mode, s.Now()); err != nil {
		return err
	}
	return s.done(w, r, "mode", r.PostFormValue("next"))
}
