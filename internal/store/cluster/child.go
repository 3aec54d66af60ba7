package cluster

import (
	"os/exec"
	"runtime"
	"syscall"
)

// child is a running program of PostgreSQL.
type child struct {
	pid    int
	exited chan struct{} // closed when the program has ended
	err    error         // how it ended; valid once exited is closed
}

// spawn starts cmd. The kernel sends the parent-death signal when the *thread* that started the
// program ends, so that thread stays locked to its goroutine until the program has ended.
func spawn(cmd *exec.Cmd) (*child, error) {
	c := &child{exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		c.pid = cmd.Process.Pid
		started <- nil
		c.err = cmd.Wait()
		close(c.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// signal sends sig to the program alone, when it still runs.
func (c *child) signal(sig syscall.Signal) {
	select {
	case <-c.exited:
	default:
		_ = syscall.Kill(c.pid, sig) // it may have ended meanwhile
	}
}
