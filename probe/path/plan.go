package path

import (
	"net/netip"
	"time"
)

const (
	gap       = 20 * time.Millisecond // between two probes
	window    = 4                     // probes that fly while the way is not known
	maxSilent = 5                     // hops without an answer after which none is looked for
	numbers   = 512                   // of probes, used again: many times those within maxTimeout
)

// flight is a probe under way.
type flight struct {
	Probe
	number uint16
	at     time.Time
}

// arrival is an answer as it comes in.
type arrival struct {
	number uint16
	kind   Kind
	from   netip.Addr
	code   int
	at     time.Time
}

// plan is when to send which probe, and what is known of the way. It is pure: it is
// told the time, and what arrives.
type plan struct {
	o       Options
	round   int
	begins  time.Time // of the round
	hop     int       // sent next
	sent    int
	lastAt  time.Time // when the last probe was due
	farther int       // farthest hop that has answered
	end     int       // where the way ends, 0 = not known
	flying  []*flight // in the order sent
}

func newPlan(o Options, now time.Time) *plan { return &plan{o: o, begins: now, hop: 1} }

// length is how many hops a round has, as far as is known.
func (p *plan) length() int {
	if p.end > 0 {
		return p.end
	}
	return min(MaxHops, p.farther+maxSilent)
}

// next gives the probe to send now, or until when to wait for answers; neither when
// all is over.
func (p *plan) next(now time.Time) (*flight, time.Time) {
	over := p.hop > p.length()
	if over && (p.round > 0 || len(p.flying) == 0) && !p.last() {
		// A round that took longer than the interval is followed at once.
		if begins := p.begins.Add(p.o.Interval); now.Before(begins) {
			return nil, p.soonest(begins)
		}
		p.begins, p.round, p.hop = now, p.round+1, 1
		over = false
	}
	if over {
		if len(p.flying) == 0 {
			return nil, time.Time{}
		}
		return nil, p.soonest(now.Add(p.o.Timeout))
	}
	if p.round == 0 && p.end == 0 && len(p.flying) >= window {
		return nil, p.soonest(now.Add(p.o.Timeout))
	}
	if due := p.lastAt.Add(gap); now.Before(due) {
		return nil, p.soonest(due)
	}
	f := &flight{Probe: Probe{Hop: p.hop, Round: p.round}, number: uint16(p.sent % numbers), at: now}
	p.flying = append(p.flying, f)
	p.lastAt, p.hop, p.sent = now, p.hop+1, p.sent+1
	return f, now
}

func (p *plan) last() bool { return p.o.Rounds > 0 && p.round == p.o.Rounds-1 }

// soonest is an instant, or the end of the oldest flight when that comes before it.
func (p *plan) soonest(t time.Time) time.Time {
	if len(p.flying) > 0 {
		if ends := p.flying[0].at.Add(p.o.Timeout); ends.Before(t) {
			return ends
		}
	}
	return t
}

// expire gives the probes whose answer would come too late.
func (p *plan) expire(now time.Time) []Probe {
	var lost []Probe
	for len(p.flying) > 0 && now.Sub(p.flying[0].at) >= p.o.Timeout {
		f := p.flying[0]
		p.flying = p.flying[1:]
		if p.end > 0 && f.Hop > p.end {
			continue // sent before it was known that the way ends sooner
		}
		f.Kind = Lost
		lost = append(lost, f.Probe)
	}
	return lost
}

// unsent takes back a probe that did not leave.
func (p *plan) unsent(f *flight) {
	f.Kind = Unsent
	p.take(func(g *flight) bool { return f == g })
}

func (p *plan) take(which func(*flight) bool) *flight {
	for i, f := range p.flying {
		if which(f) {
			p.flying = append(p.flying[:i:i], p.flying[i+1:]...)
			return f
		}
	}
	return nil
}

// answer matches an answer with its probe; false for one that is late, double or
// foreign, or that tells of a hop beyond the end.
func (p *plan) answer(a arrival) (Probe, bool) {
	f := p.take(func(f *flight) bool { return f.number == a.number && a.at.Sub(f.at) < p.o.Timeout })
	if f == nil {
		return Probe{}, false
	}
	if p.end > 0 && f.Hop > p.end && a.kind != Passing {
		return Probe{}, false
	}
	f.Kind, f.From, f.Code, f.RTT = a.kind, a.from, a.code, max(0, a.at.Sub(f.at))
	p.farther = max(p.farther, f.Hop)
	switch {
	case a.kind != Passing:
		p.end = f.Hop
	case f.Hop >= p.end:
		p.end = 0 // the way has become longer
	}
	return f.Probe, true
}
