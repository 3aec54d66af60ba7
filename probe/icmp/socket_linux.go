package icmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	// receiveBuffer is room, in bytes, for some 2,500 echoes with their stamps
	// between two readings.
	receiveBuffer = 4 << 20
	// stamping asks for the kernel's stamp of every reply and every request. The
	// stamp of a request comes with the packet itself: told by its mark it cannot
	// be taken for another's, where a count of packets (OPT_ID) goes astray at the
	// first one the host refuses.
	stamping = unix.SOF_TIMESTAMPING_SOFTWARE | unix.SOF_TIMESTAMPING_RX_SOFTWARE | unix.SOF_TIMESTAMPING_TX_SOFTWARE
	// packetLen is more than our packet with any headers of the way out.
	packetLen = 512
	// droppedAt is the place of the drop count among the figures of SO_MEMINFO
	// (SK_MEMINFO_DROPS in linux/sock_diag.h), each of 4 bytes.
	droppedAt  = 8
	memFigures = 9
)

// arrival is a message read from the socket.
type arrival struct {
	message    []byte // valid during the call only
	from       netip.Addr
	stampNanos int64 // wall clock of the kernel, since the Unix epoch; 0 when it set none
}

// socket is the one ICMP socket: raw, or a ping socket.
type socket struct {
	fd         int
	identifier uint16
	message    func(packet []byte) (message []byte, ok bool) // what to strip from a packet read
	to         unix.SockaddrInet4
	packet     [packetLen]byte
	control    [256]byte
	dropsSeen  uint32
}

// openSocket opens a raw socket, or else a ping socket, in the network
// namespace of the calling thread.
func openSocket() (*socket, error) {
	s, err := openRaw()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		s, err = openPing()
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return nil, fmt.Errorf("icmp: not allowed to send echoes: grant CAP_NET_RAW, or add the group of this process to net.ipv4.ping_group_range: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func openRaw() (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return nil, fmt.Errorf("icmp: open a raw socket: %w", err)
	}
	s := &socket{fd: fd, identifier: uint16(rand.Uint32()), message: stripIPv4}
	if err := s.filter(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openPing opens a ping socket (since Linux 3.0): the kernel gives it the
// identifier and lets only replies that bear it through.
func openPing() (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return nil, fmt.Errorf("icmp: open a ping socket: %w", err)
	}
	s := &socket{fd: fd, message: func(packet []byte) ([]byte, bool) { return packet, true }}
	if err := unix.Bind(fd, &unix.SockaddrInet4{}); err != nil {
		return nil, errors.Join(fmt.Errorf("icmp: bind the ping socket: %w", err), s.close())
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("icmp: read the identifier of the ping socket: %w", err), s.close())
	}
	if bound, ok := name.(*unix.SockaddrInet4); ok {
		s.identifier = uint16(bound.Port)
	}
	return s, nil
}

// filter lets only echo replies with our identifier into the raw socket.
func (s *socket) filter() error {
	const accept = 0x7fffffff
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadMemShift{Off: 0}, // X = length of the IP header
		bpf.LoadIndirect{Off: 0, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: typeReply, SkipFalse: 3},
		bpf.LoadIndirect{Off: 4, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(s.identifier), SkipFalse: 1},
		bpf.RetConstant{Val: accept},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return fmt.Errorf("icmp: assemble the filter: %w", err)
	}
	code := make([]unix.SockFilter, len(program))
	for i, in := range program {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	attached := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if err := unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &attached); err != nil {
		return fmt.Errorf("icmp: attach the filter: %w", err)
	}
	return nil
}

// prepare sets the buffer and the stamps.
func (s *socket) prepare() error {
	err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer)
	if errors.Is(err, unix.EPERM) { // without CAP_NET_ADMIN: as much as net.core.rmem_max allows
		err = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
	if err != nil {
		return fmt.Errorf("icmp: set the receive buffer: %w", err)
	}
	if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING_NEW, stamping); err != nil {
		return fmt.Errorf("icmp: ask for kernel stamps: %w", err)
	}
	return nil
}

func (s *socket) close() error {
	if err := unix.Close(s.fd); err != nil {
		return fmt.Errorf("icmp: close the socket: %w", err)
	}
	return nil
}

// send hands a message to the kernel; errBusy when it does not fit now.
func (s *socket) send(message []byte, to netip.Addr) error {
	s.to.Addr = to.As4()
	err := error(unix.EINTR)
	for errors.Is(err, unix.EINTR) {
		err = unix.Sendto(s.fd, message, 0, &s.to)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
		return errBusy
	}
	return fmt.Errorf("send an echo to %s: %w", to, err)
}

// receive hands every message in the socket to take, in order of arrival.
func (s *socket) receive(take func(arrival)) error {
	return s.drain(0, func(a arrival) {
		message, ok := s.message(a.message)
		if !ok {
			message = nil // take refuses and counts it
		}
		a.message = message
		take(a)
	})
}

// transmitted hands every packet sent back with its transmit stamp to take.
func (s *socket) transmitted(take func(arrival)) error {
	return s.drain(unix.MSG_ERRQUEUE, take)
}

func (s *socket) drain(flags int, take func(arrival)) error {
	for {
		n, controlLen, _, from, err := unix.Recvmsg(s.fd, s.packet[:], s.control[:], flags)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			return nil
		}
		if err != nil {
			return err
		}
		a := arrival{message: s.packet[:n], stampNanos: stampOf(s.control[:controlLen])}
		if source, ok := from.(*unix.SockaddrInet4); ok {
			a.from = netip.AddrFrom4(source.Addr)
		}
		take(a)
	}
}

// stampOf returns the kernel's software stamp among the control messages, 0 when
// there is none.
func stampOf(control []byte) int64 {
	for len(control) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			break
		}
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SO_TIMESTAMPING_NEW && len(data) >= 16 {
			seconds := int64(binary.NativeEndian.Uint64(data))
			nanos := int64(binary.NativeEndian.Uint64(data[8:]))
			return seconds*int64(time.Second) + nanos
		}
		control = rest
	}
	return 0
}

// dropped returns how many messages the kernel dropped since the last call
// because the buffer was full. Asked of the socket, the count is known even when
// no further message comes to carry it, as SO_RXQ_OVFL would need.
func (s *socket) dropped() (uint32, error) {
	var figures [memFigures]uint32
	size := uint32(unsafe.Sizeof(figures))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&figures)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, errno
	}
	since := figures[droppedAt] - s.dropsSeen
	s.dropsSeen = figures[droppedAt]
	return since, nil
}
