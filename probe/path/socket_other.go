//go:build !linux

package path

import (
	"errors"
	"fmt"
	"time"
)

type socket struct{ method Method }

func open(o Options) (*socket, error) {
	return nil, fmt.Errorf("trace %s: only Linux tells of routers on the way: %w", o.Host, errors.ErrUnsupported)
}

func (*socket) close() {}

func (*socket) send(int, uint16) error { return errors.ErrUnsupported }

func (*socket) receive(time.Time, time.Time) ([]arrival, error) { return nil, errors.ErrUnsupported }
