//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// round is one fault done to an installation.
type round struct {
	number int
	fault  *fault
	chance *rand.Rand
}

// draw gives the rounds of a seed: every fault as often as its weight says and, where
// there are enough rounds, at least once. The long absence comes once, in a run as long as
// it is.
func draw(o options) []round {
	var wanted []*fault
	for len(wanted) < o.rounds {
		sum := 0
		for n := range faults {
			if faults[n].name != longAway {
				sum += faults[n].weight
			}
		}
		for n := range faults {
			f := &faults[n]
			share := (f.weight*o.rounds + sum/2) / sum
			if f.name == longAway {
				share = min(o.rounds/longRun, 1)
			} else if o.rounds >= len(faults) {
				share = max(share, 1)
			}
			if o.only != "" {
				share = 0
				if f.name == o.only {
					share = o.rounds
				}
			}
			for range share {
				wanted = append(wanted, f)
			}
		}
		if o.rounds < len(faults) && o.only == "" { // a short run takes some of them
			wanted = nil
			for n := range faults {
				if faults[n].name != longAway {
					wanted = append(wanted, &faults[n])
				}
			}
		}
	}
	chance := rand.New(rand.NewPCG(o.seed, 1))
	chance.Shuffle(len(wanted), func(a, b int) { wanted[a], wanted[b] = wanted[b], wanted[a] })
	if long := longFirst(wanted); o.rounds < len(wanted) {
		wanted = wanted[:max(o.rounds, long)]
	}
	rounds := make([]round, len(wanted))
	for n, f := range wanted {
		rounds[n] = round{n + 1, f, rand.New(rand.NewPCG(o.seed, uint64(100+n)))}
	}
	return rounds
}

// longRun is the shortest run that takes the long absence with it.
const longRun = 100

// longFirst puts the long absence in front, so that the cut of a list keeps it, and
// returns how many there are.
func longFirst(list []*fault) int {
	n := 0
	for at, f := range list {
		if f.name == longAway {
			list[n], list[at] = list[at], list[n]
			n++
		}
	}
	return n
}

// campaign is all rounds of one run.
type campaign struct {
	options
	dir   string
	table *table

	mu     sync.Mutex
	talk   io.Writer
	began  time.Time
	broken bool
	stop   context.CancelFunc
}

func newCampaign(o options, dir string, talk io.Writer) *campaign {
	return &campaign{options: o, dir: dir, talk: talk, began: time.Now(), table: newTable()}
}

func (c *campaign) say(format string, a ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.talk, "%6.1fs  %s\n", time.Since(c.began).Seconds(), fmt.Sprintf(format, a...))
}

func (c *campaign) violated() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// run does the rounds: those of one core shared between as many installations as jobs, then
// those of two cores; the long absence beside them, from the start.
func (c *campaign) run(ctx context.Context) error {
	ctx, c.stop = context.WithCancel(ctx)
	defer c.stop()
	c.say("seed %d, %d rounds, %d installations beside each other, in %s", c.seed, c.rounds, c.jobs, c.dir)
	var one, two, long []round
	for _, r := range draw(c.options) {
		switch {
		case r.fault.name == longAway:
			long = append(long, r)
		case r.fault.cores > 1:
			two = append(two, r)
		default:
			one = append(one, r)
		}
	}
	ordinary := queue(one)
	pairs := queue(two)
	var errs errorList
	var working sync.WaitGroup
	for job := range c.jobs {
		working.Go(func() {
			errs.add(c.work(ctx, fmt.Sprintf("i%d", job), c.seed+uint64(job), 1, ordinary))
			if job == 0 {
				errs.add(c.work(ctx, "pair", c.seed+1000, 2, pairs))
			}
		})
	}
	working.Go(func() { errs.add(c.work(ctx, "long", c.seed+2000, 1, queue(long))) })
	working.Wait()
	return errs.joined()
}

// queue hands the rounds out.
func queue(rounds []round) chan round {
	q := make(chan round, len(rounds))
	for _, r := range rounds {
		q <- r
	}
	close(q)
	return q
}

type errorList struct {
	mu   sync.Mutex
	list []error
}

func (e *errorList) add(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, err)
}

func (e *errorList) joined() error { return errors.Join(e.list...) }

// work breaks one installation until there is no round left.
func (c *campaign) work(ctx context.Context, name string, seed uint64, cores int, rounds <-chan round) error {
	first, ok := <-rounds
	if !ok || ctx.Err() != nil {
		return nil
	}
	i, err := install(ctx, c.vigie, filepath.Join(c.dir, name), seed, cores, func(format string, a ...any) {
		c.say(name+": "+format, a...)
	})
	if err != nil {
		c.stop()
		return fmt.Errorf("installation %s: %w", name, err)
	}
	defer i.close()
	if _, err := i.settle(ctx, time.Now(), startWithin); err != nil {
		return c.end(i, name, round{}, err)
	}
	if i.past, err = i.audit(ctx); err != nil {
		return c.end(i, name, round{}, err)
	}
	c.say("%s: at work after %.1f s", name, time.Since(i.began).Seconds())
	for r := first; ok; r, ok = <-rounds {
		if err := c.play(ctx, i, name, r); err != nil {
			return c.end(i, name, r, err)
		}
		if ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// play does one round.
func (c *campaign) play(ctx context.Context, i *installation, name string, r round) error {
	if why := r.fault.unfit(); why != "" {
		c.table.skip(r.fault.name, why)
		return nil
	}
	began := time.Now()
	c.say("%s: round %d, %s", name, r.number, r.fault.name)
	if err := r.fault.do(ctx, i, r.chance); err != nil {
		return fmt.Errorf("%s: %w", r.fault.name, err)
	}
	healed := time.Now()
	within := max(r.fault.within, healedWithin)
	if _, err := i.settle(ctx, healed, within); err != nil {
		return err
	}
	now, err := i.audit(ctx)
	if err != nil {
		return err
	}
	if ends := i.unasked(); len(ends) > 0 && !r.fault.ends {
		return &violation{"nothing ends by itself", strings.Join(ends, "; ")}
	}
	c.table.add(r.fault.name, i.past, now)
	c.say("%s: round %d, %s: well %.1f s after it was healed; %.1f s in all", name, r.number, r.fault.name, time.Since(healed).Seconds(), time.Since(began).Seconds())
	i.past = now
	return nil
}

// unasked are the ends of programs that nobody asked for.
func (i *installation) unasked() []string {
	var ends []string
	for _, u := range i.cores {
		ends = append(ends, u.unasked()...)
	}
	for _, u := range i.probers {
		ends = append(ends, u.unasked()...)
	}
	return ends
}

// end stops the campaign for an error. One that tells of a broken promise is shown with
// all that is at hand, and the directory is kept.
func (c *campaign) end(i *installation, name string, r round, err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	c.stop()
	var v *violation
	if !errors.As(err, &v) {
		return fmt.Errorf("installation %s, round %d: %w", name, r.number, err)
	}
	faultName := "start"
	if r.fault != nil {
		faultName = r.fault.name
	}
	c.table.violate(faultName)
	i.halt()
	kept := filepath.Join(c.dir, name+"-kept")
	note := ""
	// The small file systems go with us.
	if out, copyErr := exec.Command("cp", "-a", i.dir, kept).CombinedOutput(); copyErr != nil {
		note = fmt.Sprintf(" (and not all of it could be kept: %v: %s)", copyErr, out)
	}
	c.mu.Lock()
	c.broken = true
	c.mu.Unlock()
	c.say("VIOLATION in round %d (%s) of seed %d, installation %s:\n%v\nkept in %s%s", r.number, faultName, c.seed, name, err, kept, note)
	for _, u := range append(append([]*unit{}, i.cores...), i.probers["lyon"], i.probers["lille"]) {
		if content, err := os.ReadFile(u.log); err == nil {
			c.say("the last words of %s:\n%s", u.name, tail(string(content), 3000))
		}
	}
	return nil
}
