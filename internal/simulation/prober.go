package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/internal/outpost"
	"vigie/internal/pipe"
	"vigie/internal/prober"
	"vigie/probe"
	"vigie/probe/schedule"
)

// outboxRoom is small, so that it overflows.
const outboxRoom = 5

// vantage is a prober: its measuring is made up, its numbers, its outbox and the handing
// over are the product's. One elsewhere is a process with a stream of its own, the core's
// own lives and dies with it and puts its batches straight into the core's stream.
type vantage struct {
	*world
	name   string
	home   *core // nil for one elsewhere
	life   int
	alive  bool
	pieces int     // in which it delivers a cycle
	spool  *stream // nil at home
	atCore *stream // the core's of its batches
	outbox *prober.Outbox
	hand   *probe.Batch // taken from the outbox and not published yet
	last   time.Time    // the cycle planned last
	cut    time.Time    // from the core, until then
	full   time.Time    // its disk, until then
	shift  time.Duration
	ended  bool // measures no more

	forwarding int
	offered    *offer                 // in hand, to be handed over
	handed     []byte                 // over, last
	made       map[uint64][][]byte    // what it ever gave a number to
	taken      map[uint64][]byte      // what its stream acknowledged
	gone       map[uint64]bool        // what its stream or the core's lost
	planned    map[time.Time]int      // how often it measured a cycle to its end
	wrong      map[time.Time]struct{} // cycles that it named while its clock was off
	skewed     [][2]time.Time         // when its clock was off, by the right time
}

func (w *world) newVantage(name string, home *core, pieces, room, atCore int) *vantage {
	p := &vantage{
		world: w, name: name, home: home, pieces: pieces,
		made: map[uint64][][]byte{}, taken: map[uint64][]byte{}, gone: map[uint64]bool{},
		planned: map[time.Time]int{}, wrong: map[time.Time]struct{}{},
	}
	gone := func(m *held) { p.gone[m.batch.Seq] = true }
	p.atCore = newStream(atCore, home == nil, gone)
	if home == nil {
		p.spool = newStream(room, false, gone)
	}
	return p
}

// who is the process that the prober is of.
func (p *vantage) who() any {
	if p.home != nil {
		return p.home
	}
	return p
}

func (p *vantage) later(d time.Duration, do func()) {
	life := p.life
	p.after(d, func() {
		if p.life == life {
			p.as(p.who(), do)
		}
	})
}

// stop is the end of its process: what is in memory is gone.
func (p *vantage) stop() {
	p.life++
	p.alive, p.outbox, p.hand, p.offered = false, nil, nil, nil
	p.last = time.Time{}
}

// die ends its process; another is started. That of the core's own is the core.
func (p *vantage) die() {
	if p.home != nil {
		p.home.die()
		return
	}
	p.note("prober %s is dead", p.name)
	p.stop()
	p.spool.forget(p.faults.chosen(3))
	p.later(startTime+p.soon(), p.begin)
}

func (p *vantage) kill() {
	p.die()
	panic(death{p.who()})
}

// lose is the loss of the directory of its stream.
func (p *vantage) lose() {
	if p.home != nil {
		return
	}
	p.die()
	p.spool.lose()
	for seq := range p.taken {
		if p.coreHas() < seq {
			p.gone[seq] = true
		}
	}
}

// subject is that of its batches.
func (p *vantage) subject() string {
	if p.home != nil {
		return "vigie.own." + p.name
	}
	return "vigie.batch." + p.name
}

// coreHas is the highest number that the core has of it, as it is told.
func (p *vantage) coreHas() uint64 { return max(p.db.lastSeq(p.name), p.atCore.lastSeq()) }

// reaches reports whether the core can be reached.
func (p *vantage) reaches() bool {
	if p.now.Before(p.cut) {
		return false
	}
	if p.outside {
		return true
	}
	return p.cores[0].leads
}

// begin finds the number of the first batch, as the prober at home and the one elsewhere
// do, and begins to measure.
func (p *vantage) begin() {
	var next uint64
	away := p.now.Before(p.away)
	switch {
	case p.home != nil:
		if away {
			p.later(time.Second, p.begin)
			return
		}
		next = p.coreHas() + 1
	default:
		local := p.spool.lastSeq()
		answered := p.reaches() && !away && p.anyLeads()
		switch {
		case answered:
			next, _ = outpost.FirstNumber(local, p.coreHas())
		case local > 0:
			next = local + 1
		default:
			p.later(leadEvery, p.begin)
			return
		}
	}
	p.alive = true
	p.outbox = prober.NewOutbox(outboxRoom, next)
	p.note("prober %s begins with %d", p.name, next)
	p.tick()
	if p.spool != nil {
		p.forwardSoon(p.soon())
	}
}

func (p *vantage) anyLeads() bool {
	for _, c := range p.cores {
		if c.leads {
			return true
		}
	}
	return false
}

// setClock puts its clock off for a while.
func (p *vantage) setClock(shift, length time.Duration) {
	p.shift = shift
	p.skewed = append(p.skewed, [2]time.Time{p.now, p.now.Add(length)})
	p.after(length, p.rightClock)
}

func (p *vantage) rightClock() {
	if p.shift != 0 {
		p.note("the clock of prober %s is right again", p.name)
	}
	p.shift = 0
	for i := range p.skewed {
		if p.skewed[i][1].After(p.now) {
			p.skewed[i][1] = p.now
		}
	}
}

// tick waits for the next cycle by its own clock and plans it.
func (p *vantage) tick() {
	if p.ended {
		return
	}
	wall := p.now.Add(p.shift)
	next := schedule.Next(wall, p.last, cycleLength)
	if wait := next.Sub(wall); wait > 0 {
		p.later(min(wait, cycleLength), p.tick)
		return
	}
	p.last = next
	began, shift := p.now, p.shift
	p.later(cycleLength+p.soon(), func() { p.measured(next, began, shift) })
	p.later(time.Millisecond, p.tick)
}

// measured is the end of a cycle: its part is numbered and waits to be published.
func (p *vantage) measured(cycle, began time.Time, shift time.Duration) {
	if shift != 0 {
		p.wrong[cycle] = struct{}{}
	}
	for _, b := range p.observe(cycle, began) {
		p.outbox.Put(b)
	}
	p.planned[cycle]++
	p.publish()
}

// observe makes up the batches of a cycle.
func (p *vantage) observe(cycle, began time.Time) []probe.Batch {
	when := p.cycleAt(began)
	var all []probe.Observation
	see := func(kind probe.Kind, id int64, rtts []int32) {
		at := cycle.Add(time.Duration(len(all)) * 100 * time.Millisecond)
		all = append(all, probe.Observation{Target: id, Kind: kind, At: at, RTTMicros: rtts})
	}
	for _, c := range p.index.Canaries {
		see(probe.Canary, c.ID, p.ground.canary(when, p.name))
	}
	var looks []probe.Report
	for i, l := range p.index.Links {
		rtts := p.ground.see(when, i)
		if p.ground.canary(when, p.name)[0] == probe.Lost {
			rtts = []int32{probe.Lost, probe.Lost}
		}
		see(probe.Link, l.ID, rtts)
		if rtts[0] == probe.Lost && p.ground.see(when-1, i)[0] != probe.Lost {
			looks = append(looks, closer(l.ID, all[len(all)-1].At))
		}
	}
	batches := make([]probe.Batch, p.pieces)
	for i := range batches {
		cut := all[i*len(all)/p.pieces : (i+1)*len(all)/p.pieces]
		batches[i] = probe.Batch{
			Prober: p.name, Cycle: cycle, CycleLength: cycleLength, Last: i == p.pieces-1, Continues: i > 0, Planned: len(cut), Observations: cut,
		}
	}
	batches[0].Reports = looks
	return batches
}

// closer is a closer look at a link that began to fail.
func closer(link int64, from time.Time) probe.Report {
	until := from.Add(time.Second)
	return probe.Report{Link: link, At: until, Finding: &probe.Look{
		From: from, LastLost: until, Until: until, End: probe.LookLasting, RoundSent: echoes, RoundLost: echoes,
		Gap: 200 * time.Millisecond, RTTMicros: []int32{probe.Lost, probe.Lost, probe.Lost, probe.Lost, probe.Lost}, Together: 1,
	}}
}

// publish puts what waits into the stream, each until it is taken.
func (p *vantage) publish() {
	for {
		if p.hand == nil {
			b, ok := p.outbox.Take()
			if !ok {
				return
			}
			p.hand = &b
			body, err := b.MarshalBinary()
			if err != nil {
				p.violate("a batch cannot be encoded: %v", err)
				return
			}
			p.made[b.Seq] = append(p.made[b.Seq], body)
		}
		if err := p.intoStream(*p.hand); err != nil {
			p.later(time.Second, p.publish)
			return
		}
		p.hand = nil
	}
}

var errFull = errors.New("no space left on device")

// intoStream hands a batch to its stream; from then on it is taken.
func (p *vantage) intoStream(b probe.Batch) error {
	body := p.made[b.Seq][len(p.made[b.Seq])-1]
	struck := p.hazard(publishFails, publishUnknown, killProber)
	if p.now.Before(p.full) || struck == publishFails {
		return errFull
	}
	if struck == killProber && p.faults.chosen(2) == 0 {
		p.kill()
	}
	into := p.spool
	if into == nil {
		into = p.atCore
	}
	if err := into.publish(p.now, p.subject(), body, fmt.Sprintf("%s-%d-%x", p.name, b.Seq, body)); err != nil {
		p.violate("a batch cannot be published: %v", err)
	}
	if into == p.atCore {
		p.wake(p)
	} else if p.offered == nil {
		p.forwardSoon(p.soon())
	}
	switch struck {
	case publishUnknown:
		return errLost
	case killProber:
		p.kill()
	}
	if former, was := p.taken[b.Seq]; was && !bytes.Equal(former, body) && !p.gone[b.Seq] {
		p.violate("prober %s: number %d names two batches", p.name, b.Seq)
	}
	p.taken[b.Seq] = body
	if len(p.made[b.Seq]) > 1 { // the number is given again
		delete(p.gone, b.Seq)
	}
	return nil
}

func (p *vantage) forwardSoon(d time.Duration) {
	p.forwarding++
	plan := p.forwarding
	p.later(d, func() {
		if plan == p.forwarding {
			p.forward()
		}
	})
}

// forward hands the next message of its stream over to the core.
func (p *vantage) forward() {
	if p.offered == nil {
		p.offered = p.spool.offer(p.now)
	}
	o := p.offered
	if o == nil {
		if p.spool.out != nil {
			p.forwardSoon(max(p.spool.again.Sub(p.now), time.Millisecond))
		}
		return // until there is another
	}
	o.now = p.now
	o.before = func() error {
		switch p.hazard(ackLost, killProber) {
		case ackLost:
			return errLost
		case killProber:
			p.kill()
		}
		return nil
	}
	if pipe.HandOver(context.Background(), o, p.toCore, func(error, bool) {}) {
		p.offered = nil
		p.forwardSoon(p.soon())
		return
	}
	p.forwardSoon(retryAfter + p.soon())
}

// toCore publishes a message in the core's stream.
func (p *vantage) toCore(_ context.Context, body []byte, id string) error {
	struck := p.hazard(publishFails, publishUnknown, killProber)
	if !p.reaches() || struck == publishFails {
		return errLost
	}
	if err := p.atCore.publish(p.now, p.subject(), body, id); err != nil {
		return err
	}
	p.handed = body
	p.wake(p)
	switch struck {
	case publishUnknown:
		return errLost
	case killProber:
		p.kill()
	}
	return nil
}
