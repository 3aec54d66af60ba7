package icmp_test

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"vigie/probe"
)

// namespace is a network namespace with nothing but its loopback, which answers
// on 127.0.0.0/8. Its functions run on one thread that lives inside.
type namespace struct {
	work chan func()
}

// newNamespace makes one, or skips the test where that is not allowed.
func newNamespace(t *testing.T) *namespace {
	t.Helper()
	n := &namespace{work: make(chan func())}
	made, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // never unlocked: the thread ends with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = loopbackUp()
		}
		made <- err
		for f := range n.work {
			f()
		}
	}()
	t.Cleanup(func() {
		close(n.work)
		<-ended
	})
	switch err := <-made; {
	case errors.Is(err, unix.EPERM):
		t.Skip("needs CAP_SYS_ADMIN to make a network namespace")
	case err != nil:
		t.Fatalf("make a network namespace: %v", err)
	}
	return n
}

// run calls f inside the namespace. It has the form of icmp.Options.Open.
func (n *namespace) run(f func() error) error {
	failed := make(chan error)
	n.work <- func() { failed <- f() }
	return <-failed
}

// sysctl writes a value below /proc/sys/net of the namespace.
func (n *namespace) sysctl(t *testing.T, name, value string) {
	t.Helper()
	err := n.run(func() error { return os.WriteFile("/proc/sys/net/"+name, []byte(value), 0) })
	if err != nil {
		t.Fatalf("set %s to %s in the namespace: %v", name, value, err)
	}
}

// silence has the namespace answer no echo any more.
func (n *namespace) silence(t *testing.T) {
	t.Helper()
	n.sysctl(t, "ipv4/icmp_echo_ignore_all", "1")
	n.sysctl(t, "ipv6/icmp/echo_ignore_all", "1")
}

// inet6 gives the loopback count addresses from 2001:db8::1 on and returns them as
// targets, or skips the test where there is no IPv6.
func (n *namespace) inet6(t *testing.T, count int) []probe.Target {
	t.Helper()
	list := make([]probe.Target, count)
	addr := netip.MustParseAddr("2001:db8::1")
	err := n.run(func() error {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		for i := range list {
			list[i] = probe.Target{ID: int64(1000 + i), Kind: probe.Link, Addr: addr}
			request := struct { // struct in6_ifreq of linux/ipv6.h; a new namespace numbers its loopback 1
				address          [16]byte
				prefixLen, index uint32
			}{addr.As16(), 128, 1}
			if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFADDR, uintptr(unsafe.Pointer(&request))); errno != 0 {
				return errno
			}
			addr = addr.Next()
		}
		return nil
	})
	switch {
	case errors.Is(err, unix.EAFNOSUPPORT):
		t.Skip("needs IPv6")
	case err != nil:
		t.Fatalf("give the loopback addresses of IPv6: %v", err)
	}
	return list
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}
