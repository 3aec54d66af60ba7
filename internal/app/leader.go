package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"vigie/internal/store"
)

const (
	// leadEvery is how often a process that waits asks for the leadership, and one that
	// leads looks whether it still does.
	leadEvery = 2 * time.Second
	leadLimit = 5 * time.Second // of one question
)

// lead waits until this process is the one that works on the database. Only a database of
// one's own is ever shared: the private one belongs to its directory's lock.
func (s *Server) lead(ctx context.Context, l net.Listener) error {
	if s.opts.Configuration.DatabaseURL == "" {
		return nil
	}
	leadership, err := s.instance.db.Lead(ctx)
	if errors.Is(err, store.ErrLed) {
		s.opts.Say("another Vigie works on this database: waiting to take over")
		resume := standBy(l)
		for errors.Is(err, store.ErrLed) || err != nil && ctx.Err() == nil {
			if !pause(ctx, leadEvery) {
				break
			}
			leadership, err = s.instance.db.Lead(ctx)
		}
		err = errors.Join(resume(), err)
	}
	if err != nil {
		return err
	}
	s.run(context.WithoutCancel(ctx), "the leadership", func(ctx context.Context) error { return s.keepLeading(ctx, leadership) })
	return nil
}

// keepLeading ends with an error when another process took the leadership over. While the
// database is away nobody can, and it is taken again when it is back.
func (s *Server) keepLeading(ctx context.Context, l *store.Leadership) error {
	for pause(ctx, leadEvery) {
		asking, cancel := context.WithTimeout(ctx, leadLimit)
		err := l.Held(asking)
		if err != nil && ctx.Err() == nil {
			_ = l.Release(asking) // it is broken already
			var again *store.Leadership
			if again, err = s.instance.db.Lead(asking); err == nil {
				l = again
			}
		}
		cancel()
		switch {
		case errors.Is(err, store.ErrLed):
			return fmt.Errorf("the connection to the database was lost, and %w", store.ErrLed)
		case err != nil && ctx.Err() == nil:
			s.opts.Log.Warn("the leadership of the database is in doubt, will be asked again", "error", err)
		}
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), leadLimit)
	defer cancel()
	return l.Release(ending)
}

// standBy answers that this process waits, until the function that it returns is called;
// the listener is then as before.
func standBy(l net.Listener) (resume func() error) {
	waiting := &http.Server{
		ReadHeaderTimeout: leadLimit,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = json.NewEncoder(w).Encode(map[string]string{"status": "standby"}) // the reader may have gone
		}),
	}
	ended := make(chan error, 1)
	go func() { ended <- waiting.Serve(lent{l}) }()
	return func() error {
		err := waiting.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return errors.Join(err, deadline(l, time.Time{}))
	}
}

// lent is a listener whose owner keeps it: to close it only ends the waiting.
type lent struct{ net.Listener }

func (l lent) Close() error { return deadline(l.Listener, time.Unix(1, 0)) }

func deadline(l net.Listener, at time.Time) error { return l.(*net.TCPListener).SetDeadline(at) }
