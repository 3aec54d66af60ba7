package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/app"
	"vigie/internal/lab"
	"vigie/internal/lab/operator"
	"vigie/internal/store/cluster"
)

// brokenPOP belongs to an operator that is written to automatically, and the
// demo's script leaves it alone.
const brokenPOP = "bre-obernai"

// process is a running vigie serve --demo.
type process struct {
	cmd *exec.Cmd
	dir string
	out *bytes.Buffer
}

func serveDemo(t *testing.T, dir string) *process {
	t.Helper()
	p := &process{dir: dir, out: &bytes.Buffer{}}
	p.cmd = exec.Command("vigie", "--data", dir, "serve", "--demo", "--listen", "127.0.0.1:0")
	p.cmd.Stderr = p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
		t.Logf("vigie %d said:\n%s", p.cmd.Process.Pid, p.out)
	})
	deadline := time.Now().Add(90 * time.Second)
	for !app.Running(dir) {
		if time.Now().After(deadline) {
			t.Fatal("vigie does not answer")
		}
		time.Sleep(100 * time.Millisecond)
	}
	return p
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // its status is the kill
}

// killDatabase kills the postmaster of a data directory.
func killDatabase(t *testing.T, dir string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func breakPOP(t *testing.T, dir string) {
	t.Helper()
	if _, err := app.Connect(dir).BeginFault(t.Context(), lab.Fault{Kind: lab.KindPOP, Target: brokenPOP}); err != nil {
		t.Fatal(err)
	}
}

// opened are the mails that opened a ticket about the broken POP.
func opened(t *testing.T, dir string) []operator.Mail {
	t.Helper()
	mails, err := operator.ReadFolder(filepath.Join(dir, "lab", "mail"))
	if err != nil {
		t.Fatal(err)
	}
	var found []operator.Mail
	for _, m := range mails {
		if strings.Contains(m.Subject, "Obernai") && m.InReplyTo == "" {
			found = append(found, m)
		}
	}
	return found
}

func TestAPOPFailureMakesOneTicketWhateverIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a whole demo several times")
	}
	if os.Geteuid() != 0 {
		t.Skip("the lab needs root: nothing is killed")
	}
	dir, err := os.MkdirTemp("", "vigie-kill-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}

	p := serveDemo(t, dir)
	breakPOP(t, dir)
	time.Sleep(12 * time.Second) // in the middle of the confirmation
	p.kill(t)

	p = serveDemo(t, dir)
	breakPOP(t, dir)
	time.Sleep(6 * time.Second)
	killDatabase(t, dir)
	deadline := time.Now().Add(90 * time.Second)
	for len(opened(t, dir)) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("no operator was told of the POP failure")
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.kill(t) // the letter has left, its settlement may not be committed
	if _, err := os.Stat(filepath.Join(dir, "postgres", "data", "postmaster.pid")); err == nil {
		killDatabase(t, dir)
	}

	p = serveDemo(t, dir)
	breakPOP(t, dir)
	time.Sleep(40 * time.Second) // a job of the killed process is taken up again by then
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the orderly stop: %v", err)
	}
	ids := map[string]bool{}
	for _, m := range opened(t, dir) {
		ids[m.MessageID] = true
	}
	if len(ids) != 1 {
		t.Errorf("openings of the POP's ticket: %v, want one Message-ID", ids)
	}
	checkStored(t, dir)
}

// checkStored opens the database once more and looks for what a crash could have
// doubled or lost.
func checkStored(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{Dir: filepath.Join(dir, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}()
	conn, err := pgx.Connect(ctx, c.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for what, query := range map[string]string{
		"tickets of the POP beyond the first": `SELECT count(DISTINCT l.ticket_id) - 1 FROM ticket_link l
			JOIN link ON link.id = l.link_id JOIN ticket k ON k.id = l.ticket_id WHERE link.pop = '` + brokenPOP + `'`,
		"batches stored twice or skipped": `SELECT max(seq) - min(seq) + 1 - count(*) FROM batch`,
		"minutes neither measured nor in a gap": `SELECT count(*) FROM generate_series(
				(SELECT date_trunc('minute', min(cycle)) FROM batch),
				(SELECT date_trunc('minute', max(cycle)) - interval '1 minute' FROM batch), interval '1 minute') AS m (at)
			WHERE NOT EXISTS (SELECT FROM minute WHERE minute.at = m.at)
				AND NOT EXISTS (SELECT FROM gap WHERE from_at < m.at + interval '1 minute' AND to_at > m.at)`,
		"minutes that call the stop a loss": `SELECT count(*) FROM minute JOIN link ON link.id = minute.link_id
			WHERE link.pop NOT IN ('` + brokenPOP + `', 'cig-strasbourg-ouest', 'cig-strasbourg-centre') AND sent > 0 AND received = 0
				AND minute.at >= (SELECT date_trunc('minute', min(cycle)) FROM batch)`, // not the demo's past
	} {
		var count int
		if err := conn.QueryRow(ctx, query).Scan(&count); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if count != 0 {
			t.Errorf("%s: %d, want 0", what, count)
		}
	}
	var gaps string
	err = conn.QueryRow(ctx, `SELECT coalesce(string_agg(reason || ' ' || (to_at - from_at), ', ' ORDER BY from_at), '') FROM gap`).Scan(&gaps)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(gaps, "stopped") {
		t.Errorf("gaps: %q, want the stops", gaps)
	}
	t.Log(fmt.Sprint("gaps: ", gaps))
}
