package view

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"vigie/internal/org"
	"vigie/internal/ticket"
	"vigie/probe"
)

const (
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
	// Passed counts the links of the ticket that nobody looked at, because Together
	// links began to lose echoes in one cycle.
	Passed, Together int
}

// looks are those of a link in a window, the latest first, without those that tell of the
// uplink of their prober.
func (s *Service) looks(ctx context.Context, name LinkName, w Window) ([]Look, error) {
	found, err := s.store.Findings(ctx, name.ID, (*probe.Look)(nil).Kind(), w, listed)
	if err != nil {
		return nil, err
	}
	away, err := s.isolations(ctx, w)
	if err != nil {
		return nil, err
	}
	var looks []Look
	for _, f := range found {
		if look, ok := f.Finding.(*probe.Look); ok && !away.touch(f.Prober, look.From, look.Until) {
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
	w := Window{From: evidenceOf(t.Periods[0]).From, To: evidenceOf(*t.Current()).To.Add(evidenceEnds)}
	found, err := s.store.FindingsOf(ctx, ids, (*probe.Look)(nil).Kind(), w, looksRead)
	if err != nil {
		return nil, err
	}
	away, err := s.isolations(ctx, w)
	if err != nil {
		return nil, err
	}
	for i, p := range t.Periods {
		began[i] = beginning(p, seen, found, away)
	}
	return began, nil
}

// beginning picks, of each link and prober, the look nearest to the start of an absence, of
// those that no isolation of the prober touches.
func beginning(p ticket.Period, seen map[int64]LinkName, found []LinkFinding, away isolations) Beginning {
	type eye struct {
		link   int64
		prober string
	}
	w, nearest := evidenceOf(p), map[eye]Look{}
	for _, f := range found {
		look, ok := f.Finding.Finding.(*probe.Look)
		if !ok || !w.holds(look.From) || away.touch(f.Prober, look.From, look.Until) {
			continue
		}
		by := eye{f.Link, f.Prober}
		if former, known := nearest[by]; !known || nearer(p.Since, look.From, former.From) {
			nearest[by] = Look{seen[f.Link], f.Prober, *look}
		}
	}
	looks := slices.SortedFunc(maps.Values(nearest), func(a, b Look) int {
		return cmp.Or(a.From.Compare(b.From), compareText(a.Link.Ref, b.Link.Ref), compareText(a.Prober, b.Prober))
	})
	var b Beginning
	looked, passed := map[int64]bool{}, map[int64]bool{}
	for _, look := range looks {
		switch {
		case look.End == probe.LookPassed:
			passed[look.Link.ID] = true
			b.Together = max(b.Together, look.Look.Together)
			continue
		case len(b.Looks) < looksTold:
			b.Looks = append(b.Looks, look)
		}
		looked[look.Link.ID] = true
	}
	for link := range passed {
		if !looked[link] {
			b.Passed++
		}
	}
	return b
}
