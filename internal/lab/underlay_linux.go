package lab

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// threadNamespace is the network namespace of the calling thread.
const threadNamespace = "/proc/thread-self/ns/net"

// openUnderlay makes the two namespaces, each with its device and routes, and
// the alarm. On error it leaves nothing behind.
func openUnderlay() (*underlay, error) {
	prober, err := openEnd(configureProber)
	if err != nil {
		return nil, err
	}
	operator, err := openEnd(configureOperator)
	if err != nil {
		return nil, errors.Join(err, prober.close())
	}
	alarm, err := openTimerfd()
	if err != nil {
		return nil, errors.Join(err, prober.close(), operator.close())
	}
	var agents desk
	err = onOwnThread(func() (bool, error) {
		return within(operator.namespace, func() (err error) {
			agents, err = openDesk()
			return err
		})
	})
	if err != nil {
		return nil, errors.Join(err, prober.close(), operator.close(), alarm.Close())
	}
	return &underlay{
		answer:     agents.serve,
		agents:     agents,
		ends:       [2]io.ReadWriteCloser{proberSide: prober.device, operatorSide: operator.device},
		alarm:      alarm,
		inProber:   func(f func() error) (bool, error) { return within(prober.namespace, f) },
		inOperator: func(f func() error) (bool, error) { return within(operator.namespace, f) },
		close: func() error {
			return errors.Join(prober.namespace.Close(), operator.namespace.Close())
		},
	}, nil
}

// end is one side's namespace, which lives as long as its descriptor, and the
// device in it.
type end struct {
	namespace, device *os.File
}

func (e end) close() error { return errors.Join(e.device.Close(), e.namespace.Close()) }

// openEnd makes a namespace with a device in it and has it configured.
func openEnd(configure func(*netlink, string) error) (end, error) {
	var made end
	err := onOwnThread(func() (restored bool, err error) {
		host, err := os.Open(threadNamespace)
		if err != nil {
			return true, fmt.Errorf("lab: open the host's network namespace: %w", err)
		}
		defer host.Close()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return true, lacks("CAP_SYS_ADMIN", "make network namespaces", err)
		}
		if made, err = furnish(configure); err != nil {
			return false, err
		}
		return enter(host) == nil, nil
	})
	return made, err
}

// furnish opens the namespace of the calling thread, which was just made, and
// puts a configured device into it.
func furnish(configure func(*netlink, string) error) (end, error) {
	namespace, err := os.Open(threadNamespace)
	if err != nil {
		return end{}, fmt.Errorf("lab: open a new network namespace: %w", err)
	}
	device, err := openTUN()
	if err != nil {
		return end{}, errors.Join(err, namespace.Close())
	}
	made := end{namespace: namespace, device: device}
	link, err := openNetlink()
	if err != nil {
		return end{}, errors.Join(err, made.close())
	}
	if err := errors.Join(configure(link, deviceName), link.close()); err != nil {
		return end{}, errors.Join(err, made.close())
	}
	return made, nil
}

// within calls f on the calling thread, which is locked, inside a namespace.
// It reports whether the thread is back in its own.
func within(namespace *os.File, f func() error) (restored bool, err error) {
	host, err := os.Open(threadNamespace)
	if err != nil {
		return true, fmt.Errorf("lab: open the host's network namespace: %w", err)
	}
	defer host.Close()
	if err := enter(namespace); err != nil {
		return true, fmt.Errorf("lab: enter the lab's network namespace: %w", err)
	}
	err = f()
	return enter(host) == nil, err
}

// enter moves the calling thread into a namespace. It fails with os.ErrClosed
// when the namespace was closed.
func enter(namespace *os.File) error {
	raw, err := namespace.SyscallConn()
	if err != nil {
		return err
	}
	var refused error
	err = raw.Control(func(fd uintptr) { refused = unix.Setns(int(fd), unix.CLONE_NEWNET) })
	return errors.Join(err, refused)
}

// lacks names what is missing when the kernel refused an operation: the
// capability when it was a matter of permission, else the kernel's support.
func lacks(capability, purpose string, err error) error {
	missing := capability
	if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
		missing = "support of this kernel"
	}
	return &UnavailableError{Missing: missing, Purpose: purpose, Err: err}
}
