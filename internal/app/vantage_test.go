package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/org"
	"vigie/internal/outpost"
	"vigie/internal/pipe"
	"vigie/internal/prober"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/vantage"
	"vigie/probe"
	"vigie/probe/icmp"
	"vigie/probe/path"
	"vigie/probe/ping"
	"vigie/probe/snmp"
)

// proxy stands between probers and core and can be cut.
type proxy struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, to: to}
	t.Cleanup(func() { _ = l.Close(); p.set(true) })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", p.to)
			if err != nil || !p.keep(in, out) {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	return p
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.cut {
		p.conns = append(p.conns, conns...)
	}
	return !p.cut
}

func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// loopbackInventory has links and canaries on addresses of this machine.
func loopbackInventory(links int) inventory.Snapshot {
	const src = "invented for a test"
	began := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	s := inventory.Snapshot{
		Organisations: []org.Organisation{{Key: "payer", Name: "payer", Kind: org.Region, Source: src}},
		Communes:      []inventory.Commune{{INSEE: "67482", Name: "Ville", Departement: "67", Source: src}},
		Markets:       []contract.Market{{Key: "market", Name: "market", Coordinator: "payer", Starts: began, Source: src}},
		Operators:     []inventory.Operator{{Key: "x", Name: "x", TicketEmail: "desk@x.example", Source: src}},
		Lots:          []contract.Lot{{Key: "lot", Market: "market", Operator: "x", Name: "lot", Source: src}},
		Clauses: []contract.Clause{{
			Lot: "lot", From: began, Service: calendar.Service{Always: true}, GTR: 4 * time.Hour, ClockStart: contract.StartSent,
			PercentHour: "1", CapPercent: "100", VATPercent: "20", Proration: "actual", Source: src,
		}},
		POPs: []inventory.POP{{Key: "pop", Operator: "x", Name: "pop", Source: src}},
		Canaries: []inventory.Canary{
			{Key: "c1", Name: "c1", Address: netip.MustParseAddr("127.0.2.1"), Path: "north", Source: src},
			{Key: "c2", Name: "c2", Address: netip.MustParseAddr("127.0.2.2"), Path: "south", Source: src},
		},
	}
	for i := range links {
		site := fmt.Sprintf("site-%02d", i)
		s.Sites = append(s.Sites, inventory.Site{Key: site, Name: site, Kind: inventory.Lycee, Commune: "67482", Organisation: "payer", Source: src})
		s.Links = append(s.Links, inventory.Link{
			Ref: fmt.Sprintf("L-%02d", i), Operator: "x", Lot: "lot", POP: "pop", Sites: []string{site}, PriceItem: "access",
			DownKbps: 1, UpKbps: 1, ProbeAddress: netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}), CPEOwner: inventory.OperatorCPE, Starts: began, Source: src,
		})
	}
	return s
}

// startLoopback is a core with a port for probers and a quick rhythm.
func startLoopback(t *testing.T, links int, listen string, change ...func(*Configuration)) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a server and probers")
	}
	engine, err := icmp.New(icmp.Options{Echoes: 1, Gap: time.Second, Timeout: time.Second})
	if err != nil {
		t.Skipf("this machine allows no echoes: %v", err)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	dsn := storetest.DSN(t)
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	saving := func(intake.Current) (intake.Saving, error) { return intake.Saving{Rows: loopbackInventory(links)}, nil }
	if err := store.NewIntake(db).ChangeInventory(t.Context(), saving); err != nil {
		t.Fatal(err)
	}
	c := DefaultConfiguration()
	c.DatabaseURL, c.Listen, c.Probers.Listen = dsn, "127.0.0.1:0", listen
	c.Prober.Cycle, c.Prober.Echoes, c.Prober.Gap, c.Prober.Timeout = time.Second, 2, 20*time.Millisecond, 200*time.Millisecond
	for _, f := range change {
		f(&c)
	}
	s, err := Start(t.Context(), Options{
		Dir: dirForAll(t), Configuration: c, Say: func(string) {}, Progress: func(int, string) {}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// away is a prober elsewhere, in this process.
type away struct {
	options outpost.Options
	stop    context.CancelFunc
	ended   chan struct{}
	err     error // once it ended
}

func (s *Server) newAway(t *testing.T, name, core string) *away {
	t.Helper()
	made, err := s.addProber(t.Context(), NewProber{Name: name, Core: core})
	if err != nil {
		t.Fatal(err)
	}
	credential, err := vantage.ParseCredential([]byte(made.Credential))
	if err != nil {
		t.Fatal(err)
	}
	return &away{options: outpost.Options{Credential: credential, Dir: t.TempDir(), Say: func(string) {}, Log: slog.New(slog.DiscardHandler)}}
}

func (a *away) start(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	a.stop, a.ended = stop, ended
	go func() {
		defer close(ended)
		a.err = outpost.Run(ctx, a.options)
	}()
	t.Cleanup(func() { stop(); <-ended })
}

// halt stops the prober and leaves its files.
func (a *away) halt(t *testing.T) {
	t.Helper()
	a.stop()
	<-a.ended
	if a.err != nil {
		t.Fatal(a.err)
	}
}

func (s *Server) ask(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	if err := s.instance.db.Pool().QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// sharing are the probers that look at links now.
func (s *Server) sharing() []string {
	s.vantages.mu.Lock()
	defer s.vantages.mu.Unlock()
	names := slices.Clone(s.vantages.sharing)
	slices.Sort(names)
	return names
}

// Cycles since a prober began of which neither a whole part nor a gap is stored.
const cyclesUnaccounted = `
	WITH own AS (SELECT id FROM prober WHERE name = $1),
		span AS (SELECT min(cycle) AS first, max(cycle) AS last FROM batch WHERE prober = (SELECT id FROM own))
	SELECT count(*) FROM span, generate_series(first, last, interval '1 second') AS planned (at)
	WHERE NOT EXISTS (SELECT FROM batch b WHERE b.prober = (SELECT id FROM own) AND b.cycle = planned.at AND b.last)
		AND NOT EXISTS (SELECT FROM gap g WHERE g.prober = (SELECT id FROM own) AND g.from_at <= planned.at AND g.to_at > planned.at)`

func TestAProberThatIsCutOffGoesOnAndHandsOverWhatItMeasured(t *testing.T) {
	t.Parallel()
	s := startLoopback(t, 24, "127.0.0.1:0")
	way := newProxy(t, s.pipe.Address())
	lyon, lille := s.newAway(t, "lyon", way.listener.Addr().String()), s.newAway(t, "lille", "")
	lyon.start(t)
	lille.start(t)
	soon(t, "all three share the links", func() bool { return slices.Equal(s.sharing(), []string{"lille", "local", "lyon"}) })
	here, err := s.outposts(t.Context(), struct{}{})
	if err != nil || len(here) != 2 || here[0].From != "127.0.0.1" || here[1].From != "127.0.0.1" {
		t.Errorf("connected probers: %+v, %v", here, err)
	}

	way.set(true)
	before := s.ask(t, `SELECT last_seq FROM prober WHERE name = 'lyon'`)
	soon(t, "others take the links of the prober that is cut off", func() bool { return slices.Equal(s.sharing(), []string{"lille", "local"}) })
	if at := s.ask(t, `SELECT count(*) FROM gap g JOIN prober p ON p.id = g.prober WHERE p.name = 'lyon'`); at == 0 {
		t.Error("no gap is recorded while the prober is cut off")
	}
	way.set(false)
	soon(t, "the prober takes its share again", func() bool { return slices.Contains(s.sharing(), "lyon") })

	lyon.halt(t)
	local := pipe.New(pipe.Options{Dir: filepath.Join(lyon.options.Dir, "stream"), Log: slog.New(slog.DiscardHandler)})
	if err := local.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	taken, err := local.LastSeq(t.Context(), "lyon")
	local.Stop()
	if err != nil || int(taken) < before+silentFor {
		t.Fatalf("the prober took batches up to %d, %v; expected it to go on behind %d", taken, err, before)
	}
	lyon.start(t) // what was complete at the stop leaves after the start
	soon(t, "all that was taken is applied", func() bool {
		return s.ask(t, `SELECT last_seq FROM prober WHERE name = 'lyon'`) > int(taken)
	})
	if n := s.ask(t, `SELECT last_seq - (SELECT count(*) FROM batch WHERE batch.prober = prober.id) FROM prober WHERE name = 'lyon'`); n != 0 {
		t.Errorf("%d batches were taken and not applied", n)
	}
	if n := s.ask(t, `SELECT count(*) FROM batch b JOIN prober p ON p.id = b.prober WHERE p.name = 'lyon' AND late`); n < silentFor {
		t.Errorf("%d batches are marked late, expected those of the cut", n)
	}
	lille.halt(t)
	for _, name := range []string{"lyon", "lille", "local"} {
		if n := s.ask(t, cyclesUnaccounted, name); n != 0 {
			t.Errorf("%s: %d cycles are neither stored nor a gap", name, n)
		}
	}
	if n := s.ask(t, `SELECT count(*) FROM transition`); n != 0 {
		t.Errorf("%d links changed their state for a prober that was cut off", n)
	}
}

func TestAProberThatLostItsDirectoryGoesOnBehindItsLastNumber(t *testing.T) {
	t.Parallel()
	s := startLoopback(t, 4, "127.0.0.1:0")
	lyon := s.newAway(t, "lyon", "")
	lyon.start(t)
	soon(t, "a few batches", func() bool { return s.ask(t, `SELECT coalesce(max(last_seq), 0) FROM prober WHERE name = 'lyon'`) >= 3 })
	lyon.halt(t)
	last := s.ask(t, `SELECT last_seq FROM prober WHERE name = 'lyon'`)
	lyon.options.Dir = t.TempDir()
	lyon.start(t)
	soon(t, "batches after the loss", func() bool { return s.ask(t, `SELECT last_seq FROM prober WHERE name = 'lyon'`) >= last+4 })
	if n := s.ask(t, `SELECT count(*) FROM gap g JOIN prober p ON p.id = g.prober WHERE p.name = 'lyon' AND reason = 'lost'`); n != 1 {
		t.Errorf("%d gaps of lost data, expected one", n)
	}
	if n := s.ask(t, cyclesUnaccounted, "lyon"); n != 0 {
		t.Errorf("%d cycles are neither stored nor a gap", n)
	}
}

func TestTheCoreAsksItsProbersAndRevokesThem(t *testing.T) {
	t.Parallel()
	s := startLoopback(t, 4, "127.0.0.1:0")
	lyon := s.newAway(t, "lyon", "")
	q := outpost.Question{Kind: outpost.Ping, Hosts: []string{"127.0.0.1", "127.0.0.9"}, Count: 2, Interval: 200 * time.Millisecond, Timeout: 200 * time.Millisecond}
	if _, err := s.askProber(t.Context(), ProberQuestion{"lyon", q}); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "not connected") {
		t.Errorf("a prober that is away: %v", err)
	}
	if _, err := s.askProber(t.Context(), ProberQuestion{"paris", q}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a prober that nobody knows: %v", err)
	}
	lyon.start(t)
	soon(t, "the prober answers", func() bool {
		_, err := s.askProber(t.Context(), ProberQuestion{"lyon", q})
		return err == nil
	})
	for _, name := range []string{"lyon", "local"} {
		a, err := s.askProber(t.Context(), ProberQuestion{name, q})
		if err != nil || len(a.Echoes) != 4 || len(a.Addresses) != 2 || !slices.Equal(a.Rejects, make([]ping.Rejects, 3)) {
			t.Fatalf("echoes from %s: %+v, %v", name, a, err)
		}
		for _, e := range a.Echoes {
			if e.Unsent || e.RTTMicros == probe.Lost {
				t.Errorf("echo from %s: %+v", name, e)
			}
		}
		trace := outpost.Question{Kind: outpost.Trace, Hosts: []string{"127.0.0.1"}, Count: 1, Interval: time.Second, Timeout: time.Second}
		a, err = s.askProber(t.Context(), ProberQuestion{name, trace})
		if err != nil || len(a.Probes) != 1 || a.Probes[0].Kind != path.Reached {
			t.Errorf("trace from %s: %+v, %v", name, a, err)
		}
		if _, err := s.pollProber(t.Context(), ProberPollQuestion{name, "L-00"}); err == nil || !strings.Contains(err.Error(), "polls no router") {
			t.Errorf("poll of a link without a router from %s: %v", name, err)
		}
	}
	q.Count = outpost.MaxCount + 1
	if _, err := s.askProber(t.Context(), ProberQuestion{"lyon", q}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("more than a prober does for anybody: %v", err)
	}

	plan := filepath.Join(lyon.options.Dir, "plan.gz")
	if _, err := os.Stat(plan); err != nil {
		t.Errorf("the plan on the disk of the prober: %v", err)
	}
	if _, err := s.revokeProber(t.Context(), ProberName{"lyon"}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lyon.ended:
		if !errors.Is(lyon.err, pipe.ErrRefused) {
			t.Errorf("the revoked prober ended with %v", lyon.err)
		}
		if _, err := os.Stat(plan); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the plan, with the secrets of routers, is still on the disk of a revoked prober: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the revoked prober goes on")
	}
	if here := s.sharing(); slices.Contains(here, "lyon") {
		t.Errorf("a revoked prober still shares the links: %v", here)
	}
}

func TestAProberWithoutItsCanariesSharesNoLinksUnlessNobodySeesAnything(t *testing.T) {
	t.Parallel()
	v := newVantages()
	v.canaries = true
	cycle := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	deliver := func(name string, n int, rtt int32) {
		canary := probe.Observation{Kind: probe.Canary, RTTMicros: []int32{rtt}}
		b := probe.Batch{Prober: name, Cycle: cycle.Add(time.Duration(n) * time.Second), Observations: []probe.Observation{canary}}
		v.delivered(b)
		v.delivered(b) // offered again
		b.Observations, b.Last = nil, true
		v.delivered(b)
		v.delivered(b)
	}
	want := func(when string, names ...string) {
		t.Helper()
		if got := v.seeing([]string{"lille", "lyon"}); !slices.Equal(got, names) {
			t.Errorf("%s: %v share the links, want %v", when, got, names)
		}
	}
	for n := range 2 * blindFor {
		deliver("lille", n, 100)
		deliver("lyon", n, probe.Lost)
		if n == blindFor-2 {
			want("after a short isolation", "lille", "lyon")
		}
	}
	want("after a long one", "lille")
	for n := range blindFor {
		deliver("lille", 2*blindFor+n, probe.Lost)
	}
	want("when nobody sees anything", "lille", "lyon")
	deliver("lyon", 3*blindFor, 100)
	want("after the first canary", "lyon")
}

func TestEachProberGetsItsShareAndEveryCanary(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("192.0.2.1")
	whole := prober.Plan{Configuration: prober.DefaultConfiguration(), Targets: []probe.Target{
		{ID: 1, Kind: probe.Link, Addr: addr},
		{ID: 1, Kind: probe.Router, Addr: addr},
		{ID: 2, Kind: probe.Link, Addr: addr},
		{ID: 3, Kind: probe.Link, Addr: addr},
		{ID: 3, Kind: probe.Canary, Addr: addr},
	}, Routers: []snmp.Router{{Link: 1}, {Link: 2}, {Link: 9}}, Questions: []prober.Question{{ID: 7, Link: 1}, {ID: 8, Link: 3}}, Reflectors: []prober.Reflector{{Link: 1}, {Link: 3}}}
	if got, want := linksOf(whole), []int64{1, 2, 3, 9}; !slices.Equal(got, want) {
		t.Errorf("links of the plan: %v, want %v", got, want)
	}
	got := share(whole, vantage.Part{First: []int64{1, 9}, Second: []int64{2}})
	if len(got.Targets) != 4 || got.Targets[3].Kind != probe.Canary || len(got.Routers) != 2 || got.Routers[1].Link != 9 || len(got.Questions) != 1 || got.Questions[0].ID != 7 || len(got.Reflectors) != 1 || got.Reflectors[0].Link != 1 {
		t.Errorf("share: %+v", got)
	}
	if none := share(whole, vantage.Part{}); len(none.Targets) != 1 || len(none.Routers)+len(none.Questions)+len(none.Reflectors) > 0 {
		t.Errorf("share without a link: %+v", none)
	}
}
