package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
)

// snmpPort is where agents listen (RFC 3417).
const snmpPort = 161

// desk is the one socket of all agents: it sees which address was asked, and
// answers from it.
type desk struct{ conn *ipv4.PacketConn }

// openDesk opens the socket in the namespace of the calling thread.
func openDesk() (desk, error) {
	const purpose = "answer for the routers"
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{Port: snmpPort})
	if err != nil {
		return desk{}, lacks("CAP_NET_BIND_SERVICE", purpose, err)
	}
	conn := ipv4.NewPacketConn(socket)
	if err := conn.SetControlMessage(ipv4.FlagDst, true); err != nil {
		return desk{}, errors.Join(lacks("CAP_NET_BIND_SERVICE", purpose, err), socket.Close())
	}
	return desk{conn}, nil
}

func (d desk) Close() error { return d.conn.Close() }

// serve answers until the socket is closed, and returns what broke before that.
func (d desk) serve(agents *Agents) error {
	request := make([]byte, mtu)
	for {
		n, control, from, err := d.conn.ReadFrom(request)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lab: receive a request for a router: %w", err)
		}
		if control == nil {
			continue
		}
		addr, _ := netip.AddrFromSlice(control.Dst.To4())
		answer, err := agents.Answer(addr, request[:n], time.Now())
		if err != nil {
			continue // an agent is silent to what is not for it
		}
		// What the kernel does not take is lost, as on any network.
		_, _ = d.conn.WriteTo(answer, &ipv4.ControlMessage{Src: control.Dst}, from)
	}
}
