//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
)

// load is what an engine is asked to do.
type load struct {
	Targets int
	// PerSecond is how many echoes leave in a second, evenly; 0 = as many as can.
	PerSecond int
	// Echoes is how many make a round, and Rounds how many rounds each target gets.
	Echoes, Rounds int
}

// figures are what a load came to.
type figures struct {
	Sent, Lost int     // echoes with a known outcome; of them those called lost
	Unmeasured int     // echoes that did not leave or have no known outcome
	Seconds    float64 // by the clock
	PeakMB     float64 // the most memory the process held
	// Allocations is how many were made for an echo after the first round.
	Allocations float64
	P99, P999   float64 // of the round trips, in microseconds
}

// timeout is ample on a loopback, and little enough to wait for at the end.
const timeout = 500 * time.Millisecond

// settle is how long the kernel is given to begin with its stamps.
const settle = 100 * time.Millisecond

// bench is one measurement under way.
type bench struct {
	load
	engine *icmp.Engine
	got    figures
	rtts   []int32 // counts, by microsecond; the last holds all longer ones
}

func (l load) measure() (figures, error) {
	gap := time.Minute // flat out nothing is given up for being late
	if l.PerSecond > 0 {
		gap = time.Second * time.Duration(l.Targets) / time.Duration(l.PerSecond)
	}
	engine, err := icmp.New(icmp.Options{Echoes: l.Echoes, Gap: gap, Timeout: timeout})
	if err != nil {
		return figures{}, err
	}
	defer engine.Close()
	time.Sleep(settle)
	b := bench{load: l, engine: engine, rtts: make([]int32, 10_000)}
	began := time.Now()
	if l.PerSecond > 0 {
		err = b.paced(began, gap)
	} else {
		err = b.flatOut()
	}
	if err != nil {
		return figures{}, err
	}
	b.got.Seconds = time.Since(began).Seconds()
	b.got.P99, b.got.P999 = b.percentile(0.99), b.percentile(0.999)
	b.got.PeakMB, err = peakMB()
	return b.got, err
}

// target is an address of 127.0.0.0/8.
func (b *bench) target(i int) probe.Target {
	n := uint32(127<<24 + 1 + i)
	return probe.Target{ID: int64(i), Kind: probe.Link, Addr: netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})}
}

// paced adds each round of all targets when it begins, as the prober does.
func (b *bench) paced(began time.Time, gap time.Duration) error {
	var m allocations
	for r := range b.Rounds {
		start := began.Add(time.Duration(r*b.Echoes) * gap)
		for i := range b.Targets {
			if err := b.engine.Add(icmp.Round{Target: b.target(i), Start: start.Add(gap * time.Duration(i) / time.Duration(b.Targets))}); err != nil {
				return err
			}
		}
		if r == 1 {
			m = countAllocations(b.got)
		}
		if err := b.advance(start.Add(time.Duration(b.Echoes) * gap)); err != nil {
			return err
		}
	}
	if b.Rounds > 1 {
		b.got.Allocations = m.perEcho(b.got)
	}
	for b.got.Sent+b.got.Unmeasured < b.Targets*b.Echoes*b.Rounds {
		if err := b.advance(time.Now().Add(timeout)); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is how many rounds are added flat out between two looks.
const atOnce = 1024

// flatOut adds rounds due at once, again and again, until each target had its rounds.
func (b *bench) flatOut() error {
	total := b.Targets * b.Rounds
	var m allocations
	past := time.Now().Add(-time.Second)
	for added := 0; b.got.Sent+b.got.Unmeasured < total; {
		until := time.Now()
		for range min(atOnce, total-added) {
			if err := b.engine.Add(icmp.Round{Target: b.target(added % b.Targets), Start: past}); err != nil {
				return err
			}
			added++
		}
		if added == total {
			until = until.Add(timeout)
		}
		if m.mallocs == 0 && b.got.Sent > total/4 {
			m = countAllocations(b.got)
		}
		if err := b.advance(until); err != nil {
			return err
		}
	}
	b.got.Allocations = m.perEcho(b.got)
	return nil
}

// advance has the engine work until the given time, and counts.
func (b *bench) advance(until time.Time) error {
	for again := true; again; again = time.Now().Before(until) {
		results, err := b.engine.Advance(context.Background(), until)
		if err != nil {
			return err
		}
		for _, r := range results {
			b.got.Sent += r.Observation.Sent()
			b.got.Unmeasured += r.Unsent + r.Void
			for _, micros := range r.Observation.RTTMicros {
				if micros == probe.Lost {
					b.got.Lost++
					continue
				}
				b.rtts[min(int(micros), len(b.rtts)-1)]++
			}
		}
	}
	return nil
}

func (b *bench) percentile(p float64) float64 {
	rank := int(p * float64(b.got.Sent-b.got.Lost))
	for micros, count := range b.rtts {
		if rank -= int(count); rank < 0 {
			return float64(micros)
		}
	}
	return float64(len(b.rtts))
}

// allocations is a look at the allocator.
type allocations struct {
	mallocs uint64
	sent    int
}

func countAllocations(f figures) allocations {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return allocations{m.Mallocs, f.Sent}
}

func (a allocations) perEcho(f figures) float64 {
	now := countAllocations(f)
	return float64(now.mallocs-a.mallocs) / float64(max(1, now.sent-a.sent))
}

// peakMB is the most memory this process held, without what its parent did.
func peakMB() (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		var kB float64
		if _, err := fmt.Sscanf(lines.Text(), "VmHWM: %g kB", &kB); err == nil {
			return kB / 1024, nil
		}
	}
	return 0, fmt.Errorf("/proc/self/status: no VmHWM")
}
