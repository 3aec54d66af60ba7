package cluster_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"vigie/internal/store/cluster"
)

// ownerDir makes the test binary a process that owns a cluster in the named directory, for
// another test to kill.
const ownerDir = "CLUSTER_TEST_OWNS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerDir); dir != "" {
		own(dir)
	}
	if err := cluster.Installed(); errors.Is(err, cluster.ErrNotInstalled) && os.Getenv("CI") == "" {
		fmt.Println("skipped:", err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// own tells the address of the cluster, or why there is none, and waits to be killed.
func own(dir string) {
	c, err := cluster.Start(context.Background(), cluster.Options{Dir: dir})
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	fmt.Println(c.DSN())
	select {}
}

// owner starts a process that owns a cluster in dir and returns it with the first line it says.
// attributes may be nil.
func owner(t *testing.T, dir string, attributes *syscall.SysProcAttr) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), ownerDir+"="+dir)
	cmd.SysProcAttr = attributes
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	return cmd, bufio.NewScanner(out)
}

// kill ends a process as kill -9 does and waits for its end; a second call does nothing.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// owned is owner with a cluster that answers, and its address.
func owned(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd, said := owner(t, dir, nil)
	if !said.Scan() {
		t.Fatalf("the owner said nothing: %v", said.Err())
	}
	if !strings.HasPrefix(said.Text(), "postgres://") {
		t.Fatal(said.Text())
	}
	return cmd, said.Text()
}

// postmaster returns the process number of the server in dir.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func killPostmaster(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Kill(postmaster(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// events collects what a cluster tells.
type events struct {
	mu   sync.Mutex
	seen []cluster.Event
}

func (e *events) add(event cluster.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, event)
}

func (e *events) kinds() []cluster.EventKind {
	e.mu.Lock()
	defer e.mu.Unlock()
	var kinds []cluster.EventKind
	for _, event := range e.seen {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

func TestAKilledServerComesBackWithEverythingCommitted(t *testing.T) {
	t.Parallel()
	var told events
	dir := filepath.Join(room(t), "pg")
	c := start(t, cluster.Options{Dir: dir, Notify: told.add})
	mustAsk(t, c.DSN(), `CREATE TABLE written (n int PRIMARY KEY)`)
	var want []cluster.EventKind
	acknowledged := 0
	for range 2 {
		acknowledged = writeUntilLost(t, c.DSN(), acknowledged, func() { killPostmaster(t, dir) })
		want = append(want, cluster.Lost, cluster.Restarted)
		eventually(t, "the server is back", func() bool { return len(told.kinds()) >= len(want) })
		missing := mustAsk(t, c.DSN(), fmt.Sprintf(
			`SELECT count(*)::text FROM generate_series(1, %d) AS n WHERE NOT EXISTS (SELECT FROM written w WHERE w.n = n)`, acknowledged))
		if missing != "0" {
			t.Errorf("%s of %d committed rows are lost", missing, acknowledged)
		}
	}
	if diff := cmp.Diff(want, told.kinds()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if masters := mustAsk(t, c.DSN(), `SELECT count(DISTINCT pid)::text FROM pg_stat_activity WHERE backend_type = 'checkpointer'`); masters != "1" {
		t.Errorf("%s servers run on one directory", masters)
	}
}

// writeUntilLost writes rows after the last one, has the server killed in the middle, and returns
// the last row whose commit was acknowledged.
func writeUntilLost(t *testing.T, dsn string, last int, strike func()) int {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }() // the server is gone
	for n := last + 1; ; n++ {
		if n == last+50 {
			strike()
		}
		// The row may have been committed without an acknowledgement the time before.
		if _, err := conn.Exec(ctx, `INSERT INTO written VALUES ($1) ON CONFLICT DO NOTHING`, n); err != nil {
			return n - 1
		}
	}
}

func TestTheServerEndsInOrderWhenItsVigieIsKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "pg")
	cmd, dsn := owned(t, dir)
	mustAsk(t, dsn, `CREATE TABLE kept AS SELECT 'here'::text AS what`)
	kill(cmd)
	eventually(t, "the orphan has gone", func() bool { return len(processes(t, dir)) == 0 })
	log, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "fast shutdown") || !strings.Contains(string(log), "database system is shut down") {
		t.Errorf("the server did not shut down in order:\n%s", log)
	}
}

func TestAfterAnyDeathTheNextStartFindsTheData(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, cmd *exec.Cmd, dir string){
		"of Vigie":                          func(_ *testing.T, cmd *exec.Cmd, _ string) { kill(cmd) },
		"of the server, then of Vigie":      func(t *testing.T, cmd *exec.Cmd, dir string) { killPostmaster(t, dir); kill(cmd) },
		"of Vigie, then of the server":      killBoth,
		"of both, and the number is reused": killBothAndReuseTheNumber,
	}
	for name, strike := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(room(t), "pg")
			cmd, dsn := owned(t, dir)
			mustAsk(t, dsn, `CREATE TABLE kept AS SELECT 'here'::text AS what`)
			strike(t, cmd, dir)
			c := start(t, cluster.Options{Dir: dir}) // while the orphan may still be there
			if got := mustAsk(t, c.DSN(), `SELECT what FROM kept`); got != "here" {
				t.Errorf("the table holds %q, want here", got)
			}
		})
	}
}

// killBoth stops the server first, so that it cannot react to the death of its Vigie.
func killBoth(t *testing.T, cmd *exec.Cmd, dir string) {
	pid := postmaster(t, dir)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	kill(cmd)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// killBothAndReuseTheNumber leaves the server's traces behind with a process number that belongs
// to somebody else by now.
func killBothAndReuseTheNumber(t *testing.T, cmd *exec.Cmd, dir string) {
	pid := postmaster(t, dir)
	killBoth(t, cmd, dir)
	bystander := os.Getppid()
	for _, path := range []string{"data/postmaster.pid", "socket/.s.PGSQL.5432.lock"} {
		path = filepath.Join(dir, path)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.Replace(string(text), strconv.Itoa(pid), strconv.Itoa(bystander), 1))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnInterruptedInitdbIsDoneAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "pg")
	for range 3 {
		cmd, _ := owner(t, dir, nil)
		eventually(t, "initdb has begun", func() bool {
			drafts, err := filepath.Glob(filepath.Join(dir, "data.new-*", "base", "1"))
			return len(drafts) > 0 && err == nil
		})
		kill(cmd)
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Fatal("initdb ended before it was killed")
	}
	c := start(t, cluster.Options{Dir: dir})
	if got := mustAsk(t, c.DSN(), `SELECT 'yes'`); got != "yes" {
		t.Errorf("the server answers %q", got)
	}
	drafts, err := filepath.Glob(filepath.Join(dir, "data.new-*"))
	if len(drafts) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", drafts, err)
	}
}

func TestAStrayServerIsToldToLeaveBeforeAnotherStarts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "pg")
	stop(t, start(t, cluster.Options{Dir: dir}))
	pid, err := cluster.StartStray(dir, func(probe func() error) error {
		eventually(t, "the stray answers", func() bool { return probe() == nil })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, cluster.Options{Dir: dir})
	for _, occupant := range processes(t, dir) {
		if occupant == pid {
			t.Errorf("the stray server, process %d, still runs", pid)
		}
	}
}

func TestRestartsAreTriedUntilOneSucceeds(t *testing.T) {
	t.Parallel()
	var told events
	dir := filepath.Join(room(t), "pg")
	c := start(t, cluster.Options{Dir: dir, Unsafe: true, Notify: told.add})
	control := filepath.Join(dir, "data", "global", "pg_control")
	if err := os.Rename(control, control+".away"); err != nil {
		t.Fatal(err)
	}
	killPostmaster(t, dir)
	eventually(t, "two restarts have failed", func() bool { return len(told.kinds()) >= 3 })
	if err := os.Rename(control+".away", control); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is back", func() bool {
		kinds := told.kinds()
		return kinds[len(kinds)-1] == cluster.Restarted
	})
	want := []cluster.EventKind{cluster.Lost, cluster.RestartFailed, cluster.RestartFailed}
	if diff := cmp.Diff(want, told.kinds()[:3]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if why := told.seen[1].Err; why == nil || !strings.Contains(why.Error(), dir) {
		t.Errorf("the failure is told as %v, want the directory named", why)
	}
	if got := mustAsk(t, c.DSN(), `SELECT 'yes'`); got != "yes" {
		t.Errorf("the server answers %q", got)
	}
}

func TestStopDoesNotWaitForTheNextRestart(t *testing.T) {
	t.Parallel()
	var told events
	dir := filepath.Join(room(t), "pg")
	c := start(t, cluster.Options{Dir: dir, Unsafe: true, Notify: told.add})
	control := filepath.Join(dir, "data", "global", "pg_control")
	if err := os.Rename(control, control+".away"); err != nil {
		t.Fatal(err)
	}
	killPostmaster(t, dir)
	eventually(t, "restarts are far apart", func() bool { return len(told.kinds()) >= 5 })
	began := time.Now()
	stop(t, c)
	if took := time.Since(began); took > time.Second {
		t.Errorf("Stop took %v", took)
	}
	if left := processes(t, dir); len(left) > 0 {
		t.Errorf("processes %v run after Stop", left)
	}
	// Only a server can free the shared memory of the one that was killed.
	if err := os.Rename(control+".away", control); err != nil {
		t.Fatal(err)
	}
	start(t, cluster.Options{Dir: dir, Unsafe: true})
}
