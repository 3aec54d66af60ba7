package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"vigie/internal/incident"
	"vigie/internal/measure"
	"vigie/internal/watch"
	"vigie/probe"
)

// watchTx is watch.Tx. What polls, checks, walks and sessions would ask for has no place in
// the model, and no round asks for it: rest is nil.
type watchTx struct {
	talk
	rest
}

// rest keeps what watchTx does not define from clashing with what it does.
type rest struct{ watch.Tx }

func (t watchTx) Decided(context.Context) (time.Time, error) {
	if !t.m.begun {
		set(t.m, &t.m.begun, true)
	}
	return t.m.decided, nil
}

func (m *memory) prober(name string) *proberRow {
	for i := range m.probers {
		if m.probers[i].Name == name {
			return &m.probers[i]
		}
	}
	add(m, &m.probers, proberRow{Name: name})
	return &m.probers[len(m.probers)-1]
}

func (t watchTx) SaveBatch(_ context.Context, b probe.Batch, late bool, now time.Time) (watch.Mark, bool, error) {
	p := t.m.prober(b.Prober)
	row := *p
	if now := stored(now); now.After(row.LastSeen) {
		row.LastSeen = now
	}
	former := watch.Mark{Seq: row.LastSeq}
	for _, stored := range slices.Backward(t.m.batches) {
		if stored.Prober == b.Prober && stored.Batch.Seq == row.LastSeq {
			former.Cycle, former.Last = stored.Batch.Cycle, stored.Batch.Last
			break
		}
	}
	fresh := b.Seq > row.LastSeq
	if fresh {
		row.LastSeq = b.Seq
	}
	set(t.m, p, row)
	if !fresh {
		return former, false, nil
	}
	body, err := b.MarshalBinary()
	if err != nil {
		return watch.Mark{}, false, err
	}
	var kept probe.Batch
	if err := kept.UnmarshalBinary(body); err != nil {
		return watch.Mark{}, false, err
	}
	add(t.m, &t.m.batches, batchRow{Prober: b.Prober, Late: late, Batch: kept})
	return former, true, nil
}

// place is the number of a prober.
func (m *memory) place(prober string) int {
	return slices.IndexFunc(m.probers, func(p proberRow) bool { return p.Name == prober })
}

// find returns the batches that which chooses, by cycle, prober and sequence.
func (m *memory) find(which func(batchRow) bool) []probe.Batch {
	var rows []probe.Batch
	for _, r := range m.batches {
		if which(r) {
			rows = append(rows, r.Batch)
		}
	}
	slices.SortFunc(rows, func(a, b probe.Batch) int {
		return cmp.Or(a.Cycle.Compare(b.Cycle), cmp.Compare(m.place(a.Prober), m.place(b.Prober)), cmp.Compare(a.Seq, b.Seq))
	})
	return rows
}

func (t watchTx) Timely(_ context.Context, cycle time.Time) ([]probe.Batch, error) {
	return t.m.find(func(r batchRow) bool { return !r.Late && r.Batch.Cycle.Equal(cycle) }), nil
}

func (t watchTx) Batches(_ context.Context, prober string, from, to time.Time) ([]probe.Batch, error) {
	return t.m.find(func(r batchRow) bool {
		return r.Prober == prober && !r.Batch.Cycle.Before(from) && r.Batch.Cycle.Before(to)
	}), nil
}

func (t watchTx) Pieces(_ context.Context, prober string, cycle time.Time) ([]probe.Batch, error) {
	return t.m.find(func(r batchRow) bool { return r.Prober == prober && r.Batch.Cycle.Equal(cycle) }), nil
}

func (t watchTx) Around(_ context.Context, at time.Time) (before, after time.Time, err error) {
	for _, r := range t.m.batches {
		switch c := r.Batch.Cycle; {
		case r.Late:
		case c.Before(at):
			if c.After(before) {
				before = c
			}
		case after.IsZero() || c.Before(after):
			after = c
		}
	}
	return before, after, nil
}

func (t watchTx) SaveQuality(_ context.Context, b probe.Batch, _ time.Time) error {
	put(t.m, t.m.rounds, b.Prober, t.m.rounds[b.Prober]+b.Planned)
	return nil
}

func sorted[K cmp.Ordered, V any](table map[K]V) []V {
	var out []V
	for _, key := range slices.Sorted(maps.Keys(table)) {
		out = append(out, table[key])
	}
	return out
}

func (t watchTx) State(context.Context) (incident.State, error) {
	s := incident.State{Engine: t.m.engine, Links: sorted(t.m.links), Tickets: sorted(t.m.memories)}
	for _, row := range sorted(t.m.incidents) {
		if row.ClosedAt.IsZero() {
			s.Incidents = append(s.Incidents, row.Incident)
		}
	}
	return s, nil
}

func (t watchTx) SaveState(_ context.Context, prev incident.State, d incident.Decision) error {
	m, diff := t.m, incident.Diff(prev, d.State)
	set(m, &m.engine, d.State.Engine)
	set(m, &m.decided, d.State.Engine.Cycle)
	for _, l := range diff.Links {
		put(m, m.links, l.ID, l)
	}
	for _, id := range diff.LinksRemoved {
		drop(m, m.links, id)
	}
	for _, i := range diff.Incidents {
		row := m.incidents[i.ID]
		row.Incident = i
		row.Members = slices.Clone(row.Members)
		for _, link := range i.Links {
			if !slices.Contains(row.Members, link) {
				row.Members = append(row.Members, link)
			}
		}
		slices.Sort(row.Members)
		put(m, m.incidents, i.ID, row)
	}
	for _, k := range diff.Tickets {
		put(m, m.memories, k.ID, k)
	}
	for _, id := range diff.TicketsForgotten {
		drop(m, m.memories, id)
	}
	for _, c := range d.Changes {
		if row, ok := m.incidents[c.Incident]; ok && c.Action == incident.Close {
			row.ClosedAt, row.EndedAt, row.Into, row.Reason = stored(c.At), stored(c.End), c.Into, c.Reason
			put(m, m.incidents, c.Incident, row)
		}
	}
	for _, tr := range d.Transitions {
		add(m, &m.seen, watch.DecidedTransition{At: d.State.Engine.Cycle, Transition: tr})
	}
	for _, o := range d.Outages {
		put(m, m.outages, outageKey{o.Link, o.From.UnixMicro()}, o)
	}
	return nil
}

func (t watchTx) SaveMinutes(_ context.Context, prober string, minutes []measure.Minute) error {
	for _, row := range minutes {
		put(t.m, t.m.minutes, minuteKey{prober, row.Link, row.At.Unix()}, row)
	}
	return nil
}

func (t watchTx) DueMinutes(_ context.Context, prober string, from, to, since time.Time) error {
	for _, r := range t.m.batches {
		key := minuteKey{prober: r.Prober, at: r.Batch.Cycle.Truncate(time.Minute).Unix()}
		_, noted := t.m.due[key]
		if !noted && !r.Batch.Cycle.Before(from) && r.Batch.Cycle.Before(to) && (prober == "" || r.Prober == prober) {
			put(t.m, t.m.due, key, stored(since))
		}
	}
	return nil
}

func (t watchTx) TakeDue(_ context.Context, now time.Time) (prober string, minute time.Time, found bool, err error) {
	var first minuteKey
	for key, since := range t.m.due {
		before := !found || cmp.Or(cmp.Compare(key.at, first.at), cmp.Compare(t.m.place(key.prober), t.m.place(first.prober))) < 0
		if !since.After(now) && before {
			first, found = key, true
		}
	}
	if found {
		drop(t.m, t.m.due, first)
	}
	return first.prober, time.Unix(first.at, 0).UTC(), found, nil
}

func (t watchTx) SaveCanaries(_ context.Context, prober string, cycle time.Time, rounds []probe.Observation) error {
	for i, o := range rounds {
		if slices.ContainsFunc(rounds[:i], func(other probe.Observation) bool { return other.Target == o.Target }) {
			continue
		}
		row := canaryRow{At: cycle.UTC()}
		for _, same := range rounds {
			if same.Target == o.Target { // a cycle that was measured again is two rounds
				row.Sent, row.Received = row.Sent+same.Sent(), row.Received+same.Received()
			}
		}
		put(t.m, t.m.canaries, canaryKey{prober, o.Target}, row)
	}
	return nil
}

func (t watchTx) SaveReports(_ context.Context, prober string, reports []probe.Report) error {
	for _, r := range reports {
		if _, err := r.Body(); err != nil {
			return err
		}
		add(t.m, &t.m.reports, reportRow{prober, r})
	}
	return nil
}

func (t watchTx) SureReports(_ context.Context, links []int64, kind string, from, to time.Time) ([]probe.Report, error) {
	var out []probe.Report
	for _, r := range t.m.reports {
		if r.Finding.Kind() == kind && slices.Contains(links, r.Link) && !r.At.Before(from) && r.At.Before(to) && !t.m.unsure(r) {
			out = append(out, r.Report)
		}
	}
	slices.SortStableFunc(out, func(a, b probe.Report) int { return a.At.Compare(b.At) })
	return out, nil
}

// unsure reports whether a finding began in time in which its prober's own uplink was lost,
// or in doubt.
func (m *memory) unsure(r reportRow) bool {
	began := r.At
	if look, ok := r.Finding.(*probe.Look); ok {
		began = look.From
	}
	return slices.ContainsFunc(m.gaps, func(g watch.Gap) bool {
		return g.Prober == r.Prober && (g.Reason == watch.Isolated || g.Reason == watch.Doubtful) && g.To.After(began) && g.From.Before(r.At)
	})
}

// AddGap lengthens the gap that ends where this one begins, or begins new ones in the time
// that no gap covers yet; see the store.
func (t watchTx) AddGap(_ context.Context, g watch.Gap) error {
	if !slices.ContainsFunc(t.m.probers, func(p proberRow) bool { return p.Name == g.Prober }) {
		return nil
	}
	gaps, extended := slices.Clone(t.m.gaps), false
	for i := range gaps {
		old := &gaps[i]
		if old.Prober != g.Prober || old.From.After(g.From) ||
			old.To.Before(g.To) && (old.Reason != g.Reason || old.To.Before(g.From)) ||
			slices.ContainsFunc(t.m.gaps, func(next watch.Gap) bool {
				return next.Prober == g.Prober && next.From.After(old.From) && next.From.Before(g.To)
			}) {
			continue
		}
		if old.From.Equal(g.From) && g.Reason == watch.LostData {
			old.Reason = g.Reason
		}
		if g.To.After(old.To) {
			old.To = g.To
		}
		extended = true
	}
	if !extended {
		gaps = append(gaps, free(gaps, g)...)
	}
	set(t.m, &t.m.gaps, gaps)
	return nil
}

// free is what of a gap no other gap of its prober covers.
func free(gaps []watch.Gap, g watch.Gap) []watch.Gap {
	left := []watch.Gap{g}
	for _, old := range gaps {
		if old.Prober != g.Prober {
			continue
		}
		var rest []watch.Gap
		for _, one := range left {
			rest = append(rest, without(one, old.From, old.To)...)
		}
		left = rest
	}
	return left
}

// without is a gap less a span.
func without(g watch.Gap, from, to time.Time) []watch.Gap {
	if !g.From.Before(to) || !from.Before(g.To) {
		return []watch.Gap{g}
	}
	var out []watch.Gap
	if before := g; before.From.Before(from) {
		before.To = from
		out = append(out, before)
	}
	if after := g; to.Before(after.To) {
		after.From = to
		out = append(out, after)
	}
	return out
}

func (t watchTx) FillGap(_ context.Context, g watch.Gap) error {
	var gaps []watch.Gap
	for _, old := range t.m.gaps {
		if old.Prober != g.Prober || old.Reason != g.Reason {
			gaps = append(gaps, old)
			continue
		}
		gaps = append(gaps, without(old, g.From, g.To)...)
	}
	set(t.m, &t.m.gaps, gaps)
	return nil
}

// Past is what was stored, for a replay.
func (m *memory) past() watch.Past { return memoryPast{watchTx{talk: talk{m}}} }

type memoryPast struct{ watchTx }

func (p memoryPast) Span(context.Context) (oldest, decided time.Time, err error) {
	for _, r := range p.m.batches {
		if !r.Late && (oldest.IsZero() || r.Batch.Cycle.Before(oldest)) {
			oldest = r.Batch.Cycle
		}
	}
	return oldest, p.m.decided, nil
}

func (p memoryPast) TimelyBetween(_ context.Context, from, to time.Time) ([]probe.Batch, error) {
	return p.m.find(func(r batchRow) bool { return !r.Late && !r.Batch.Cycle.Before(from) && r.Batch.Cycle.Before(to) }), nil
}

func (p memoryPast) Transitions(_ context.Context, from, to time.Time) ([]watch.DecidedTransition, error) {
	var out []watch.DecidedTransition
	for _, t := range p.m.seen {
		if !t.At.Before(from) && t.At.Before(to) {
			out = append(out, t)
		}
	}
	return out, nil
}

func (p memoryPast) Changes(context.Context, time.Time, time.Time) ([]incident.Change, error) {
	return nil, nil
}

func (p memoryPast) Tickets(context.Context, time.Time, time.Time) ([]watch.TicketMove, error) {
	return nil, nil
}
