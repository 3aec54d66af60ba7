package app

import (
	"context"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/trial"
	"vigie/probe"
	"vigie/probe/schedule"
)

// newTrials takes what people ask to be tested; nothing where this installation tests no
// link.
func (s *Server) newTrials() (*trial.Service, error) {
	t, err := s.newTests(nil)
	if err != nil {
		return nil, err
	}
	o := trial.Options{Store: store.NewTrials(s.instance.db)}
	if t != nil {
		o.Plan = t.plan
	}
	return trial.New(o), nil
}

// plan says how a link would be tested, and whether a request would start its test now.
func (t *tests) plan(ctx context.Context, l inventory.Link, now time.Time) (trial.Plan, error) {
	x, err := t.index(ctx)
	if err != nil {
		return trial.Plan{}, err
	}
	c := t.configuration
	p := trial.Plan{
		Method: c.Method, Server: t.client(l).Server(), Hours: c.Hours, Duration: c.Duration, SlowStart: c.SlowStart,
		Octets: c.MostMegabytes * 1_000_000, Closed: t.closed(now, school(x, l, t.vacations)), LoadPerMille: -1,
	}
	asked := map[int64]trial.Request{l.ID: {Link: l.ID, At: now}}
	found, err := t.known(ctx, x, []int64{l.ID}, map[int64]probe.NotRun{l.ID: p.Closed}, asked, now)
	if err != nil {
		return trial.Plan{}, err
	}
	for _, one := range found {
		p.Up, p.LoadPerMille, p.DownBits, p.UpBits = one.Heavy.Up, one.LoadPerMille, one.Down.BitsPerSecond, one.Up.BitsPerSecond
		p.Reason = schedule.PlanHeavy(now, []schedule.Heavy{one.Heavy}, nil, c.Policy())[0].Reason
	}
	return p, nil
}
