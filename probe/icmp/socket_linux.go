package icmp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
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
	// droppedAt is the place of the drop count among the figures of SO_MEMINFO
	// (SK_MEMINFO_DROPS in linux/sock_diag.h), each of 4 bytes.
	droppedAt  = 8
	memFigures = 9
)

// arrival is a message read from the socket.
type arrival struct {
	message    []byte // valid until the next read only
	from       netip.Addr
	stampNanos int64 // wall clock of the kernel, since the Unix epoch; 0 when it set none
}

// queue of a socket that is read.
const (
	replies = 0
	stamps  = unix.MSG_ERRQUEUE
)

// socket is the one ICMP socket of a family: raw, or a ping socket.
type socket struct {
	family     family
	fd         int
	identifier uint16
	headed     bool // messages come behind their IPv4 header
	used       bool // a request was handed to the kernel
	out        *outgoing
	in         *incoming
	figures    [memFigures]uint32
	figuresLen uint32
	dropsSeen  uint32
}

// domain and protocol are what sockets of a family are opened with.
var (
	domain   = [families]int{v4: unix.AF_INET, v6: unix.AF_INET6}
	protocol = [families]int{v4: unix.IPPROTO_ICMP, v6: unix.IPPROTO_ICMPV6}
)

// openSocket opens a raw socket, or else a ping socket, in the network
// namespace of the calling thread.
func openSocket(f family) (*socket, error) {
	s, err := openRaw(f)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		s, err = openPing(f)
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

func newSocket(f family, kind int) (*socket, error) {
	fd, err := unix.Socket(domain[f], kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol[f])
	if err != nil {
		return nil, err
	}
	return &socket{family: f, fd: fd, out: newOutgoing(f), in: newIncoming()}, nil
}

func openRaw(f family) (*socket, error) {
	s, err := newSocket(f, unix.SOCK_RAW)
	if err != nil {
		return nil, fmt.Errorf("icmp: open a raw socket: %w", err)
	}
	s.identifier, s.headed = uint16(rand.Uint32()), f == v4
	if err := s.filter(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openPing opens a ping socket (since Linux 3.0, of IPv6 since 3.11): the kernel gives
// it the identifier and lets only replies that bear it through.
func openPing(f family) (*socket, error) {
	s, err := newSocket(f, unix.SOCK_DGRAM)
	if err != nil {
		return nil, fmt.Errorf("icmp: open a ping socket: %w", err)
	}
	anywhere := unix.Sockaddr(&unix.SockaddrInet4{})
	if f == v6 {
		anywhere = &unix.SockaddrInet6{}
	}
	if err := unix.Bind(s.fd, anywhere); err != nil {
		return nil, errors.Join(fmt.Errorf("icmp: bind the ping socket: %w", err), s.close())
	}
	bound, err := unix.Getsockname(s.fd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("icmp: read the identifier of the ping socket: %w", err), s.close())
	}
	switch bound := bound.(type) {
	case *unix.SockaddrInet4:
		s.identifier = uint16(bound.Port)
	case *unix.SockaddrInet6:
		s.identifier = uint16(bound.Port)
	}
	return s, nil
}

// filter lets only echo replies with our identifier into the raw socket. By the type
// alone the kernel can refuse a packet before it makes a copy for the socket; the
// program is asked after that.
func (s *socket) filter() error {
	const accept = 0x7fffffff
	if err := s.filterTypes(); err != nil {
		return fmt.Errorf("icmp: set the filter of types: %w", err)
	}
	header := bpf.Instruction(bpf.LoadMemShift{Off: 0}) // X = length of the IP header
	if s.family == v6 {
		header = bpf.LoadConstant{Dst: bpf.RegX, Val: 0} // which is off already
	}
	program, err := bpf.Assemble([]bpf.Instruction{
		header,
		bpf.LoadIndirect{Off: 0, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(replyType[s.family]), SkipFalse: 3},
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

// filterTypes refuses every type but that of a reply.
func (s *socket) filterTypes() error {
	if s.family == v4 {
		const icmpFilter = 1 // ICMP_FILTER of linux/icmp.h: a bit set refuses a type
		return unix.SetsockoptInt(s.fd, unix.SOL_RAW, icmpFilter, ^(1 << replyType[v4]))
	}
	var types unix.ICMPv6Filter // likewise (RFC 3542, 3.2, as Linux has it)
	for i := range types.Data {
		types.Data[i] = ^uint32(0)
	}
	types.Data[replyType[v6]/32] &^= 1 << (replyType[v6] % 32)
	return unix.SetsockoptICMPv6Filter(s.fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &types)
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

// request returns the room for the i-th message of a burst, addressed to an address.
func (s *socket) request(i int, to netip.Addr) []byte {
	if s.family == v4 {
		s.out.to4[i].Addr = to.As4()
	} else {
		s.out.to6[i].Addr = to.As16()
	}
	return s.out.messages[i][:]
}

// send hands the messages from first to before end to the kernel, in order, and returns
// how many it took. An error is why it did not take the first; errBusy when that does
// not fit now.
func (s *socket) send(first, end int) (int, error) {
	s.used = true
	for {
		n, err := transfer(unix.SYS_SENDMMSG, s.fd, &s.out.batch[first], end-first, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
			return 0, errBusy
		default:
			return n, err
		}
	}
}

// read reads a burst of one of the socket's queues: replies, or our requests with their
// stamps. Fewer than a burst are all there is.
func (s *socket) read(queue int) (int, error) { return s.in.read(s.fd, queue) }

// reply returns one of the replies read. Without a message where there was another
// packet.
func (s *socket) reply(i int) arrival {
	a := s.in.arrival(i)
	if s.headed {
		a.message = stripIPv4(a.message)
	}
	return a
}

// stamp returns one of the requests read, behind the headers of the way out.
func (s *socket) stamp(i int) arrival { return s.in.arrival(i) }

// dropped returns how many messages the kernel dropped since the last call
// because the buffer was full. Asked of the socket, the count is known even when
// no further message comes to carry it, as SO_RXQ_OVFL would need.
func (s *socket) dropped() (uint32, error) {
	s.figuresLen = uint32(unsafe.Sizeof(s.figures))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&s.figures)), uintptr(unsafe.Pointer(&s.figuresLen)), 0)
	if errno != 0 {
		return 0, errno
	}
	since := s.figures[droppedAt] - s.dropsSeen
	s.dropsSeen = s.figures[droppedAt]
	return since, nil
}
