package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options says where the cluster lives.
type Options struct {
	// Dir is the cluster's own directory. It is made when absent; one that holds anything else is
	// refused.
	Dir string
	// Unsafe trades durability for speed: no fsync, more connections. For tests only.
	Unsafe bool
	// Notify, when set, is told when the server dies and when it is back. It is called from one
	// goroutine, never after Stop has returned, and must not call Stop.
	Notify func(Event)
}

// Event is something that happened to a running cluster without being asked for.
type Event struct {
	Kind EventKind
	Err  error // why; nil for Restarted
}

// EventKind says what happened.
type EventKind int

const (
	// Lost says that the server died. A restart follows at once.
	Lost EventKind = iota + 1
	// RestartFailed says that a restart did not succeed; another follows after a pause.
	RestartFailed
	// Restarted says that the server answers again.
	Restarted
)

// Cluster is a running private PostgreSQL.
type Cluster struct {
	home    home
	install installation
	options Options
	lock    *os.File

	life   context.Context // ends when Stop is called
	end    context.CancelFunc
	done   chan struct{} // closed when the server is down for good
	mu     sync.Mutex
	server *server // the one running now, or the last one
}

// Start makes the database when there is none, starts the server and returns when it answers. ctx
// limits the start only; a cluster lives until Stop.
//
// Every error is one sentence that names the path concerned. ErrNotInstalled is found in it when
// the machine has no PostgreSQL that fits.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	owner, err := serverAccount()
	if err != nil {
		return nil, err
	}
	h, err := openHome(options.Dir, owner)
	if err != nil {
		return nil, err
	}
	lock, err := h.acquire()
	if err != nil {
		return nil, err
	}
	c := &Cluster{home: h, options: options, lock: lock, done: make(chan struct{})}
	c.life, c.end = context.WithCancel(context.Background())
	if err := c.start(ctx); err != nil {
		c.end()
		c.leave()
		return nil, err
	}
	go c.supervise()
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	major, err := c.home.major()
	if err != nil {
		return err
	}
	if c.install, err = find(major, c.home); err != nil {
		return err
	}
	if err := c.home.openSocketDir(); err != nil {
		return err
	}
	if major == 0 {
		if err := initdb(ctx, c.install, c.home, c.options.Unsafe); err != nil {
			return err
		}
	}
	if err := c.run(ctx); err != nil {
		return err
	}
	if err := createDatabase(ctx, c.home.dsn("postgres")); err != nil {
		c.server.kill()
		return fmt.Errorf("create the database in %s: %w", c.home.data, err)
	}
	return nil
}

// DSN returns the address of the cluster's database as a URL. It stays the same for the life of
// the cluster, restarts included.
func (c *Cluster) DSN() string { return c.home.dsn(databaseName) }

// Stop shuts the server down (fast: clients are disconnected, everything is written) and returns
// when its last process has ended. When ctx ends first, the server is told to quit at once, which
// costs a recovery at the next start but no committed transaction, and the error says so. Further
// calls wait for the first and return nil.
func (c *Cluster) Stop(ctx context.Context) error {
	c.end()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
	}
	c.mu.Lock()
	c.server.signal(syscall.SIGQUIT)
	c.mu.Unlock()
	<-c.done
	return fmt.Errorf("stop the database in %s: shut down in haste: %w", c.home.data, context.Cause(ctx))
}

// run starts one server on the data directory and returns when it answers. After an error nothing
// is left running.
func (c *Cluster) run(ctx context.Context) error {
	if err := vacate(ctx, c.home.data); err != nil {
		return err
	}
	if err := c.home.sweep(); err != nil {
		return err
	}
	s, err := startServer(c.install, c.home, c.options.Unsafe)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.server = s
	c.mu.Unlock()
	if err := s.waitReady(ctx, c.home); err != nil {
		s.kill()
		return err
	}
	return nil
}

// The pause before a restart doubles from firstPause to longestPause while restarts fail or do
// not last for steady.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
	steady       = time.Minute
)

// supervise restarts the server when it dies and shuts it down when the cluster's life ends.
func (c *Cluster) supervise() {
	defer close(c.done)
	defer c.leave()
	pause, since := firstPause, time.Now()
	for {
		select {
		case <-c.life.Done():
			c.server.shutdown()
			return
		case <-c.server.exited:
		}
		if time.Since(since) > steady {
			pause = firstPause
		}
		c.notify(Event{Kind: Lost, Err: c.server.failure(c.home)})
		for err := c.run(c.life); err != nil; err = c.run(c.life) {
			if c.life.Err() != nil {
				return
			}
			c.notify(Event{Kind: RestartFailed, Err: err})
			c.rest(pause)
			pause = min(2*pause, longestPause)
		}
		c.notify(Event{Kind: Restarted})
		since = time.Now()
	}
}

// rest waits for the pause or for the end of the cluster's life.
func (c *Cluster) rest(pause time.Duration) {
	select {
	case <-time.After(pause):
	case <-c.life.Done():
	}
}

func (c *Cluster) notify(e Event) {
	if c.options.Notify != nil {
		c.options.Notify(e)
	}
}

// leave gives the directory back.
func (c *Cluster) leave() {
	if filepath.Dir(c.home.socket) != c.home.dir {
		_ = os.Remove(c.home.socket) // a short-lived directory; the next start makes it again
	}
	// Closing alone would leave the lock to a program that is being started at this moment: until
	// it runs it holds a copy of the file.
	_ = syscall.Flock(int(c.lock.Fd()), syscall.LOCK_UN)
	_ = c.lock.Close() // nothing was written since
}

const databaseName = "vigie"

// createDatabase makes Vigie's database when the cluster has none yet.
func createDatabase(ctx context.Context, dsn string) (err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var exists bool
	const known = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`
	if err := conn.QueryRow(ctx, known, databaseName).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE `+databaseName)
	return err
}
