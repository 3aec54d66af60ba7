package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"vigie/internal/measure"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

// check holds the database against what happened, once everything has healed and come to
// rest.
func (w *world) check() {
	m, isModel := w.db.(*memory)
	if !isModel {
		return // what the real one holds is compared with the model's, which is checked
	}
	w.checkRest(m)
	w.checkTaken(m)
	for _, p := range w.probers {
		w.checkPlanned(m, p)
	}
	w.checkStory(m)
	w.checkLetters(m)
	w.checkOracle(m)
	w.checkReplay(m)
	w.tally(m)
}

// checkRest holds that nothing waits any more.
func (w *world) checkRest(m *memory) {
	for _, p := range w.probers {
		if n := p.atCore.pending(); n > 0 {
			w.violate("%d batches of prober %s wait in the core's stream for ever", n, p.name)
		}
		if p.spool != nil && p.spool.pending() > 0 {
			w.violate("%d batches of prober %s are never handed over", p.spool.pending(), p.name)
		}
		if p.hand != nil {
			w.violate("batch %d of prober %s is never published", p.hand.Seq, p.name)
		}
	}
	for key := range m.due {
		w.violate("the minute %s of prober %s is never written", time.Unix(key.at, 0).UTC().Format(time.TimeOnly), key.prober)
	}
	if behind := w.now.Sub(m.decided); behind > 3*cycleLength {
		w.violate("the last decided cycle lies %s back", behind)
	}
}

// checkTaken holds that what a stream acknowledged was applied once, as it was, or was
// lost with a stream; and that nothing else was applied.
func (w *world) checkTaken(m *memory) {
	type key struct {
		prober string
		seq    uint64
	}
	applied := map[key]int{}
	for _, r := range m.batches {
		applied[key{r.Prober, r.Batch.Seq}]++
	}
	for _, p := range w.probers {
		for _, seq := range slices.Sorted(maps.Keys(p.taken)) {
			w.counts.Taken++
			switch n := applied[key{p.name, seq}]; {
			case n == 0 && p.gone[seq]:
				w.counts.Lost++
			case n != 1:
				w.violate("batch %d of prober %s was taken and applied %d times", seq, p.name, n)
			}
		}
	}
	for _, r := range m.batches {
		w.counts.Applied++
		body, err := r.Batch.MarshalBinary()
		known := slices.ContainsFunc(w.prober(r.Prober).made[r.Batch.Seq], func(made []byte) bool { return bytes.Equal(made, body) })
		if err != nil || !known {
			w.violate("batch %d of prober %s is stored as nobody made it", r.Batch.Seq, r.Prober)
		}
	}
}

// checkPlanned holds that each cycle of a prober, from the first that the core knew it in,
// is stored for each link or lies in a gap, and not in both.
func (w *world) checkPlanned(m *memory, p *vantage) {
	stored := map[time.Time]map[int64]bool{} // links, by cycle
	var first time.Time
	for _, r := range m.batches {
		b := r.Batch
		if r.Prober != p.name {
			continue
		}
		if stored[b.Cycle] == nil {
			stored[b.Cycle] = map[int64]bool{}
		}
		for _, o := range b.Observations {
			if o.Kind == probe.Link {
				stored[b.Cycle][o.Target] = true
			}
		}
		_, wrong := p.wrong[b.Cycle] // by a clock that was off: that is not when it began
		if !r.Late && !wrong && (first.IsZero() || b.Cycle.Before(first)) {
			first = b.Cycle
		}
	}
	if first.IsZero() {
		return
	}
	for cycle := first; !cycle.After(m.decided); cycle = cycle.Add(cycleLength) {
		missing := len(w.index.Links) - len(stored[cycle])
		reason := reasonAt(m.gaps, p.name, cycle)
		w.counts.Planned++
		if missing == 0 {
			w.counts.Stored++
		} else if reason != "" {
			w.counts.Missing++
		}
		silent := reason == watch.Stopped || reason == watch.LostData
		switch {
		case missing > 0 && !silent && reason != watch.Isolated:
			w.violate("prober %s, cycle %s: %d of %d links are not stored, and the gap there is %q", p.name, cycle.Format(time.TimeOnly), missing, len(w.index.Links), reason)
		case missing == 0 && silent && !p.doubted(cycle) && (reason == watch.Stopped || len(p.skewed) == 0):
			w.violate("prober %s, cycle %s: every link is stored, and the time is a gap %q", p.name, cycle.Format(time.TimeOnly), reason)
		}
	}
}

// reasonAt is the reason of the gap that covers a whole cycle, empty without.
func reasonAt(gaps []watch.Gap, prober string, cycle time.Time) watch.GapReason {
	for _, g := range gaps {
		if g.Prober == prober && !g.From.After(cycle) && !g.To.Before(cycle.Add(cycleLength)) {
			return g.Reason
		}
	}
	return ""
}

// doubted reports whether its clock was off in a cycle, or named it while it was: the
// time of what it measured then is not the one it tells.
func (p *vantage) doubted(cycle time.Time) bool {
	if _, wrong := p.wrong[cycle]; wrong {
		return true
	}
	return slices.ContainsFunc(p.skewed, func(span [2]time.Time) bool {
		return cycle.Add(2*cycleLength).After(span[0]) && cycle.Before(span[1].Add(2*cycleLength))
	})
}

// checkLetters holds that each letter left once, in its order, as it is stored, and again
// only where nobody could know that it had.
func (w *world) checkLetters(m *memory) {
	copies := map[string]int{}
	last := map[string]int{}
	for _, l := range w.mail.taken {
		copies[l.MessageID]++
		if copies[l.MessageID] == 1 && l.Number < last[l.Key] {
			w.violate("letter %d of %s left after letter %d", l.Number, l.Key, last[l.Key])
		}
		last[l.Key] = max(last[l.Key], l.Number)
	}
	known := map[string]bool{}
	for _, t := range sorted(m.tickets) {
		for _, g := range t.Messages {
			if known[g.MessageID] {
				w.violate("two messages have the id %s", g.MessageID)
			}
			known[g.MessageID] = true
			w.checkLetter(t, g, copies[g.MessageID])
		}
	}
	for id := range copies {
		if !known[id] {
			w.violate("a letter left that no ticket holds: %s", id)
		}
	}
}

func (w *world) checkLetter(t ticket.Ticket, g ticket.Message, copies int) {
	w.counts.Letters += min(copies, 1)
	w.counts.Copies += max(copies-1, 0)
	for _, l := range w.mail.taken {
		if l.MessageID == g.MessageID && (l.Body != g.Body || l.Subject != g.Subject || l.To != g.Recipient) {
			w.violate("letter %s left otherwise than it is stored", g.MessageID)
		}
	}
	switch {
	case g.State == ticket.Sent && copies == 0:
		w.violate("letter %s is said to be sent and never left", g.MessageID)
	case (g.State == ticket.Queued || g.State == ticket.Sending) && w.now.Sub(g.CreatedAt) > time.Minute:
		w.violate("letter %d of %s is %s for ever", g.Number, t.Number, g.State)
	case copies > 0 && (g.State == ticket.Cancelled || g.State == ticket.Held):
		w.violate("letter %s left and is %s", g.MessageID, g.State)
	case g.State == ticket.Failed && !w.mail.refused[g.MessageID]:
		w.violate("letter %s failed and was never refused", g.MessageID)
	}
}

// checkOracle does what was committed again, in its order, in a process that never dies,
// and compares what is then stored.
func (w *world) checkOracle(m *memory) {
	clean := newMemory(w.index, modes())
	service := watch.New(plain{clean}, w.policy)
	ctx := context.Background()
	for _, done := range w.history {
		var err error
		switch {
		case done.batch != nil:
			err = service.Apply(ctx, *done.batch, done.now)
		case !done.cycle.IsZero():
			_, err = service.Decide(ctx, done.cycle, !done.now.Before(done.cycle.Add(2*cycleLength)), done.now)
		case done.written:
			_, err = watch.New(plain{clean}, w.policy).Summarise(ctx, done.now)
		default:
			err = clean.transact(func() error {
				if err := (talk{clean}).SaveDecision(ctx, *done.letter); err != nil {
					return err
				}
				return (talk{clean}).Journal(ctx, done.entries...)
			})
		}
		if err != nil {
			w.violate("undisturbed, the same history fails: %v", err)
			return
		}
	}
	want, got := clean.told(), m.told()
	for _, about := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(want[about], got[about]) {
			w.violate("%s differ from those of an undisturbed run: %s", about, differ(want[about], got[about]))
		}
	}
}

// differ names the first lines of two lists that are on one side only.
func differ(want, got []string) string {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			return "only here " + got[i]
		case i >= len(got):
			return "not here " + want[i]
		case want[i] != got[i]:
			return "want " + want[i] + ", got " + got[i]
		}
	}
	return ""
}

// plain is the model as watch.Store, with nothing between.
type plain struct{ *memory }

func (p plain) InTx(_ context.Context, f func(context.Context, watch.Tx) error) error {
	return p.watch(f)
}

// checkReplay decides what is stored again, from the batches alone, and compares the
// transitions.
func (w *world) checkReplay(m *memory) {
	past := m.past()
	oldest, decided, _ := past.Span(context.Background())
	began := slices.IndexFunc(w.history, func(done committed) bool { return !done.cycle.IsZero() })
	// What came of an hour before the first decision, by a clock that was off, is decided by
	// a replay only.
	if oldest.IsZero() || began < 0 || oldest.Before(w.history[began].cycle) {
		return
	}
	r, err := watch.Replay(context.Background(), past, w.policy, oldest, decided.Add(cycleLength), func(time.Time) {})
	if err != nil {
		w.violate("replay: %v", err)
		return
	}
	for _, d := range r.Differences {
		if d.About == "transition" {
			w.violate("link %v, cycle %s: %s is only %s", d.Links, d.At.Format(time.TimeOnly), d.What, d.Only)
			return
		}
	}
}

// tally counts what the round did.
func (w *world) tally(m *memory) {
	w.counts.Gaps += len(m.gaps)
	w.counts.Transitions += len(m.seen)
	w.counts.Tickets += len(m.tickets)
	w.counts.Cycles += len(w.history)
	for _, done := range w.history {
		if done.cycle.IsZero() {
			w.counts.Cycles--
		}
	}
}

// told is everything that the database says, line by line.
func (m *memory) told() map[string][]string {
	out := map[string][]string{}
	say := func(about string, v any) { out[about] = append(out[about], fmt.Sprintf("%+v", v)) }
	for _, p := range m.probers {
		say("probers", fmt.Sprint(p.Name, " ", p.LastSeq)) // when it was seen last depends on what came again
	}
	for _, r := range m.batches {
		say("batches", fmt.Sprintf("%s %d %s late %t", r.Prober, r.Batch.Seq, r.Batch.Cycle, r.Late))
	}
	for _, g := range m.gaps {
		say("gaps", g)
	}
	for key, row := range m.minutes {
		say("minutes", minuteLine(key.prober, row))
	}
	for key, row := range m.canaries {
		say("canaries", fmt.Sprintf("%v %v", key, row))
	}
	for _, r := range m.reports {
		say("reports", fmt.Sprint(r.Prober, " ", r.Link, " ", r.At, " ", r.Finding.Kind()))
	}
	say("engine", m.engine)
	for _, l := range m.links {
		say("states", l)
	}
	for _, i := range m.incidents {
		say("incidents", i)
	}
	for _, t := range m.seen {
		say("transitions", fmt.Sprint(t.Link, " ", t.At, " ", t.From, " ", t.To, " ", t.Since))
	}
	for _, o := range m.outages {
		say("outages", o)
	}
	for _, t := range m.tickets {
		say("tickets", t)
	}
	for name, n := range m.rounds {
		say("planned rounds", fmt.Sprint(name, " ", n))
	}
	for _, chain := range m.chains {
		for _, r := range chain {
			say("journal", fmt.Sprintf("%s %d %s %s %s %x", r.Chain, r.Seq, r.At, r.Action, r.Body, r.Hash[:4]))
		}
	}
	for _, j := range m.jobs {
		say("jobs", fmt.Sprint(j.kind(), " ", j.At))
	}
	for about := range out {
		slices.Sort(out[about])
	}
	return out
}

func minuteLine(prober string, m measure.Minute) string {
	return fmt.Sprint(prober, " ", m.Link, " ", m.At.UTC(), " ", m.Planned, " ", m.Sent, " ", m.Received, " ",
		m.MinMicros, " ", m.MedianMicros, " ", m.P95Micros, " ", m.MaxMicros, " ", m.JitterMicros, " ", m.LossPeriods, " ", m.LongestLoss)
}

func (j job) kind() string {
	if j.Send != nil {
		return fmt.Sprintf("send %+v", *j.Send)
	}
	return fmt.Sprintf("remind %+v", *j.Remind)
}
