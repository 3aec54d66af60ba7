package watch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/checkstate"
	"vigie/internal/inventory"
	"vigie/probe"
)

// Checks is what a transaction of the live chain can do about services behind links.
type Checks interface {
	// Checks returns the states of some checks, by id; without those never asked.
	Checks(ctx context.Context, ids []int64) (map[int64]checkstate.State, error)
	// SaveChecks replaces states, keeps transitions and adds to hours.
	SaveChecks(ctx context.Context, changed []CheckChange) error
}

// CheckChange is what the results of one batch change of a check.
type CheckChange struct {
	ID          int64
	State       checkstate.State
	Transitions []checkstate.Transition
	Hours       []CheckHour
}

// CheckHour adds up the answers of one hour that say something of the service.
type CheckHour struct {
	At            time.Time
	Asked, Failed int
	// The sums of the phases of those that did not fail, and the longest whole,
	// microseconds.
	Resolve, Connect, TLS, FirstByte, Whole, Longest int64
}

func (h *CheckHour) add(c *probe.Check) {
	h.Asked++
	if !c.OK() {
		h.Failed++
		return
	}
	h.Resolve += c.ResolveMicros
	h.Connect += c.ConnectMicros
	h.TLS += c.TLSMicros
	h.FirstByte += c.FirstByteMicros
	h.Whole += c.WholeMicros
	h.Longest = max(h.Longest, c.WholeMicros)
}

// applyChecks lets the results of a cycle change what is known of services, once the
// prober has delivered its whole part: only then is it known whether its canaries answered.
// No state of a link and no ticket rests on them.
func (s *Service) applyChecks(ctx context.Context, tx Tx, former Mark, b probe.Batch, now time.Time) error {
	if !b.Last {
		return nil
	}
	part := []probe.Batch{b}
	if former.Cycle.Equal(b.Cycle) { // the cycle came in several pieces
		stored, err := tx.Pieces(ctx, b.Prober, b.Cycle)
		if err != nil {
			return err
		}
		part = stored
	}
	results := map[int64][]checkstate.Result{}
	for _, piece := range part {
		for _, r := range piece.Reports {
			if c, ok := r.Finding.(*probe.Check); ok && !r.At.After(now.Add(s.cycle())) { // else a clock is wrong
				results[c.ID] = append(results[c.ID], checkstate.Result{At: r.At, Check: c})
			}
		}
	}
	if len(results) == 0 {
		return nil
	}
	x, err := tx.Inventory(ctx)
	if err != nil {
		return err
	}
	isolated := alone(x, part)
	var ids []int64
	for id := range results {
		if c, known := x.CheckByID(id); known && x.AskedFrom(c, former.Site, calendar.Day(b.Cycle)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	states, err := tx.Checks(ctx, ids)
	if err != nil {
		return err
	}
	changes := make([]CheckChange, 0, len(ids))
	for _, id := range ids {
		changes = append(changes, changeOf(id, states[id], results[id], isolated))
	}
	return tx.SaveChecks(ctx, changes)
}

// changeOf runs the results of one check in the order of their time.
func changeOf(id int64, state checkstate.State, results []checkstate.Result, isolated bool) CheckChange {
	change := CheckChange{ID: id, State: state}
	slices.SortFunc(results, func(a, b checkstate.Result) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
	for _, r := range results {
		r.Isolated = isolated
		before := change.State.Answered
		next, transition := checkstate.Next(change.State, r)
		change.State = next
		if transition != nil {
			change.Transitions = append(change.Transitions, *transition)
		}
		if next.Answered.Equal(before) {
			continue
		}
		hour := r.At.Truncate(time.Hour)
		if n := len(change.Hours); n == 0 || !change.Hours[n-1].At.Equal(hour) {
			change.Hours = append(change.Hours, CheckHour{At: hour})
		}
		change.Hours[len(change.Hours)-1].add(r.Check)
	}
	return change
}

// alone reports whether a prober reached none of its canaries in a cycle, as R3 of the
// rules does.
func alone(x *inventory.Index, part []probe.Batch) bool {
	probed := false
	for _, b := range part {
		for _, o := range b.Observations {
			if o.Kind != probe.Canary {
				continue
			}
			if o.Received() > 0 {
				return false
			}
			probed = true
		}
	}
	day := calendar.Day(part[0].Cycle)
	return probed || slices.ContainsFunc(x.Canaries, func(c inventory.Canary) bool {
		return inventory.InForce(time.Time{}, c.Ends, day)
	})
}
