package app

import (
	"context"
	"strconv"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/watch"
)

// ReplayAnswer is what a replay found, with links by their reference.
type ReplayAnswer struct {
	// Began is the first cycle decided again; what was decided in [From, To) is compared.
	Began  time.Time `json:"began"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Cycles int       `json:"cycles"`
	// Warm is false when differences may come from what lies before the first round kept.
	Warm bool `json:"warm"`
	// Compared are what was stored.
	Transitions int                `json:"compared_transitions"`
	Changes     int                `json:"compared_incident_changes"`
	Tickets     int                `json:"compared_ticket_moves"`
	Differences []ReplayDifference `json:"differences"`
}

// ReplayDifference is one thing that was decided then or would be now, and not both.
type ReplayDifference struct {
	watch.Happening
	Links []string `json:"links"`
}

// Replay decides stored rounds again with the rules of this program and of the
// configuration, and says what would differ. It writes nothing.
func (a *Archive) Replay(ctx context.Context, from, to time.Time, progress func(at time.Time)) (ReplayAnswer, error) {
	purpose, err := a.db.Purpose(ctx)
	if err != nil {
		return ReplayAnswer{}, err
	}
	policy := a.configuration.policy()
	if purpose == store.Demo {
		policy = a.configuration.demo().demoPolicy()
	}
	s, err := store.NewWatch(a.db)
	if err != nil {
		return ReplayAnswer{}, err
	}
	var found watch.Replayed
	var x *inventory.Index
	err = s.Past(ctx, func(past watch.Past) error {
		if x, err = past.Inventory(ctx); err != nil {
			return err
		}
		found, err = watch.Replay(ctx, past, policy, from, to, progress)
		return err
	})
	if err != nil {
		return ReplayAnswer{}, err
	}
	answer := ReplayAnswer{
		Began: found.Began, From: found.From, To: found.To, Cycles: found.Cycles, Warm: found.Warm,
		Transitions: found.Transitions, Changes: found.Changes, Tickets: found.Tickets, Differences: []ReplayDifference{},
	}
	refs := map[int64]string{}
	for _, l := range x.Links {
		refs[l.ID] = l.Ref
	}
	for _, h := range found.Differences {
		d := ReplayDifference{Happening: h, Links: []string{}}
		for _, id := range h.Links {
			ref, known := refs[id]
			if !known {
				ref = "link " + strconv.FormatInt(id, 10)
			}
			d.Links = append(d.Links, ref)
		}
		answer.Differences = append(answer.Differences, d)
	}
	return answer, nil
}
