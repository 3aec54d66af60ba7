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

// longRun is the shortest run that takes the long absence with it.
const longRun = 100

// draw gives the rounds of a seed: each fault once where there are rounds enough, the long
// absence in a long run only, and the rest by their weights.
func draw(o options) []round {
	chance := rand.New(rand.NewPCG(o.seed, 1))
	shuffle := func(list []*fault) {
		chance.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	}
	var once, more []*fault
	for n := range faults {
		f := &faults[n]
		switch {
		case o.only != "" && o.only != f.name || f.name == longAway && o.only == "" && o.rounds < longRun:
			continue
		case f.name != longAway || o.only != "":
			for range f.weight {
				more = append(more, f)
			}
		}
		once = append(once, f)
	}
	shuffle(once)
	list := once[:min(o.rounds, len(once))]
	for len(list) < o.rounds {
		shuffle(more)
		list = append(list, more[:min(len(more), o.rounds-len(list))]...)
	}
	shuffle(list)
	rounds := make([]round, len(list))
	for n, f := range list {
		rounds[n] = round{n + 1, f, rand.New(rand.NewPCG(o.seed, uint64(100+n)))}
	}
	return rounds
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
		return c.end(ctx, i, name, round{}, err)
	}
	if i.past, err = i.audit(ctx); err != nil {
		return c.end(ctx, i, name, round{}, err)
	}
	c.say("%s: at work after %.1f s", name, time.Since(i.began).Seconds())
	for r := first; ok; r, ok = <-rounds {
		if err := c.play(ctx, i, name, r); err != nil {
			return c.end(ctx, i, name, r, err)
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
func (c *campaign) end(ctx context.Context, i *installation, name string, r round, err error) error {
	if ctx.Err() != nil {
		return nil // what was cut short says nothing
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
