package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"vigie/dashboards"
	"vigie/internal/access"
	"vigie/internal/httpd"
	"vigie/internal/invoicing"
	"vigie/internal/org"
	"vigie/internal/store"
)

// staleCycles is how many cycles without a decision make the board say that it no
// longer tells the present.
const staleCycles = 3

func (s *Server) startPages(ctx context.Context, l net.Listener) error {
	if s.opts.Demo {
		if err := createAccounts(ctx, store.NewPeople(s.instance.db)); err != nil {
			return err
		}
	}
	trials, err := s.newTrials()
	if err != nil {
		return err
	}
	server, err := Pages(s.instance.db, s.opts.Configuration.Prober.Cycle, httpd.Options{
		Inventory: s.instance.intake(),
		Desk:      s.desk,
		Trials:    trials,
		Changes:   &s.changes,
		Health:    s,
		Metrics:   s.writeMetrics,
		Links:     func(w io.Writer, who org.User) error { return s.links.Write(w, who, time.Now()) },
		Log:       s.opts.Log,
		Now:       time.Now,
		TLSProxy:  s.opts.Configuration.TLSProxy,
		Demo:      s.demoTimes(),
	})
	if err != nil {
		return err
	}
	s.serve("the pages", server.HTTP(), l)
	return nil
}

// Pages builds the pages over a database in which a prober is heard of every cycle. What
// rests on the database is added to what o says of the server.
func Pages(db *store.DB, cycle time.Duration, o httpd.Options) (*httpd.Server, error) {
	var err error
	if o.Vacations, err = SchoolCalendar(); err != nil {
		return nil, err
	}
	if o.Audits, err = newAudit(db); err != nil {
		return nil, err
	}
	if o.View, err = newView(db, cycle); err != nil {
		return nil, err
	}
	o.Statements = invoicing.New(store.NewInvoicing(db))
	o.People, o.Access, o.Sessions = store.NewPeople(db), access.New(store.NewAccess(db)), store.NewSessions(db)
	return httpd.New(o)
}

// partsWithin bounds the looks at the parts for one writing of the figures.
const partsWithin = 2 * time.Second

// writeMetrics gives Vigie's own figures, those of the prober and of each part as they
// are now.
func (s *Server) writeMetrics(w io.Writer) {
	if s.prober != nil {
		s.metrics.notifications(s.prober.Notifications())
	}
	looking, cancel := context.WithTimeout(context.Background(), partsWithin)
	defer cancel()
	writeParts(w, s.Parts(looking))
	if pending, err := s.pipe.Pending(looking); err == nil {
		writePending(w, pending)
	}
	s.metrics.write(w)
}

// everything is who may read the figures of every link.
var everything = org.User{Role: org.Admin, Territory: org.Territory{All: true}}

// writeAll gives these and those of every link.
func (s *Server) writeAll(w io.Writer) {
	s.writeMetrics(w)
	_ = s.links.Write(w, everything, time.Now()) // its error would be that of the buffer, which has none
}

// demoTimes tells the pages how fast the demo is; nil in a real installation.
func (s *Server) demoTimes() *dashboards.Demo {
	if !s.opts.Demo {
		return nil
	}
	return &dashboards.Demo{Cycle: demoCycle, Open: demoOpen, OpenMass: demoOpenMass, Resolve: demoResolve, Remind: demoRemind}
}

// createAccounts adds the demo's people who are not there yet.
func createAccounts(ctx context.Context, people *store.People) error {
	for _, a := range DemoAccounts() {
		if _, _, err := people.ByLogin(ctx, a.Login); err == nil {
			continue
		}
		hash, err := httpd.HashPassword(a.Password)
		if err != nil {
			return err
		}
		if _, err := people.Upsert(ctx, a.user, hash); err != nil {
			return fmt.Errorf("create the account %s: %w", a.Login, err)
		}
	}
	return nil
}
