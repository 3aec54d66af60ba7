package watch

import (
	"context"
	"maps"
	"slices"
	"time"

	"vigie/probe"
)

// A part is in doubt when echoes were lost in it and the loss may be that of the prober's
// own uplink: every canary lost some, or the uplink was gone altogether in the cycle
// before or after, so that it went or came back somewhere in this one. What it lost is
// nobody's loss, and what it found slow is no result; a fail and an ok stay what the rules
// R1 to R3 make of them.

// sees takes a round of a link or a canary into account.
func (p *part) sees(o probe.Observation) {
	received := o.Received()
	loses := received < o.Sent()
	p.lossy = p.lossy || loses && !o.Loaded
	if o.Kind != probe.Canary || o.Sent() == 0 {
		return
	}
	p.asked++
	if loses {
		p.suffering++
	}
	if received > 0 {
		p.canaries++
	}
}

// suffers reports whether every canary lost an echo, of two or more: one that loses some
// alone has a trouble of its own.
func (p *part) suffers() bool { return p.asked >= 2 && p.suffering == p.asked }

// gap says why nothing, or not all, of a part counts; empty where all of it does.
func (p *part) gap() GapReason {
	switch {
	case p.isolated:
		return Isolated
	case p.doubtful:
		return Doubtful
	}
	return ""
}

// border marks what is in doubt because one of two cycles in a row was an isolation and
// echoes were lost in the other. It reports whether something of the former is.
func border(before, after []part) bool {
	former := false
	for i := range before {
		b := &before[i]
		for j := range after {
			a := &after[j]
			if a.prober != b.prober || !b.cycle.Add(b.length).Equal(a.cycle) {
				continue
			}
			if a.cutOff() && !b.isolated && b.lossy {
				b.doubtful, former = true, true
			}
			if b.cutOff() && !a.isolated && a.lossy {
				a.doubtful = true
			}
		}
	}
	return former
}

// cutOff tells an isolation from a part of which the canaries have not been delivered yet.
func (p *part) cutOff() bool { return p.isolated && p.last }

// cycles sorts batches into the parts of each cycle, in order of time, and marks those in
// doubt.
func (p plan) cycles(batches []probe.Batch) [][]part {
	byCycle := map[time.Time][]probe.Batch{}
	for _, b := range batches {
		byCycle[b.Cycle] = append(byCycle[b.Cycle], b)
	}
	var out [][]part
	for _, at := range slices.SortedFunc(maps.Keys(byCycle), time.Time.Compare) {
		parts := p.parts(byCycle[at])
		if n := len(out); n > 0 {
			border(out[n-1], parts)
		}
		out = append(out, parts)
	}
	return out
}

// held are the parts of the cycle decided last: the next one may put them in doubt.
type held struct {
	cycle time.Time
	parts []part
}

// before gives the parts of the cycle decided last.
func (s *Service) before(ctx context.Context, tx Tx, p plan, decided time.Time) ([]part, error) {
	if decided.IsZero() || s.held.cycle.Equal(decided) {
		return s.held.parts, nil
	}
	batches, err := tx.Timely(ctx, decided)
	return p.parts(batches), err
}

// doubt records that the cycle decided before is in doubt, which shows only now: as gaps,
// and in its minute where that is over.
func (s *Service) doubt(ctx context.Context, tx Tx, before []part, cycle, now time.Time) error {
	for _, p := range before {
		if !p.doubtful {
			continue
		}
		if err := tx.AddGap(ctx, Gap{Prober: p.prober, From: p.cycle, To: p.cycle.Add(p.length), Reason: Doubtful}); err != nil {
			return err
		}
		if minute := p.cycle.Truncate(time.Minute); minute.Before(cycle.Truncate(time.Minute)) {
			if err := tx.DueMinutes(ctx, p.prober, minute, minute.Add(time.Minute), now); err != nil {
				return err
			}
		}
	}
	return nil
}
