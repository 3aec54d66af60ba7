package main

import (
	"context"
	"slices"
	"time"

	"vigie/internal/desk"
	"vigie/internal/fault"
	"vigie/internal/pipe"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

const (
	startTime = 2 * time.Second // of a process
	leadEvery = 2 * time.Second
	// retryAfter spaces the attempts to hand a batch over.
	retryAfter = time.Second
	// jobRescued and jobRetried are those of the jobs: when a job of a dead process is
	// taken up again, and one that failed.
	jobRescued = 40 * time.Second
	jobRetried = 5 * time.Second
)

// core is a process that takes batches, decides and sends: the product's live chain, its
// clock, its pipe's hands and its desk.
type core struct {
	*world
	name    string
	life    int // of the process: what an earlier one planned does not happen
	leads   bool
	local   *vantage // its own prober, nil without
	service *watch.Service
	clock   *watch.Clock
	desk    *desk.Service
	pipe    *pipe.Pipe

	consuming map[*vantage]int // the newest plan of each loop
	looking   int
}

// later has something done by this process, if it still lives.
func (c *core) later(d time.Duration, do func()) {
	life := c.life
	c.after(d, func() {
		if c.life == life {
			c.as(c, do)
		}
	})
}

// die ends the process; another is started.
func (c *core) die() {
	c.note("%s is dead", c.name)
	c.life++
	c.leads = false
	c.service, c.clock, c.desk = nil, nil, nil
	if c.leader == c {
		c.leader = nil
	}
	if c.local != nil {
		c.local.stop()
	}
	if !c.outside {
		for _, p := range c.probers {
			p.atCore.forget(c.faults.chosen(3))
		}
	}
	c.later(startTime+c.soon(), c.begin)
}

// kill is death in the middle of what the process does.
func (c *core) kill() {
	c.die()
	panic(death{c})
}

// begin waits for the leadership, then works.
func (c *core) begin() {
	if c.now.Before(c.away) || c.leader != nil && c.leader != c {
		c.later(leadEvery, c.begin)
		return
	}
	c.leader, c.leads = c, true
	c.note("%s leads", c.name)
	c.service = watch.New(watchStore{c}, c.policy)
	c.clock = c.service.Clock(watch.Loop{Pending: c.waiting, Decided: func(watch.Report) {}, Log: c.log})
	c.desk = desk.New(deskStore{c}, ticket.Channels{Mail: channel{c}}, c.policy.Ticket)
	c.pipe = pipe.New(pipe.Options{Log: c.log})
	if c.local != nil {
		c.local.begin()
	}
	for _, p := range c.probers {
		c.consumeSoon(p, c.soon())
	}
	c.lookSoon(c.soon())
	c.later(time.Second, c.tend)
	c.later(leadEvery, c.keepLeading)
}

// keepLeading takes the lock again when it was lost, and ends when another has it.
func (c *core) keepLeading() {
	switch {
	case c.leader == nil && !c.now.Before(c.away):
		c.leader = c
	case c.leader != nil && c.leader != c:
		c.note("%s leads no more", c.name)
		c.kill()
	}
	c.later(leadEvery, c.keepLeading)
}

// waiting is Loop.Pending.
func (c *core) waiting(context.Context) (uint64, error) {
	if c.hazard(publishFails) != none {
		return 0, errLost
	}
	sum := uint64(0)
	for _, p := range c.probers {
		sum += p.atCore.pending()
	}
	return sum, nil
}

func (c *core) consumeSoon(p *vantage, d time.Duration) {
	c.consuming[p]++
	plan := c.consuming[p]
	c.later(d, func() {
		if plan == c.consuming[p] {
			c.consume(p)
		}
	})
}

// consume settles the next message of a prober.
func (c *core) consume(p *vantage) {
	o := p.atCore.offer(c.now)
	if o == nil {
		if p.atCore.out != nil {
			c.consumeSoon(p, max(p.atCore.again.Sub(c.now), time.Millisecond))
		}
		return // until wake
	}
	o.before = func() error {
		switch c.hazard(ackLost, killCore) {
		case ackLost:
			return errLost
		case killCore:
			c.kill()
		}
		return nil
	}
	o.after = func() {
		if c.hazard(killCore) == killCore {
			c.kill()
		}
	}
	c.pipe.Settle(context.Background(), o, func(ctx context.Context, b probe.Batch) error {
		return c.service.Apply(ctx, b, c.now)
	})
	c.consumeSoon(p, c.soon())
	c.lookSoon(0)
}

func (c *core) lookSoon(d time.Duration) {
	c.looking++
	plan := c.looking
	c.later(d, func() {
		if plan == c.looking {
			c.look()
		}
	})
}

// look is a step of the cycle clock.
func (c *core) look() {
	again, err := c.clock.Look(context.Background(), c.now)
	if err != nil {
		again = time.Second
	}
	c.lookSoon(max(again, time.Millisecond))
}

// working is a job as its queue knows it.
type working struct {
	job
	due  time.Time
	done bool
}

// tend works on the jobs that are due.
func (c *core) tend() {
	c.later(time.Second, c.tend)
	if c.now.Before(c.away) {
		return
	}
	for _, j := range c.db.ordered()[len(c.work):] {
		c.work = append(c.work, &working{job: j, due: j.At})
	}
	for _, j := range slices.Clone(c.work) {
		if !j.done && !j.due.After(c.now) {
			c.carry(j)
		}
	}
}

// carry works on one job as its queue does: what has to wait is done again later, and what
// was not seen to be done too.
func (c *core) carry(j *working) {
	j.due = c.now.Add(jobRescued)
	now := func() time.Time { return c.now }
	var again time.Duration
	var err error
	if j.Send != nil {
		again, err = c.desk.Send(context.Background(), *j.Send, now)
	} else {
		err = c.desk.Remind(context.Background(), *j.Remind, c.now)
	}
	if err != nil {
		j.due = c.now.Add(jobRetried)
		return
	}
	if again > 0 {
		j.due = c.now.Add(again)
		return
	}
	switch c.strike(4, jobAgain, killCore) {
	case none:
		j.done = true
	case killCore:
		c.kill()
	}
}

var errAway = fault.Errorf(fault.Unavailable, "the database is away")
