package snmp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/lab/agent"
	"vigie/probe"
	"vigie/probe/snmp"
)

var lan, wan = port{1, "lan0", "salle serveurs", 5, 6}, port{2, "wan0", "acces BRE-1001 vers POP", 1 << 40, 1 << 41}

func asked(addr netip.AddrPort) snmp.Router {
	return snmp.Router{Link: 17, Ref: "BRE-1001", Addr: addr, Credential: v2c()}
}

// polled is the answer of router(lan, wan).
func polled() probe.Poll {
	return probe.Poll{
		Link: 17, Uptime: 43_000_000 * time.Second, Boots: 7,
		Access: probe.Interface{
			Index: 2, Name: "wan0", Alias: "acces BRE-1001 vers POP", Up: true, SpeedBits: 1_000_000_000,
			InOctets: 1 << 40, OutOctets: 1 << 41, Counted: true, Discontinuity: 4242,
		},
	}
}

var exceptTime = cmpopts.IgnoreFields(probe.Poll{}, "At")

func TestAPollTellsOfTheRouterAndOfTheAccess(t *testing.T) {
	t.Parallel()
	r := router(lan, wan)
	before := time.Now().Truncate(time.Microsecond)
	got := poller(t).Poll(t.Context(), asked(serve(t, r.answer)))
	if diff := cmp.Diff(polled(), got, exceptTime); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
	if got.At.Before(before) || got.At.After(time.Now()) || got.At.Location() != time.UTC {
		t.Errorf("answered at %v, want between %v and now, in UTC", got.At, before)
	}
}

func TestTheInterfaceIsFoundByNameThenByAliasThenByTheReference(t *testing.T) {
	t.Parallel()
	sub := port{9, "wan0.100", "voix BRE-1001", 1, 1}
	for _, test := range []struct {
		name, iface, ref, want string
		ports                  []port
	}{
		{"its name", "lan0", "BRE-1001", "lan0", []port{lan, wan}},
		{"its alias", "salle serveurs", "BRE-1001", "lan0", []port{lan, wan}},
		{"a name goes before another's alias", "lan0", "", "lan0", []port{lan, {0x7fff, "x", "lan0", 1, 1}, {1 << 20, "y", "lan0", 1, 1}}},
		{"the reference as a word, whatever its case", "", "bre-1001", "wan0", []port{{1, "a", "BRE-10012", 1, 1}, {4, "b", "XBRE-1001", 1, 1}, wan}},
		{"a port before its sub-interface", "", "BRE-1001", "wan0", []port{sub, wan, lan}},
		{"none is like it", "dsl7", "BRE-1001", "", []port{lan, wan}},
		{"none has the reference", "", "BRE-100", "", []port{lan, wan}},
		{"nothing to look for", "", "", "", []port{lan, wan}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := asked(serve(t, router(test.ports...).answer))
			r.Interface, r.Ref = test.iface, test.ref
			got := poller(t).Poll(t.Context(), r)
			if got.Problem != "" || got.Access.Name != test.want || got.Boots != 7 {
				t.Errorf("found %+v, want interface %q of a router that answers", got, test.want)
			}
		})
	}
}

func TestAKnownInterfaceCostsOneRequestUntilItMoves(t *testing.T) {
	t.Parallel()
	table := router(lan, wan)
	r, p := asked(serve(t, table.answer)), poller(t)
	p.Poll(t.Context(), r)
	first := table.requests()
	p.Poll(t.Context(), r)
	if again := table.requests() - first; again != 1 {
		t.Errorf("the second poll took %d requests, want 1", again)
	}
	moved := wan
	moved.index = 1
	other := lan
	other.index = 2
	table.set(moved, other)
	if got := p.Poll(t.Context(), r).Access; got.Name != "wan0" || got.Index != 1 || got.InOctets != wan.in {
		t.Errorf("after its index moved: %+v, want wan0 at 1 with its own counters", got)
	}
	table.set(lan)
	if got := p.Poll(t.Context(), r); got.Access != (probe.Interface{}) || got.Problem != "" {
		t.Errorf("after it was taken away: %+v, want no interface and no problem", got)
	}
	before := table.requests()
	p.Poll(t.Context(), r)
	if again := table.requests() - before; again != 1 {
		t.Errorf("one poll later it took %d requests, want 1: it is not looked for all the time", again)
	}
}

func TestWhatARouterDoesNotTellIsMissingNotZero(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*table)
		want   func(*probe.Poll)
	}{
		"no speed": {
			func(r *table) { r.without(ifX.With(15)) },
			func(p *probe.Poll) { p.Access.SpeedBits = 0 },
		},
		"no 64-bit counter in one direction": {
			func(r *table) { r.without(ifX.With(10)) },
			func(p *probe.Poll) { p.Access.Counted, p.Access.InOctets, p.Access.OutOctets = false, 0, 0 },
		},
		"no discontinuity": {
			func(r *table) { r.without(ifX.With(19)) },
			func(p *probe.Poll) { p.Access.Discontinuity = 0 },
		},
		"no engine time": {
			func(r *table) { r.without(framing) },
			func(p *probe.Poll) { p.Uptime, p.Boots = time.Second, 0 },
		},
		"no state": {
			func(r *table) { r.without(ifEntry) },
			func(p *probe.Poll) { p.Access.Up = false },
		},
		"no uptime at all": {
			func(r *table) { r.without(framing); r.without(system) },
			func(p *probe.Poll) { p.Uptime, p.Boots = 0, 0 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := router(lan, wan)
			test.change(r)
			want := polled()
			test.want(&want)
			got := poller(t).Poll(t.Context(), asked(serve(t, r.answer)))
			if diff := cmp.Diff(want, got, exceptTime); diff != "" {
				t.Errorf("poll (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACounterOfAnotherTypeIsNoCounter(t *testing.T) {
	t.Parallel()
	r := router(lan, wan)
	r.without(ifX.With(6, 2))
	r.without(ifX.With(15, 2))
	r.tell(append(r.objects,
		agent.Object{Name: ifX.With(6, 2), Value: agent.Gauge(9)},
		agent.Object{Name: ifX.With(15, 2), Value: agent.Gauge(100_000_000)}))
	got := poller(t).Poll(t.Context(), asked(serve(t, r.answer))).Access
	if got.Counted || got.InOctets != 0 {
		t.Errorf("a gauge was read as a counter: %+v", got)
	}
	if got.SpeedBits != 100_000_000 {
		t.Errorf("a speed told in bits is %d bit/s, want 100,000,000", got.SpeedBits)
	}
}

func TestARouterThatCannotBeAskedSaysWhy(t *testing.T) {
	t.Parallel()
	silent := serve(t, func([]byte) [][]byte { return nil })
	closed, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	nobody := asked(closed.LocalAddr().(*net.UDPAddr).AddrPort())
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	wrong := asked(serve(t, router(lan, wan).answer))
	wrong.Credential.Community = "public"
	nothing := asked(silent)
	nothing.Credential = snmp.Credential{}
	for name, test := range map[string]struct {
		router snmp.Router
		want   string
	}{
		"silence":         {asked(silent), snmp.ProblemSilent},
		"a closed port":   {nobody, snmp.ProblemRefused},
		"wrong community": {wrong, snmp.ProblemSilent},
		"no credential":   {nothing, `snmp: version: "", expected 2c or 3`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := poller(t).Poll(t.Context(), test.router)
			want := probe.Poll{Link: 17, Problem: test.want}
			if diff := cmp.Diff(want, got, exceptTime); diff != "" {
				t.Errorf("poll (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAStopEndsAPollAtOnce(t *testing.T) {
	t.Parallel()
	p, err := snmp.New(snmp.Options{Timeout: time.Minute, Retries: 1, InFlight: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	reached := make(chan struct{})
	addr := serve(t, func([]byte) [][]byte { close(reached); return nil })
	polls := make(chan probe.Poll, 2)
	began := time.Now()
	for range 2 { // the second waits for its turn
		go func() { polls <- p.Poll(ctx, asked(addr)) }()
	}
	<-reached
	cancel()
	for range 2 {
		if got := <-polls; got.Problem != snmp.ProblemStopped {
			t.Errorf("problem %q, want %q", got.Problem, snmp.ProblemStopped)
		}
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the polls ended after %v, want at once", took)
	}
}

func TestNoMoreRoutersAreAskedTogetherThanAllowed(t *testing.T) {
	t.Parallel()
	const most, routers = 3, 12
	var open, worst atomic.Int32
	p, err := snmp.New(snmp.Options{
		Timeout: 50 * time.Millisecond, InFlight: most,
		Open: func(create func() error) error {
			worst.Store(max(worst.Load(), open.Add(1)))
			return create()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan probe.Poll)
	for range routers {
		silent := serve(t, func([]byte) [][]byte { return nil })
		go func() {
			poll := p.Poll(t.Context(), asked(silent))
			open.Add(-1)
			done <- poll
		}()
	}
	for range routers {
		<-done
	}
	// The count falls a moment after a poll gave its turn back.
	if got := worst.Load(); got < most || got > 2*most {
		t.Errorf("%d routers asked together, want %d", got, most)
	}
}

func TestOneRouterIsAskedOneThingAtATime(t *testing.T) {
	t.Parallel()
	const links, patience = 4, 50 * time.Millisecond
	p, err := snmp.New(snmp.Options{Timeout: patience, InFlight: links})
	if err != nil {
		t.Fatal(err)
	}
	silent := serve(t, func([]byte) [][]byte { return nil })
	done, began := make(chan probe.Poll), time.Now()
	for link := range links {
		r := asked(silent)
		r.Link = int64(link)
		go func() { done <- p.Poll(t.Context(), r) }()
	}
	for range links {
		if got := <-done; got.Problem != snmp.ProblemSilent {
			t.Errorf("problem %q, want %q", got.Problem, snmp.ProblemSilent)
		}
	}
	if took := time.Since(began); took < links*patience {
		t.Errorf("%d polls of one router took %v, want %v: one after the other", links, took, links*patience)
	}
	if got := snmp.Turns(p); got != 0 {
		t.Errorf("%d addresses are remembered after the last poll, want none", got)
	}
}

func TestWhoWaitsForAnAgentIsStoppedAtOnce(t *testing.T) {
	t.Parallel()
	addr := serve(t, func([]byte) [][]byte { return nil })
	p, err := snmp.New(snmp.Options{Timeout: time.Second, InFlight: 64})
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan probe.Poll)
	ctx, stop := context.WithCancel(t.Context())
	go func() { first <- p.Poll(ctx, asked(addr)) }()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := p.Poll(ended, asked(addr)); got.Problem != snmp.ProblemStopped {
		t.Errorf("problem %q, want %q", got.Problem, snmp.ProblemStopped)
	}
	stop()
	<-first
}

func TestACredentialThatWasChangedIsUsedAtOnceAndTheFormerForgotten(t *testing.T) {
	t.Parallel()
	p := poller(t)
	first, second := asked(serve(t, router(lan, wan).answer)), asked(serve(t, router(lan, wan).answer))
	second.Link = 18
	for range 2 {
		if got := p.Poll(t.Context(), first); got.Problem != "" {
			t.Fatal(got.Problem)
		}
	}
	if got := p.Poll(t.Context(), second); got.Problem != "" || snmp.Accounts(p) != 1 {
		t.Errorf("two routers under one community: %q, %d credentials held", got.Problem, snmp.Accounts(p))
	}
	first.Credential.Community = "another"
	if got := p.Poll(t.Context(), first); got.Problem == "" {
		t.Error("the former community is still used")
	}
	if n := snmp.Accounts(p); n != 2 {
		t.Errorf("%d credentials held, want that of the other router and the new one", n)
	}
	second.Credential = first.Credential
	p.Poll(t.Context(), second)
	if n := snmp.Accounts(p); n != 1 {
		t.Errorf("%d credentials held, want the new one alone", n)
	}
}

func TestAReceiverForgetsCredentialsThatAreNotUsedAnyMore(t *testing.T) {
	t.Parallel()
	former, present, another := v2c(), v2c(), v2c()
	present.Community, another.Community = "present", "another"
	if n := snmp.Receivers(time.Minute, former, present, another); n != 3 {
		t.Errorf("%d kept within some minutes, want all three", n)
	}
	if n := snmp.Receivers(50*time.Minute, former, present, another); n != 2 {
		t.Errorf("%d kept, want the two of the last hour", n)
	}
}

func TestSocketsAreOpenedWhereTheCallerSays(t *testing.T) {
	t.Parallel()
	refused := fmt.Errorf("not in this namespace")
	p, err := snmp.New(snmp.Options{Timeout: time.Second, InFlight: 1, Open: func(func() error) error { return refused }})
	if err != nil {
		t.Fatal(err)
	}
	got := p.Poll(t.Context(), asked(netip.MustParseAddrPort("127.0.0.1:9")))
	if want := "snmp: open a socket: not in this namespace"; got.Problem != want {
		t.Errorf("problem %q, want %q", got.Problem, want)
	}
}

func TestOptionsOutOfRangeAreNamed(t *testing.T) {
	t.Parallel()
	fine := snmp.Options{Timeout: time.Second, Retries: 1, InFlight: 1}
	for want, change := range map[string]func(*snmp.Options){
		"snmp: timeout: 0s, expected more than 0 and at most 1m0s": func(o *snmp.Options) { o.Timeout = 0 },
		"snmp: retries: -1, expected 0 to 10":                      func(o *snmp.Options) { o.Retries = -1 },
		"snmp: in flight: 0, expected 1 to 10000":                  func(o *snmp.Options) { o.InFlight = 0 },
	} {
		o := fine
		change(&o)
		if _, err := snmp.New(o); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestACredentialIsRefusedWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]snmp.Credential{
		`snmp: version: "1", expected 2c or 3`:                                     {Version: "1", Community: "hush"},
		`snmp: community: 0 octets, expected 1 to 127`:                             {Version: snmp.V2c},
		`snmp: community: 200 octets, expected 1 to 127`:                           {Version: snmp.V2c, Community: strings.Repeat("hush", 50)},
		`snmp: user, auth or priv with version 2c, expected a community alone`:     {Version: snmp.V2c, Community: "hush", User: "vigie"},
		`snmp: community with version 3, expected a user`:                          {Version: snmp.V3, Community: "hush"},
		`snmp: user: 0 octets, expected 1 to 32`:                                   {Version: snmp.V3},
		`snmp: auth: "ROT13", expected MD5, SHA, SHA224, SHA256, SHA384 or SHA512`: {Version: snmp.V3, User: "vigie", Auth: "ROT13"},
		`snmp: priv: "XOR", expected DES, AES, AES192, AES256, AES192C or AES256C`: {Version: snmp.V3, User: "vigie", Priv: "XOR"},
		`snmp: priv: AES without auth, expected both`:                              {Version: snmp.V3, User: "vigie", Priv: "AES"},
		`snmp: auth password: 4 octets, expected at least 8`:                       {Version: snmp.V3, User: "vigie", Auth: "SHA", AuthPassword: "hush"},
		`snmp: priv password without priv, expected both or none`:                  {Version: snmp.V3, User: "vigie", Auth: "SHA", AuthPassword: "hush-hush", PrivPassword: "hush-hush"},
	} {
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestNoFormOfPrintingShowsASecret(t *testing.T) {
	t.Parallel()
	for _, c := range []snmp.Credential{
		{Version: snmp.V2c, Community: "hush-2"},
		{Version: snmp.V3, User: "vigie", Auth: "SHA256", AuthPassword: "hush-auth", Priv: "AES", PrivPassword: "hush-priv"},
	} {
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		r := snmp.Router{Ref: "BRE-1", Credential: c}
		packed, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{
			fmt.Sprint(c), fmt.Sprintf("%+v %#v %v %s", c, c, r, c), fmt.Sprintf("%+v %#v", r, &r), c.LogValue().String(), string(packed),
		} {
			if strings.Contains(shown, "hush") {
				t.Errorf("%s shows a secret", shown)
			}
		}
	}
	if got := (snmp.Credential{Version: snmp.V3, User: "vigie", Auth: "SHA", Priv: "AES"}).String(); got != "v3 vigie SHA AES" {
		t.Errorf("credential shown as %q", got)
	}
}
