package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/store/cluster"
)

const patience = time.Minute

// room returns a directory that the server's account can reach, in memory when there is room:
// making a database writes a thousand files.
func room(t *testing.T) string {
	t.Helper()
	const memory, enough = "/dev/shm", 1 << 30
	parent := ""
	var disk syscall.Statfs_t
	if err := syscall.Statfs(memory, &disk); err == nil && disk.Bavail*uint64(disk.Bsize) > enough {
		parent = memory
	}
	dir, err := os.MkdirTemp(parent, "vigie-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// start starts a cluster that is stopped when the test ends.
func start(t *testing.T, options cluster.Options) *cluster.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := cluster.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c) })
	return c
}

func stop(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// ask runs one statement and returns the text it answers with.
func ask(dsn, sql string) (answer string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return "", err
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(texts, " "), err
}

func mustAsk(t *testing.T, dsn, sql string) string {
	t.Helper()
	answer, err := ask(dsn, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// eventually polls until done or the test's patience ends.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain until %s", patience, what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// processes returns the server processes that work in dir's database.
func processes(t *testing.T, dir string) []int {
	t.Helper()
	pids, err := cluster.Occupants(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	return pids
}

func TestAClusterKeepsItsDataAndLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "not", "there yet, with a space")
	first := start(t, cluster.Options{Dir: dir, Unsafe: true})
	mustAsk(t, first.DSN(), `CREATE TABLE kept AS SELECT 'here'::text AS what`)
	stop(t, first)
	if left := processes(t, dir); len(left) > 0 {
		t.Errorf("processes %v run after Stop", left)
	}
	stop(t, first)

	began := time.Now()
	second := start(t, cluster.Options{Dir: dir, Unsafe: true})
	t.Logf("second start took %v", time.Since(began))
	if got := mustAsk(t, second.DSN(), `SELECT what FROM kept`); got != "here" {
		t.Errorf("the table holds %q, want here", got)
	}
	if first.DSN() != second.DSN() {
		t.Errorf("the address changed from %s to %s", first.DSN(), second.DSN())
	}
}

func TestAClusterIsClosedToTheNetworkAndToOthers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "pg")
	c := start(t, cluster.Options{Dir: dir, Unsafe: true})
	settings := `SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings
		WHERE name IN ('listen_addresses', 'unix_socket_permissions', 'data_checksums', 'server_encoding', 'lc_collate', 'TimeZone')`
	want := "TimeZone=UTC data_checksums=on"
	if got := mustAsk(t, c.DSN(), settings); !strings.HasPrefix(got, want) || !strings.Contains(got, "listen_addresses= ") {
		t.Errorf("settings are %q, want %q and no listen address", got, want)
	}
	if got := mustAsk(t, c.DSN(), `SELECT lower('ÉCOLE') || ' ' || (('Z' < 'a')::text)`); got != "école true" {
		t.Errorf("text is treated as %q, want French lower case in byte order", got)
	}
	for _, path := range []string{dir, filepath.Join(dir, "data"), filepath.Join(dir, "socket")} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %o, want 700", path, info.Mode().Perm())
		}
	}
}

func TestProductionIsDurable(t *testing.T) {
	t.Parallel()
	c := start(t, cluster.Options{Dir: filepath.Join(room(t), "pg")})
	settings := `SELECT current_setting('fsync') || current_setting('full_page_writes') || current_setting('synchronous_commit')`
	if got := mustAsk(t, c.DSN(), settings); got != "ononon" {
		t.Errorf("fsync, full_page_writes and synchronous_commit are %q, want all on", got)
	}
}

func TestStopDisconnectsBusyClients(t *testing.T) {
	t.Parallel()
	c := start(t, cluster.Options{Dir: filepath.Join(room(t), "pg"), Unsafe: true})
	ended := make(chan error, 1)
	go func() {
		_, err := ask(c.DSN(), `SELECT pg_sleep(600)::text`)
		ended <- err
	}()
	eventually(t, "the client is busy", func() bool {
		return mustAsk(t, c.DSN(), `SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'`) == "1"
	})
	stop(t, c)
	if err := <-ended; err == nil {
		t.Error("the client's statement came to a good end")
	}
}

func TestStopInHasteSaysSoAndLosesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "pg")
	c := start(t, cluster.Options{Dir: dir})
	mustAsk(t, c.DSN(), `CREATE TABLE kept AS SELECT 'here'::text AS what`)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := c.Stop(ctx)
	if left := processes(t, dir); len(left) > 0 {
		t.Errorf("processes %v run after Stop", left)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the reason of the haste", err)
	}
	again := start(t, cluster.Options{Dir: dir})
	if got := mustAsk(t, again.DSN(), `SELECT what FROM kept`); got != "here" {
		t.Errorf("the table holds %q, want here", got)
	}
}

func TestASecondVigieIsToldWhoHoldsTheDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "pg")
	start(t, cluster.Options{Dir: dir, Unsafe: true})
	_, err := cluster.Start(context.Background(), cluster.Options{Dir: dir})
	want := fmt.Sprintf("the data directory %s is in use by another Vigie (process %d)", dir, os.Getpid())
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestOfTwoStartsAtOnceOneWins(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "pg")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	type result struct {
		c   *cluster.Cluster
		err error
	}
	results := make(chan result)
	for range 2 {
		go func() {
			c, err := cluster.Start(ctx, cluster.Options{Dir: dir, Unsafe: true})
			results <- result{c, err}
		}()
	}
	var refused []error
	for range 2 {
		r := <-results
		if r.err != nil {
			refused = append(refused, r.err)
			continue
		}
		t.Cleanup(func() { stop(t, r.c) })
	}
	if len(refused) != 1 || !strings.Contains(refused[0].Error(), "in use by another Vigie") {
		t.Errorf("refused: %v, want exactly one, told of the other", refused)
	}
}

func TestALongPathGetsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), strings.Repeat("long/", 20), "pg")
	c := start(t, cluster.Options{Dir: dir, Unsafe: true})
	if got := mustAsk(t, c.DSN(), `SELECT 'yes'`); got != "yes" {
		t.Errorf("the server answers %q", got)
	}
	socket := mustAsk(t, c.DSN(), `SHOW unix_socket_directories`)
	if strings.Contains(socket, "long") {
		t.Errorf("the socket is in %s", socket)
	}
	stop(t, c)
	if _, err := os.Stat(strings.Trim(socket, `"`)); err == nil {
		t.Errorf("%s is left behind", socket)
	}
}
