package watch

import (
	"context"
	"time"

	"vigie/internal/measure"
	"vigie/probe"
)

// Devices is what a transaction of the live chain can do about what routers carry.
type Devices interface {
	// Device returns what the router of a link carried when it was walked last, and
	// holds it until the end of the transaction; nil before its first walk.
	Device(ctx context.Context, link int64) (*Device, error)
	// SaveDevice replaces it.
	SaveDevice(ctx context.Context, d Device) error
}

// Device is what the router of a link carried when it was walked last.
type Device struct {
	Link   int64
	At     time.Time // of the walk
	Since  time.Time // it has been so at every walk from then on
	Prober string
	probe.Device
}

// applyDevice lets a walk replace the one before it. What a change ends is kept as a
// finding. A walk that ended midway replaces none, nor does one that comes after a
// later one.
func (s *Service) applyDevice(ctx context.Context, tx Tx, prober string, link int64, at time.Time, d probe.Device, now time.Time) error {
	if at.After(now.Add(s.cycle())) { // a clock is wrong
		return nil
	}
	former, err := tx.Device(ctx, link)
	if err != nil {
		return err
	}
	next := Device{Link: link, At: at, Since: at, Prober: prober, Device: d}
	switch {
	case former == nil:
	case !at.After(former.At) || d.Problem != "":
		return nil
	case former.Problem != "": // now it is whole
	case len(measure.DeviceChanges(former.Device, d)) == 0:
		next.Since = former.Since
	default:
		ended := probe.Report{Link: link, At: former.At, Finding: &former.Device}
		if err := tx.SaveReports(ctx, former.Prober, []probe.Report{ended}); err != nil {
			return err
		}
	}
	return tx.SaveDevice(ctx, next)
}
