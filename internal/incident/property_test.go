package incident_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/incident"
	"vigie/internal/linkstate"
)

// hasty is a policy under which much happens in few cycles.
func hasty() incident.Policy {
	p := incident.DefaultPolicy()
	p.OpenDelay, p.OpenDelayMass, p.OpenDelayDegraded = 150*time.Second, 90*time.Second, 240*time.Second
	p.MassJoin, p.ResolveAfter, p.ReopenWithin = 240*time.Second, 150*time.Second, 900*time.Second
	p.FlapEnter, p.FlapExit, p.MaintenanceGrace = 4, 300*time.Second, 60*time.Second
	p.StragglerShare = 0.4
	return p
}

// history is a random life of a small network and what must hold in it.
type history struct {
	added  int64 // links that were added
	t      *rapid.T
	links  []incident.Link
	modes  map[int64]linkstate.Result
	policy incident.Policy
	state  incident.State

	open    map[int64][]int64 // links of each open ticket
	closed  map[int64]bool
	running map[int64]time.Time // running outages
}

func TestWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := &history{
			t: t, policy: hasty(), modes: map[int64]linkstate.Result{},
			open: map[int64][]int64{}, closed: map[int64]bool{}, running: map[int64]time.Time{},
		}
		for id := int64(1); id <= 9; id++ {
			h.links = append(h.links, h.drawLink(id))
		}
		windows := h.drawWindows()
		cycles := rapid.IntRange(20, 60).Draw(t, "cycles")
		for n := range cycles {
			if n > 0 && rapid.IntRange(0, 30).Draw(t, "inventory") == 0 {
				h.changeInventory()
			}
			cycle := h.drawCycle(instant(int64(n) * 30))
			cycle.Maintenance = windows
			cycle.Backlog = n < cycles-1 && rapid.IntRange(0, 9).Draw(t, "backlog") == 0
			h.step(cycle)
		}
	})
}

func (h *history) drawLink(id int64) incident.Link {
	pop := rapid.Int64Range(1, 3).Draw(h.t, "pop")
	link := incident.Link{ID: id, POP: pop, Operator: 1 + pop/3, Sites: []int64{rapid.Int64Range(1, 5).Draw(h.t, "site")}}
	if rapid.Bool().Draw(h.t, "customer") {
		link.CPEOwner = incident.OwnerCustomer
	}
	return link
}

func (h *history) drawWindows() []incident.Maintenance {
	scopes := []incident.Scope{incident.ScopeLink, incident.ScopeSite, incident.ScopePOP, incident.ScopeOperator}
	var all []incident.Maintenance
	for range rapid.IntRange(0, 3).Draw(h.t, "windows") {
		from := rapid.Int64Range(0, 1500).Draw(h.t, "from")
		all = append(all, incident.Maintenance{
			Scope: rapid.SampledFrom(scopes).Draw(h.t, "scope"), ID: rapid.Int64Range(1, 3).Draw(h.t, "id"),
			From: instant(from), To: instant(from + rapid.Int64Range(30, 900).Draw(h.t, "length")),
		})
	}
	return all
}

func (h *history) changeInventory() {
	at := rapid.IntRange(0, len(h.links)-1).Draw(h.t, "link")
	if len(h.links) > 6 && rapid.Bool().Draw(h.t, "remove") {
		delete(h.running, h.links[at].ID) // checked through the outage record
		h.links = slices.Delete(slices.Clone(h.links), at, at+1)
		return
	}
	h.added++ // a link that went never comes back under its number
	fresh := h.drawLink(100 + h.added)
	h.links = slices.Insert(slices.Clone(h.links), at, fresh)
}

// drawCycle lets each link, or a whole POP, change its mood now and then.
func (h *history) drawCycle(at time.Time) incident.Cycle {
	c := incident.Cycle{At: at}
	moods := []linkstate.Result{linkstate.OK, linkstate.Fail, linkstate.Fail, linkstate.Slow, linkstate.None, linkstate.OK}
	storm := int64(0)
	if rapid.IntRange(0, 14).Draw(h.t, "storm") == 0 {
		storm = rapid.Int64Range(1, 3).Draw(h.t, "storm at")
	}
	mood := rapid.SampledFrom(moods).Draw(h.t, "mood")
	for _, link := range h.links {
		if link.POP == storm || rapid.IntRange(0, 17).Draw(h.t, "change") == 0 {
			h.modes[link.ID] = mood
		}
		if h.modes[link.ID] == linkstate.Fail && rapid.IntRange(0, 3).Draw(h.t, "signal") == 0 {
			c.Signals = append(c.Signals, incident.Signal{Link: link.ID, Demarcation: true})
		}
	}
	for _, prober := range []string{"A", "B"} {
		round := incident.Round{Prober: prober, Isolated: rapid.IntRange(0, 11).Draw(h.t, "isolated") == 0}
		for _, link := range h.links {
			round.Samples = append(round.Samples, incident.Sample{
				Link: link.ID, Result: h.modes[link.ID], At: at.Add(time.Duration(link.ID%9) * time.Second),
			})
		}
		c.Rounds = append(c.Rounds, round)
	}
	return c
}

func (h *history) step(cycle incident.Cycle) {
	topology, err := incident.NewTopology(h.links)
	if err != nil {
		h.t.Fatal(err)
	}
	before := h.text(h.state)
	decision := incident.Decide(h.state, topology, cycle, h.policy)
	if after := h.text(h.state); after != before {
		h.t.Fatalf("the previous state was changed:\n%s", cmp.Diff(before, after))
	}
	var reread incident.State
	if err := json.Unmarshal([]byte(before), &reread); err != nil {
		h.t.Fatal(err)
	}
	again := incident.Decide(reread, topology, cycle, h.policy)
	if diff := cmp.Diff(again, decision); diff != "" {
		h.t.Fatalf("after a restart the decision is another one (-again +first):\n%s", diff)
	}
	h.checkEffects(cycle, decision)
	h.checkOutages(decision)
	h.checkState(decision.State)
	applied := apply(h.state, incident.Diff(h.state, decision.State))
	if diff := cmp.Diff(applied, byID(decision.State)); diff != "" {
		h.t.Fatalf("the difference leads elsewhere (-got +want):\n%s", diff)
	}
	if !decision.WakeAt.IsZero() && !decision.WakeAt.After(cycle.At) {
		h.t.Fatalf("wake at %v, which is not after %v", decision.WakeAt, cycle.At)
	}
	h.state = decision.State
}

func (h *history) text(state incident.State) string {
	text, err := json.Marshal(state)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// checkEffects: nothing is sent from a backlog, nothing opens while nobody is
// connected, a ticket lives in order, and no link is in two open tickets.
func (h *history) checkEffects(cycle incident.Cycle, d incident.Decision) {
	connected := slices.ContainsFunc(cycle.Rounds, func(r incident.Round) bool { return !r.Isolated })
	for _, e := range d.Effects {
		links, isOpen := h.open[e.Ticket]
		opens := e.Action == incident.Open || e.Action == incident.Reopen
		switch {
		case cycle.Backlog:
			h.t.Fatalf("sent from a backlog: %+v", e)
		case opens && !connected:
			h.t.Fatalf("opened while isolated: %+v", e)
		case opens == isOpen || (e.Action == incident.Reopen) != (opens && h.closed[e.Ticket]):
			h.t.Fatalf("out of order: %+v", e)
		case e.Reason == "" || e.Key == 0 || len(e.Links) == 0:
			h.t.Fatalf("incomplete: %+v", e)
		}
		if e.Action == incident.Resolve {
			delete(h.open, e.Ticket)
			h.closed[e.Ticket] = true
			continue
		}
		if e.Action == incident.Requalify {
			continue
		}
		for ticket, others := range h.open {
			for _, id := range e.Links {
				if slices.Contains(others, id) {
					h.t.Fatalf("link %d is in ticket %d already: %+v", id, ticket, e)
				}
			}
		}
		h.open[e.Ticket] = append(links, e.Links...)
	}
}

// checkOutages: the records alone say which links are down.
func (h *history) checkOutages(d incident.Decision) {
	for _, o := range d.Outages {
		if o.To.IsZero() {
			h.running[o.Link] = o.From
			continue
		}
		if o.To.Before(o.From) {
			h.t.Fatalf("outage ends before it began: %+v", o)
		}
		delete(h.running, o.Link)
	}
	for _, row := range d.State.Links {
		from, running := h.running[row.ID]
		down := row.State.Confirmed() == linkstate.Down
		if running != down || (down && !from.Equal(row.State.Since)) {
			h.t.Fatalf("link %d is %s since %v, its outage runs: %t since %v",
				row.ID, row.State.Confirmed(), row.State.Since, running, from)
		}
	}
}

// checkState: links and incidents name each other, every link that is down has
// its incident, every incident its links (but for one whose last link left and
// whose ticket waits for a fresh cycle), every open ticket its incident.
func (h *history) checkState(s incident.State) {
	member := map[int64]int64{}
	tickets := map[int64]bool{}
	for _, inc := range s.Incidents {
		if (len(inc.Links) == 0) != (inc.Kind == incident.KindProber) && inc.Ticket == 0 {
			h.t.Fatalf("members: %+v", inc)
		}
		if (inc.Ticket == 0) != (inc.Hold.Reason != "") {
			h.t.Fatalf("neither a ticket nor a reason, or both: %+v", inc)
		}
		for _, id := range inc.Links {
			member[id] = inc.ID
		}
		if inc.Ticket != 0 {
			tickets[inc.Ticket] = true
		}
	}
	for _, row := range s.Links {
		if row.Incident != member[row.ID] {
			h.t.Fatalf("link %d names incident %d, which is in %d", row.ID, row.Incident, member[row.ID])
		}
		if row.Incident == 0 && row.State.Confirmed() == linkstate.Down {
			h.t.Fatalf("link %d is down without incident", row.ID)
		}
	}
	for _, ticket := range s.Tickets {
		if ticket.Resolved.IsZero() != tickets[ticket.ID] {
			h.t.Fatalf("ticket without incident, or the reverse: %+v", ticket)
		}
	}
}
