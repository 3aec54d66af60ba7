package httpd

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"vigie/dashboards"
	"vigie/internal/calendar"
	"vigie/internal/httpd/api"
	"vigie/internal/intake"
	"vigie/internal/view"
)

// Options are what the pages stand on; every field but TLSProxy and Demo is
// needed.
type Options struct {
	View       *view.Service
	Inventory  *intake.Service
	Desk       Desk
	Trials     Trials
	Statements Statements
	Audits     Audits
	Vacations  *calendar.Vacations
	People     People
	Access     Access
	Sessions   scs.CtxStore
	Changes    Changes
	Health     Health
	Metrics    Metrics
	Links      LinkMetrics
	Log        *slog.Logger
	Now        func() time.Time
	// TLSProxy says that a proxy which speaks TLS stands in front: cookies are for TLS
	// only, browsers are told to stay on it, and the proxy's last word in
	// X-Forwarded-For is where a request comes from.
	TLSProxy bool
	// Demo marks a demonstration on every page.
	Demo *dashboards.Demo
}

// Server answers requests. It starts nothing.
type Server struct {
	Options
	pages    *dashboards.Renderer
	sessions *scs.SessionManager
	attempts *attempts
	budgets  *budgets
	mounted  api.Mounted
	hashing  chan struct{} // bounds the memory that password checks take at once
	handler  http.Handler
	closing  chan struct{}
	closed   sync.Once
}

// Limits of a request and of a connection.
const (
	sessionLifetime = 7 * 24 * time.Hour // a screen on a wall must not go blank at night
	pageLimit       = 20 * time.Second
	bodyLimit       = 64 << 10
	headerLimit     = 32 << 10
	hashesAtOnce    = 2
)

// New parses every page and builds the routes.
func New(o Options) (*Server, error) {
	if o.View == nil || o.Inventory == nil || o.Desk == nil || o.Trials == nil || o.Statements == nil || o.Audits == nil || o.Vacations == nil || o.People == nil || o.Access == nil || o.Sessions == nil ||
		o.Changes == nil || o.Health == nil || o.Metrics == nil || o.Links == nil || o.Log == nil || o.Now == nil {
		return nil, errors.New("build the pages: an option is missing; expected every one but TLSProxy and Demo")
	}
	pages, err := dashboards.New()
	if err != nil {
		return nil, err
	}
	s := &Server{
		Options:  o,
		pages:    pages,
		sessions: scs.New(),
		attempts: newAttempts(),
		budgets:  newBudgets(),
		hashing:  make(chan struct{}, hashesAtOnce),
		closing:  make(chan struct{}),
	}
	s.sessions.Store = o.Sessions
	s.sessions.Lifetime = sessionLifetime
	s.sessions.Cookie.Name = "vigie"
	s.sessions.Cookie.HttpOnly = true
	s.sessions.Cookie.SameSite = http.SameSiteLaxMode
	s.sessions.Cookie.Secure = o.TLSProxy
	s.sessions.ErrorFunc = s.sessionError
	if s.handler, err = s.router(); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// HTTP returns a server with limits on sizes and times, whose Shutdown also ends
// the streams that follow the present.
func (s *Server) HTTP() *http.Server {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    headerLimit,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(func() { s.closed.Do(func() { close(s.closing) }) })
	return server
}
