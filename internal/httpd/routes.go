package httpd

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"vigie/dashboards"
	"vigie/internal/httpd/api"
	"vigie/internal/org"
)

// handler answers a request; its error becomes a page.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is one address, the right it needs and who answers. Without a right it is
// open to everybody.
type route struct {
	method, pattern string
	action          org.Action
	handle          handler
}

// routes is every address that knows a session.
func (s *Server) routes() []route {
	return []route{
		{http.MethodGet, "/", org.SeeLinks, s.board},
		{http.MethodGet, "/map", org.SeeLinks, s.siteMap},
		{http.MethodGet, "/links/{id}", org.SeeLinks, s.link},
		{http.MethodGet, "/links/{id}/figures.csv", org.SeeLinks, s.linkFigures},
		{http.MethodGet, "/links/{id}/device", org.SeePlan, s.device},
		{http.MethodGet, "/links/{id}/test", org.RunTests, s.trial},
		{http.MethodPost, "/links/{id}/test", org.RunTests, s.askTrial},
		{http.MethodGet, "/sites/{id}", org.SeeLinks, s.site},
		{http.MethodGet, "/sites/{id}/plan", org.SeePlan, s.sitePlan},
		{http.MethodGet, "/plan", org.SeePlan, s.plan},
		{http.MethodGet, "/plan/prefix", org.SeePlan, s.prefix},
		{http.MethodGet, "/plan/vlans", org.SeePlan, s.vlans},
		{http.MethodGet, "/incidents", org.SeeLinks, s.incidents},
		{http.MethodGet, "/services", org.SeeLinks, s.services},
		{http.MethodGet, "/probers", org.SeeLinks, s.probers},
		{http.MethodGet, "/tickets", org.SeeTickets, s.tickets},
		{http.MethodGet, "/tickets/{id}", org.SeeTickets, s.ticket},
		{http.MethodPost, "/tickets/{id}/messages/{message}/approval", org.ApproveMessage, s.approve},
		{http.MethodPost, "/tickets/{id}/acknowledgement", org.Acknowledge, s.acknowledge},
		{http.MethodPost, "/tickets/{id}/gels/{gel}", org.Acknowledge, s.judge},
		{http.MethodPost, "/sending", org.StopSending, s.sending},
		{http.MethodPost, "/operators/{key}/mode", org.StopSending, s.mode},
		{http.MethodGet, "/statements", org.SeeCosts, s.statement},
		{http.MethodGet, "/statements.csv", org.SeeCosts, s.statementCSV},
		{http.MethodGet, "/tokens", org.MakeTokens, s.tokens},
		{http.MethodPost, "/tokens", org.MakeTokens, s.makeToken},
		{http.MethodPost, "/tokens/{id}/revocation", org.MakeTokens, s.revokeToken},
		{http.MethodGet, "/statements.xlsx", org.SeeCosts, s.statementXLSX},
		{http.MethodGet, "/audit", org.SeeLinks, s.audit},
		{http.MethodGet, "/audit.csv", org.SeeLinks, s.auditCSV},
		{http.MethodGet, "/audit.xlsx", org.SeeLinks, s.auditXLSX},
		{http.MethodGet, "/inventory", org.EditInventory, s.inventory},
		{http.MethodGet, "/inventory/{table}", org.EditInventory, s.records},
		{http.MethodGet, "/inventory/{table}/record", org.EditInventory, s.record},
		{http.MethodPost, "/inventory/{table}/record", org.EditInventory, s.saveRecord},
		{http.MethodPost, "/inventory/{table}/end", org.EditInventory, s.endRecord},
		{http.MethodPost, importAddress, org.EditInventory, s.upload},
		{http.MethodGet, importAddress + "/{id}", org.EditInventory, s.draft},
		{http.MethodPost, importAddress + "/{id}/acceptance", org.EditInventory, s.acceptDraft},
		{http.MethodPost, importAddress + "/{id}/withdrawal", org.EditInventory, s.withdrawDraft},
		{http.MethodGet, "/review", org.EditInventory, s.review},
		{http.MethodPost, "/review", org.EditInventory, s.answerReview},
		{http.MethodGet, "/review.csv", org.EditInventory, s.reviewCSV},
		{http.MethodGet, "/live", org.SeeLinks, s.live},
		{http.MethodGet, "/signin", "", s.signInForm},
		{http.MethodPost, "/signin", "", s.signIn},
		{http.MethodPost, "/signout", "", s.signOut},
		{http.MethodPost, "/language", "", s.language},
	}
}

// streams are the addresses whose answer lasts: no time limit, no compression.
var streams = []string{"/live"}

func (s *Server) router() (http.Handler, error) {
	r := chi.NewRouter()
	r.Use(middleware.GetHead, s.recovered, s.headers, limitBody)
	compressed := middleware.Compress(5, "text/html", "text/css", "text/javascript", "text/csv", "image/svg+xml", "application/json", api.ProblemType, "text/plain")
	r.With(compressed).Method(http.MethodGet, dashboards.StaticPrefix+"{file}", s.answer(s.static))
	r.Method(http.MethodGet, "/healthz", s.answer(s.healthz))
	r.With(compressed).Method(http.MethodGet, "/metrics", s.answer(s.metrics))
	r.With(compressed, s.identifyProgram).Method(http.MethodGet, "/metrics/links", s.answer(s.linkMetrics))
	var err error
	r.With(compressed, limitTime).Route(api.Base, func(r chi.Router) { err = s.mountAPI(r) })
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(s.answer(foreign))
	r.Group(func(r chi.Router) {
		r.Use(origin.Handler, s.sessions.LoadAndSave, s.identify)
		for _, route := range s.routes() {
			if slices.Contains(streams, route.pattern) {
				r.Method(route.method, route.pattern, s.guard(route))
				continue
			}
			r.With(compressed, limitTime).Method(route.method, route.pattern, s.guard(route))
		}
		r.NotFound(s.answer(unknownAddress))
		r.MethodNotAllowed(s.answer(unknownMethod))
	})
	return r, err
}

// guard lets a request pass to somebody signed in whose role has the route's
// right. What they see of the answer is the services' matter.
func (s *Server) guard(to route) http.Handler {
	return s.answer(func(w http.ResponseWriter, r *http.Request) error {
		if to.action == "" {
			return to.handle(w, r)
		}
		who, ok := asker(r)
		switch {
		case !ok && (r.Method != http.MethodGet || isPart(r) || slices.Contains(streams, to.pattern)):
			return errNobody
		case !ok:
			http.Redirect(w, r, signInAddress(r), http.StatusSeeOther)
			return nil
		case !org.Allowed(who, to.action):
			return forbidden(who, to.action)
		}
		return to.handle(w, r)
	})
}
