package view

import (
	"context"
	"fmt"
	"time"

	"vigie/internal/ticket"
)

// isolations are the times in which a vantage point reached none of its canaries, or may
// have been about to (isolated and doubtful), by its name. What it found out about a link
// then tells of its own uplink.
type isolations map[string][]Gap

// isolations are those that touch a window.
func (s *Service) isolations(ctx context.Context, w Window) (isolations, error) {
	found, err := s.store.Isolated(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("leave out what isolated probers found: %w", err)
	}
	return found, nil
}

// touch reports whether a prober was isolated at some time between two.
func (i isolations) touch(prober string, from, to time.Time) bool {
	for _, gap := range i[prober] {
		if from.Before(gap.To) && gap.From.Before(to) {
			return true
		}
	}
	return false
}

const (
	// evidenceBefore is how long before the first failed round of an absence its evidence
	// may begin: one cycle, since the round before may have lost a part already.
	evidenceBefore = 30 * time.Second
	// evidenceAfter is how long links may go on joining an absence.
	evidenceAfter = time.Hour
	// evidenceEnds is how long after it began evidence is told at the latest: a finding
	// stands at its end.
	evidenceEnds = 2 * time.Minute
)

// evidenceOf is the time within which looks and traces that tell how an absence began
// themselves began.
func evidenceOf(p ticket.Period) Window {
	w := Window{From: p.Since.Add(-evidenceBefore), To: p.Since.Add(evidenceAfter)}
	if !p.RestoredAt.IsZero() && p.RestoredAt.Before(w.To) {
		w.To = p.RestoredAt
	}
	return w
}

// holds reports whether a time lies in the window.
func (w Window) holds(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// nearer reports whether one time lies nearer to a third than another; of two as near the
// earlier does.
func nearer(to, one, other time.Time) bool {
	a, b := one.Sub(to).Abs(), other.Sub(to).Abs()
	return a < b || a == b && one.Before(other)
}
