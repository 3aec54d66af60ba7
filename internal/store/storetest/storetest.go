package storetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/store"
	"vigie/internal/store/cluster"
)

// Main runs the tests and returns the exit code, after everything has been stopped:
//
//	func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
func Main(m *testing.M) int {
	done := make(chan error)
	go func() { done <- serve() }()
	code := m.Run()
	close(requests)
	if err := <-done; err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
		return max(code, 1)
	}
	return code
}

// New returns a database of the test's own with the whole schema and no rows. It works inside a
// synctest bubble.
func New(t testing.TB) *store.DB {
	t.Helper()
	const small = "&pool_max_conns=8" // many tests run at once
	db, err := store.Open(context.Background(), DSN(t)+small)
	if err != nil {
		t.Fatalf("open the test database: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// DSN returns the address of a database of the test's own with the whole schema and no rows, for
// tests that start a process or open the store themselves.
func DSN(t testing.TB) string {
	t.Helper()
	return create(t, templateName)
}

// Empty returns the address of a database of the test's own without any schema.
func Empty(t testing.TB) string {
	t.Helper()
	return create(t, "template0")
}

const (
	templateName = "vigie_template"
	startLimit   = 2 * time.Minute
)

// Tests may run inside synctest bubbles, while the cluster and its connections must live outside
// of any: in the goroutine that Main starts. It takes one request at a time through these
// channels, which belong to no bubble either.
var (
	asking   sync.Mutex
	requests = make(chan func(*session) error)
	answers  = make(chan error)
)

// ask has the goroutine of Main do something and returns its error.
func ask(do func(*session) error) error {
	asking.Lock()
	defer asking.Unlock()
	requests <- do
	return <-answers
}

// create makes a database from a template and drops it when the test ends.
func create(t testing.TB, template string) string {
	t.Helper()
	var name, dsn string
	err := ask(func(s *session) error {
		s.count++
		name = fmt.Sprintf("test_%d", s.count)
		dsn = s.dsn(name)
		return s.exec("CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY file_copy")
	})
	if errors.Is(err, cluster.ErrNotInstalled) && os.Getenv("CI") == "" {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatalf("make a test database: %v", err)
	}
	t.Cleanup(func() {
		drop := func(s *session) error { return s.exec("DROP DATABASE " + name + " WITH (FORCE)") }
		if err := ask(drop); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	return dsn
}

// session is the cluster of one test binary, with the connection that makes and drops databases.
type session struct {
	dir     string
	cluster *cluster.Cluster
	admin   *pgx.Conn
	count   int
	failure error // why the cluster did not start; it is tried once
}

// serve answers requests until Main closes them, then stops everything.
func serve() error {
	s := &session{}
	for do := range requests {
		if s.cluster == nil && s.failure == nil {
			s.failure = s.start()
		}
		if s.failure != nil {
			answers <- s.failure
			continue
		}
		answers <- do(s)
	}
	return s.stop()
}

// start starts the cluster and makes the template.
func (s *session) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	var err error
	if s.dir, err = tempDir(); err != nil {
		return err
	}
	if s.cluster, err = cluster.Start(ctx, cluster.Options{Dir: s.dir, Unsafe: true}); err != nil {
		return err
	}
	if s.admin, err = pgx.Connect(ctx, s.cluster.DSN()); err != nil {
		return err
	}
	if err := s.exec("CREATE DATABASE " + templateName + " TEMPLATE template0"); err != nil {
		return err
	}
	db, err := store.Open(ctx, s.dsn(templateName))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Migrate(ctx)
	return err
}

// inMemory is where a clone takes 15 ms; on some disks it takes half a second.
const (
	inMemory   = "/dev/shm"
	roomNeeded = 1 << 30 // bytes
	dirPrefix  = "vigie-test-"
)

// tempDir makes a directory that is named after this process, in memory when there is room, and
// removes those of test binaries that were killed.
func tempDir() (string, error) {
	parent := os.TempDir()
	var room syscall.Statfs_t
	if err := syscall.Statfs(inMemory, &room); err == nil && room.Bavail*uint64(room.Bsize) > roomNeeded {
		parent = inMemory
	}
	left, err := filepath.Glob(filepath.Join(parent, dirPrefix+"*"))
	if err != nil {
		return "", err
	}
	for _, dir := range left {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		if _, err := os.Stat(filepath.Join("/proc", owner)); errors.Is(err, fs.ErrNotExist) {
			_ = os.RemoveAll(dir) // another user's stays
		}
	}
	return os.MkdirTemp(parent, dirPrefix+strconv.Itoa(os.Getpid())+"-")
}

func (s *session) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	_, err := s.admin.Exec(ctx, sql)
	return err
}

// dsn returns the address of one database of the cluster.
func (s *session) dsn(database string) string {
	address, err := url.Parse(s.cluster.DSN())
	if err != nil {
		panic(err) // the cluster builds it
	}
	address.Path = "/" + database
	return address.String()
}

func (s *session) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	var errs []error
	if s.admin != nil {
		errs = append(errs, s.admin.Close(ctx))
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Stop(ctx))
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
