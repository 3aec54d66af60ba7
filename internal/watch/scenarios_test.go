package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

// TestScenarios runs over PostgreSQL the cases that internal/incident runs on its
// pure decisions: the agreed ones, from the folder named by VIGIE_CASES (relative
// to the root of the repository) or that package's copy, and its own.
func TestScenarios(t *testing.T) {
	t.Parallel()
	data := filepath.Join("..", "incident", "testdata")
	folder := filepath.Join(data, "cases")
	if named := os.Getenv("VIGIE_CASES"); named != "" {
		if folder = named; !filepath.IsAbs(named) {
			folder = filepath.Join("..", "..", named)
		}
	}
	for _, file := range append(readScenarios(t, folder), readScenarios(t, filepath.Join(data, "rules"))...) {
		for _, s := range file.Scenarios {
			t.Run(s.ID, func(t *testing.T) {
				t.Parallel()
				p := &player{world: worldOf(t, file, s), scenario: s}
				p.play(t)
				p.compareTickets(t, file.Tolerance)
				p.world.checkWhole(t)
			})
		}
	}
}

// player runs a scenario against the live chain.
type player struct {
	*world
	scenario scenario
}

func (p *player) play(t *testing.T) {
	t.Helper()
	const restartEvery = 50 // cycles, beside the stops of the scenario
	var waiting []int64
	for at := int64(0); at <= p.scenario.End; at += int64(p.cycle().Seconds()) {
		waiting = append(waiting, at)
		if slices.ContainsFunc(p.scenario.EngineDown, func(d [2]int64) bool { return d[0] <= at && at < d[1] }) {
			continue
		}
		if len(waiting) > 1 || at/int64(p.cycle().Seconds())%restartEvery == restartEvery-1 {
			p.restart(t)
		}
		now := instant(at).Add(p.cycle())
		for _, cycle := range waiting {
			for _, prober := range p.probers() {
				b := p.batch(prober, instant(cycle), p.isolated(cycle, prober), func(link int) result {
					return p.result(cycle, prober, p.scenario.Topology.Links[link].ID)
				})
				b.Observations = append(b.Observations, p.beside(cycle)...)
				p.apply(t, b, now)
			}
		}
		for i, cycle := range waiting {
			p.decide(t, instant(cycle), i < len(waiting)-1, now)
			p.compareAt(t, cycle)
		}
		waiting = nil
	}
}

func (p *player) probers() []string {
	if len(p.scenario.Topology.Probers) == 0 {
		return []string{"A"}
	}
	return p.scenario.Topology.Probers
}

func (p *player) isolated(t int64, prober string) bool {
	return slices.ContainsFunc(p.scenario.Canary, func(s segment) bool { return s.covers(t) && s.Prober.has(prober) })
}

func (p *player) result(t int64, prober, link string) result {
	seen := result("ok")
	for _, s := range p.scenario.Probes {
		if s.covers(t) && s.Prober.has(prober) && s.Link.has(link) {
			seen = s.Result
		}
	}
	return seen
}

// beside are the rounds of the demarcations and of the routers that the scenario
// speaks of.
func (p *player) beside(t int64) []probe.Observation {
	kinds := map[string]probe.Kind{"demarc": probe.Demarcation, "router_oob": probe.Router}
	var out []probe.Observation
	for _, s := range p.scenario.Signals {
		for _, link := range p.scenario.Topology.Links {
			if !s.Link.has(link.ID) {
				continue
			}
			rtt := probe.Lost
			if s.covers(t) && s.Value == "ok" {
				rtt = fastMicros
			}
			out = append(out, probe.Observation{Target: p.id(link.ID), Kind: kinds[s.Signal], At: instant(t), RTTMicros: []int32{rtt}})
		}
	}
	return out
}

func (p *player) id(link string) int64 {
	for i, l := range p.scenario.Topology.Links {
		if l.ID == link {
			return p.links[i]
		}
	}
	return 0
}

// ids are the ids of some links as the queries below show them.
func (p *player) ids(links names) string {
	var ids []int64
	for _, l := range links {
		ids = append(ids, p.id(l))
	}
	slices.Sort(ids)
	return strings.Join(strings.Fields(fmt.Sprint(ids)), ",")
}

func (p *player) compareAt(t *testing.T, at int64) {
	t.Helper()
	for _, want := range p.scenario.Expect.At {
		if want.T != at {
			continue
		}
		for link, status := range want.Links {
			if got := p.ask(t, `SELECT status FROM link_state WHERE link_id = $1`, p.id(link)); got[0] != status {
				t.Errorf("t=%d: link %s is %s, want %s", at, link, got[0], status)
			}
		}
		for link, flaps := range want.Flapping {
			got := p.ask(t, `SELECT coalesce(state->>'flapping', 'false') FROM link_state WHERE link_id = $1`, p.id(link))
			if got[0] != fmt.Sprint(flaps) {
				t.Errorf("t=%d: link %s flapping is %s, want %t", at, link, got[0], flaps)
			}
		}
		if want.Incidents == nil {
			continue
		}
		got := p.ask(t, `SELECT kind, '[' || coalesce((SELECT string_agg(link_id::text, ',' ORDER BY link_id)
			FROM incident_link WHERE incident_id = id), '') || ']' FROM incident WHERE closed_at IS NULL`)
		expected := []string{}
		for _, i := range want.Incidents {
			expected = append(expected, i.Kind+" "+p.ids(i.Links))
		}
		slices.Sort(got)
		slices.Sort(expected)
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("t=%d: incidents (-want +got):\n%s", at, diff)
		}
	}
}

func (p *player) compareTickets(t *testing.T, tolerance int64) {
	t.Helper()
	// A cycle is decided at its end, the scenario names its start.
	got := p.ask(t, `
		SELECT kind, addressee, '[' || (SELECT string_agg(link_id::text, ',' ORDER BY link_id) FROM ticket_link WHERE ticket_id = id) || ']',
			'opened', extract(epoch FROM opened_at - $1::timestamptz)::bigint,
			'resolved', coalesce(extract(epoch FROM resolved_at - $1::timestamptz)::bigint::text, 'open'),
			'reopens', (SELECT count(*) - 1 FROM ticket_period WHERE ticket_id = id),
			'related', CASE WHEN related IS NULL THEN 'none' ELSE 'T' || (SELECT count(*) FROM ticket r WHERE r.id <= ticket.related) END
		FROM ticket ORDER BY id`, origin.Add(p.cycle()))
	near := func(want int64, got string) string {
		var have int64
		if _, err := fmt.Sscan(got, &have); err == nil && max(have-want, want-have) <= tolerance {
			return got
		}
		return fmt.Sprint(want)
	}
	want := []string{}
	for i, e := range p.scenario.Expect.Tickets {
		have := make([]string, 9)
		if i < len(got) {
			have = strings.Fields(got[i])
		}
		resolved, related := "open", "none"
		if e.Resolved != nil {
			resolved = near(*e.Resolved, have[6])
		}
		if e.Related != nil {
			related = *e.Related
		}
		want = append(want, fmt.Sprintf("%s %s %s opened %s resolved %s reopens %d related %s",
			e.Kind, e.To, p.ids(e.Links), near(e.Opened, have[4]), resolved, e.Reopens, related))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tickets (-want +got):\n%s", diff)
	}
}
