package icmp

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sleeper waits with a timer of the kernel's. Of a timer of the runtime's each tick
// wakes two more threads for nothing, one to look for further work and one to watch,
// which costs as much as ten echoes; of a descriptor that becomes readable it does not.
type sleeper struct {
	file    *os.File
	raw     syscall.RawConn
	rung    func(fd uintptr) bool // made once
	after   func(fd uintptr)      // sets the timer to d
	d       unix.ItimerSpec
	watched context.Context // whose end rings
	leave   func() bool
}

func newSleeper() (*sleeper, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("icmp: make a timer: %w", err)
	}
	s := &sleeper{file: os.NewFile(uintptr(fd), "timerfd")}
	if s.raw, err = s.file.SyscallConn(); err != nil {
		return nil, fmt.Errorf("icmp: make a timer: %w", err)
	}
	var expirations [8]byte
	s.rung = func(fd uintptr) bool {
		_, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&expirations[0])), uintptr(len(expirations)))
		return errno == 0
	}
	s.after = func(fd uintptr) { setTimer(fd, &s.d) }
	return s, nil
}

// setTimer does not tell the scheduler, as transfer. It cannot fail with a time that is
// not negative.
func setTimer(fd uintptr, d *unix.ItimerSpec) {
	_, _, _ = unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(d)), 0, 0, 0)
}

// sleep waits for d, or for the end of ctx.
func (s *sleeper) sleep(ctx context.Context, d time.Duration) error {
	s.watch(ctx)
	s.d.Value = unix.NsecToTimespec(max(d, 1).Nanoseconds())
	if err := s.raw.Control(s.after); err != nil {
		return fmt.Errorf("icmp: set the timer: %w", err)
	}
	if ctx.Err() != nil { // it rang before the timer was set
		return nil
	}
	if err := s.raw.Read(s.rung); err != nil {
		return fmt.Errorf("icmp: wait for the timer: %w", err)
	}
	return nil
}

// watch has the end of ctx ring; a context that is given again and again costs nothing.
func (s *sleeper) watch(ctx context.Context) {
	if ctx == s.watched {
		return
	}
	s.unwatch()
	s.watched = ctx
	if ctx.Done() != nil {
		s.leave = context.AfterFunc(ctx, func() {
			now := unix.ItimerSpec{Value: unix.Timespec{Nsec: 1}}
			_ = s.raw.Control(func(fd uintptr) { setTimer(fd, &now) }) // closed: nobody sleeps
		})
	}
}

func (s *sleeper) unwatch() {
	if s.leave != nil {
		s.leave()
	}
	s.watched, s.leave = nil, nil
}

func (s *sleeper) close() error {
	s.unwatch()
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("icmp: close the timer: %w", err)
	}
	return nil
}
