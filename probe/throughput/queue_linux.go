package throughput

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unacknowledged is how many octets of a TCP connection the far end has not
// acknowledged yet (SIOCOUTQ), 0 where that cannot be told.
func unacknowledged(conn net.Conn) int64 {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0
	}
	waiting := 0
	err = raw.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			waiting = n
		}
	})
	if err != nil {
		return 0
	}
	return int64(waiting)
}
