package prober

import (
	"context"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/schedule"
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
// an interval, and soon after it restarted or told of a change. One whose link another
// heavy probe has waits for the next look.
type walking struct {
	agenda  *agenda
	routers func() []snmp.Router
	walk    func(context.Context, snmp.Router) (probe.Device, error)
	heavy   *heavy
	done    func(probe.Report)
}

// run walks until ctx ends, and returns when no walk is under way any more.
func (w *walking) run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	slots := make(chan struct{}, walksInFlight)
	var followed []snmp.Router
	for pauseUntil(ctx, time.Now().Add(walkLook)) {
		routers := w.routers()
		if !sameList(routers, followed) {
			w.agenda.follow(routers, time.Now())
			followed = routers
		}
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
			held, stop := context.WithCancel(ctx)
			release, free := w.heavy.take(schedule.Occupied{Link: r.Link}, stop)
			if !free {
				stop()
				<-slots
				w.agenda.putOff(r.Link)
				continue
			}
			under.Go(func() {
				defer func() { <-slots }()
				defer stop()
				defer release()
				w.one(held, r)
			})
		}
	}
}

// one walks one router. A device that was not there is not reported: its polls tell. A
// walk that was stopped is none, and is made again like one that failed.
func (w *walking) one(ctx context.Context, r snmp.Router) {
	device, err := w.walk(ctx, r)
	now := time.Now()
	if ctx.Err() != nil {
		w.agenda.end(r.Link, false, now)
		return
	}
	w.agenda.end(r.Link, err == nil && device.Problem == "", now)
	if err == nil {
		w.done(probe.Report{Link: r.Link, At: now.UTC().Truncate(time.Microsecond), Finding: &device})
	}
}
