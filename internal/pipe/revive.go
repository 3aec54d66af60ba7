package pipe

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	reviveEvery = time.Second
	// enough is the room that a disk must have again before the streams are opened.
	enough = 1 << 20
)

// revival opens the streams of the server in this process again. The server gives them up
// for good when the disk is full or a write fails, which is right for one of a cluster;
// here nobody would take anything until the next start.
type revival struct {
	server *server.Server
	dir    string
	log    *slog.Logger
	stop   chan struct{}
	done   chan struct{}

	mu    sync.Mutex
	again chan struct{} // closed at the next revival
	times int
}

func newRevival(s *server.Server, dir string, log *slog.Logger) *revival {
	r := &revival{server: s, dir: dir, log: log, stop: make(chan struct{}), done: make(chan struct{}), again: make(chan struct{})}
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

// happened says whether they ever were; there is no revival of a cluster.
func (r *revival) happened() bool {
	if r == nil {
		return false
	}
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
		if r.server.JetStreamEnabled() {
			given = false
			continue
		}
		if !given {
			given = true
			r.log.Error("nothing more is kept on disk, as it is full or fails; tried again every second", "directory", r.dir)
		}
		if r.room() != nil || r.server.EnableJetStream(&server.JetStreamConfig{StoreDir: r.dir, MaxStore: math.MaxInt64}) != nil {
			continue
		}
		r.log.Info("what is measured is kept on disk again", "directory", r.dir)
		r.mu.Lock()
		r.times++
		close(r.again)
		r.again = make(chan struct{})
		r.mu.Unlock()
	}
}

// room says whether some more can be written.
func (r *revival) room() (err error) {
	f, err := os.CreateTemp(r.dir, ".room-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, enough))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// offering calls offer until ctx ends or it fails while the streams are open. Whenever
// they were opened again its context ends and it is called anew: readers of before do not
// learn of it.
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
		if ctx.Err() != nil {
			return nil
		}
		select {
		case <-again:
			continue
		default:
		}
		if r.server.JetStreamEnabled() {
			return err
		}
		select {
		case <-again:
		case <-ctx.Done():
			return nil
		}
	}
}
