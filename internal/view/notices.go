package view

import (
	"context"
	"slices"
	"time"

	"vigie/internal/incident"
	"vigie/internal/org"
	"vigie/internal/ticket"
)

// Notices is what every page must say before its own answer: whether what it
// shows is the present, and whether anything leaves.
type Notices struct {
	Decided time.Time // last decided cycle; zero before the first
	Stale   bool      // the last decided cycle is too old to be the present
	// ProberLostSince is when no prober was connected any more: nothing is
	// accused since; zero while one is.
	ProberLostSince time.Time
	// StoppedSince is when all sending was stopped, zero while it is not.
	StoppedSince time.Time
	Modes        []OperatorMode
	ToApprove    int  // messages that wait for a person, in the asker's territory
	Simulated    bool // some figure of the last minutes is simulated
	// Filling is nil unless a demonstration's past is still being written.
	Filling *Filling
	// CalendarUntil is the last day of the known school calendar once that is over or less
	// than six weeks away; zero before.
	CalendarUntil time.Time
}

// OperatorMode is how freely Vigie speaks to an operator.
type OperatorMode struct {
	Key, Name string
	Mode      ticket.Mode
}

// Notices answers for a page that has no other live question.
func (s *Service) Notices(ctx context.Context, who org.User, now time.Time) (Notices, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return Notices{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return Notices{}, err
	}
	return s.notices(r, live, now), nil
}

func (s *Service) notices(r reach, live Live, now time.Time) Notices {
	n := Notices{
		Decided:      live.Decided,
		Stale:        now.Sub(live.Decided) > s.staleAfter,
		StoppedSince: live.StoppedSince,
		Filling:      live.Filling,
	}
	if ends, soon := s.vacations.EndsSoon(now); soon {
		n.CalendarUntil = ends.AddDate(0, 0, -1)
	}
	for _, open := range live.Incidents {
		if open.Kind == incident.KindProber {
			n.ProberLostSince = open.Since
		}
	}
	for _, latest := range live.Latest {
		n.Simulated = n.Simulated || latest.Simulated
	}
	for _, operator := range r.Operators {
		if operator.Ends.IsZero() || r.day.Before(operator.Ends) {
			n.Modes = append(n.Modes, OperatorMode{operator.Key, operator.Name, live.Modes.Of(operator.Key)})
		}
	}
	slices.SortFunc(n.Modes, func(a, b OperatorMode) int { return compareText(a.Name, b.Name) })
	if !org.Allowed(r.who, org.SeeTickets) {
		return n
	}
	for _, open := range live.Tickets {
		if seen, _ := r.nameLinks(org.SeeTickets, open.Links); len(seen) > 0 || r.who.Territory.All {
			n.ToApprove += open.Waiting
		}
	}
	return n
}
