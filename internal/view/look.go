package view

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vigie/internal/org"
	"vigie/internal/ticket"
	"vigie/probe"
)

const (
	// looksBefore is how long before the first failed round the first echo of an
	// absence may have been lost: a line often loses some before it loses all.
	looksBefore = 5 * time.Minute
	// looksAfter is how long links may go on joining an absence.
	looksAfter = time.Hour
	// looksRead bounds what is read of a failure of very many links.
	looksRead = 2000
	// looksTold is how many are told one by one of an absence.
	looksTold = 10
)

// LinkFinding is a finding with the link it is about.
type LinkFinding struct {
	Link int64
	Finding
}

// Look is a closer look that a prober took at a link that began to lose echoes.
type Look struct {
	Link   LinkName
	Prober string
	probe.Look
}

// Beginning is how an absence of links began, as closer looks saw it.
type Beginning struct {
	Looks []Look // the earliest first
	// Passed counts the links seen that nobody looked at, because Together of them
	// began to lose echoes in one cycle.
	Passed, Together int
}

// looks are those of a link in a window, the latest first.
func (s *Service) looks(ctx context.Context, name LinkName, w Window) ([]Look, error) {
	found, err := s.store.Findings(ctx, name.ID, (*probe.Look)(nil).Kind(), w, listed)
	if err != nil {
		return nil, err
	}
	var looks []Look
	for _, f := range found {
		if look, ok := f.Finding.(*probe.Look); ok {
			looks = append(looks, Look{name, f.Prober, *look})
		}
	}
	return looks, nil
}

// beginnings reads how the absences of a ticket began, in their order, of the links that
// the asker sees.
func (s *Service) beginnings(ctx context.Context, r reach, t ticket.Ticket) ([]Beginning, error) {
	began := make([]Beginning, len(t.Periods))
	names, _ := r.nameLinks(org.SeeTickets, t.Links)
	if len(names) == 0 || len(t.Periods) == 0 {
		return began, nil
	}
	seen := make(map[int64]LinkName, len(names))
	var ids []int64
	for _, name := range names {
		seen[name.ID] = name
		ids = append(ids, name.ID)
	}
	w := Window{From: t.Periods[0].Since.Add(-looksBefore), To: t.Current().Since.Add(looksAfter)}
	found, err := s.store.FindingsOf(ctx, ids, (*probe.Look)(nil).Kind(), w, looksRead)
	if err != nil {
		return nil, err
	}
	for i, p := range t.Periods {
		began[i] = beginning(p, seen, found)
	}
	return began, nil
}

// beginning picks, of each link and prober, the first look at an absence.
func beginning(p ticket.Period, seen map[int64]LinkName, found []LinkFinding) Beginning {
	end := p.Since.Add(looksAfter)
	if !p.RestoredAt.IsZero() && p.RestoredAt.Before(end) {
		end = p.RestoredAt
	}
	var looks []Look
	for _, f := range found {
		look, ok := f.Finding.Finding.(*probe.Look)
		if ok && !look.From.Before(p.Since.Add(-looksBefore)) && look.From.Before(end) {
			looks = append(looks, Look{seen[f.Link], f.Prober, *look})
		}
	}
	slices.SortStableFunc(looks, func(a, b Look) int { return cmp.Or(a.From.Compare(b.From), compareText(a.Link.Ref, b.Link.Ref)) })
	type eye struct {
		link   int64
		prober string
	}
	taken := map[eye]bool{}
	var b Beginning
	for _, look := range looks {
		by := eye{look.Link.ID, look.Prober}
		switch {
		case taken[by]:
			continue
		case look.End == probe.LookPassed:
			b.Passed, b.Together = b.Passed+1, max(b.Together, look.Look.Together)
		case len(b.Looks) < looksTold:
			b.Looks = append(b.Looks, look)
		}
		taken[by] = true
	}
	return b
}
