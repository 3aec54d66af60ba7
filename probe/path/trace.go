package path

import (
	"context"
	"slices"
	"time"

	"vigie/probe"
)

// maxRouters bounds the routers told of one hop.
const maxRouters = 16

// Find traces and sums up what each hop answered. It fails as Run does, and with the error
// of a context that ends before the last round.
func Find(ctx context.Context, o Options, cause probe.TraceCause) (*probe.Trace, error) {
	t := &probe.Trace{Cause: cause, Begun: time.Now().UTC().Truncate(time.Microsecond), To: o.Host.Unmap()}
	delays := map[int][]int64{}
	method, err := Run(ctx, o, func(p Probe) { add(t, delays, p) })
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	t.Method = string(method)
	finish(t, delays)
	return t, nil
}

// add counts one probe into its hop.
func add(t *probe.Trace, delays map[int][]int64, p Probe) {
	if p.Kind == Unsent {
		return
	}
	for len(t.Hops) < p.Hop {
		t.Hops = append(t.Hops, probe.Hop{Number: len(t.Hops) + 1})
	}
	h := &t.Hops[p.Hop-1]
	h.Sent++
	if p.Kind == Lost {
		return
	}
	h.Received++
	delays[p.Hop] = append(delays[p.Hop], p.RTT.Microseconds())
	if from := p.From.Unmap().WithZone(""); !slices.Contains(h.From, from) && len(h.From) < maxRouters {
		h.From = append(h.From, from)
	}
	h.Refused = h.Refused || p.Kind == Unreachable
	t.Reached = t.Reached || p.Kind == Reached
}

// finish takes the medians, and leaves out the silent hops beyond the last that answered
// but one: behind it nothing is known.
func finish(t *probe.Trace, delays map[int][]int64) {
	last := 0
	for i := range t.Hops {
		if found := delays[i+1]; len(found) > 0 {
			slices.Sort(found)
			t.Hops[i].MedianMicros = found[(len(found)-1)/2]
			last = i + 1
		}
	}
	if beyond := last + 1; !t.Reached && len(t.Hops) > beyond {
		t.Hops = t.Hops[:beyond]
	}
}
