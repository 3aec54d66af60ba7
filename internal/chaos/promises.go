//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigie/probe"
)

// checkTaken finds each batch of a stream in the database, as it was taken. Where forgiven,
// one that is not there, or another of its number, is left to the gaps.
func checkTaken(s *stored, name string, list []probe.Batch, forgiven bool) error {
	var broken []error
	for _, b := range list {
		if b.Seq > s.last[name] {
			continue // taken since
		}
		found, ok := s.batches[name][b.Seq]
		if forgiven {
			continue
		}
		if !ok {
			broken = append(broken, &violation{"taken = applied", fmt.Sprintf("batch %d of prober %s (cycle %s) was taken and is not stored", b.Seq, name, b.Cycle.Format(time.RFC3339))})
			continue
		}
		want, err := b.MarshalBinary()
		if err != nil {
			return err
		}
		got, err := found.MarshalBinary()
		if err != nil {
			return err
		}
		if !bytes.Equal(want, got) {
			broken = append(broken, &violation{"taken = applied", fmt.Sprintf("batch %d of prober %s is stored otherwise than it was taken: cycle %s and %s", b.Seq, name, found.Cycle, b.Cycle)})
		}
	}
	return errors.Join(broken...)
}

// checkNumbers holds every number that is missing in the database against the gaps: it lies
// between two batches, and all of the time between them that is not stored is a gap.
func checkNumbers(s *stored, name string) error {
	var before *applied
	missing := uint64(0)
	for seq := uint64(1); seq <= s.last[name]; seq++ {
		b, ok := s.batches[name][seq]
		if !ok {
			missing++
			continue
		}
		if missing > 0 && before != nil && !b.shifted() && !before.shifted() {
			lost := false
			for _, g := range s.gaps[name] {
				lost = lost || g.reason == "lost" && g.from.Before(b.Cycle.Add(cycle)) && g.to.After(before.Cycle)
			}
			if !lost {
				return &violation{"taken = applied", fmt.Sprintf("prober %s: %d numbers before batch %d (cycle %s) are missing, and no gap says that they are lost", name, missing, seq, b.Cycle.Format(time.RFC3339))}
			}
		}
		missing = 0
		before = &b
	}
	return nil
}

// checkCycles holds each cycle between a prober's first batch and the last decision
// against what is stored: it is there whole, or a gap says why not, and never both for want
// of data.
func checkCycles(s *stored, name string) error {
	whole := map[int64]bool{}
	var first time.Time
	for _, b := range s.batches[name] {
		if b.shifted() {
			continue
		}
		whole[b.Cycle.Unix()] = whole[b.Cycle.Unix()] || b.Last
		if first.IsZero() || b.Cycle.Before(first) {
			first = b.Cycle
		}
	}
	if first.IsZero() {
		return nil
	}
	var broken []string
	gaps := s.gaps[name]
	for n := 1; n < len(gaps); n++ {
		if gaps[n].from.Before(gaps[n-1].to) {
			broken = append(broken, fmt.Sprintf("two gaps overlap at %s", gaps[n].from.Format(time.RFC3339)))
		}
	}
	for at := first; !at.After(s.decided); at = at.Add(cycle) {
		for len(gaps) > 0 && !gaps[0].to.After(at) {
			gaps = gaps[1:]
		}
		inGap := len(gaps) > 0 && gaps[0].holds(at)
		switch {
		case !inGap && !whole[at.Unix()]:
			broken = append(broken, at.Format(time.RFC3339)+" is neither stored nor a gap")
		case inGap && whole[at.Unix()] && gaps[0].reason == "stopped":
			broken = append(broken, at.Format(time.RFC3339)+" is stored, and a gap says that nothing came")
		}
	}
	if len(broken) > 0 {
		return &violation{"planned = stored + gaps", fmt.Sprintf("prober %s, cycles: %s", name, some(broken))}
	}
	return nil
}

// checkMinutes holds the minutes of each link against the rounds and gaps of the prober:
// what was planned of it, sent and answered.
func checkMinutes(s *stored, name string) error {
	want, odd := map[minuteOf]counts{}, map[time.Time]bool{}
	for _, b := range s.batches[name] {
		minute := b.Cycle.Truncate(time.Minute)
		if b.shifted() {
			odd[minute] = true // two times in one
			continue
		}
		void := false
		for _, g := range s.gaps[name] {
			void = void || g.holds(b.Cycle)
		}
		for _, o := range b.Observations {
			if o.Kind != probe.Link {
				continue
			}
			key := minuteOf{o.Target, minute}
			c := want[key]
			c.planned = int(time.Minute/cycle) * echoes
			if !void {
				c.sent += o.Sent()
				c.received += o.Received()
			}
			want[key] = c
		}
	}
	var broken []string
	for key, c := range want {
		if key.at.Add(time.Minute).After(s.decided) || odd[key.at] { // it is not over
			continue
		}
		if got, ok := s.minutes[name][key]; !ok || got != c {
			broken = append(broken, fmt.Sprintf("link %s at %s: %+v, want %+v", s.links[key.link], key.at.Format("15:04"), got, c))
		}
	}
	for key := range s.minutes[name] {
		if _, ok := want[key]; !ok && !odd[key.at] {
			broken = append(broken, fmt.Sprintf("link %s at %s: a minute without a round", s.links[key.link], key.at.Format("15:04")))
		}
	}
	if len(broken) > 0 {
		return &violation{"planned = stored + gaps", fmt.Sprintf("prober %s, minutes: %s", name, some(broken))}
	}
	return nil
}

// some are the first of many.
func some(list []string) string {
	const most = 12
	if len(list) > most {
		return fmt.Sprintf("%s; and %d more", strings.Join(list[:most], "; "), len(list)-most)
	}
	return strings.Join(list, "; ")
}

// checkChains follows the states of each link from one transition to the next.
func checkChains(s *stored) error {
	for ref, list := range s.transitions {
		state := "up"
		for _, t := range list {
			if t.before != state {
				return &violation{"transitions", fmt.Sprintf("link %s goes from %s to %s at %s, and it was %s", ref, t.before, t.after, t.at.Format(time.RFC3339), state)}
			}
			state = t.after
		}
	}
	return nil
}
