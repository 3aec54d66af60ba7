package path

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	router = netip.MustParseAddr("192.0.2.1")
	far    = netip.MustParseAddr("198.51.100.1")
)

// play runs a plan on a clock of its own; kindAt says what a hop answers, Lost for
// silence, after a delay. It gives what a caller is told, and when each probe left.
func play(t interface{ Fatalf(string, ...any) }, o Options, kindAt func(Probe) Kind) (told []Probe, left []time.Time) {
	now := time.Unix(1_800_000_000, 0)
	p := newPlan(o, now)
	var coming []arrival
	for steps := 0; ; steps++ {
		if steps > 100_000 {
			t.Fatalf("the plan does not end")
		}
		told = append(told, p.expire(now)...)
		next, until := p.next(now)
		if next == nil && until.IsZero() {
			return told, left
		}
		if next != nil {
			left = append(left, now)
			if kind := kindAt(next.Probe); kind != Lost {
				coming = append(coming, arrival{number: next.number, kind: kind, from: router, at: now.Add(5 * time.Millisecond)})
			}
			continue
		}
		if !until.After(now) {
			t.Fatalf("a wait from %s until %s", now, until)
		}
		if len(coming) > 0 && coming[0].at.Before(until) {
			until = coming[0].at
		}
		for now = until; len(coming) > 0 && !coming[0].at.After(now); coming = coming[1:] {
			if probe, ok := p.answer(coming[0]); ok {
				told = append(told, probe)
			}
		}
	}
}

func options(rounds int) Options {
	return Options{Host: far, Rounds: rounds, Interval: time.Second, Timeout: time.Second}
}

// ends is a way with its end at a hop, and silent hops.
func ends(end int, silent ...int) func(Probe) Kind {
	return func(p Probe) Kind {
		for _, hop := range silent {
			if p.Hop == hop {
				return Lost
			}
		}
		if p.Hop >= end {
			return Reached
		}
		return Passing
	}
}

func TestEveryHopIsAskedOnceInARound(t *testing.T) {
	t.Parallel()
	told, left := play(t, options(3), ends(6, 2))
	seen := map[[2]int]Kind{}
	for _, p := range told {
		key := [2]int{p.Round, p.Hop}
		if seen[key] != "" {
			t.Errorf("hop %d of round %d is told twice", p.Hop, p.Round)
		}
		seen[key] = p.Kind
	}
	for round := range 3 {
		for hop, want := range map[int]Kind{1: Passing, 2: Lost, 3: Passing, 5: Passing, 6: Reached} {
			if got := seen[[2]int{round, hop}]; got != want {
				t.Errorf("hop %d of round %d is %q, want %q", hop, round, got, want)
			}
		}
	}
	if len(seen) != 18 {
		t.Errorf("%d probes told, want 18: %v", len(seen), seen)
	}
	if most := 18 + window; len(left) > most {
		t.Errorf("%d probes left, at most %d are needed", len(left), most)
	}
}

func TestASilentEndIsNotLookedForForever(t *testing.T) {
	t.Parallel()
	told, left := play(t, options(1), ends(3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
	if want := 2 + maxSilent; len(left) != want || len(told) != want {
		t.Errorf("%d probes left and %d were told, want %d", len(left), len(told), want)
	}
	if told, _ := play(t, options(1), func(Probe) Kind { return Passing }); len(told) != MaxHops {
		t.Errorf("a way without end has %d hops, want %d", len(told), MaxHops)
	}
}

func TestAWayThatGrowsIsFollowed(t *testing.T) {
	t.Parallel()
	told, _ := play(t, options(4), func(p Probe) Kind { return ends(3 + 2*min(1, p.Round))(p) })
	last := map[int]int{}
	for _, p := range told {
		last[p.Round] = max(last[p.Round], p.Hop)
	}
	if last[0] != 3 || last[1] != 5 || last[3] != 5 {
		t.Errorf("the last hops by round are %v", last)
	}
}

func TestAnAnswerCountsOnceAndInTime(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	p := newPlan(options(1), now)
	first, _ := p.next(now)
	a := arrival{number: first.number, kind: Passing, from: router, at: now.Add(time.Second)}
	if _, ok := p.answer(a); ok {
		t.Error("an answer after the timeout counts")
	}
	a.at = now.Add(7 * time.Millisecond)
	got, ok := p.answer(a)
	if want := (Probe{Hop: 1, Kind: Passing, From: router, RTT: 7 * time.Millisecond}); !ok || got != want {
		t.Errorf("told %+v, %t, want %+v", got, ok, want)
	}
	if _, ok := p.answer(a); ok {
		t.Error("an answer counts twice")
	}
}

func TestProbesArePacedWhateverAnswers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom([]Kind{Lost, Passing, Passing, Reached, Unreachable}), 1, 80).Draw(t, "kinds")
		at := 0
		o := options(rapid.IntRange(1, 4).Draw(t, "rounds"))
		type ask struct{ round, hop int }
		var asked []ask
		_, left := play(t, o, func(p Probe) Kind {
			asked = append(asked, ask{p.Round, p.Hop})
			at++
			return kinds[at%len(kinds)]
		})
		latest := map[int]time.Time{}
		seen := map[ask]bool{}
		for i, a := range asked {
			if seen[a] {
				t.Fatalf("hop %d of round %d is asked twice", a.hop, a.round)
			}
			if seen[a] = true; a.hop < 1 || a.hop > MaxHops {
				t.Fatalf("hop %d", a.hop)
			}
			if i > 0 && left[i].Sub(left[i-1]) < gap {
				t.Fatalf("two probes within %s", left[i].Sub(left[i-1]))
			}
			if before, ok := latest[a.hop]; ok && left[i].Sub(before) < gap {
				t.Fatalf("hop %d again after %s", a.hop, left[i].Sub(before))
			}
			latest[a.hop] = left[i]
		}
	})
}
