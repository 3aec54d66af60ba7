package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// How long a server that nobody waits for may take to leave: it is asked again after askAfter (it
// may have missed the death of its Vigie), told to quit without a checkpoint after quitAfter, and
// given up on after giveUpAfter.
const (
	askAfter    = time.Second
	quitAfter   = time.Minute
	giveUpAfter = 90 * time.Second
)

// vacate returns when no server process works in the data directory any more. The caller holds
// the directory's lock, so whoever is there belongs to a Vigie that has died.
func vacate(ctx context.Context, data string) error {
	began, signalled := time.Now(), syscall.Signal(0)
	for {
		pids, err := occupants(data)
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			return nil
		}
		next := signalled
		switch waited := time.Since(began); {
		case waited > giveUpAfter:
			return fmt.Errorf("an older PostgreSQL (process %d) does not leave %s: end it and start again", pids[0], data)
		case waited > quitAfter:
			next = syscall.SIGQUIT
		case waited > askAfter:
			next = syscall.SIGINT
		}
		if next != signalled {
			signalled = next
			for _, pid := range pids {
				_ = syscall.Kill(pid, next) // it may be gone, which is what we want
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until an older PostgreSQL (process %d) has left %s: %w", pids[0], data, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// occupants returns the server processes whose working directory is the data directory: the
// postmaster and all its children stay in it from beginning to end. A person's shell there is
// none of them.
func occupants(data string) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("look for running servers: %w", err)
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		process := filepath.Join("/proc", entry.Name())
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil || !strings.HasPrefix(string(name), "post") { // postgres, postmaster
			continue
		}
		// An error means that the process has ended, is another user's, or ours in another
		// user namespace.
		cwd, err := os.Readlink(filepath.Join(process, "cwd"))
		if cwd == data || errors.Is(err, fs.ErrPermission) && serves(process, data) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// serves reports whether the command line of a process of our own names the data directory. It
// is all that can be seen of a postmaster whose Vigie ran in a user namespace that is gone; the
// children do not say where they work, and end with it.
func serves(process, data string) bool {
	var about syscall.Stat_t
	if err := syscall.Stat(process, &about); err != nil || about.Uid != uint32(os.Geteuid()) {
		return false
	}
	line, err := os.ReadFile(filepath.Join(process, "cmdline"))
	return err == nil && strings.Contains(string(line), "\x00-D\x00"+data+"\x00")
}

// sweep removes what a killed server leaves behind. A left-over process number may meanwhile
// belong to somebody else, and PostgreSQL would then refuse to start. The caller holds the lock
// and has seen the directory vacated.
func (h home) sweep() error {
	for _, path := range []string{
		filepath.Join(h.data, "postmaster.pid"),
		filepath.Join(h.socket, socketFile),
		filepath.Join(h.socket, socketFile+".lock"),
	} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove %s, left by a server that was killed: %w", path, reason(err))
		}
	}
	return nil
}
