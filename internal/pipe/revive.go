package pipe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	reviveEvery = time.Second
	// enough is the room that a disk must have again before the streams are opened.
	enough = 1 << 20
)

// host is the server in this process, and the one after it.
type host struct {
	options *server.Options

	mu     sync.Mutex
	server *server.Server // nil before the first
}

// hostAgain is how long after the end of one server a connection looks for the next.
const hostAgain = 200 * time.Millisecond

func (h *host) now() *server.Server {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.server
}

// InProcessConn connects with the server of now.
func (h *host) InProcessConn() (net.Conn, error) { return h.now().InProcessConn() }

// start starts a server and returns when it is ready.
func (h *host) start() error {
	s, err := server.NewServer(h.options.Clone())
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(readyIn) || !s.JetStreamEnabled() {
		s.Shutdown()
		return fmt.Errorf("not ready after %s", readyIn)
	}
	// The next one is found where this one was.
	if at, ok := s.Addr().(*net.TCPAddr); ok {
		h.options.Port = at.Port
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server = s
	return nil
}

func (h *host) stop() {
	if s := h.now(); s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// revival puts another server in the place of one that gave streams up. When the disk is full or
// a write fails the server gives a stream up, or all of them, until its next start: right
// for one of a cluster, while here nobody would take anything any more.
type revival struct {
	host *host
	log  *slog.Logger
	stop chan struct{}
	done chan struct{}

	mu    sync.Mutex
	again chan struct{} // closed at the next revival
	times int
}

func newRevival(h *host, log *slog.Logger) *revival {
	r := &revival{host: h, log: log, stop: make(chan struct{}), done: make(chan struct{}), again: make(chan struct{})}
	go r.keep()
	return r
}

// end is complete when it returns.
func (r *revival) end() {
	close(r.stop)
	<-r.done
}

// next is closed when the streams were opened again, once more.
func (r *revival) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.again
}

// happened says whether they ever were.
func (r *revival) happened() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.times > 0
}

func (r *revival) keep() {
	defer close(r.done)
	ticker := time.NewTicker(reviveEvery)
	defer ticker.Stop()
	for given := false; ; {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
		}
		wrong := r.wrong()
		if wrong == "" {
			given = false
			continue
		}
		if !given {
			given = true
			r.log.Error("what is measured is not kept on disk, will be tried again", "directory", r.host.options.StoreDir, "error", wrong)
		}
		if r.room() != nil || r.replace() != nil {
			continue
		}
		r.log.Info("what is measured is kept on disk again", "directory", r.host.options.StoreDir)
		r.mu.Lock()
		r.times++
		close(r.again)
		r.again = make(chan struct{})
		r.mu.Unlock()
	}
}

// wrong says why a stream takes nothing any more, "" while all do.
func (r *revival) wrong() string {
	if !r.host.now().JetStreamEnabled() {
		return "the streams are shut down"
	}
	for _, e := range r.host.now().Healthz(&server.HealthzOptions{Details: true}).Errors {
		// Told in words only. A stream that cannot be read is no better after another reading.
		if e.Type == server.HealthzErrorStream && strings.Contains(e.Error, "write error") {
			return e.Error
		}
	}
	return ""
}

// replace starts the next server.
func (r *revival) replace() error {
	r.host.stop()
	return r.host.start()
}

// room says whether some more can be written.
func (r *revival) room() (err error) {
	f, err := os.CreateTemp(r.host.options.StoreDir, ".room-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, enough))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// offering calls offer until ctx ends or it fails. Whenever another server began its
// context ends and it is called anew: readers of before do not learn of it, and the next
// one may take its time.
func (r *revival) offering(ctx context.Context, offer func(context.Context) error) error {
	for {
		again := r.next()
		reading, stop := context.WithCancel(ctx)
		go func() {
			select {
			case <-again:
				stop()
			case <-reading.Done():
			}
		}()
		err := offer(reading)
		stop()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !r.happened() && r.host.now().JetStreamEnabled():
			return err
		case err != nil:
			r.log.Warn("batches are not offered, will be tried again", "error", err)
			rest(ctx, retryAfter)
		}
	}
}
