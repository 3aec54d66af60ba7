package app

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/lab"
	"vigie/internal/linkstate"
	"vigie/internal/outpost"
	"vigie/internal/prober"
	"vigie/internal/store"
	"vigie/internal/trial"
	"vigie/probe"
	"vigie/probe/schedule"
	"vigie/probe/throughput"
)

const (
	// carriedLately is how far back what a link carries is looked at: three five-minute
	// figures, of which the last may be short.
	carriedLately = 15 * time.Minute
	// testLook is the time between two looks at which links may be tested.
	testLook = 30 * time.Second
)

// tests knows which links may be tested for what they carry.
type tests struct {
	configuration prober.ThroughputConfiguration
	index         func(context.Context) (*inventory.Index, error)
	view          *store.View
	requests      func(ctx context.Context, now time.Time) ([]trial.Request, error) // of people, that hold
	vacations     *calendar.Vacations
	closed        func(now time.Time, school calendar.School) probe.NotRun
	open          func(create func() error) error // places sockets, nil for where Vigie runs
}

// newTests knows the links of an installation that tests; nil for one that does not.
func (s *Server) newTests(open func(create func() error) error) (*tests, error) {
	c := s.opts.Configuration.Prober.Throughput
	if c.Method == "" || s.opts.Configuration.Prober.Site != "" {
		return nil, nil
	}
	vacations, err := SchoolCalendar()
	if err != nil {
		return nil, err
	}
	closing, err := prober.ParseClosing(c.Hours, c.ExamDays)
	if err != nil {
		return nil, err
	}
	t := &tests{
		configuration: c, index: s.index, view: store.NewView(s.instance.db), requests: store.NewTrials(s.instance.db).Open,
		vacations: vacations, closed: closing.At, open: open,
	}
	if s.opts.Demo {
		t.closed = demoClosed
	}
	return t, nil
}

// testing is what the prober needs for tests; nil where none is configured.
func (s *Server) testing(open func(create func() error) error) (*prober.Testing, error) {
	t, err := s.newTests(open)
	if t == nil || err != nil {
		return nil, err
	}
	look := testLook
	if s.opts.Demo {
		look = demoCycle
	}
	return &prober.Testing{Policy: t.configuration.Policy(), Look: look, Links: t.links}, nil
}

// links are those in force, with what is known of each. Most of the day the hour closes
// all of them, and then nothing is looked up but what people asked for.
func (t *tests) links(ctx context.Context, now time.Time, every bool) ([]prober.Tested, error) {
	x, err := t.index(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := t.asked(ctx, now)
	if err != nil {
		return nil, err
	}
	day := calendar.Day(now)
	var ids []int64
	closed := map[int64]probe.NotRun{}
	for _, l := range x.Links {
		if !inventory.InForce(l.Starts, l.Ends, day) || !l.ProbeAddress.IsValid() {
			continue
		}
		why := t.closed(now, school(x, l, t.vacations))
		insisted := asked[l.ID].Insists && why == probe.OutsideWindow
		if every || why == "" || why == probe.CalendarUnknown || insisted {
			ids, closed[l.ID] = append(ids, l.ID), why
		}
	}
	return t.known(ctx, x, ids, closed, asked, now)
}

// known is what is known of links beside the hour and what people asked for.
func (t *tests) known(ctx context.Context, x *inventory.Index, ids []int64, closed map[int64]probe.NotRun, asked map[int64]trial.Request, now time.Time) ([]prober.Tested, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	facts, err := t.view.TestFacts(ctx, ids, now.Add(-carriedLately))
	if err != nil {
		return nil, err
	}
	out := make([]prober.Tested, 0, len(facts))
	for _, f := range facts {
		l, _ := x.LinkByID(f.Link)
		terms := x.TermsAt(l, calendar.Day(now))
		one := prober.Tested{
			Heavy: schedule.Heavy{
				Link: l.ID, Sites: l.Sites, POP: l.POP, Last: f.FigureAt, Tried: f.TriedAt, Contested: f.Figure != nil && f.Figure.Short(),
				Asked: asked[l.ID].At, Insists: asked[l.ID].Insists, Closed: closed[l.ID], Up: f.Status == linkstate.Up,
			},
			Client: t.client(l), DownBits: terms.DownKbps * 1000, UpBits: terms.UpKbps * 1000,
		}
		one.LoadPerMille = f.LoadPerMille(one.DownBits, one.UpBits)
		if one.Down, err = t.configuration.Bounds(one.DownBits); err != nil {
			return nil, err
		}
		if one.Up, err = t.configuration.Bounds(one.UpBits); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// asked are the requests of people that hold, by link.
func (t *tests) asked(ctx context.Context, now time.Time) (map[int64]trial.Request, error) {
	open, err := t.requests(ctx, now)
	if err != nil {
		return nil, err
	}
	byLink := make(map[int64]trial.Request, len(open))
	for _, r := range open {
		byLink[r.Link] = r
	}
	return byLink, nil
}

// school is the calendar of the site that carries a link.
func school(x *inventory.Index, l inventory.Link, vacations *calendar.Vacations) calendar.School {
	s := calendar.School{Vacations: vacations, Week: calendar.DefaultWeek(), Holidays: calendar.Metropole}
	for _, site := range x.SitesOfLink(l) {
		if commune, ok := x.Commune(site.Commune); ok {
			s.Academie = calendar.AcademieOf(commune.Departement)
			s.Holidays = calendar.ForCommune(commune.Departement, commune.Temple)
			break
		}
	}
	return s
}

// client tests against what stands at the far end of a link.
func (t *tests) client(l inventory.Link) throughput.Client {
	c := t.configuration
	address := l.ProbeAddress
	if l.TestAddress.IsValid() {
		address = l.TestAddress
	}
	if c.Method == probe.ByIperf3 {
		port := throughput.Port
		if c.Port != 0 {
			port = c.Port
		}
		return throughput.Iperf3{Addr: netip.AddrPortFrom(address, uint16(port)), Start: t.open}
	}
	host := address.String()
	if address.Is6() {
		host = "[" + host + "]"
	}
	if c.Port != 0 {
		host += ":" + strconv.Itoa(c.Port)
	}
	return throughput.Web{Source: "http://" + host + c.Source, Sink: "http://" + host + c.Sink, Dial: outpost.DialThrough(t.open)}
}

// The demo's nights are short: of each five minutes, tests run in the last two.
const (
	demoTestDay  = 5
	demoTestDusk = 3
)

func demoClosed(now time.Time, _ calendar.School) probe.NotRun {
	if now.Minute()%demoTestDay < demoTestDusk {
		return probe.InSchoolHours
	}
	return ""
}

// demoTests are tests short enough for the lab, which one machine has to carry whole.
func (c *Configuration) demoTests() {
	t := &c.Prober.Throughput
	t.Method, t.Again, t.Retry, t.Duration, t.SlowStart, t.MostMbps = probe.ByHTTP, 15*time.Minute, 3*time.Minute, 2*time.Second, time.Second, 250
	t.Port = lab.WebPort
}

// startFarEnd has the lab answer tests, and chooses iperf3 where it is installed.
func (s *Server) startFarEnd() error {
	far, err := s.lab.network.ServeTests()
	if err != nil {
		return err
	}
	s.started.push("the far end of the lab's links", func(context.Context) error { return far.Stop() })
	if far.Iperf3 {
		t := &s.opts.Configuration.Prober.Throughput
		t.Method, t.Port = probe.ByIperf3, lab.IperfPort
	}
	return nil
}
