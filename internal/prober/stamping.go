package prober

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"vigie/probe"
)

// Reflector is where the delay of a link is measured by STAMP.
type Reflector struct {
	Link int64
	Addr netip.AddrPort
}

const (
	// stampEvery is the time between two sessions to a reflector.
	stampEvery = time.Minute
	// stampsTogether bounds the sessions under way.
	stampsTogether = 256
)

// SetReflectors replaces the reflectors that are asked; it may be called at any time. Each
// link has one at most, else the error names the link and the list before remains.
func (p *Prober) SetReflectors(reflectors []Reflector) error {
	seen := make(map[int64]bool, len(reflectors))
	var list []errand
	for _, r := range reflectors {
		if !r.Addr.IsValid() || r.Addr.Port() == 0 || seen[r.Link] {
			return fmt.Errorf("prober %s: reflector %s of link %d, expected one with an address and a port", p.opts.Name, r.Addr, r.Link)
		}
		seen[r.Link] = true
		list = append(list, errand{id: r.Link, every: stampEvery, place: r.Addr.String(), do: func(ctx context.Context) { p.stamp(ctx, r) }})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reflectors = list
	return nil
}

// stamp measures once and reports what was found.
func (p *Prober) stamp(ctx context.Context, r Reflector) {
	begun := time.Now()
	found, err := p.opts.Stamp(ctx, r.Addr)
	now := time.Now()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		p.unasked.add(r.Link, err, now)
	case found.Sent > 0:
		found.Loaded = p.heavy.loaded(r.Link, begun, now)
		p.report(probe.Report{Link: r.Link, At: now.UTC().Truncate(time.Microsecond), Finding: found})
	}
}

// stamping measures to reflectors until ctx ends.
func (p *Prober) stamping(ctx context.Context) {
	work := errands{name: p.opts.Name, most: stampsTogether, left: p.leaveOut, list: func() []errand {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.reflectors
	}}
	work.run(ctx)
}
