package app

import (
	"context"
	"time"

	"vigie/internal/httpd"
)

// stuckAfter is how long a message that may leave waits before something is wrong with
// its way.
const stuckAfter = 15 * time.Minute

// Parts names the parts of Vigie and how each is, for /healthz.
func (s *Server) Parts(ctx context.Context) []httpd.Part {
	now := time.Now()
	parts := append(s.vitals(ctx), s.elsewhere(now)...)
	if s.watchdog != nil {
		parts = append(parts, httpd.Part{Name: "watchdog", Healthy: !s.watchdog.unheard.Load()})
	}
	return parts
}

// vitals are those without which the watchdog is not called.
func (s *Server) vitals(ctx context.Context) []httpd.Part {
	cycle := s.opts.Configuration.Prober.Cycle
	now := time.Now()
	stuck, err := s.desked.Stuck(ctx, now.Add(-stuckAfter))
	parts := []httpd.Part{
		{Name: "database", Essential: true, Healthy: s.instance.db.Pool().Ping(ctx) == nil},
		{Name: "stream", Healthy: s.pipe.Well(ctx) == nil},
		{Name: "batches", Healthy: s.aside.well()},
		{Name: "decisions", Healthy: now.Sub(s.metrics.lastDecided()) < (staleCycles+2)*cycle},
		{Name: "messages", Healthy: err != nil || !stuck}, // a database that is away is named above
	}
	if s.prober != nil {
		parts = append(parts, httpd.Part{Name: "prober", Healthy: now.Sub(s.metrics.lastBatch()) < (staleCycles+2)*cycle})
	}
	if s.opts.Demo {
		return append(parts, httpd.Part{Name: "lab", Healthy: s.lab != nil})
	}
	// The times of a demonstration are held against nobody.
	return append(parts, httpd.Part{Name: "prober clock", Healthy: s.metrics.probers.clocksKept()})
}

// elsewhere are the probers elsewhere that delivered before: each is well while it
// delivers and reaches its canaries. Who watches Vigie's own life does not mind them.
func (s *Server) elsewhere(now time.Time) []httpd.Part {
	var parts []httpd.Part
	s.vantages.mu.Lock()
	defer s.vantages.mu.Unlock()
	oldest := now.Add(-(staleCycles + 2) * s.opts.Configuration.Prober.Cycle)
	for _, m := range s.vantages.members {
		newest, began := s.vantages.newest[m.Name]
		if !began {
			continue
		}
		parts = append(parts, httpd.Part{
			Name: "prober " + m.Name, Healthy: !newest.Before(oldest) && s.vantages.sights[m.Name].blind < blindFor,
		})
	}
	return parts
}
