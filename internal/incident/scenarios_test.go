package incident_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/incident"
)

// TestScenarios runs the agreed cases, from the folder named by VIGIE_CASES
// (relative to the root of the repository) or the copy beside this test.
func TestScenarios(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("testdata", "cases")
	if named := os.Getenv("VIGIE_CASES"); named != "" {
		folder = named
		if !filepath.IsAbs(named) {
			folder = filepath.Join("..", "..", named)
		}
	}
	runScenarios(t, folder)
}

// TestRuleScenarios runs our own scenarios, one or more for each sentence of
// the rules.
func TestRuleScenarios(t *testing.T) {
	t.Parallel()
	runScenarios(t, filepath.Join("testdata", "rules"))
}

func runScenarios(t *testing.T, folder string) {
	t.Helper()
	for _, file := range readScenarios(t, folder) {
		for _, s := range file.Scenarios {
			t.Run(s.ID, func(t *testing.T) {
				t.Parallel()
				play(t, newWorld(t, file, s), file.Tolerance)
			})
		}
	}
}

// sent is a ticket as its effects tell it.
type sent struct {
	kind, to string
	links    []int64
	opened   int64
	resolved *int64
	reopens  int
	related  int64
}

// player runs a scenario and keeps what was sent.
type player struct {
	world   *world
	state   incident.State
	order   []int64
	tickets map[int64]*sent
}

func play(t *testing.T, w *world, tolerance int64) {
	t.Helper()
	p := &player{world: w, tickets: map[int64]*sent{}}
	var waiting []int64
	wasDown := false
	for now := int64(0); now <= w.scenario.End; now += int64(w.policy.Link.Cycle.Seconds()) {
		waiting = append(waiting, now)
		if w.engineDown(now) {
			if !wasDown {
				p.state = reload(t, p.state)
			}
			wasDown = true
			continue
		}
		wasDown = false
		for i, at := range waiting {
			p.decide(t, at, i < len(waiting)-1, now)
		}
		waiting = nil
	}
	p.compareTickets(t, tolerance)
}

// reload writes the whole state as text and reads it back, as a restart does.
func reload(t *testing.T, state incident.State) incident.State {
	t.Helper()
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	var again incident.State
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	return again
}

func (p *player) decide(t *testing.T, at int64, backlog bool, now int64) {
	t.Helper()
	cycle := p.world.cycle(at)
	cycle.Backlog = backlog
	decision := incident.Decide(p.state, p.world.topology, cycle, p.world.policy)
	p.state = decision.State
	for _, effect := range decision.Effects {
		p.apply(effect, now)
	}
	for _, want := range p.world.scenario.Expect.At {
		if want.T == at {
			p.compareAt(t, want)
		}
	}
}

func (p *player) apply(effect incident.Effect, now int64) {
	if effect.Action == incident.Open {
		p.order = append(p.order, effect.Ticket)
		p.tickets[effect.Ticket] = &sent{opened: now, related: effect.Related}
	}
	ticket := p.tickets[effect.Ticket]
	ticket.kind, ticket.to = string(effect.Kind), string(effect.To)
	for _, id := range effect.Links {
		if !slices.Contains(ticket.links, id) {
			ticket.links = append(ticket.links, id)
		}
	}
	switch effect.Action {
	case incident.Reopen:
		ticket.reopens++
		ticket.resolved = nil
	case incident.Resolve:
		ticket.resolved = &now
	}
}

func (p *player) compareAt(t *testing.T, want expectedAt) {
	t.Helper()
	for i, row := range p.state.Links {
		name := p.world.links[i]
		if status, ok := want.Links[name]; ok && status != row.State.Status.String() {
			t.Errorf("t=%d: link %s is %s, want %s", want.T, name, row.State.Status, status)
		}
		if flapping, ok := want.Flapping[name]; ok && flapping != row.Flapping {
			t.Errorf("t=%d: link %s flapping is %t, want %t", want.T, name, row.Flapping, flapping)
		}
	}
	if want.Incidents == nil {
		return
	}
	got, expected := []string{}, []string{}
	for _, inc := range p.state.Incidents {
		got = append(got, string(inc.Kind)+" "+p.linkNames(inc.Links))
	}
	for _, inc := range want.Incidents {
		slices.Sort(inc.Links)
		expected = append(expected, inc.Kind+" "+strings.Join(inc.Links, ","))
	}
	slices.Sort(got)
	slices.Sort(expected)
	if diff := cmp.Diff(got, expected); diff != "" {
		t.Errorf("t=%d: incidents (-got +want):\n%s", want.T, diff)
	}
}

func (p *player) linkNames(ids []int64) string {
	var all []string
	for _, id := range ids {
		all = append(all, p.world.links[id-1])
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

func (p *player) compareTickets(t *testing.T, tolerance int64) {
	t.Helper()
	position := func(id int64) string {
		if at := slices.Index(p.order, id); at >= 0 {
			return fmt.Sprintf("T%d", at+1)
		}
		return "none"
	}
	near := func(got, want int64) int64 {
		if got-want <= tolerance && want-got <= tolerance {
			return want
		}
		return got
	}
	var got, want []string
	for i, id := range p.order {
		ticket := p.tickets[id]
		resolved := "open"
		if ticket.resolved != nil {
			resolved = fmt.Sprint(*ticket.resolved)
		}
		opened := ticket.opened
		if i < len(p.world.scenario.Expect.Tickets) {
			expected := p.world.scenario.Expect.Tickets[i]
			opened = near(opened, expected.Opened)
			if ticket.resolved != nil && expected.Resolved != nil {
				resolved = fmt.Sprint(near(*ticket.resolved, *expected.Resolved))
			}
		}
		got = append(got, fmt.Sprintf("%s to %s on %s opened %d resolved %s reopens %d related %s",
			ticket.kind, ticket.to, p.linkNames(ticket.links), opened, resolved, ticket.reopens, position(ticket.related)))
	}
	for _, expected := range p.world.scenario.Expect.Tickets {
		resolved, related := "open", "none"
		if expected.Resolved != nil {
			resolved = fmt.Sprint(*expected.Resolved)
		}
		if expected.Related != nil {
			related = *expected.Related
		}
		slices.Sort(expected.Links)
		want = append(want, fmt.Sprintf("%s to %s on %s opened %d resolved %s reopens %d related %s",
			expected.Kind, expected.To, strings.Join(expected.Links, ","), expected.Opened, resolved, expected.Reopens, related))
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("tickets (-got +want):\n%s", diff)
	}
}
