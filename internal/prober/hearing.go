package prober

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/snmp"
)

const (
	// hastenedEvery is the least time between two polls of a router that its own
	// notifications ask for.
	hastenedEvery = 10 * time.Second
	// hastenedTogether bounds the polls out of turn: a POP without power speaks for
	// hundreds of routers at once.
	hastenedTogether = 16
	// keptEvery is the least time between two notifications of one meaning that are kept
	// of a router; those between are counted.
	keptEvery = time.Minute
	// notificationsPerSecond is how many are read in a second.
	notificationsPerSecond = 200
)

// evidence are the meanings that are kept: they say something of the power of a router.
var evidence = map[string]bool{
	probe.MeansColdStart: true, probe.MeansLastGasp: true, probe.MeansOnBattery: true, probe.MeansPowerRestored: true,
}

// hearing has a router that notifies of something asked out of turn, and keeps what it
// said of its power. It decides nothing: a notification is easily forged, and lost
// exactly when the line is down.
type hearing struct {
	routers func() []snmp.Router
	poll    func(context.Context, snmp.Router) probe.Poll
	done    func(probe.Poll)
	report  func(probe.Report)
	changed func(link int64, now time.Time) // told of a router whose interfaces came or went
	left    func()                          // told of a poll that found no room

	asking   sync.WaitGroup
	slots    chan struct{}
	hastened map[int64]time.Time // by link
	kept     map[said]*repeated

	mu     sync.Mutex
	shown  []snmp.Router // the list as it was sorted
	byAddr map[netip.Addr][]snmp.Router
}

// said is one meaning of one router.
type said struct {
	link  int64
	means string
}

// repeated is when it was kept last, and how often it came since.
type repeated struct {
	at    time.Time
	times int
}

// run hears until ctx ends, and returns when no poll is under way any more.
func (h *hearing) run(ctx context.Context, traps *snmp.Traps) error {
	defer h.asking.Wait()
	h.slots = make(chan struct{}, hastenedTogether)
	h.hastened, h.kept = map[int64]time.Time{}, map[said]*repeated{}
	return traps.Run(ctx, h.credentials, func(heard snmp.Heard) { h.hear(ctx, heard) })
}

// at returns the routers at an address.
func (h *hearing) at(addr netip.Addr) []snmp.Router {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.routers() // never changed once it is set
	if !sameList(list, h.shown) {
		h.byAddr, h.shown = map[netip.Addr][]snmp.Router{}, list
		for _, r := range list {
			h.byAddr[r.Addr.Addr()] = append(h.byAddr[r.Addr.Addr()], r)
		}
	}
	return h.byAddr[addr]
}

func (h *hearing) credentials(addr netip.Addr) []snmp.Credential {
	var out []snmp.Credential
	for _, r := range h.at(addr) {
		if r.Credential != (snmp.Credential{}) && !slices.Contains(out, r.Credential) {
			out = append(out, r.Credential)
		}
	}
	return out
}

// hear acts on one notification.
func (h *hearing) hear(ctx context.Context, heard snmp.Heard) {
	for _, r := range h.at(heard.From) {
		if evidence[heard.Trap.Means] {
			h.keep(r.Link, heard)
		}
		if heard.Trap.Means == probe.MeansLinkUp || heard.Trap.Means == probe.MeansLinkDown {
			h.changed(r.Link, heard.At)
		}
		if last, before := h.hastened[r.Link]; before && heard.At.Sub(last).Abs() < hastenedEvery {
			continue
		}
		select {
		case h.slots <- struct{}{}:
		default:
			h.left()
			continue
		}
		h.hastened[r.Link] = heard.At
		h.asking.Go(func() {
			defer func() { <-h.slots }()
			if poll := h.poll(ctx, r); ctx.Err() == nil {
				h.done(poll)
			}
		})
	}
}

// keep reports what a router said, once a minute; what it repeats meanwhile is counted
// with the next.
func (h *hearing) keep(link int64, heard snmp.Heard) {
	key := said{link, heard.Trap.Means}
	before := h.kept[key]
	if before != nil && heard.At.Sub(before.at).Abs() < keptEvery {
		before.times++
		return
	}
	trap := heard.Trap
	if before != nil {
		trap.Repeated = before.times
	}
	h.kept[key] = &repeated{at: heard.At}
	h.report(probe.Report{Link: link, At: heard.At, Finding: &trap})
}

// listen opens the socket for notifications; nil without an address for them.
func (p *Prober) listen() (*snmp.Traps, error) {
	addr, on := p.opts.SNMP.listen()
	if !on || p.opts.Poll == nil {
		return nil, nil
	}
	return snmp.ListenTraps(snmp.TrapOptions{
		Listen: addr, Name: p.opts.Name, PerSecond: notificationsPerSecond, Profiles: p.opts.Profiles, Open: p.opts.Open,
	})
}

// hear hears notifications until ctx ends. A socket that fails is ours, and replaced.
func (p *Prober) hear(ctx context.Context, traps *snmp.Traps) {
	for {
		h := hearing{routers: p.asked, poll: p.opts.Poll, done: p.polled, report: p.report, changed: p.walks.changed, left: p.leaveOut}
		err := h.run(ctx, traps)
		if err == nil {
			return // the context ended
		}
		p.opts.Log.Error("notifications are not heard, will retry", "prober", p.opts.Name, "error", err)
		for traps = nil; traps == nil; traps, _ = p.listen() { // the first error was told
			if pause(ctx, reopenAfter); ctx.Err() != nil {
				return
			}
		}
		p.traps.Store(traps)
	}
}

// Notifications returns what was counted of them; zeros where none are listened for.
func (p *Prober) Notifications() snmp.TrapCounters {
	if traps := p.traps.Load(); traps != nil {
		return traps.Counters()
	}
	return snmp.TrapCounters{}
}
