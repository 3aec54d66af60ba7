package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// superuser is the database role that Vigie connects as.
const superuser = "vigie"

// initdb makes the database under a temporary name and renames it when it is complete, so that an
// interrupted one is never mistaken for a database.
func initdb(ctx context.Context, install installation, h home, unsafe bool) error {
	if err := discardDrafts(ctx, h); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(h.dir, draftName)
	if err == nil {
		err = h.owner.own(draft)
	}
	if err != nil {
		return fmt.Errorf("write in the data directory %s: %w", h.dir, reason(err))
	}
	output, err := runInitdb(ctx, install, h, initdbArgs(draft, "C.UTF-8", unsafe))
	if err != nil && strings.Contains(output, "invalid locale name") {
		output, err = runInitdb(ctx, install, h, initdbArgs(draft, "C", unsafe))
	}
	if err != nil {
		_ = os.RemoveAll(draft) // the next start discards it otherwise
		return fmt.Errorf("make the database in %s: %w", h.dir, explain(output, err))
	}
	if err := os.Rename(draft, h.data); err != nil {
		return fmt.Errorf("make the database in %s: %w", h.dir, reason(err))
	}
	return syncDir(h.dir)
}

// initdbArgs asks for text sorted byte by byte, which no upgrade of the system's locales can
// change under an index, with the character classes of ctype.
func initdbArgs(draft, ctype string, unsafe bool) []string {
	args := []string{
		"--pgdata=" + draft, "--username=" + superuser, "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--lc-ctype=" + ctype, "--data-checksums", "--no-instructions",
	}
	if unsafe {
		args = append(args, "--no-sync")
	}
	return args
}

// runInitdb returns what initdb printed.
func runInitdb(ctx context.Context, install installation, h home, args []string) (string, error) {
	var output bytes.Buffer
	cmd := h.owner.command(h.dir, syscall.SIGKILL, install.program("initdb"), args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	run, err := spawn(cmd)
	if err != nil {
		return "", err
	}
	select {
	case <-run.exited:
		return output.String(), run.err
	case <-ctx.Done():
		_ = syscall.Kill(-run.pid, syscall.SIGKILL) // its whole group; it may have ended meanwhile
		<-run.exited
		return "", context.Cause(ctx)
	}
}

// discardDrafts removes what interrupted attempts left, once their last process has gone.
func discardDrafts(ctx context.Context, h home) error {
	drafts, err := filepath.Glob(filepath.Join(escapeGlob(h.dir), draftName+"*"))
	if err != nil {
		return fmt.Errorf("search %s for unfinished databases: %w", h.dir, err)
	}
	for _, draft := range drafts {
		if err := vacate(ctx, draft); err != nil {
			return err
		}
		if err := os.RemoveAll(draft); err != nil {
			return fmt.Errorf("remove the unfinished database %s: %w", draft, reason(err))
		}
	}
	return nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return fmt.Errorf("write the data directory %s: %w", path, reason(err))
	}
	return nil
}

// explain turns what a program of PostgreSQL printed into one sentence, or returns err when it
// printed nothing that says more.
func explain(output string, err error) error {
	if strings.Contains(output, syscall.ENOSPC.Error()) || strings.Contains(output, "No space left on device") {
		return errors.New("the disk is full: free some space")
	}
	for _, mark := range []string{"FATAL:", "PANIC:", "error:"} {
		if _, message, found := strings.Cut(output, mark); found {
			message, _, _ = strings.Cut(message, "\n")
			return errors.New(strings.TrimSpace(message))
		}
	}
	return err
}
