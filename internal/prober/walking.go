package prober

import (
	"context"
	"errors"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/snmp"
)

const (
	// walksInFlight is the most routers walked together: a walk is no hurry, and its
	// answers are large.
	walksInFlight = 4
	// walkLook is the time between two looks at what is due.
	walkLook = time.Second
	// walksSpread is the part of the time between two walks over which the first ones
	// are spread: an hour of a day.
	walksSpread = 24
)

// walking reads what routers carry: each once soon after it is known, then again after
// an interval, and soon after it restarted or told of a change.
type walking struct {
	agenda  *agenda
	routers func() []snmp.Router
	walk    func(context.Context, snmp.Router) (probe.Device, error)
	done    func(probe.Report)
}

// run walks until ctx ends, and returns when no walk is under way any more.
func (w *walking) run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	slots := make(chan struct{}, walksInFlight)
	for pauseUntil(ctx, time.Now().Add(walkLook)) {
		routers := w.routers()
		w.agenda.follow(routers, time.Now())
		for _, r := range routers {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			if !w.agenda.begin(r.Link, time.Now()) {
				<-slots
				continue
			}
			under.Go(func() {
				defer func() { <-slots }()
				w.one(ctx, r)
			})
		}
	}
}

// one walks one router. A device that was not there is not reported: its polls tell.
func (w *walking) one(ctx context.Context, r snmp.Router) {
	device, err := w.walk(ctx, r)
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	now := time.Now()
	w.agenda.end(r.Link, err == nil && device.Problem == "", now)
	if err == nil {
		w.done(probe.Report{Link: r.Link, At: now.UTC().Truncate(time.Microsecond), Finding: &device})
	}
}
