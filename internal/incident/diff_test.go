package incident_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/incident"
	"vigie/internal/linkstate"
)

// apply does to a state what a store does to its tables.
func apply(prev incident.State, d incident.Difference) incident.State {
	next := incident.State{
		Engine:    d.Engine,
		Links:     without(prev.Links, d.LinksRemoved, func(r incident.LinkState) int64 { return r.ID }),
		Incidents: without(prev.Incidents, d.IncidentsClosed, func(r incident.Incident) int64 { return r.ID }),
		Tickets:   without(prev.Tickets, d.TicketsForgotten, func(r incident.Ticket) int64 { return r.ID }),
	}
	next.Links = upsert(next.Links, d.Links, func(r incident.LinkState) int64 { return r.ID })
	next.Incidents = upsert(next.Incidents, d.Incidents, func(r incident.Incident) int64 { return r.ID })
	next.Tickets = upsert(next.Tickets, d.Tickets, func(r incident.Ticket) int64 { return r.ID })
	return byID(next)
}

func without[Row any](rows []Row, gone []int64, id func(Row) int64) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return slices.Contains(gone, id(r)) })
}

func upsert[Row any](rows, changed []Row, id func(Row) int64) []Row {
	for _, row := range changed {
		at := slices.IndexFunc(rows, func(r Row) bool { return id(r) == id(row) })
		if at < 0 {
			rows = append(rows, row)
		} else {
			rows[at] = row
		}
	}
	return rows
}

// byID sorts the rows and makes empty lists nil, so that states compare.
func byID(s incident.State) incident.State {
	return incident.State{
		Engine:    s.Engine,
		Links:     sorted(s.Links, func(r incident.LinkState) int64 { return r.ID }),
		Incidents: sorted(s.Incidents, func(r incident.Incident) int64 { return r.ID }),
		Tickets:   sorted(s.Tickets, func(r incident.Ticket) int64 { return r.ID }),
	}
}

func sorted[Row any](rows []Row, id func(Row) int64) []Row {
	if len(rows) == 0 {
		return nil
	}
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Row) int { return int(id(a) - id(b)) })
	return rows
}

func TestAHealthyCycleChangesNoRow(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 50)
	first := n.cycle(0)
	second := n.cycle(30)
	got := incident.Diff(first.State, second.State)
	want := incident.Difference{Engine: second.State.Engine}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("difference of two healthy cycles (-got +want):\n%s", diff)
	}
}

func TestOnlyTheFailingLinkChanges(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 50)
	n.cycle(0)
	for at := int64(30); at <= 600; at += 30 {
		before := n.state
		after := n.cycle(at, 17).State
		for _, row := range incident.Diff(before, after).Links {
			if row.ID != 17 {
				t.Fatalf("t=%d: link %d changed too", at, row.ID)
			}
		}
	}
	before := n.state
	if d := incident.Diff(before, n.cycle(630, 17).State); len(d.Links)+len(d.Incidents)+len(d.Tickets) > 0 {
		t.Errorf("a link that stays down changes rows: %+v", d)
	}
}

// network is a plain set of links, ten to a POP, one operator, one prober.
type network struct {
	t        *testing.T
	topology incident.Topology
	links    []incident.Link
	state    incident.State
	windows  []incident.Maintenance
}

func newNetwork(t *testing.T, size int) *network {
	t.Helper()
	n := &network{t: t}
	for i := range int64(size) {
		n.links = append(n.links, incident.Link{ID: i + 1, Sites: []int64{i + 1}, Operator: 1, POP: 1 + i/10})
	}
	n.rebuild()
	return n
}

func (n *network) rebuild() {
	n.t.Helper()
	var err error
	if n.topology, err = incident.NewTopology(n.links); err != nil {
		n.t.Fatal(err)
	}
}

// input builds the cycle at t in which the given links fail.
func (n *network) input(at int64, failing ...int64) incident.Cycle {
	round := incident.Round{Prober: "A"}
	for _, link := range n.links {
		result := linkstate.OK
		if slices.Contains(failing, link.ID) {
			result = linkstate.Fail
		}
		round.Samples = append(round.Samples, incident.Sample{Link: link.ID, Result: result, At: instant(at)})
	}
	return incident.Cycle{At: instant(at), Rounds: []incident.Round{round}, Maintenance: n.windows}
}

func (n *network) decide(cycle incident.Cycle) incident.Decision {
	decision := incident.Decide(n.state, n.topology, cycle, incident.DefaultPolicy())
	n.state = decision.State
	return decision
}

func (n *network) cycle(at int64, failing ...int64) incident.Decision {
	return n.decide(n.input(at, failing...))
}
