package httpd

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"vigie/dashboards"
	"vigie/internal/access"
	"vigie/internal/fault"
	"vigie/internal/httpd/api"
	"vigie/internal/org"
)

// tokenLives are the days that the page offers a new token.
var tokenLives = []int{30, 90, 365}

func (s *Server) tokens(w http.ResponseWriter, r *http.Request) error {
	return s.showTokens(w, r, &dashboards.TokensPage{})
}

// makeToken answers with the token itself, not with a redirection: it is told this
// once, and kept nowhere in between.
func (s *Server) makeToken(w http.ResponseWriter, r *http.Request) error {
	days, err := strconv.Atoi(r.PostFormValue("days"))
	if err != nil || !slices.Contains(tokenLives, days) {
		return fault.Errorf(fault.Invalid, "field days %.20q: expected one of %v", r.PostFormValue("days"), tokenLives)
	}
	name, err := text("name", r.PostFormValue("name"))
	if err != nil {
		return err
	}
	who, _ := asker(r)
	made, err := s.Access.CreateToken(r.Context(), who, access.NewToken{
		Person: who.ID, Name: name, Role: org.Role(r.PostFormValue("role")), Life: time.Duration(days) * 24 * time.Hour,
	}, s.Now())
	if fault.KindOf(err) == fault.Conflict {
		return s.showTokens(w, r, &dashboards.TokensPage{Full: access.TokensEach})
	}
	if err != nil {
		return err
	}
	return s.showTokens(w, r, &dashboards.TokensPage{Made: made})
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	who, _ := asker(r)
	if err := s.Access.RevokeToken(r.Context(), who, who.ID, id, s.Now()); err != nil {
		return err
	}
	return s.done(w, r, "revoked", "/tokens")
}

// showTokens adds to a page what it always shows.
func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, page *dashboards.TokensPage) error {
	who, _ := asker(r)
	notices, err := s.View.Notices(r.Context(), who, s.Now())
	if err != nil {
		return err
	}
	if page.Tokens, err = s.Access.Tokens(r.Context(), who, who.ID); err != nil {
		return err
	}
	page.Shell = s.following(r, "", notices)
	page.Roles = slices.DeleteFunc(org.Roles(), func(role org.Role) bool { return !role.Within(who.Role) })
	// The least that is useful comes first.
	slices.Reverse(page.Roles)
	page.Lives, page.Base, page.PerMinute = tokenLives, api.Base, requestsPerMinute
	page.Origin = "http://" + r.Host
	if s.TLSProxy || r.TLS != nil {
		page.Origin = "https://" + r.Host
	}
	for _, op := range s.mounted.Operations {
		page.Operations = append(page.Operations, dashboards.Operation(op))
	}
	return s.show(w, r, page)
}
