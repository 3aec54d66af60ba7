package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"vigie/internal/desk"
	"vigie/internal/inventory"
	"vigie/internal/jobs"
	"vigie/internal/lab"
	"vigie/internal/lab/operator"
	"vigie/internal/outpost"
	"vigie/internal/pipe"
	"vigie/internal/prober"
	"vigie/internal/series"
	"vigie/internal/store"
	"vigie/internal/store/cluster"
	"vigie/internal/watch"
)

// stopWithin bounds the orderly end; what is not done by then is cut.
const stopWithin = 20 * time.Second

// Options says what to serve.
type Options struct {
	Dir           string
	Configuration Configuration
	Demo          bool
	// Say is told of each step of the start, and of what the demo does.
	Say func(line string)
	// Progress is told how far something long has come, in percent and in words.
	Progress func(percent int, line string)
	Log      *slog.Logger
}

// Server is a running Vigie.
type Server struct {
	opts     Options
	instance *Instance
	watched  *store.Watch
	desked   *store.Desk
	pipe     *pipe.Pipe
	spool    *pipe.Pipe // of the core's own prober before a cluster; nil without one
	watch    *watch.Service
	aside    *aside
	desk     *desk.Service
	secrets  secrets // of routers
	prober   *prober.Prober
	lookout  outpost.Lookout // of the core's own prober
	vantages *vantages
	lab      *laboratory // nil without a demo, or where the machine refuses it
	mails    mailbox
	tickets  map[string]*operator.TicketServer // of the lab's operators, by key; nil without a demo
	changes  changes
	metrics  *meters
	links    *series.Links
	started  stack
	failed   chan error
	address  string
	watchdog *watchdog // nil where none is configured
	pusher   *pusher   // likewise
	running  sync.WaitGroup
}

// Start brings everything up in order and returns when the pages answer. After an
// error what was started is stopped again.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Demo {
		o.Configuration = o.Configuration.demo()
	}
	s := &Server{opts: o, failed: make(chan error, 1), metrics: newMeters(), links: series.New(o.Configuration.Prober.SNMP.Interval), vantages: newVantages()}
	if err := s.start(ctx); err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		return nil, errors.Join(err, s.Stop(stopping))
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	var err error
	if s.watchdog, err = newWatchdog(s.opts.Configuration.Watchdog); err != nil {
		return err
	}
	if s.pusher, err = newPusher(s.opts.Configuration.Metrics.Push); err != nil {
		return err
	}
	// The port first: it is what most often is not free, and costs nothing to try.
	listener, err := net.Listen("tcp", s.opts.Configuration.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.opts.Configuration.Listen, err)
	}
	s.address = listener.Addr().String()
	s.started.push("the pages' port", func(context.Context) error { return closeListener(listener) })
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"database", s.startDatabase},
		{"leadership", func(ctx context.Context) error { return s.lead(ctx, listener) }},
		{"inventory", s.loadInventory},
		{"message stream", s.startPipe},
		{"lab", s.startLab},
		{"services", s.startServices},
		{"jobs", s.startJobs},
		{"prober", s.startProber}, // before whoever may change its targets
		{"pages", func(ctx context.Context) error { return s.startPages(ctx, listener) }},
		{"commands", s.startControl},
	} {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return err
		}
		if step.name == "lab" && s.lab == nil || step.name == "leadership" && s.opts.Configuration.DatabaseURL == "" {
			continue
		}
		s.opts.Say(fmt.Sprintf("%-15s ready in %.1f s", step.name, time.Since(began).Seconds()))
	}
	s.startLoops(context.WithoutCancel(ctx))
	return nil
}

// Address is where the pages answer, host:port.
func (s *Server) Address() string { return s.address }

// Failed delivers the error of a part that ended by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop ends everything in reverse order and returns when nothing runs any more.
func (s *Server) Stop(ctx context.Context) error {
	err := s.started.unwind(ctx)
	s.running.Wait()
	return err
}

// run keeps a loop until the server stops; a loop that fails ends the server.
func (s *Server) run(ctx context.Context, name string, loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	s.running.Go(func() {
		defer close(done)
		if err := loop(ctx); err != nil && ctx.Err() == nil {
			select {
			case s.failed <- fmt.Errorf("%s: %w", name, err):
			default:
			}
		}
	})
	s.started.push(name, func(stopping context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-stopping.Done():
			return fmt.Errorf("still running after %s", stopWithin)
		}
	})
}

func (s *Server) startDatabase(ctx context.Context) error {
	if err := prepareDir(s.opts.Dir); err != nil {
		return err
	}
	i, err := OpenInstance(ctx, OpenOptions{
		Dir: s.opts.Dir, DatabaseURL: s.opts.Configuration.DatabaseURL, Cycle: s.opts.Configuration.Prober.Cycle,
		Notify: s.databaseEvent, Log: s.opts.Log,
	})
	if err != nil {
		return err
	}
	s.instance = i
	s.started.push("the database", i.Close)
	purpose := store.Real
	if s.opts.Demo {
		purpose = store.Demo
	}
	return i.db.Claim(ctx, purpose, time.Now())
}

func (s *Server) databaseEvent(e cluster.Event) {
	switch e.Kind {
	case cluster.Lost:
		s.opts.Log.Error("database lost, restarting it", "error", e.Err)
	case cluster.RestartFailed:
		s.opts.Log.Error("database not restarted, will be tried again", "error", e.Err)
	case cluster.Restarted:
		s.opts.Log.Info("database is back")
	}
}

func (s *Server) loadInventory(ctx context.Context) error {
	if s.opts.Demo {
		if err := importDemo(ctx, s.instance); err != nil {
			return err
		}
		if err := importDemoPlan(ctx, s.instance, time.Now()); err != nil {
			return err
		}
	}
	var err error
	if s.watched, err = store.NewWatch(s.instance.db); err != nil {
		return err
	}
	if s.opts.Demo {
		s.watched.Simulated()
	}
	s.desked, err = store.NewDesk(s.instance.db)
	return err
}

// startLab starts the simulated network of the demo. Where the machine refuses
// it, the pages run on what is stored, and the reason is said.
func (s *Server) startLab(ctx context.Context) error {
	if !s.opts.Demo {
		return nil
	}
	x, err := s.index(ctx)
	if err != nil {
		return err
	}
	box, err := newMailbox(s.opts.Dir, x.Operators, s.opts.Say, s.opts.Log)
	if err != nil {
		return err
	}
	if err := box.Start(); err != nil {
		return err
	}
	s.started.push("the operators' mailbox", func(context.Context) error { return box.Stop() })
	s.mails = box
	if err := s.startTickets(x.Operators); err != nil {
		return err
	}
	if s.opts.Configuration.Mail.Host, s.opts.Configuration.Mail.Port, err = hostPort(box.Addr()); err != nil {
		return err
	}
	now := time.Now()
	l, err := newLaboratory(labTopology(x, now), now)
	if err != nil {
		return err
	}
	err = l.network.Start()
	var missing *lab.UnavailableError
	if errors.As(err, &missing) {
		s.opts.Say("no lab: " + missing.Error() + "; nothing is probed, the pages show what is stored")
		return nil
	}
	if err != nil {
		return err
	}
	s.started.push("the lab", func(context.Context) error { return l.network.Stop() })
	if l.schools, err = l.network.ServeSchools(demoSeed); err != nil {
		return err
	}
	s.started.push("the lab's schools", func(context.Context) error { return l.schools.Stop() })
	s.lab = l
	return s.startFarEnd()
}

// index is the inventory as it is now.
func (s *Server) index(ctx context.Context) (*inventory.Index, error) {
	var x *inventory.Index
	err := s.watched.InTx(ctx, func(ctx context.Context, tx watch.Tx) error {
		var err error
		x, err = tx.Inventory(ctx)
		return err
	})
	return x, err
}

func (s *Server) startServices(ctx context.Context) error {
	c := s.opts.Configuration
	policy := c.policy()
	if s.opts.Demo {
		policy = c.demoPolicy()
	}
	if err := policy.Incident.Validate(); err != nil {
		return err
	}
	channels, err := c.channels()
	if err != nil {
		return err
	}
	s.watch = watch.New(s.watched, policy)
	s.aside = newAside(filepath.Join(s.opts.Dir, "aside"), s.watch, s.opts.Log)
	s.desk = desk.New(s.desked, channels, policy.Ticket)
	if !s.opts.Demo {
		return nil
	}
	x, err := s.index(ctx)
	if err != nil {
		return err
	}
	return demoModes(ctx, s.desked, s.desk, x.Operators, time.Now())
}

func (s *Server) startJobs(ctx context.Context) error {
	j, err := jobs.New(jobs.Options{
		Pool: s.instance.db.Pool(), Desk: s.desk, Log: slog.New(quieter{s.opts.Log.Handler()}),
		Upkeep: store.NewUpkeep(s.instance.db, s.opts.Configuration.History).Run,
		Pack:   store.NewPacking(s.instance.db, s.opts.Configuration.History).Run,
	})
	if err != nil {
		return err
	}
	if err := j.Start(ctx); err != nil {
		return err
	}
	s.started.push("the jobs", j.Stop)
	return nil
}

// quieter keeps a library's ordinary doings out of the log.
type quieter struct{ slog.Handler }

// Enabled lets warnings and errors through.
func (q quieter) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (s *Server) startControl(context.Context) error {
	l, err := listenControl(s.opts.Dir)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.controlHandler(), ReadHeaderTimeout: dialWithin}
	s.serve("the commands' socket", server, l)
	return nil
}

// serve runs an HTTP server on a listener until the stop.
func (s *Server) serve(name string, server *http.Server, l net.Listener) {
	s.running.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			select {
			case s.failed <- fmt.Errorf("%s: %w", name, err):
			default:
			}
		}
	})
	s.started.push(name, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return server.Close() // live streams never end by themselves
		}
		return nil
	})
}

func closeListener(l net.Listener) error {
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
