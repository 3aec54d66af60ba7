//go:build !linux

package icmp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

const (
	replies = 0
	stamps  = 1
)

// arrival and socket exist on Linux only; here opening refuses.
type arrival struct {
	message    []byte
	from       netip.Addr
	stampNanos int64
}

type socket struct {
	family     family
	identifier uint16
	used       bool
}

func openSocket(family) (*socket, error) {
	return nil, fmt.Errorf("icmp: the batched echo engine needs Linux: %w", errors.ErrUnsupported)
}

func (*socket) request(int, netip.Addr) []byte { return nil }
func (*socket) send(int, int) (int, error)     { return 0, errors.ErrUnsupported }
func (*socket) read(int) (int, error)          { return 0, errors.ErrUnsupported }
func (*socket) reply(int) arrival              { return arrival{} }
func (*socket) stamp(int) arrival              { return arrival{} }
func (*socket) dropped() (uint32, error)       { return 0, errors.ErrUnsupported }
func (*socket) close() error                   { return nil }

// sleeper exists on Linux only, as the socket.
type sleeper struct{}

func newSleeper() (*sleeper, error) {
	return nil, fmt.Errorf("icmp: the batched echo engine needs Linux: %w", errors.ErrUnsupported)
}

func (*sleeper) sleep(context.Context, time.Duration) error { return errors.ErrUnsupported }
func (*sleeper) close() error                               { return nil }
