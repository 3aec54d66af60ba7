package view

import (
	"context"
	"slices"
	"time"

	"vigie/internal/org"
	"vigie/internal/ticket"
	"vigie/probe"
)

const (
	// tracesTold bounds the traces that a page shows: three outages by two methods.
	tracesTold = 6
	// pairWithin is how far apart the traces of a link by echoes and by datagrams begin at most.
	pairWithin = time.Minute
	// referenceWithin is how far before a trace its reference may lie.
	referenceWithin = 8 * 24 * time.Hour
	// tracesRead bounds what is read for that.
	tracesRead = 60
)

// Trace is the way to a link when it fell silent, beside the last good one.
type Trace struct {
	Link   LinkName
	At     time.Time
	Prober string
	probe.Trace
	// Good is the last reference before, GoodAt when it was made; nil where none is kept.
	Good   *probe.Trace
	GoodAt time.Time
}

// Paths is what traces tell of a link.
type Paths struct {
	Silent []Trace // made when it fell silent, the latest first
	// Good is the last way on which all was well; nil before the first.
	Good *Trace
}

// paths are the traces of a link in a window.
func (s *Service) paths(ctx context.Context, name LinkName, w Window) (Paths, error) {
	found, err := s.store.Findings(ctx, name.ID, (*probe.Trace)(nil).Kind(), Window{From: w.From.Add(-referenceWithin), To: w.To}, tracesRead)
	if err != nil {
		return Paths{}, err
	}
	away, err := s.isolations(ctx, w)
	if err != nil {
		return Paths{}, err
	}
	return pathsOf(name, found, w.From, away), nil
}

// pathsOf pairs traces, the latest first, with the last good way before each. One that was
// under way while its prober was isolated ends at the prober's own uplink, and is left out.
func pathsOf(name LinkName, found []Finding, from time.Time, away isolations) Paths {
	var p Paths
	for i, f := range found {
		trace, ok := f.Finding.(*probe.Trace)
		if !ok {
			continue
		}
		t := Trace{Link: name, At: f.At, Prober: f.Prober, Trace: *trace}
		if trace.Cause == probe.TraceReference {
			if p.Good == nil {
				p.Good = &t
			}
			continue
		}
		if trace.Begun.Before(from) || away.touch(f.Prober, trace.Begun, f.At) {
			continue
		}
		for _, before := range found[i+1:] {
			if good, ok := before.Finding.(*probe.Trace); ok && good.Cause == probe.TraceReference && before.Prober == f.Prober {
				t.Good, t.GoodAt = good, before.At
				break
			}
		}
		p.Silent = append(p.Silent, t)
	}
	return p
}

// tracesOf are those made at the start of the last absence of a ticket, of the first links
// that the asker sees.
func (s *Service) tracesOf(ctx context.Context, r reach, t ticket.Ticket) ([]Trace, error) {
	names, _ := r.nameLinks(org.SeeTickets, t.Links)
	period := *t.Current()
	w := evidenceOf(period)
	var all []Trace
	for _, name := range names[:min(len(names), looksTold)] {
		paths, err := s.paths(ctx, name, Window{From: w.From, To: w.To.Add(evidenceEnds)})
		if err != nil {
			return nil, err
		}
		if pair := pairOf(paths.Silent, period); len(all)+len(pair) <= tracesTold {
			all = append(all, pair...)
		}
	}
	return all, nil
}

// pairOf are the trace that began nearest to the start of an absence and the one that its
// prober made beside it by another method; they stand in the order of the time.
func pairOf(silent []Trace, p ticket.Period) []Trace {
	w := evidenceOf(p)
	var nearest *Trace
	for i := range silent {
		if t := &silent[i]; w.holds(t.Begun) && (nearest == nil || nearer(p.Since, t.Begun, nearest.Begun)) {
			nearest = t
		}
	}
	if nearest == nil {
		return nil
	}
	pair := []Trace{*nearest}
	for _, other := range slices.Backward(silent) {
		if other.Prober == nearest.Prober && other.Method != nearest.Method && other.Begun.Sub(nearest.Begun).Abs() <= pairWithin {
			pair = append(pair, other)
			break
		}
	}
	slices.SortFunc(pair, func(a, b Trace) int { return a.Begun.Compare(b.Begun) })
	return pair
}
