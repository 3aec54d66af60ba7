//go:build !linux

package icmp

import (
	"errors"
	"fmt"
	"net/netip"
)

// arrival and socket exist on Linux only; here opening refuses.
type arrival struct {
	message    []byte
	from       netip.Addr
	stampNanos int64
}

type socket struct{ identifier uint16 }

func openSocket() (*socket, error) {
	return nil, fmt.Errorf("icmp: the batched echo engine needs Linux: %w", errors.ErrUnsupported)
}

func (*socket) send([]byte, netip.Addr) error   { return errors.ErrUnsupported }
func (*socket) receive(func(arrival)) error     { return errors.ErrUnsupported }
func (*socket) transmitted(func(arrival)) error { return errors.ErrUnsupported }
func (*socket) dropped() (uint32, error)        { return 0, errors.ErrUnsupported }
func (*socket) close() error                    { return nil }
