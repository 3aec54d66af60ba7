package stamp

import (
	"context"
	"slices"
	"time"

	"vigie/probe"
)

// Measure runs a session to its end and sums it up. The error of a context that ends
// before is returned, and no figure.
func Measure(ctx context.Context, o Options) (*probe.Stamp, error) {
	s := &probe.Stamp{Reflector: o.Reflector}
	var delays, forward, back []int64
	standing, err := Run(ctx, o, func(p Packet, _ Standing) {
		if p.Unsent {
			return
		}
		s.Sent++
		if p.Lost {
			return
		}
		s.Received++
		delays = append(delays, p.Delay.Microseconds())
		if p.OneWay {
			forward, back = append(forward, p.Forward.Microseconds()), append(back, p.Back.Microseconds())
		}
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	sumUp(s, delays, standing)
	if n := len(forward); n > 0 && n == s.Received {
		s.Synchronised = true
		s.ErrorMicros = within(standing)
		s.ForwardMicros, s.BackMicros = median(forward), median(back)
	}
	return s, nil
}

// longest bounds what a clock may say of itself or of another.
const longest = 10 * time.Minute

func within(s Standing) int64 {
	return min(longest, s.Own.Within()+min(longest, s.Reflector.Within())).Microseconds()
}

func sumUp(s *probe.Stamp, delays []int64, standing Standing) {
	s.Uncorrected = min(standing.Uncorrected, s.Received)
	if standing.Counts {
		s.Counted, s.ForwardLost = true, min(standing.ForwardLost, s.Sent-s.Received)
	}
	if len(delays) > 0 {
		s.MedianMicros = median(delays) // which sorts them
		s.MinMicros, s.MaxMicros = delays[0], delays[len(delays)-1]
	}
}

// median is the lower one; it sorts.
func median(micros []int64) int64 {
	slices.Sort(micros)
	return micros[(len(micros)-1)/2]
}
