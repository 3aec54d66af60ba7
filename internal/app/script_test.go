package app

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/configs"
	"vigie/internal/incident"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/lab"
	"vigie/internal/linkstate"
	"vigie/internal/measure"
	"vigie/probe"
)

// suffering is the demo's network as its faults leave it, without packets.
type suffering struct {
	mu    sync.Mutex
	addrs lab.Baseline
}

func (s *suffering) Set(addr netip.Addr, i lab.Impairment) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addrs[addr] = i
	return nil
}

func (s *suffering) SetLink(string, lab.Condition) {}

func (s *suffering) at(addr netip.Addr) lab.Impairment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addrs[addr]
}

// demoIndex is the inventory that the demo ships.
func demoIndex(t *testing.T) *inventory.Index {
	t.Helper()
	folder, err := configs.Demo()
	if err != nil {
		t.Fatal(err)
	}
	files, err := intake.Folder(folder)
	if err != nil {
		t.Fatal(err)
	}
	set, problems := intake.Read(files)
	if len(problems.List) > 0 {
		t.Fatal(problems)
	}
	return inventory.NewIndex(set.Rows)
}

// play is the demo's script before the rules, with numbers for names.
type play struct {
	topology lab.Topology
	network  *suffering
	numbers  map[string]int64
	rules    incident.Topology
	policy   incident.Policy
	windows  []incident.Maintenance
	state    incident.State
	rounds   uint64
	effects  []incident.Effect
	changes  []incident.Change
}

func newPlay(t *testing.T, x *inventory.Index) *play {
	t.Helper()
	topology := labTopology(x, time.Date(2026, time.November, 25, 0, 0, 0, 0, time.UTC))
	baseline := lab.NewBaseline(topology, demoSeed)
	p := &play{
		topology: topology, network: &suffering{addrs: baseline}, numbers: map[string]int64{},
		policy: DefaultConfiguration().demo().demoPolicy().Incident,
	}
	var links []incident.Link
	for _, l := range topology.Links {
		link := incident.Link{
			ID: p.number("link " + l.Ref), POP: p.number("pop " + l.POP), Operator: p.number("operator " + l.Operator),
			CPEOwner: incident.OwnerOperator,
		}
		for _, site := range l.Sites {
			link.Sites = append(link.Sites, p.number("site "+site))
		}
		links = append(links, link)
	}
	var err error
	if p.rules, err = incident.NewTopology(links); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *play) number(name string) int64 {
	if p.numbers[name] == 0 {
		p.numbers[name] = int64(len(p.numbers) + 1)
	}
	return p.numbers[name]
}

// answers reports whether an address answers at all now.
func (p *play) answers(addr netip.Addr) bool { return addr.IsValid() && !p.network.at(addr).Cut }

var results = map[measure.Verdict]linkstate.Result{
	measure.OK: linkstate.OK, measure.Slow: linkstate.Slow, measure.Fail: linkstate.Fail,
}

// round is what one round of echoes to a link finds now.
func (p *play) round(id int64, addr netip.Addr, at time.Time) probe.Observation {
	line := p.network.at(addr)
	o := probe.Observation{Target: id, Kind: probe.Link, At: at}
	for n := range uint64(5) {
		fate := line.Fate(demoSeed, lab.Flow{Addr: addr, Protocol: 1}, 5*p.rounds+n)
		if fate.Lost {
			o.RTTMicros = append(o.RTTMicros, probe.Lost)
		} else {
			o.RTTMicros = append(o.RTTMicros, int32(2*fate.Delay.Microseconds()))
		}
	}
	return o
}

// decide decides the cycle that begins now.
func (p *play) decide(now time.Time) {
	p.rounds++
	limits := measure.Limits{MaxRTTMicros: 60_000, MaxLossPercent: 20} // of the demo's clauses
	round := incident.Round{Prober: "local", Isolated: !slices.ContainsFunc(p.topology.Canaries, p.answers)}
	cycle := incident.Cycle{At: now, Maintenance: p.windows}
	for _, l := range p.topology.Links {
		id := p.number("link " + l.Ref)
		result := results[measure.Judge(p.round(id, l.Addr, now), limits).Verdict]
		round.Samples = append(round.Samples, incident.Sample{Link: id, Result: result, At: now})
		if signal := (incident.Signal{Link: id, Demarcation: p.answers(l.Demarcation), RouterOutOfBand: p.answers(l.Router)}); !round.Isolated {
			cycle.Signals = append(cycle.Signals, signal)
		}
	}
	cycle.Rounds = []incident.Round{round}
	d := incident.Decide(p.state, p.rules, cycle, p.policy)
	p.state = d.State
	p.effects = append(p.effects, d.Effects...)
	p.changes = append(p.changes, d.Changes...)
}

// told is the life of the tickets that hold a link, in words.
func (p *play) told(link int64) (words []string) {
	for _, e := range p.effects {
		if slices.Contains(e.Links, link) {
			words = append(words, fmt.Sprintf("%s %s to %s", e.Action, e.Kind, e.To))
		}
	}
	return words
}

func TestEachFaultOfTheScriptHasItsEffect(t *testing.T) {
	t.Parallel()
	x := demoIndex(t)
	for _, late := range []time.Duration{0, 1300 * time.Millisecond, 2600 * time.Millisecond, 4900 * time.Millisecond} {
		t.Run(fmt.Sprintf("begun %s into a cycle", late), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { playScript(t, newPlay(t, x), late) })
		})
	}
}

// playScript plays the whole script, begun late into a cycle, and looks at what
// became of each fault.
func playScript(t *testing.T, p *play, late time.Duration) {
	t.Helper()
	steps := lab.Script(p.topology, demoSeed)
	baseline := lab.NewBaseline(p.topology, demoSeed)
	faults := lab.NewFaults(p.topology, baseline, p.network)
	began := time.Now().Add(late)
	works, planned := lab.Announced(steps)
	if !planned {
		t.Fatal("the script has no works")
	}
	p.windows = []incident.Maintenance{{
		Scope: incident.ScopePOP, ID: p.number("pop " + works.POP), From: began.Add(works.From), To: began.Add(works.To),
	}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		time.Sleep(late)
		go func() {
			if err := faults.Run(ctx); err != nil {
				t.Error(err)
			}
		}()
		if err := faults.Play(ctx, steps, func(lab.Step) {}); err != nil {
			t.Error(err)
		}
	}()
	for end := time.Now().Add(15 * time.Minute); time.Now().Before(end); time.Sleep(demoCycle) {
		synctest.Wait()
		p.decide(time.Now())
	}
	if len(p.state.Incidents) > 0 {
		t.Errorf("after the script these incidents are open: %+v", p.state.Incidents)
	}
	p.check(t, steps)
}

func (p *play) check(t *testing.T, steps []lab.Step) {
	t.Helper()
	seen := map[string]bool{}
	for _, step := range steps {
		seen[step.Message] = true
		if step.Ends {
			continue
		}
		var want []string
		switch step.Message {
		case lab.MessageCut:
			want = []string{"open link to operator", "resolve link to operator"}
		case lab.MessageBrownout:
			want = []string{"open degraded to operator", "resolve degraded to operator"}
		case lab.MessagePower:
			want = []string{"open site to internal", "resolve site to internal"}
		case lab.MessageRouter:
			want = []string{"open router to operator", "resolve router to operator"}
		case lab.MessageFlap:
			want = []string{"open flapping to operator", "resolve flapping to operator"}
		case lab.MessagePOP:
			want = []string{"open mass to operator", "resolve mass to operator"}
		}
		for _, l := range p.topology.Links {
			if step.Fault.Kind == lab.KindUplink || !slices.Contains([]string{l.Ref, l.POP, l.Sites[0]}, step.Fault.Target) {
				continue
			}
			got := p.told(p.number("link " + l.Ref))
			if step.Message == lab.MessagePOP && len(got) > 2 { // a link may join a moment later
				got = slices.DeleteFunc(got, func(s string) bool { return s == "join mass to operator" })
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: tickets of %s (-want +got):\n%s", step.Message, l.Ref, diff)
			}
		}
	}
	for _, message := range []string{
		lab.MessageCut, lab.MessagePOP, lab.MessageUplink, lab.MessageBrownout, lab.MessagePower, lab.MessageRouter, lab.MessageFlap, lab.MessageWorks, lab.MessageFirewall,
	} {
		if !seen[message] {
			t.Errorf("the script lacks %s", message)
		}
	}
	window := p.windows[0]
	for _, l := range p.topology.Links {
		if p.number("pop "+l.POP) != window.ID {
			continue
		}
		if !slices.ContainsFunc(p.changes, func(c incident.Change) bool {
			return c.Action == incident.Open && slices.Contains(c.Links, p.number("link "+l.Ref)) &&
				c.Start.After(window.From) && c.Start.Before(window.To)
		}) {
			t.Errorf("the works make no incident of %s, want one without ticket", l.Ref)
		}
	}
	if len(p.effects) != 12 {
		t.Errorf("%d effects on tickets, want 12: %+v", len(p.effects), p.effects)
	}
}
