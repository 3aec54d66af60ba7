package prober

import (
	"context"
	"errors"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
)

const (
	// canaryEchoes, canaryGap and canaryTimeout are the rhythm of the canaries beside a
	// test: a stop comes within a second.
	canaryEchoes  = 5
	canaryGap     = 100 * time.Millisecond
	canaryTimeout = 400 * time.Millisecond
	// canariesAsked is how many canaries are asked.
	canariesAsked = 4
)

var errNoCanary = errors.New("no canary is probed: nothing would tell that a test harms others")

// watchCanaries sends echoes to the canaries, round after round with an engine of its own,
// until ctx ends, and gives each whose outcome is known.
func (p *Prober) watchCanaries(ctx context.Context, echo func(rttMicros int32)) (err error) {
	var canaries []probe.Target
	for _, t := range p.current() {
		if t.Kind == probe.Canary && len(canaries) < canariesAsked {
			canaries = append(canaries, t)
		}
	}
	if len(canaries) == 0 {
		return errNoCanary
	}
	engine, err := icmp.New(icmp.Options{Echoes: canaryEchoes, Gap: canaryGap, Timeout: canaryTimeout, Open: p.opts.Open})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	for start := time.Now().Add(canaryGap); ctx.Err() == nil; start = time.Now() { // the kernel's stamps begin a moment late
		rounds := make([]icmp.Round, len(canaries))
		for i, target := range canaries {
			rounds[i] = icmp.Round{Target: target, Start: start}
		}
		if err := engine.Add(rounds...); err != nil {
			return err
		}
		for left := len(rounds); left > 0 && ctx.Err() == nil; {
			results, err := engine.Advance(ctx, time.Now().Add(canaryTimeout))
			if err != nil {
				return err
			}
			for _, r := range results {
				left--
				for _, rtt := range r.Observation.RTTMicros {
					echo(rtt)
				}
			}
		}
	}
	return nil
}
