package path

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// socket sends the probes of a trace, and is told by the kernel what became of them.
type socket struct {
	fd      int
	host    netip.Addr
	method  Method
	raw     bool
	id      uint16
	mark    mark
	buffer  [2048]byte
	control [512]byte
}

// patience is how long one wait lasts at most, before the context is looked at.
const patience = 100 * time.Millisecond

// open makes a socket, in the network namespace that the options choose.
func open(o Options) (*socket, error) {
	s := &socket{fd: -1, host: o.Host, method: o.Method}
	if _, err := rand.Read(s.mark[:]); err != nil {
		return nil, err
	}
	s.id = binary.BigEndian.Uint16(s.mark[:])
	in := o.Open
	if in == nil {
		in = func(create func() error) error { return create() }
	}
	if err := in(s.create); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// create tries what is asked, or one way after another.
func (s *socket) create() error {
	var err error
	if s.method != UDP {
		err = s.createEcho()
		if err == nil || s.method == ICMP || !errors.Is(err, os.ErrPermission) {
			s.method = ICMP
			return err
		}
	}
	s.method, s.raw = UDP, false
	return s.make(unix.SOCK_DGRAM, unix.IPPROTO_UDP)
}

func (s *socket) createEcho() error {
	protocol := unix.IPPROTO_ICMP
	if s.host.Is6() {
		protocol = unix.IPPROTO_ICMPV6
	}
	s.raw = true
	err := s.make(unix.SOCK_RAW, protocol)
	if errors.Is(err, os.ErrPermission) {
		s.raw = false
		err = s.make(unix.SOCK_DGRAM, protocol)
	}
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("trace %s: not allowed to send echoes: grant CAP_NET_RAW, or add the group of this process to net.ipv4.ping_group_range, or use UDP: %w", s.host, err)
	}
	if err != nil {
		return err
	}
	if s.raw {
		if err := s.filter(); err != nil {
			return err
		}
	}
	// What others send is kept out by the kernel.
	if err := unix.Connect(s.fd, s.sockaddr(0)); err != nil {
		return fmt.Errorf("trace %s: %w", s.host, err)
	}
	return nil
}

func (s *socket) make(kind, protocol int) error {
	family, level, option := unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVERR
	if s.host.Is6() {
		family, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVERR
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	s.fd = fd
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, option, 1))
}

// filter has a raw socket take echo replies only.
func (s *socket) filter() error {
	if s.host.Is6() {
		var f unix.ICMPv6Filter
		for i := range f.Data {
			f.Data[i] = ^uint32(0)
		}
		f.Data[echoReply6/32] &^= 1 << (echoReply6 % 32)
		return os.NewSyscallError("setsockopt", unix.SetsockoptICMPv6Filter(s.fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &f))
	}
	const icmpFilter = 1 // linux/icmp.h
	all := ^int32(1 << echoReply4)
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s.fd, unix.SOL_RAW, icmpFilter, int(all)))
}

func (s *socket) sockaddr(port int) unix.Sockaddr {
	if s.host.Is4() {
		return &unix.SockaddrInet4{Port: port, Addr: s.host.As4()}
	}
	to := &unix.SockaddrInet6{Port: port, Addr: s.host.As16()}
	if zone := s.host.Zone(); zone != "" {
		to.ZoneId = zoneOf(zone)
	}
	return to
}

func (s *socket) close() {
	if s.fd >= 0 {
		_ = unix.Close(s.fd) // nothing is left to say
	}
}

// send sends one probe with a hop limit.
func (s *socket) send(hops int, number uint16) error {
	level, option := unix.IPPROTO_IP, unix.IP_TTL
	if s.host.Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS
	}
	if err := unix.SetsockoptInt(s.fd, level, option, hops); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	// An error that an answer has left behind is told, and forgotten, by the next call.
	const forgets = 3
	var err error
	for range forgets {
		if s.method == UDP {
			err = unix.Sendto(s.fd, s.mark[:], 0, s.sockaddr(firstPort+int(number)))
		} else {
			_, err = unix.Write(s.fd, echo(s.host.Is6(), s.id, number, s.mark))
		}
		if err == nil {
			return nil
		}
	}
	return os.NewSyscallError("send", err)
}

// receive gives what has come, or comes until an instant.
func (s *socket) receive(now, until time.Time) ([]arrival, error) {
	if got := s.drain(); len(got) > 0 {
		return got, nil
	}
	wait := min(until.Sub(now), patience)
	if wait <= 0 {
		return nil, nil
	}
	// Rounded up: a wait of less than a millisecond would be none.
	_, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, int((wait+time.Millisecond-1)/time.Millisecond))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return nil, os.NewSyscallError("poll", err)
	}
	return s.drain(), nil
}

// maxDrain bounds what is read at once: a flood must not hold up the probes.
const maxDrain = 256

func (s *socket) drain() []arrival {
	var all []arrival
	for _, flags := range []int{unix.MSG_ERRQUEUE, 0} {
		for range maxDrain {
			n, control, _, from, err := unix.Recvmsg(s.fd, s.buffer[:], s.control[:], flags|unix.MSG_DONTWAIT)
			if errors.Is(err, unix.EAGAIN) {
				break
			}
			if err != nil {
				continue // one that an answer has left behind; the queue tells it whole
			}
			at := time.Now()
			a, ok := s.reply(s.buffer[:n], from)
			if flags != 0 {
				a, ok = s.told(s.buffer[:n], s.control[:control], from)
			}
			if ok {
				a.at = at
				all = append(all, a)
			}
		}
	}
	return all
}

// reply reads an answer of the host itself.
func (s *socket) reply(b []byte, from unix.Sockaddr) (arrival, bool) {
	address, port := place(from)
	a := arrival{kind: Reached, from: address}
	if address != s.host.WithZone("") {
		return a, false
	}
	if s.method == UDP { // something listens there after all
		a.number = uint16(port - firstPort)
		return a, port >= firstPort && port < firstPort+numbers
	}
	if s.raw && s.host.Is4() {
		var ok bool
		if b, ok = stripHeader(b); !ok {
			return a, false
		}
	}
	number, ok := readReply(b, s.host.Is6(), s.mark)
	a.number = number
	return a, ok
}

// told reads what the kernel says of a probe; to is where that was sent.
func (s *socket) told(quoted, control []byte, to unix.Sockaddr) (arrival, bool) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return arrival{}, false
	}
	for _, m := range messages {
		four := m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_RECVERR
		six := m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if !four && !six {
			continue
		}
		a, ok := readError(m.Data, s.host.WithZone(""), s.method)
		if !ok {
			return a, false
		}
		if s.method == UDP {
			_, port := place(to)
			a.number = uint16(port - firstPort)
			return a, port >= firstPort && port < firstPort+numbers
		}
		a.number, ok = readQuoted(quoted, s.host.Is6(), s.mark)
		return a, ok
	}
	return arrival{}, false
}

func place(a unix.Sockaddr) (netip.Addr, int) {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(a.Addr), a.Port
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(a.Addr).Unmap(), a.Port
	}
	return netip.Addr{}, 0
}

// zoneOf is the number of an interface, 0 when there is none of that name.
func zoneOf(name string) uint32 {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0
	}
	return uint32(i.Index)
}
