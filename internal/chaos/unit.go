//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vigie/internal/lab"
)

// restartAfter is how long after its end a program is started again, as a service manager
// would.
const restartAfter = 300 * time.Millisecond

// unit is a program of an installation and its service manager: whatever ends it, it is
// started again, unless it is held down.
type unit struct {
	name    string
	line    []string
	log     string // file of what it says
	network *lab.Network

	mu     sync.Mutex
	held   bool
	closed bool
	shift  time.Duration // of the wall clock that it sees
	cmd    *exec.Cmd     // nil while it does not run
	asked  bool          // its end was
	ends   []string      // that nobody asked for
	starts int

	wake chan struct{}
	done chan struct{}
}

func newUnit(network *lab.Network, name, log string, line ...string) *unit {
	u := &unit{name: name, line: line, log: log, network: network, held: true, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go u.keep()
	return u
}

// keep starts the program again and again.
func (u *unit) keep() {
	defer close(u.done)
	for {
		u.mu.Lock()
		held, closed := u.held, u.closed
		u.mu.Unlock()
		if closed {
			return
		}
		if held {
			<-u.wake
			continue
		}
		// The thread that starts it waits for it: the kernel ends it with its thread.
		if err := u.network.InProber(u.live); err != nil {
			u.note(err.Error())
		}
		select {
		case <-u.wake:
		case <-time.After(restartAfter):
		}
	}
}

// live is one life of the program, on a thread of the prober's namespace.
func (u *unit) live() error {
	log, err := os.OpenFile(u.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(u.line[0], u.line[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	u.mu.Lock()
	if u.held || u.closed {
		u.mu.Unlock()
		return nil
	}
	fmt.Fprintf(log, "--- start %d at %s\n", u.starts+1, time.Now().Format(time.RFC3339Nano))
	if err := startShifted(cmd, u.shift); err != nil {
		u.mu.Unlock()
		return fmt.Errorf("start: %w", err)
	}
	u.cmd, u.asked = cmd, false
	u.starts++
	u.mu.Unlock()
	err = cmd.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.cmd = nil
	if !u.asked {
		if err == nil {
			err = errors.New("exit status 0")
		}
		u.ends = append(u.ends, fmt.Sprintf("%s ended by itself at %s: %v", u.name, time.Now().Format(time.TimeOnly), err))
	}
	fmt.Fprintf(log, "--- ended at %s: %v\n", time.Now().Format(time.RFC3339Nano), err)
	return nil
}

func (u *unit) note(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ends = append(u.ends, u.name+": "+text)
}

func (u *unit) poke() {
	select {
	case u.wake <- struct{}{}:
	default: // it is awake already
	}
}

// up lets the program run, with a wall clock that is right.
func (u *unit) up() { u.upAt(0) }

// upAt lets it run with a wall clock that is wrong by a shift, from its next start on.
func (u *unit) upAt(shift time.Duration) {
	u.mu.Lock()
	u.held, u.shift = false, shift
	u.mu.Unlock()
	u.poke()
}

// signal sends a signal that ends the program; it is started again.
func (u *unit) signal(s syscall.Signal) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.cmd != nil {
		u.asked = true
		_ = u.cmd.Process.Signal(s) // it may have ended
	}
}

// kill ends the program without a word; it is started again.
func (u *unit) kill() { u.signal(unix.SIGKILL) }

// down ends the program by a signal and keeps it from starting; it returns when it ended.
func (u *unit) down(s syscall.Signal) {
	u.mu.Lock()
	u.held = true
	u.mu.Unlock()
	u.signal(s)
	for u.running() {
		time.Sleep(10 * time.Millisecond)
	}
}

func (u *unit) running() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.cmd != nil
}

// unasked returns the ends of the program that nobody asked for, since the last call.
func (u *unit) unasked() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	ends := u.ends
	u.ends = nil
	return ends
}

// stopWithin is how long a program may take to end in order.
const stopWithin = 40 * time.Second

// close ends the program in order, and the unit.
func (u *unit) close() {
	u.mu.Lock()
	u.held, u.closed = true, true
	u.mu.Unlock()
	u.poke()
	u.signal(unix.SIGTERM)
	select {
	case <-u.done:
	case <-time.After(stopWithin):
		u.kill()
		<-u.done
	}
}
