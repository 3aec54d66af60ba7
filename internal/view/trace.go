package view

import (
	"context"
	"time"

	"vigie/internal/org"
	"vigie/probe"
)

const (
	// tracesTold bounds the traces that a page shows: three outages by two methods.
	tracesTold = 6
	// pairWithin is how long after the trace by echoes that by datagrams begins at most.
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
	return pathsOf(name, found, w.From), nil
}

// pathsOf pairs traces, the latest first, with the last good way before each.
func pathsOf(name LinkName, found []Finding, from time.Time) Paths {
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
		if len(p.Silent) == tracesTold || trace.Begun.Before(from) {
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
func (s *Service) tracesOf(ctx context.Context, r reach, links []int64, since time.Time) ([]Trace, error) {
	names, _ := r.nameLinks(org.SeeTickets, links)
	var all []Trace
	for _, name := range names[:min(len(names), looksTold)] {
		w := Window{From: since.Add(-looksBefore), To: since.Add(looksAfter)}
		paths, err := s.paths(ctx, name, w)
		if err != nil {
			return nil, err
		}
		if first := firstPair(paths.Silent); len(all)+len(first) <= tracesTold {
			all = append(all, first...)
		}
	}
	return all, nil
}

// firstPair are the earliest trace of some, the latest first, and the one that its prober
// made right after it by another method; they stand in the order of the time.
func firstPair(silent []Trace) []Trace {
	if len(silent) == 0 {
		return nil
	}
	first := silent[len(silent)-1]
	pair := []Trace{first}
	for i := len(silent) - 2; i >= 0; i-- {
		if next := silent[i]; next.Prober == first.Prober && next.Method != first.Method && next.Begun.Sub(first.Begun) <= pairWithin {
			return append(pair, next)
		}
	}
	return pair
}
