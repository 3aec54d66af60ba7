package series

import (
	"sync"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/measure"
	"vigie/internal/watch"
	"vigie/probe"
)

// bounds are the upper bounds of the delays' buckets, in microseconds: around the 5 to
// 30 ms of a wired access and the limits of its contract, and wide beyond.
var bounds = [...]int32{5_000, 10_000, 20_000, 30_000, 50_000, 100_000, 250_000}

// The directions of use, as places in an array.
const (
	down = iota // towards the site
	up
	directions
)

var directionNames = [directions]string{down: "down", up: "up"}

// Links are the figures of every link in force. It is safe for concurrent use.
type Links struct {
	pollEvery time.Duration

	mu    sync.Mutex
	index *inventory.Index
	day   time.Time
	by    map[int64]*link
	order []*link // by reference; made anew with the inventory, never changed
}

// New returns the figures, of no link before the first cycle is decided. pollEvery is
// the time planned between two polls of a router.
func New(pollEvery time.Duration) *Links {
	return &Links{pollEvery: pollEvery, by: map[int64]*link{}}
}

// link is one link.
type link struct {
	name          // what the inventory says
	decided       bool
	status        linkstate.Status
	sent, lost    uint64
	delays        [len(bounds) + 1]uint64 // answers by bucket, the last without bound
	sumMicros     uint64
	base          *probe.Poll // the last answer of its router, nil before the first
	carriedUntil  time.Time   // end of the time that ratio is of; zero while it is not known
	ratio         [directions]float64
	contractBytes [directions]float64 // a second
}

// name is who a link is, as labels.
type name struct {
	owners   []string
	operator string
	label    string   // link="..."
	info     string   // operator, POP and site
	sites    []string // site="..." of each site that it serves
}

// Decided takes over what deciding a cycle counted and gave.
func (l *Links) Decided(r watch.Report) {
	if r.Index == nil { // it was decided before
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follow(r.Index, calendar.Day(r.Cycle))
	for _, s := range r.Links {
		if k, ok := l.by[s.ID]; ok {
			k.decided, k.status = true, s.State.Status
		}
	}
	for _, o := range r.Rounds {
		if k, ok := l.by[o.Target]; ok {
			k.count(o)
		}
	}
}

// follow makes the links those of the inventory in force on a day; what was counted of
// one that stays is kept.
func (l *Links) follow(x *inventory.Index, day time.Time) {
	if l.index == x && l.day.Equal(day) {
		return
	}
	former := l.by
	l.index, l.day, l.by, l.order = x, day, make(map[int64]*link, len(former)), nil
	for _, in := range x.Links {
		if !inventory.InForce(in.Starts, in.Ends, day) {
			continue
		}
		k := former[in.ID]
		if k == nil {
			k = &link{}
		}
		k.name = named(x, in, day)
		terms := x.TermsAt(in, day)
		k.contractBytes = [directions]float64{down: float64(terms.DownKbps) * 125, up: float64(terms.UpKbps) * 125}
		l.by[in.ID] = k
		l.order = append(l.order, k)
	}
}

func named(x *inventory.Index, in inventory.Link, day time.Time) name {
	first := ""
	if len(in.Sites) > 0 {
		first = in.Sites[0]
	}
	n := name{
		owners: x.OwnersOfLink(in, day), operator: in.Operator, label: label("link", in.Ref),
		info: label("operator", in.Operator) + "," + label("pop", in.POP) + "," + label("site", first),
	}
	for _, site := range in.Sites {
		n.sites = append(n.sites, label("site", site))
	}
	return n
}

// count adds a round.
func (k *link) count(o probe.Observation) {
	k.sent += uint64(o.Sent())
	for _, micros := range o.RTTMicros {
		if micros == probe.Lost {
			k.lost++
			continue
		}
		place := 0
		for place < len(bounds) && micros > bounds[place] {
			place++
		}
		k.delays[place]++
		k.sumMicros += uint64(micros)
	}
}

// Polled takes over what routers told. What a link carried is the difference of two
// answers, under the same doubts as the one that is stored; in doubt it is not known.
func (l *Links) Polled(polls []probe.Poll) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range polls {
		if k, ok := l.by[p.Link]; ok {
			k.carry(p, l.pollEvery)
		}
	}
}

func (k *link) carry(p probe.Poll, every time.Duration) {
	if k.base != nil && p.At.Equal(k.base.At) { // delivered again
		return
	}
	if p.Problem != "" {
		k.carriedUntil = time.Time{}
		return
	}
	p.Further, p.Health = nil, probe.Health{} // not needed to take a difference
	before := k.base
	k.base, k.carriedUntil = &p, time.Time{}
	if before == nil {
		return
	}
	flow, doubt := measure.Difference(*before, p, measure.CounterLimits{
		Every: every, DownBits: int64(8 * k.contractBytes[down]), UpBits: int64(8 * k.contractBytes[up]),
	})
	if doubt != measure.Certain {
		return
	}
	seconds := flow.To.Sub(flow.From).Seconds()
	for direction, octets := range [directions]uint64{down: flow.DownOctets, up: flow.UpOctets} {
		if k.contractBytes[direction] > 0 {
			k.ratio[direction] = float64(octets) / seconds / k.contractBytes[direction]
		}
	}
	k.carriedUntil = flow.To
}

// carriedAt reports whether the use of the link at a time is known: its router answered
// lately.
func (k *link) carriedAt(now time.Time, every time.Duration) bool {
	return !k.carriedUntil.IsZero() && 2*now.Sub(k.carriedUntil) <= 5*every
}
