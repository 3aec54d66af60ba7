package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/measure"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

// memory is the database as a model: what the live chain and the desk keep, in
// transactions that leave everything or nothing. One transaction runs at a time, as the
// lock of the engine has it in the real one.
type memory struct {
	index *inventory.Index
	modes ticket.Modes

	begun     bool // the engine has a row
	decided   time.Time
	engine    incident.Engine
	links     map[int64]incident.LinkState
	incidents map[int64]incidentRow
	memories  map[int64]incident.Ticket
	seen      []watch.DecidedTransition
	outages   map[outageKey]incident.Outage
	probers   []proberRow
	batches   []batchRow
	gaps      []watch.Gap
	minutes   map[minuteKey]measure.Minute
	due       map[minuteKey]time.Time // minutes to be written, of no link
	canaries  map[canaryKey]canaryRow // the last round
	rounds    map[string]int          // planned, by prober: what its quality counts
	reports   []reportRow
	tickets   map[int64]ticket.Ticket
	chains    map[journal.Chain][]journal.Record
	jobs      []job
	undo      []func() // of the transaction, in the order of its changes
	inside    bool
}

type incidentRow struct {
	Incident incident.Incident
	Members  []int64 // that ever were
	ClosedAt time.Time
	EndedAt  time.Time
	Into     int64
	Reason   incident.Reason
}

type outageKey struct {
	link int64
	from int64 // microseconds
}

type minuteKey struct {
	prober string
	link   int64
	at     int64 // seconds
}

type canaryKey struct {
	prober string
	canary int64
}

type canaryRow struct {
	At             time.Time
	Sent, Received int
}

type proberRow struct {
	Name     string
	LastSeq  uint64
	LastSeen time.Time
}

type batchRow struct {
	Prober string
	Late   bool
	Batch  probe.Batch
}

type reportRow struct {
	Prober string
	probe.Report
}

// job is one that a transaction ordered: a letter, or a look for an acknowledgement.
type job struct {
	Send   *ticket.Send
	Remind *ticket.Remind
	At     time.Time // zero = at once
}

func newMemory(x *inventory.Index, modes ticket.Modes) *memory {
	return &memory{
		index: x, modes: modes,
		links: map[int64]incident.LinkState{}, incidents: map[int64]incidentRow{}, memories: map[int64]incident.Ticket{},
		outages: map[outageKey]incident.Outage{}, minutes: map[minuteKey]measure.Minute{}, due: map[minuteKey]time.Time{}, canaries: map[canaryKey]canaryRow{}, rounds: map[string]int{},
		tickets: map[int64]ticket.Ticket{}, chains: map[journal.Chain][]journal.Record{},
	}
}

// transact runs f: what it changed is there when it returns nil, and gone when it returns
// an error or the process dies in it.
func (m *memory) transact(f func() error) error {
	if m.inside {
		panic("simulation: a transaction within a transaction")
	}
	m.inside, m.undo = true, m.undo[:0]
	committed := false
	defer func() {
		m.inside = false
		if committed {
			return
		}
		for _, back := range slices.Backward(m.undo) {
			back()
		}
	}()
	if err := f(); err != nil {
		return err
	}
	committed = true
	return nil
}

func put[K comparable, V any](m *memory, table map[K]V, key K, value V) {
	former, was := table[key]
	m.undo = append(m.undo, func() {
		if was {
			table[key] = former
		} else {
			delete(table, key)
		}
	})
	table[key] = value
}

func drop[K comparable, V any](m *memory, table map[K]V, key K) {
	former, was := table[key]
	if !was {
		return
	}
	m.undo = append(m.undo, func() { table[key] = former })
	delete(table, key)
}

func set[T any](m *memory, field *T, value T) {
	former := *field
	m.undo = append(m.undo, func() { *field = former })
	*field = value
}

func add[T any](m *memory, list *[]T, values ...T) {
	n := len(*list)
	m.undo = append(m.undo, func() { *list = (*list)[:n] })
	*list = append(*list, values...)
}

// stored is a time as the database keeps it.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// lastSeq is the number of the last batch of a prober that was applied.
func (m *memory) lastSeq(prober string) uint64 {
	for _, p := range m.probers {
		if p.Name == prober {
			return p.LastSeq
		}
	}
	return 0
}

// errOutside is what the model has no place for; no round asks for it.
var errOutside = errors.New("simulation: this is not simulated")

// talk is what the live chain and the desk share in one transaction.
type talk struct{ m *memory }

func (t talk) Inventory(context.Context) (*inventory.Index, error) { return t.m.index, nil }
func (t talk) Modes(context.Context) (ticket.Modes, error)         { return t.m.modes, nil }

func (t talk) Ticket(_ context.Context, id int64) (ticket.Ticket, error) {
	found, ok := t.m.tickets[id]
	if !ok {
		return ticket.Ticket{}, errors.New("simulation: no such ticket")
	}
	found.Links, found.Periods, found.Messages = slices.Clone(found.Links), slices.Clone(found.Periods), slices.Clone(found.Messages)
	return found, nil
}

func (t talk) SaveDecision(_ context.Context, d ticket.Decision) error {
	if len(d.Said) > 0 || len(d.Looks) > 0 || len(d.Ticket.Gels) > 0 {
		return errOutside
	}
	put(t.m, t.m.tickets, d.Ticket.ID, t.m.kept(d.Ticket))
	for _, s := range d.Sends {
		add(t.m, &t.m.jobs, job{Send: &s})
	}
	for _, r := range d.Remind {
		add(t.m, &t.m.jobs, job{Remind: &r.Remind, At: stored(r.At)})
	}
	return nil
}

// kept is a ticket as it is stored: what a row does not let change stays as it was.
func (m *memory) kept(next ticket.Ticket) ticket.Ticket {
	former, was := m.tickets[next.ID]
	row := next
	if was {
		row = former
		row.Kind, row.Mode, row.Status = next.Kind, next.Mode, next.Status
		row.Links = slices.Clone(former.Links)
		for _, link := range next.Links {
			if !slices.Contains(row.Links, link) {
				row.Links = append(row.Links, link)
			}
		}
	}
	row.OpenedAt, row.ResolvedAt = stored(row.OpenedAt), stored(next.ResolvedAt)
	row.Periods = slices.Clone(next.Periods)
	for i := range row.Periods {
		p := &row.Periods[i]
		if was && i < len(former.Periods) {
			p.Since, p.OpenedAt = former.Periods[i].Since, former.Periods[i].OpenedAt
		}
		for _, at := range []*time.Time{&p.Since, &p.OpenedAt, &p.SentAt, &p.DeliveredAt, &p.RestoredAt, &p.Ack.At, &p.ClaimedAt} {
			*at = stored(*at)
		}
	}
	row.Messages = slices.Clone(next.Messages)
	for i := range row.Messages {
		g := &row.Messages[i]
		if was && i < len(former.Messages) {
			now := *g
			*g = former.Messages[i]
			g.State, g.ApprovedBy, g.ApprovedAt, g.SentAt, g.Proof, g.Problem = now.State, now.ApprovedBy, now.ApprovedAt, now.SentAt, now.Proof, now.Problem
		}
		for _, at := range []*time.Time{&g.CreatedAt, &g.ApprovedAt, &g.SentAt} {
			*at = stored(*at)
		}
	}
	return row
}

func (t talk) Journal(_ context.Context, entries ...journal.Entry) error {
	for _, e := range entries {
		chain := t.m.chains[e.Chain]
		head := journal.Head{Chain: e.Chain}
		if n := len(chain); n > 0 {
			head.Seq, head.Hash = chain[n-1].Seq, chain[n-1].Hash
		}
		record, _ := journal.Append(head, e)
		put(t.m, t.m.chains, e.Chain, append(chain[:len(chain):len(chain)], record))
	}
	return nil
}

// deskTx is desk.Tx.
type deskTx struct{ talk }

func (t deskTx) MessageOf(context.Context, int64) (int64, int, error) { return 0, 0, errOutside }

func (t deskTx) SetStopped(_ context.Context, stopped bool, _ int64, _ time.Time) error {
	modes := t.m.modes
	modes.Stopped = stopped
	set(t.m, &t.m.modes, modes)
	return nil
}

func (t deskTx) SetMode(context.Context, string, ticket.Mode) error { return errOutside }
