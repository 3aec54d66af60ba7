package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// queueLength is that of the devices, in packets: room for a burst that the
// emulator has not read yet, so that the kernel invents no loss.
const queueLength = 20_000

// netlink configures the namespace of the thread that opened it through
// rtnetlink (rtnetlink(7)); the ip command need not be there.
type netlink struct {
	fd       int
	sequence uint32
}

func openNetlink() (*netlink, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("lab: open a netlink socket: %w", err)
	}
	return &netlink{fd: fd}, nil
}

func (n *netlink) close() error { return unix.Close(n.fd) }

// configureProber gives the device the prober's address and sends everything
// for the operator's network through it.
func configureProber(n *netlink, device string) error {
	index, err := n.up(device)
	if err != nil {
		return err
	}
	self := netip.PrefixFrom(ProberAddress, ProberAddress.BitLen())
	if err := n.addAddress(index, self); err != nil {
		return err
	}
	return n.addRoute(index, OperatorNetwork, viaDevice)
}

// configureOperator makes the kernel answer for the whole operator's network
// and sends everything for the prober through the device.
func configureOperator(n *netlink, device string) error {
	loopback, err := n.up("lo")
	if err != nil {
		return err
	}
	index, err := n.up(device)
	if err != nil {
		return err
	}
	if err := n.addRoute(loopback, OperatorNetwork, local); err != nil {
		return err
	}
	// One kernel is the routers of all links: limited like one, it would leave the
	// datagrams of traces unanswered that routers each for itself answer. Where the file
	// is not to be written the lab does with less.
	_ = os.WriteFile("/proc/sys/net/ipv4/icmp_ratelimit", []byte("0"), 0)
	return n.addRoute(index, netip.PrefixFrom(ProberAddress, ProberAddress.BitLen()), viaDevice)
}

// up sets an interface up with a long queue and returns its index.
func (n *netlink) up(name string) (int, error) {
	// A lookup by name, through a socket of the calling thread's namespace.
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return 0, fmt.Errorf("lab: find interface %s: %w", name, err)
	}
	body := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(body[4:], uint32(iface.Index))
	binary.NativeEndian.PutUint32(body[8:], unix.IFF_UP)  // flags
	binary.NativeEndian.PutUint32(body[12:], unix.IFF_UP) // which of them change
	body = appendAttribute(body, unix.IFLA_TXQLEN, binary.NativeEndian.AppendUint32(nil, queueLength))
	if err := n.request(unix.RTM_NEWLINK, 0, body); err != nil {
		return 0, fmt.Errorf("lab: set interface %s up: %w", name, err)
	}
	return iface.Index, nil
}

// addAddress gives an interface an IPv4 address.
func (n *netlink) addAddress(index int, prefix netip.Prefix) error {
	body := make([]byte, unix.SizeofIfAddrmsg)
	body[0], body[1] = unix.AF_INET, byte(prefix.Bits())
	binary.NativeEndian.PutUint32(body[4:], uint32(index))
	body = appendAttribute(body, unix.IFA_LOCAL, prefix.Addr().AsSlice())
	if err := n.request(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body); err != nil {
		return fmt.Errorf("lab: add address %v: %w", prefix, err)
	}
	return nil
}

// routeKind is what a route does with its packets.
type routeKind struct{ table, scope, kind byte }

var (
	viaDevice = routeKind{unix.RT_TABLE_MAIN, unix.RT_SCOPE_LINK, unix.RTN_UNICAST}
	// local has the kernel take every address of the route as its own.
	local = routeKind{unix.RT_TABLE_LOCAL, unix.RT_SCOPE_HOST, unix.RTN_LOCAL}
)

// addRoute routes an IPv4 network to an interface.
func (n *netlink) addRoute(index int, network netip.Prefix, kind routeKind) error {
	body := make([]byte, unix.SizeofRtMsg)
	body[0], body[1] = unix.AF_INET, byte(network.Bits())
	body[4], body[5], body[6], body[7] = kind.table, unix.RTPROT_STATIC, kind.scope, kind.kind
	body = appendAttribute(body, unix.RTA_DST, network.Masked().Addr().AsSlice())
	body = appendAttribute(body, unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(index)))
	if err := n.request(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body); err != nil {
		return fmt.Errorf("lab: add route to %v: %w", network, err)
	}
	return nil
}

// request sends one message and waits for the kernel's acknowledgement.
func (n *netlink) request(kind uint16, flags int, body []byte) error {
	n.sequence++
	message := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	message = binary.NativeEndian.AppendUint16(message, kind)
	message = binary.NativeEndian.AppendUint16(message, uint16(unix.NLM_F_REQUEST|unix.NLM_F_ACK|flags))
	message = binary.NativeEndian.AppendUint32(message, n.sequence)
	message = binary.NativeEndian.AppendUint32(message, 0) // the kernel names the sender
	message = append(message, body...)
	if err := unix.Sendto(n.fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("send a netlink request: %w", err)
	}
	answer := make([]byte, 4096)
	for {
		length, _, err := unix.Recvfrom(n.fd, answer, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("receive a netlink answer: %w", err)
		}
		return acknowledged(answer[:length])
	}
}

// acknowledged reads the answer to a request: nil, or the error it carries.
func acknowledged(answer []byte) error {
	const needed = unix.SizeofNlMsghdr + 4
	if len(answer) < needed || binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return errors.New("the netlink answer is no acknowledgement")
	}
	if code := int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}

// appendAttribute appends a route attribute, padded to four bytes.
func appendAttribute(body []byte, kind uint16, value []byte) []byte {
	body = binary.NativeEndian.AppendUint16(body, uint16(unix.SizeofRtAttr+len(value)))
	body = binary.NativeEndian.AppendUint16(body, kind)
	body = append(body, value...)
	for len(body)%unix.RTA_ALIGNTO != 0 {
		body = append(body, 0)
	}
	return body
}
