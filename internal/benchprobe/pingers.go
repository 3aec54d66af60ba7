//go:build linux

package main

import (
	"sync"
	"time"

	probing "github.com/prometheus-community/pro-bing"
)

// pingers does what a load asks in the usual way: a pinger of pro-bing for each target,
// begun evenly over the time between two echoes. What they lose is not counted here.
func (l load) pingers() error {
	gap := time.Second * time.Duration(l.Targets) / time.Duration(l.PerSecond)
	failed := make(chan error, l.Targets)
	var running sync.WaitGroup
	b := bench{load: l}
	for i := range l.Targets {
		running.Go(func() {
			time.Sleep(gap * time.Duration(i) / time.Duration(l.Targets))
			p, err := probing.NewPinger(b.target(i).Addr.String())
			if err != nil {
				failed <- err
				return
			}
			p.SetPrivileged(true)
			p.Count, p.Interval = l.Echoes*l.Rounds, gap
			p.Timeout = gap*time.Duration(p.Count) + timeout
			if err := p.Run(); err != nil {
				failed <- err
			}
		})
	}
	running.Wait()
	close(failed)
	return <-failed
}
