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
	sums := newSums()
	method, err := Run(ctx, o, func(p Probe) { sums.add(t, p) })
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	t.Method = string(method)
	sums.finish(t)
	return t, nil
}

// sums are what a trace in the making needs beside its hops.
type sums struct {
	delays map[int][]int64 // in microseconds, by hop
	end    int             // the first hop that reached the target, 0 = none
}

func newSums() *sums { return &sums{delays: map[int][]int64{}} }

// add counts one probe into its hop.
func (s *sums) add(t *probe.Trace, p Probe) {
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
	s.delays[p.Hop] = append(s.delays[p.Hop], p.RTT.Microseconds())
	if from := p.From.Unmap().WithZone(""); !slices.Contains(h.From, from) && len(h.From) < maxRouters {
		h.From = append(h.From, from)
	}
	h.Refused = h.Refused || p.Kind == Unreachable
	if p.Kind == Reached {
		t.Reached = true
		if s.end == 0 || p.Hop < s.end {
			s.end = p.Hop
		}
	}
}

// finish takes the medians, and leaves out what is no hop. The way ends with the first
// that reached the target: probes with more hops to go had left before that was known, and
// the target answered them too. Where it was not reached, the silent hops beyond the last
// that answered are left out but one: behind it nothing is known.
func (s *sums) finish(t *probe.Trace) {
	if s.end > 0 {
		t.Hops = t.Hops[:s.end]
	}
	last := 0
	for i := range t.Hops {
		if found := s.delays[i+1]; len(found) > 0 {
			slices.Sort(found)
			t.Hops[i].MedianMicros = found[(len(found)-1)/2]
			last = i + 1
		}
	}
	if beyond := last + 1; !t.Reached && len(t.Hops) > beyond {
		t.Hops = t.Hops[:beyond]
	}
}
