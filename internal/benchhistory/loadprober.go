//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"vigie/internal/outpost"
	"vigie/internal/pipe"
	"vigie/internal/prober"
	"vigie/internal/vantage"
	"vigie/probe"
	"vigie/probe/schedule"
)

// probersOrder says which probers to play, by their credentials.
type probersOrder struct {
	Dir         string
	Credentials []string
	Links       int // of all of them together
}

// probersSaid is what they say: a line once all links are asked, another at the end.
type probersSaid struct {
	Rounds int64 // of links, published so far
}

// player is a prober elsewhere with all that one has but sockets: its plan comes from the
// core, its stream lies on its disk, and its rounds are generated.
type player struct {
	name   string
	core   *pipe.Core
	stream *pipe.Pipe

	digest          string
	links, canaries []int64
	seq             uint64
	asked           atomic.Int64 // links of the cycle that it plays
	rounds          atomic.Int64
}

func newPlayer(ctx context.Context, dir, credential string, log *slog.Logger) (*player, error) {
	c, err := vantage.ParseCredential([]byte(credential))
	if err != nil {
		return nil, err
	}
	p := &player{name: c.Name, stream: pipe.New(pipe.Options{Dir: dir, Log: log})}
	if p.core, err = pipe.Dial(pipe.Way{Address: c.Core, Name: c.Name, Seed: c.Seed, Fingerprint: c.Pin(), Log: log}); err != nil {
		return nil, err
	}
	return p, p.stream.Start(ctx)
}

// playProbers is the process of the probers.
func playProbers(ctx context.Context, o probersOrder) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// What was published is still handed over once the probers have ended.
	forwarding, stop := context.WithCancel(context.WithoutCancel(ctx))
	var playing, handing sync.WaitGroup
	var players []*player
	for i, text := range o.Credentials {
		p, err := newPlayer(ctx, filepath.Join(o.Dir, fmt.Sprint(i)), text, log)
		if err != nil {
			stop()
			return err
		}
		players = append(players, p)
		playing.Go(func() { cancel(p.play(ctx)) })
		handing.Go(func() {
			if err := p.stream.Forward(forwarding, p.core); err != nil {
				cancel(err)
			}
		})
	}
	err := whenAsked(ctx, players, o.Links)
	if err == nil {
		err = tell(probersSaid{})
	}
	playing.Wait()
	said := probersSaid{}
	for _, p := range players {
		err = errors.Join(err, p.drain(forwarding))
		said.Rounds += p.rounds.Load()
	}
	stop()
	handing.Wait()
	for _, p := range players {
		p.stream.Stop()
		p.core.Close()
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	return errors.Join(err, tell(said))
}

// whenAsked returns once the probers together play every link in one cycle.
func whenAsked(ctx context.Context, players []*player, links int) error {
	for {
		var asked int64
		for _, p := range players {
			asked += p.asked.Load()
		}
		if asked == int64(links) {
			return nil
		}
		if !wait(ctx, time.Now().Add(time.Second)) {
			return nil
		}
	}
}

// wait returns at a time, or false when the context ends before.
func wait(ctx context.Context, until time.Time) bool {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// play publishes the batches of each cycle, each when its last round is over, until the
// context ends.
func (p *player) play(ctx context.Context) error {
	for cycle := schedule.Start(time.Now(), loadCycle); ; {
		if err := p.follow(ctx); err != nil {
			return err
		}
		// A whole cycle goes to the disk at its end, when the next one has begun.
		cycle = later(cycle.Add(loadCycle), schedule.Start(time.Now(), loadCycle))
		if !wait(ctx, cycle) {
			return context.Canceled
		}
		p.asked.Store(int64(len(p.links)))
		done := 0
		err := batches(p.name, p.links, p.canaries, cycle, func(b probe.Batch) error {
			done += len(b.Observations)
			over := cycle.Add(loadCycle)
			if !b.Last {
				over = cycle.Add(time.Duration(done) * loadCycle / time.Duration(len(p.links)))
			}
			if !wait(ctx, over) {
				return context.Canceled
			}
			p.seq++
			b.Seq = p.seq
			p.rounds.Add(int64(len(b.Observations)))
			return p.stream.Publish(context.WithoutCancel(ctx), b)
		})
		if err != nil {
			return err
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// follow asks the core for the plan.
func (p *player) follow(ctx context.Context) error {
	question, err := json.Marshal(outpost.Hello{Digest: p.digest})
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := p.core.Ask(asking, question)
	if err != nil {
		if p.digest != "" { // the old plan goes on, as with a real one
			return nil
		}
		return fmt.Errorf("ask the core for a plan: %w", err)
	}
	var w outpost.Welcome
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	if len(w.Plan) == 0 {
		return nil
	}
	plan, err := prober.DecodePlan(w.Plan)
	if err != nil {
		return err
	}
	p.digest, p.links, p.canaries = outpost.Digest(w.Plan), nil, nil
	for _, t := range plan.Targets {
		switch t.Kind {
		case probe.Link:
			p.links = append(p.links, t.ID)
		case probe.Canary:
			p.canaries = append(p.canaries, t.ID)
		}
	}
	return nil
}

// drainWithin bounds how long what was published may take to reach the core.
const drainWithin = time.Minute

// drain returns when the core has everything.
func (p *player) drain(ctx context.Context) error {
	for deadline := time.Now().Add(drainWithin); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if left, err := p.stream.Pending(ctx); err != nil || left == 0 {
			return err
		}
	}
	return fmt.Errorf("prober %s could not hand its batches over within %s", p.name, drainWithin)
}
