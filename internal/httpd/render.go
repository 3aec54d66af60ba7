package httpd

import (
	"bytes"
	"net/http"

	"vigie/dashboards"
	"vigie/internal/i18n"
	"vigie/internal/org"
	"vigie/internal/view"
)

// doneKey is where a session keeps what was just done, until a page says it.
const doneKey = "done"

// shell is what stands around a page in a section.
func (s *Server) shell(r *http.Request, section dashboards.Section) dashboards.Shell {
	shell := dashboards.Shell{
		Lang:    lang(r),
		Section: section,
		Path:    local(r.URL.RequestURI()),
		Now:     s.Now(),
		Demo:    s.Demo,
	}
	if who, ok := asker(r); ok {
		shell.Viewer = &dashboards.Viewer{
			Name:        who.Name,
			Role:        string(who.Role),
			SeeTickets:  org.Allowed(who, org.SeeTickets),
			SeeCosts:    org.Allowed(who, org.SeeCosts),
			SeePlan:     org.Allowed(who, org.SeePlan),
			StopSending: org.Allowed(who, org.StopSending),
			MakeTokens:  org.Allowed(who, org.MakeTokens),

			EditInventory: org.Allowed(who, org.EditInventory),
			RunTests:      org.Allowed(who, org.RunTests),
		}
	}
	return shell
}

// following is the shell of a page with what must be said first.
func (s *Server) following(r *http.Request, section dashboards.Section, n view.Notices) dashboards.Shell {
	shell := s.shell(r, section)
	shell.Notices = &n
	if !isPart(r) {
		shell.Done = s.sessions.PopString(r.Context(), doneKey)
	}
	return shell
}

// show renders a page, or its live part when the script asks for that. A page is
// never kept by a browser: it belongs to who was signed in.
func (s *Server) show(w http.ResponseWriter, r *http.Request, page dashboards.Page) error {
	return s.showAs(w, r, http.StatusOK, page)
}

// showAs renders a page with a status of its own.
func (s *Server) showAs(w http.ResponseWriter, r *http.Request, status int, page dashboards.Page) error {
	var body bytes.Buffer
	render := s.pages.Render
	if isPart(r) && s.pages.Live(page) {
		render = s.pages.RenderLive
		w.Header().Set(partHeader, "live")
	}
	if err := render(&body, page); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if status != http.StatusOK {
		w.WriteHeader(status)
	}
	// A write fails only when the reader has gone.
	_, _ = body.WriteTo(w)
	return nil
}

// done answers a change: the browser comes back to a page that says what was done.
func (s *Server) done(w http.ResponseWriter, r *http.Request, what, next string) error {
	s.sessions.Put(r.Context(), doneKey, what)
	http.Redirect(w, r, local(next), http.StatusSeeOther)
	return nil
}

// languageCookie keeps the language that somebody chose.
const languageCookie = "vigie_lang"

// lang is the language chosen, else the one the browser asks for.
func lang(r *http.Request) i18n.Lang {
	if cookie, err := r.Cookie(languageCookie); err == nil {
		return i18n.For(i18n.Lang(cookie.Value)).Lang()
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

func (s *Server) language(w http.ResponseWriter, r *http.Request) error {
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: string(i18n.For(i18n.Lang(r.PostFormValue("lang"))).Lang()), Path: "/",
		MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: s.TLSProxy, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, local(r.PostFormValue("next")), http.StatusSeeOther)
	return nil
}
