package icmp

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// packetLen is more than our packet with any headers of the way out.
	packetLen = 256
	// controlLen is more than a stamp and what says which packet it is of.
	controlLen = 256
)

// batched is struct mmsghdr of sendmmsg(2) and recvmmsg(2).
type batched struct {
	header unix.Msghdr
	length uint32 // set by the kernel: bytes of the message
}

// outgoing is room for a burst of requests.
type outgoing struct {
	batch    [burst]batched
	vectors  [burst]unix.Iovec
	to4      [burst]unix.RawSockaddrInet4
	to6      [burst]unix.RawSockaddrInet6
	messages [burst][messageLen]byte
}

func newOutgoing(f family) *outgoing {
	o := &outgoing{}
	for i := range burst {
		o.vectors[i].Base = &o.messages[i][0]
		o.vectors[i].SetLen(messageLen)
		header := &o.batch[i].header
		header.Iov = &o.vectors[i]
		header.SetIovlen(1)
		if f == v4 {
			o.to4[i].Family = unix.AF_INET
			header.Name, header.Namelen = (*byte)(unsafe.Pointer(&o.to4[i])), unix.SizeofSockaddrInet4
		} else {
			o.to6[i].Family = unix.AF_INET6
			header.Name, header.Namelen = (*byte)(unsafe.Pointer(&o.to6[i])), unix.SizeofSockaddrInet6
		}
	}
	return o
}

// incoming is room for a burst of messages with their stamps.
type incoming struct {
	batch    [burst]batched
	vectors  [burst]unix.Iovec
	from     [burst]unix.RawSockaddrInet6 // the larger one; of IPv4 the beginning is used
	packets  [burst][packetLen]byte
	controls [burst][controlLen]byte
}

func newIncoming() *incoming {
	in := &incoming{}
	for i := range burst {
		in.vectors[i].Base = &in.packets[i][0]
		in.vectors[i].SetLen(packetLen)
		header := &in.batch[i].header
		header.Iov = &in.vectors[i]
		header.SetIovlen(1)
		header.Name = (*byte)(unsafe.Pointer(&in.from[i]))
		header.Control = &in.controls[i][0]
	}
	return in
}

// read fills the room from a socket, or its queue of errors, and returns how many
// messages there are; fewer than a burst when no more came.
func (in *incoming) read(fd, flags int) (int, error) {
	for i := range burst {
		header := &in.batch[i].header
		header.Namelen = unix.SizeofSockaddrInet6
		header.SetControllen(controlLen)
	}
	for {
		n, err := transfer(unix.SYS_RECVMMSG, fd, &in.batch[0], burst, flags|unix.MSG_DONTWAIT)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, unix.EAGAIN):
			return 0, nil
		case !errors.Is(err, unix.EINTR):
			return 0, err
		}
	}
}

// arrival returns a message that read found.
func (in *incoming) arrival(i int) arrival {
	b := &in.batch[i]
	return arrival{
		message:    in.packets[i][:b.length],
		from:       in.source(i),
		stampNanos: stampOf(in.controls[i][:b.header.Controllen]),
	}
}

// source is the address a message came from; none in the queue of errors.
func (in *incoming) source(i int) netip.Addr {
	from := &in.from[i]
	switch {
	case in.batch[i].header.Namelen == 0:
		return netip.Addr{}
	case from.Family == unix.AF_INET:
		return netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(from)).Addr)
	case from.Family == unix.AF_INET6:
		return netip.AddrFrom16(from.Addr)
	}
	return netip.Addr{}
}

// transfer calls sendmmsg or recvmmsg on a socket that never waits. So the scheduler
// is not told of the call, which would cost as much as the kernel's work for some
// messages.
func transfer(call uintptr, fd int, first *batched, count, flags int) (int, error) {
	n, _, errno := unix.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(first)), uintptr(count), uintptr(flags), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// stampOf returns the kernel's software stamp among the control messages, 0 when
// there is none.
func stampOf(control []byte) int64 {
	for len(control) >= unix.CmsgLen(0) {
		header := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		length := int(header.Len)
		if length < unix.CmsgLen(0) || length > len(control) {
			return 0
		}
		data := control[unix.CmsgLen(0):length]
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SO_TIMESTAMPING_NEW && len(data) >= 16 {
			seconds := int64(binary.NativeEndian.Uint64(data))
			nanos := int64(binary.NativeEndian.Uint64(data[8:]))
			return seconds*int64(time.Second) + nanos
		}
		control = control[min(len(control), unix.CmsgSpace(length-unix.CmsgLen(0))):]
	}
	return 0
}
