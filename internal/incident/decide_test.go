package incident_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/incident"
	"vigie/internal/linkstate"
)

func TestACycleIsDecidedOnce(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3)
	n.cycle(0)
	n.cycle(30, 1)
	before := n.state
	for _, at := range []int64{0, 30} {
		again := n.cycle(at, 1, 2, 3)
		if diff := cmp.Diff(again, incident.Decision{State: before}); diff != "" {
			t.Errorf("deciding t=%d again (-got +want):\n%s", at, diff)
		}
	}
}

// TestLifeOfAnOutage reads as a timeline: what follows from each cycle.
func TestLifeOfAnOutage(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 9)
	var got []string
	for at := int64(0); at <= 3000; at += 30 {
		var failing []int64
		if at >= 600 && at < 1800 {
			failing = []int64{5}
		}
		d := n.cycle(at, failing...)
		for _, m := range d.Transitions {
			got = append(got, fmt.Sprintf("%d link %d %s since %s", at, m.Link, m.To, since(m.Since)))
		}
		for _, c := range d.Changes {
			got = append(got, fmt.Sprintf("%d incident %d %s %s start %s end %s %s",
				at, c.Incident, c.Action, c.Kind, since(c.Start), since(c.End), c.Reason))
		}
		for _, o := range d.Outages {
			got = append(got, fmt.Sprintf("%d outage of %d from %s to %s in %d", at, o.Link, since(o.From), since(o.To), o.Incident))
		}
		for _, e := range d.Effects {
			got = append(got, fmt.Sprintf("%d ticket %d key %d %s %s to %s of %d links %v since %s %s",
				at, e.Ticket, e.Key, e.Action, e.Kind, e.To, e.Operator, e.Links, since(e.Since), e.Reason))
		}
	}
	want := []string{
		"660 link 5 down since 600",
		"660 incident 1 open link start 600 end - ",
		"660 outage of 5 from 600 to - in 1",
		"900 ticket 1 key 1 open link to operator of 1 links [5] since 600 delay_elapsed",
		"1860 link 5 up since 1800",
		"1860 outage of 5 from 600 to 1800 in 1",
		"2700 incident 1 close link start 600 end 1800 stable",
		"2700 ticket 1 key 1 resolve link to operator of 1 links [5] since 1800 stable",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("timeline (-got +want):\n%s", diff)
	}
}

func since(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return fmt.Sprint(int64(at.Sub(origin).Seconds()))
}

func TestAReopenedTicketKeepsItsKey(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3)
	var got []string
	for at := int64(0); at <= 6000; at += 30 {
		var failing []int64
		if at >= 600 && at < 1200 || at >= 3000 && at < 3600 {
			failing = []int64{1}
		}
		for _, e := range n.cycle(at, failing...).Effects {
			got = append(got, fmt.Sprintf("%s ticket %d incident %d key %d", e.Action, e.Ticket, e.Incident, e.Key))
		}
	}
	want := []string{
		"open ticket 1 incident 1 key 1", "resolve ticket 1 incident 1 key 1",
		"reopen ticket 1 incident 2 key 1", "resolve ticket 1 incident 2 key 1",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("effects (-got +want):\n%s", diff)
	}
}

// TestTheReasonForSilence: an incident without ticket says why, and until when.
func TestTheReasonForSilence(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 9)
	n.windows = []incident.Maintenance{{Scope: incident.ScopeLink, ID: 2, From: instant(500), To: instant(3000)}}
	want := map[int64]map[int64]incident.Hold{
		660: {1: {Reason: incident.HeldDelay, Until: instant(900)}, 2: {Reason: incident.HeldMaintenance, Until: instant(3300)}},
		690: {1: {Reason: incident.HeldIsolated}, 2: {Reason: incident.HeldIsolated}},
		900: {1: {Reason: incident.HeldRecovering}, 2: {Reason: incident.HeldMaintenance, Until: instant(3300)}},
		930: {1: {Reason: incident.HeldBacklog}},
		960: {1: {}},
	}
	for at := int64(0); at <= 960; at += 30 {
		var failing []int64
		if at >= 600 {
			failing = []int64{1, 2}
		}
		if at == 900 {
			failing = []int64{2}
		}
		cycle := n.input(at, failing...)
		cycle.Rounds[0].Isolated = at == 690
		cycle.Backlog = at == 930
		n.decide(cycle)
		for link, hold := range want[at] {
			if got := n.incidentOf(link).Hold; got != hold {
				t.Errorf("t=%d link %d: held for %+v, want %+v", at, link, got, hold)
			}
		}
	}
}

func TestAnUnknownLinkIsHeldAsUnknown(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3)
	for at := int64(0); at <= 960; at += 30 {
		cycle := n.input(at, 1)
		if at > 150 {
			cycle.Rounds[0].Samples = cycle.Rounds[0].Samples[1:]
		}
		n.decide(cycle)
	}
	if got := n.incidentOf(1).Hold; got.Reason != incident.HeldUnknown {
		t.Errorf("held for %+v, want unknown", got)
	}
}

func (n *network) incidentOf(link int64) incident.Incident {
	n.t.Helper()
	for _, inc := range n.state.Incidents {
		for _, id := range inc.Links {
			if id == link {
				return inc
			}
		}
	}
	n.t.Fatalf("link %d has no incident", link)
	return incident.Incident{}
}

func TestWakeAtSaysWhenSomethingIsDue(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 9)
	want := map[int64]string{
		570:  "-",    // nothing happens
		660:  "900",  // the ticket
		900:  "-",    // it is open; only a sample can change anything
		1860: "2700", // the resolution
		2700: "-",
	}
	for at := int64(0); at <= 2700; at += 30 {
		var failing []int64
		if at >= 600 && at < 1800 {
			failing = []int64{5}
		}
		d := n.cycle(at, failing...)
		if expected, ok := want[at]; ok && since(d.WakeAt) != expected {
			t.Errorf("t=%d: wake at %s, want %s", at, since(d.WakeAt), expected)
		}
	}
	silent := n.input(2730)
	silent.Rounds = nil
	if d := n.decide(silent); since(d.WakeAt) != "2790" {
		t.Errorf("without results: wake at %s, want 2790 when the links are unknown", since(d.WakeAt))
	}
}

// TestTheRoundsOwnTime: a cycle holds rounds at their own times; the earliest
// that shows the result dates the outage.
func TestTheRoundsOwnTime(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3)
	for at := int64(0); at <= 90; at += 30 {
		cycle := n.input(at, 2)
		late, early := cycle.Rounds[0], incident.Round{Prober: "B"}
		for i := range late.Samples {
			early.Samples = append(early.Samples, late.Samples[i])
			late.Samples[i].At = instant(at + 20)
			early.Samples[i].At = instant(at + 8)
		}
		cycle.Rounds = append(cycle.Rounds, early)
		n.decide(cycle)
	}
	if got := n.incidentOf(2).Start; !got.Equal(instant(8)) {
		t.Errorf("start: got %s s, want 8 s", since(got))
	}
}

func TestASingleIsolatedProberIsAnEvent(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3)
	var got []string
	for at := int64(0); at <= 150; at += 30 {
		cycle := n.input(at)
		cycle.Rounds = append(cycle.Rounds, incident.Round{Prober: "B", Isolated: at == 60 || at == 90})
		d := n.decide(cycle)
		for _, p := range d.Probers {
			got = append(got, fmt.Sprintf("%d %s isolated %t", at, p.ID, p.Isolated))
		}
		if len(d.Changes) > 0 {
			t.Errorf("t=%d: changes %+v", at, d.Changes)
		}
	}
	if diff := cmp.Diff(got, []string{"60 B isolated true", "120 B isolated false"}); diff != "" {
		t.Errorf("events (-got +want):\n%s", diff)
	}
}

func TestALinkLeavesTheTopology(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 9)
	for at := int64(0); at <= 900; at += 30 {
		n.cycle(at, 1, 2)
	}
	n.links = n.links[1:]
	n.rebuild()
	gone := n.cycle(930, 2)
	if len(gone.Effects) != 1 || gone.Effects[0].Action != incident.Resolve || gone.Effects[0].Reason != incident.Emptied {
		t.Errorf("its ticket: got %+v, want one resolve because it is emptied", gone.Effects)
	}
	if want := []incident.Outage{{Link: 1, From: instant(0), To: instant(930), Incident: 1}}; cmp.Diff(gone.Outages, want) != "" {
		t.Errorf("its outage (-got +want):\n%s", cmp.Diff(gone.Outages, want))
	}
	if len(n.state.Incidents) != 1 || n.state.Incidents[0].Links[0] != 2 {
		t.Errorf("left open: %+v, want that of link 2 alone", n.state.Incidents)
	}
	d := incident.Diff(incident.State{Links: []incident.LinkState{{ID: 1}}}, n.state)
	if diff := cmp.Diff(d.LinksRemoved, []int64{1}); diff != "" {
		t.Errorf("removed rows (-got +want):\n%s", diff)
	}
}

func TestALinkLeavesAMass(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 5)
	for at := int64(0); at <= 300; at += 30 {
		n.cycle(at, 1, 2, 3, 4)
	}
	n.links = append(n.links[:1:1], n.links[2:]...)
	n.rebuild()
	d := n.cycle(330, 1, 3, 4)
	if len(d.Effects) > 0 || len(n.state.Incidents) != 1 {
		t.Fatalf("effects %+v, incidents %+v", d.Effects, n.state.Incidents)
	}
	if diff := cmp.Diff(n.state.Incidents[0].Links, []int64{1, 3, 4}); diff != "" {
		t.Errorf("members (-got +want):\n%s", diff)
	}
}

func TestANewLinkStartsUp(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3)
	for at := int64(0); at <= 90; at += 30 {
		n.cycle(at, 3)
	}
	n.links = append([]incident.Link{{ID: 40, Sites: []int64{40}, Operator: 1, POP: 7}}, n.links...)
	n.rebuild()
	n.cycle(120, 3)
	if n.state.Links[0].ID != 40 || n.state.Links[0].State.Status != linkstate.Up {
		t.Errorf("first row is %+v, want link 40, up", n.state.Links[0])
	}
	if n.incidentOf(3).Kind != incident.KindLink {
		t.Errorf("the incident of link 3 was lost")
	}
}

func TestTopologyRefusesAnAmbiguousId(t *testing.T) {
	t.Parallel()
	for want, links := range map[string][]incident.Link{
		"link 7 at positions 0 and 2": {{ID: 7}, {ID: 8}, {ID: 7}},
		"want a positive id":          {{ID: 1}, {}},
	} {
		if _, err := incident.NewTopology(links); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func TestPolicyNamesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*incident.Policy){
		"link policy": func(p *incident.Policy) { p.Link.DownAfter = 0 },
		"open delay":  func(p *incident.Policy) { p.OpenDelay = -1 },
		"flap exit":   func(p *incident.Policy) { p.FlapExit = -time.Second },
		"mass links":  func(p *incident.Policy) { p.MassLinks = 0 },
		"share 1.5":   func(p *incident.Policy) { p.MassShare = 1.5 },
		"share -1":    func(p *incident.Policy) { p.StragglerShare = -1 },
	} {
		policy := incident.DefaultPolicy()
		spoil(&policy)
		if err := policy.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v", want, err)
		}
	}
}

// FuzzStateJSON: what reads as a state is written and read again as the same.
func FuzzStateJSON(f *testing.F) {
	f.Add([]byte(`{"engine":{"cycle":"2026-03-02T06:00:00Z","last_incident":1,"probers":[{"id":"A"}]},
		"links":[{"id":1,"state":{"status":"unknown","former":"down","seen":true},"incident":1}],
		"incidents":[{"id":1,"kind":"link","links":[1],"hold":{"reason":"delay"}}]}`))
	f.Add([]byte(`{"links":[{"id":1,"state":{"status":"","slow":{"bits":3,"at":["2026-03-02T06:00:00+01:00"]}}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var state, again incident.State
		if json.Unmarshal(text, &state) != nil {
			return
		}
		encoded, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		if twice, _ := json.Marshal(again); string(twice) != string(encoded) {
			t.Errorf("written as\n%s\nthen as\n%s", encoded, twice)
		}
	})
}
