package lab

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	deviceName = "vigie0"
	devicePath = "/dev/net/tun"
)

// openTUN makes a TUN device in the namespace of the calling thread. It lives
// as long as the file; each Read and Write of the file is one packet.
func openTUN() (*os.File, error) {
	const purpose = "carry packets between its namespaces"
	fd, err := unix.Open(devicePath, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &UnavailableError{Missing: devicePath, Purpose: purpose, Err: err}
	}
	request, err := unix.NewIfreq(deviceName)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		return nil, errors.Join(lacks("CAP_NET_ADMIN", purpose, err), unix.Close(fd))
	}
	// Only now: a descriptor that joins the poller before it has a device
	// would be reported as broken for ever.
	return os.NewFile(uintptr(fd), devicePath), nil
}

// timerfd implements alarm with a timer of the kernel's, precise to some tens
// of microseconds.
type timerfd struct{ *os.File }

func openTimerfd() (timerfd, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return timerfd{}, fmt.Errorf("lab: create a timer: %w", err)
	}
	return timerfd{os.NewFile(uintptr(fd), "timerfd")}, nil
}

func (t timerfd) set(after time.Duration) error {
	raw, err := t.SyscallConn()
	if err != nil {
		return err
	}
	var refused error
	err = raw.Control(func(fd uintptr) {
		once := unix.ItimerSpec{Value: unix.NsecToTimespec(after.Nanoseconds())}
		refused = unix.TimerfdSettime(int(fd), 0, &once, nil)
	})
	return errors.Join(err, refused)
}

func (t timerfd) wait() error {
	var expirations [8]byte
	_, err := t.Read(expirations[:])
	return err
}
