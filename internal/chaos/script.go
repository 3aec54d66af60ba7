//go:build linux

package main

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/lab"
)

// outage is a time in which a link carried nothing. It is open while until is zero.
type outage struct {
	link        string
	from, until time.Time
}

// script fails the lab's links for as long as an installation stands, and remembers when.
type script struct {
	network *lab.Network

	mu      sync.Mutex
	outages []outage

	stop    context.CancelFunc
	running sync.WaitGroup
}

// The lengths of what befalls links. The POP fails for longer than a mass waits for its
// ticket (180 s), the others for a few cycles.
const (
	singleEvery  = 20 * time.Second // at least; up to four times that
	singleLasts  = 5 * time.Second  // at least; up to three times that
	massAfter    = 40 * time.Second
	massLasts    = 205 * time.Second
	massRecovers = 400 * time.Second
)

// play begins to fail links: those of the first POP together, the others one by one.
func play(network *lab.Network, links []inventory.Link, seed uint64) *script {
	ctx, stop := context.WithCancel(context.Background())
	s := &script{network: network, stop: stop}
	var mass []inventory.Link
	for i, l := range links {
		if l.POP == links[0].POP {
			mass = append(mass, l)
			continue
		}
		chance := rand.New(rand.NewPCG(seed, uint64(i)))
		s.running.Go(func() {
			for pause(ctx, singleEvery+time.Duration(chance.Int64N(int64(3*singleEvery)))) {
				s.fail(ctx, singleLasts+time.Duration(chance.Int64N(int64(2*singleLasts))), l)
			}
		})
	}
	s.running.Go(func() {
		for wait := massAfter; pause(ctx, wait); wait = massRecovers {
			s.fail(ctx, massLasts, mass...)
		}
	})
	return s
}

func (s *script) fail(ctx context.Context, lasts time.Duration, links ...inventory.Link) {
	s.mu.Lock()
	for _, l := range links {
		s.outages = append(s.outages, outage{link: l.Ref, from: time.Now()})
		s.set(l.ProbeAddress, true)
	}
	s.mu.Unlock()
	pause(ctx, lasts)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range links {
		s.set(l.ProbeAddress, false)
		for i := range s.outages {
			if s.outages[i].link == l.Ref && s.outages[i].until.IsZero() {
				s.outages[i].until = time.Now()
			}
		}
	}
}

func (s *script) set(addr netip.Addr, cut bool) {
	if err := s.network.Set(addr, lab.Impairment{Cut: cut}); err != nil {
		panic(err) // the address is of the topology, the impairment valid
	}
}

// soFar are the outages that have begun.
func (s *script) soFar() []outage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.outages)
}

func (s *script) end() {
	s.stop()
	s.running.Wait()
}

// pause waits, and is false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
