package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// needed are the capabilities that a network takes: namespaces, devices and routes,
// raw sockets, the port of SNMP.
var needed = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_NET_BIND_SERVICE}

// Capable reports whether this process has the capabilities that a network takes.
func Capable() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return false
	}
	for _, c := range needed {
		if sets[c/32].Effective&(1<<(c%32)) == 0 {
			return false
		}
	}
	return true
}

// AgainInUserNamespace runs this program once more, with the same arguments and as
// the same user, in a user namespace where it has the capabilities that a network
// takes, and returns its exit status. Only a process of one thread can enter a user
// namespace, which a Go program never is: it has to be born there. It stays in the
// network namespace of this process, so that its pages answer where they would
// have. It is asked to end when ctx does, or when this process dies.
//
// An *UnavailableError says that this machine gives no such namespace; the program
// has not run then.
func AgainInUserNamespace(ctx context.Context) (status int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("lab: find this program: %w", err)
	}
	again := exec.Command(self, os.Args[1:]...)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
		AmbientCaps: needed, // what a user who is not root keeps across exec
		Pdeathsig:   syscall.SIGTERM,
	}
	// The death that Pdeathsig means is that of the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := again.Start(); err != nil {
		return 0, &UnavailableError{Missing: "a user namespace", Purpose: "run without root", Err: err}
	}
	asked := context.AfterFunc(ctx, func() { _ = again.Process.Signal(syscall.SIGTERM) }) // it may have ended by itself
	defer asked()
	err = again.Wait()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return 0, fmt.Errorf("lab: wait for the program in its user namespace: %w", err)
	}
	return again.ProcessState.ExitCode(), nil
}
