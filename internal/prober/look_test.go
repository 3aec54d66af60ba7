package prober

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/probe"
	"vigie/probe/icmp"
)

const lost = probe.Lost

// gaze follows looks by itself: the engine answers as the test says.
type gaze struct {
	*looks
	part *part
}

func newGaze() gaze {
	return gaze{looks: newLooks(DefaultConfiguration()), part: &part{cycle: cycle}}
}

func link(id int64) probe.Target {
	return probe.Target{ID: id, Kind: probe.Link, Addr: netip.AddrFrom4([4]byte{192, 0, byte(id >> 8), byte(id)})}
}

// round is a finished round of a target, which began at a time.
func round(target probe.Target, at time.Time, rtts ...int32) icmp.Result {
	r := icmp.Result{Round: icmp.Round{Target: target, Cycle: cycle, Start: at}}
	r.Observation = probe.Observation{Target: target.ID, Kind: target.Kind, At: at, RTTMicros: rtts}
	for i, rtt := range rtts {
		if rtt == lost {
			r.LastLost = at.Add(time.Duration(i) * lookGap)
			if r.FirstLost.IsZero() {
				r.FirstLost = r.LastLost
			}
		}
	}
	return r
}

// fails has a link answer a round and lose the next one.
func (g gaze) fails(target probe.Target, at time.Time) bool {
	g.saw(round(target, at.Add(-30*time.Second), 9, 9, 9, 9, 9), g.part, at)
	return g.saw(round(target, at, lost, lost, lost, lost, lost), g.part, at.Add(1400*time.Millisecond))
}

// play answers the rounds of looks as they are due until all looks have ended, and
// returns what they report. Each round comes back a second after its last echo.
func (g gaze) play(t *testing.T, now time.Time, answers func(target probe.Target, at time.Time) int32) []probe.Report {
	t.Helper()
	type back struct {
		at time.Time
		icmp.Result
	}
	var out []back
	var reports []probe.Report
	for end := now.Add(time.Minute); len(g.under) > 0; now = now.Add(10 * time.Millisecond) {
		if now.After(end) {
			t.Fatalf("%d looks do not end", len(g.under))
		}
		for len(out) > 0 && !out[0].at.After(now) {
			if r, ended := g.took(out[0].Result, now); ended {
				reports = append(reports, r)
			}
			out = out[1:]
		}
		for _, r := range g.due(now) {
			if !r.Cycle.IsZero() || r.Gap != lookGap || r.Echoes != lookRound {
				t.Fatalf("got %+v, want a round of a look, of no cycle", r)
			}
			var rtts []int32
			for i := range r.Echoes {
				rtts = append(rtts, answers(r.Target, r.Start.Add(time.Duration(i)*lookGap)))
			}
			out = append(out, back{r.Start.Add(1400 * time.Millisecond), round(r.Target, r.Start, rtts...)})
		}
	}
	return reports
}

func TestTheFirstRoundWithLossIsLookedAt(t *testing.T) {
	t.Parallel()
	other := func(kind probe.Kind) probe.Target { t := link(7); t.Kind = kind; return t }
	for name, test := range map[string]struct {
		rounds []icmp.Result
		want   int // looks begun
	}{
		"a loss after a whole round":             {[]icmp.Result{round(link(7), cycle, 9, 9), round(link(7), cycle, 9, lost)}, 1},
		"the first round after the start":        {[]icmp.Result{round(link(7), cycle, lost, lost)}, 0},
		"a loss after a loss":                    {[]icmp.Result{round(link(7), cycle, lost), round(link(7), cycle, lost)}, 0},
		"a round without a known echo between":   {[]icmp.Result{round(link(7), cycle, 9), round(link(7), cycle), round(link(7), cycle, lost)}, 1},
		"a part, and silent ten minutes later":   {[]icmp.Result{round(link(7), cycle, 9), round(link(7), cycle, 9, lost), round(link(7), cycle.Add(10*time.Minute), lost, lost)}, 1},
		"silent from the first round on":         {[]icmp.Result{round(link(7), cycle, lost), round(link(7), cycle, lost, lost)}, 0},
		"a canary":                               {[]icmp.Result{round(other(probe.Canary), cycle, 9), round(other(probe.Canary), cycle, lost)}, 0},
		"a demarcation of the same number":       {[]icmp.Result{round(link(7), cycle, 9), round(other(probe.Demarcation), cycle, lost)}, 0},
		"two links, one of them after its start": {[]icmp.Result{round(link(7), cycle, 9), round(link(7), cycle, lost), round(link(8), cycle, lost)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGaze()
			for _, r := range test.rounds {
				g.saw(r, g.part, cycle)
			}
			if len(g.under) != test.want {
				t.Errorf("%d looks, want %d", len(g.under), test.want)
			}
		})
	}
}

func TestALookLastsTenSecondsOrUntilTheLinkAnswersAgain(t *testing.T) {
	t.Parallel()
	begun := cycle.Add(1400 * time.Millisecond)
	back := begun.Add(1250 * time.Millisecond)
	for name, test := range map[string]struct {
		answers    func(at time.Time) int32
		end        probe.LookEnd
		sent, lost int
		lastLost   time.Time
		until      time.Time
	}{
		"cut for good": {
			func(time.Time) int32 { return lost },
			probe.LookLasting, 100, 100, begun.Add(9900 * time.Millisecond), begun.Add(10*time.Second + 900*time.Millisecond),
		},
		"back after 1.25 s": {
			func(at time.Time) int32 {
				if at.Before(back) {
					return lost
				}
				return 9
			},
			// 13 echoes lost, then whole rounds until 20 good ones are told: the third to the seventh.
			probe.LookRecovered, 35, 13, begun.Add(1200 * time.Millisecond), begun.Add(4400 * time.Millisecond),
		},
		"well at once": {
			func(time.Time) int32 { return 9 },
			probe.LookRecovered, 20, 0, cycle.Add(400 * time.Millisecond), begun.Add(2900 * time.Millisecond),
		},
		"every tenth echo lost": {
			func(at time.Time) int32 {
				if at.Sub(begun)%time.Second == 0 {
					return lost
				}
				return 9
			},
			probe.LookLasting, 100, 10, begun.Add(9 * time.Second), begun.Add(10*time.Second + 900*time.Millisecond),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGaze()
			g.fails(link(7), cycle)
			reports := g.play(t, begun, func(_ probe.Target, at time.Time) int32 { return test.answers(at) })
			if len(reports) != 1 || reports[0].Link != 7 {
				t.Fatalf("got %+v, want one report of link 7", reports)
			}
			got := reports[0].Finding.(*probe.Look)
			if got.Sent() != test.sent || got.Lost() != test.lost {
				t.Errorf("%d of %d lost, want %d of %d", got.Lost(), got.Sent(), test.lost, test.sent)
			}
			got.RTTMicros = nil
			want := &probe.Look{
				From: cycle, LastLost: test.lastLost, Until: test.until, End: test.end,
				RoundSent: 5, RoundLost: 5, Gap: lookGap, Together: 1,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestALinkFallsSilentOnceAnOutageHoweverThatBegins(t *testing.T) {
	t.Parallel()
	whole, part, none := []int32{9, 9, 9, 9, 9}, []int32{9, 9, lost, lost, lost}, []int32{lost, lost, lost, lost, lost}
	for name, test := range map[string]struct {
		rounds [][]int32
		want   string // one letter for each round: s = it falls silent
	}{
		"between two rounds":           {[][]int32{whole, none, none, none}, ".s.."},
		"in the middle of a round":     {[][]int32{whole, part, none, none}, "..s."},
		"after a time of losses":       {[][]int32{whole, part, part, none, none}, "...s."},
		"only in part":                 {[][]int32{whole, part, part, whole}, "...."},
		"before the prober knew it":    {[][]int32{none, none, whole, none}, "...s"},
		"twice, as it came back a bit": {[][]int32{whole, none, part, none}, ".s.s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, got := onsets{}, ""
			for _, rtts := range test.rounds {
				mark := "."
				if _, total := o.saw(round(link(7), cycle, rtts...).Observation, cycle); total {
					mark = "s"
				}
				got += mark
			}
			if got != test.want {
				t.Errorf("falls silent at %q, want %q", got, test.want)
			}
		})
	}
	o := onsets{}
	o.saw(round(link(7), cycle, whole...).Observation, cycle)
	canary := probe.Target{ID: 7, Kind: probe.Canary, Addr: link(7).Addr}
	if due, _ := o.saw(round(canary, cycle, none...).Observation, cycle); due {
		t.Error("a canary is traced like a link")
	}
}

func TestOfManyThatFailTogetherSomeAreLookedAtAndTheRestSaySo(t *testing.T) {
	t.Parallel()
	const failed = 600
	g := newGaze()
	for id := range int64(failed) {
		if !g.fails(link(id), cycle) {
			t.Fatalf("link %d is not suspected", id)
		}
	}
	if len(g.under) != looksAtOnce || len(g.part.passed) != maxPassed {
		t.Fatalf("%d looks, %d links passed over; want %d, %d", len(g.under), len(g.part.passed), looksAtOnce, maxPassed)
	}
	all := g.play(t, cycle, func(probe.Target, time.Time) int32 { return lost })
	for _, one := range g.part.passed {
		all = append(all, one.passedOver())
	}
	ends := map[probe.LookEnd]int{}
	for _, r := range all {
		f := r.Finding.(*probe.Look)
		if ends[f.End]++; f.Together != failed || f.Validate() != nil {
			t.Errorf("link %d: %d together, %v; want %d", r.Link, f.Together, f.Validate(), failed)
		}
	}
	if diff := cmp.Diff(map[probe.LookEnd]int{probe.LookLasting: looksAtOnce, probe.LookPassed: maxPassed}, ends); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestALinkThatLosesNowAndThenIsLeftAloneUnlessItFallsSilent(t *testing.T) {
	t.Parallel()
	g := newGaze()
	g.fails(link(7), cycle)
	g.play(t, cycle, func(probe.Target, time.Time) int32 { return 9 })
	begins := func(at time.Time, rtts ...int32) bool {
		g.saw(round(link(7), at, 9, 9), g.part, at)
		return g.saw(round(link(7), at, rtts...), g.part, at)
	}
	if begins(cycle.Add(time.Minute), 9, lost) {
		t.Error("looked at again a minute later for one lost echo")
	}
	if !begins(cycle.Add(2*time.Minute), lost, lost) {
		t.Error("not looked at when it falls silent")
	}
	g.play(t, cycle.Add(2*time.Minute), func(probe.Target, time.Time) int32 { return 9 })
	part := func(at time.Time, rtts ...int32) bool { return g.saw(round(link(7), at, rtts...), g.part, at) }
	if part(cycle.Add(4*time.Minute), 9, lost) {
		t.Error("looked at again for one lost echo")
	}
	if !part(cycle.Add(5*time.Minute), lost, lost) {
		t.Error("not looked at when it falls silent after it lost a part")
	}
	g.play(t, cycle.Add(5*time.Minute), func(probe.Target, time.Time) int32 { return lost })
	if part(cycle.Add(6*time.Minute), lost, lost) || part(cycle.Add(7*time.Minute), 9, lost) {
		t.Error("looked at again while it stays silent, or comes back in part")
	}
	if !begins(cycle.Add(15*time.Minute), 9, lost) {
		t.Error("not looked at for one lost echo after its rest")
	}
}

// However links fail, looks send at most a twentieth of the echoes planned beside what
// looksAtOnce looks may send, and no more of them are under way.
func TestLooksSendATwentiethOfTheEchoesAtMost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := newGaze()
		targets := make([]probe.Target, rapid.IntRange(1, 60).Draw(t, "links"))
		for i := range targets {
			targets[i] = link(int64(i))
		}
		planned, sent := 0, 0
		heals := rapid.Bool().Draw(t, "heals")
		for c := range rapid.IntRange(1, 60).Draw(t, "cycles") {
			now := cycle.Add(time.Duration(c) * 30 * time.Second)
			g.planned(targets, 5, now)
			planned += 5 * len(targets)
			for _, target := range targets {
				if rapid.Bool().Draw(t, "fails") {
					g.saw(round(target, now, 9), g.part, now)
					g.saw(round(target, now, lost), g.part, now)
				}
			}
			if len(g.under) > looksAtOnce {
				t.Fatalf("%d looks under way", len(g.under))
			}
			for range 3 * lookRounds {
				for _, r := range g.due(now) {
					sent += r.Echoes
					rtts := []int32{lost, lost, lost, lost, lost}
					if heals {
						rtts = []int32{9, 9, 9, 9, 9}
					}
					g.took(round(r.Target, r.Start, rtts...), now)
				}
				now = now.Add(time.Duration(lookRound) * lookGap)
			}
			if most := looksAtOnce*lookRounds*lookRound + planned/lookShare; sent > most {
				t.Fatalf("looks sent %d echoes of %d planned, want at most %d", sent, planned, most)
			}
		}
	})
}

func TestLinksThatAreGoneAreForgotten(t *testing.T) {
	t.Parallel()
	g := newGaze()
	g.fails(link(7), cycle)
	g.saw(round(link(8), cycle, 9), g.part, cycle)
	g.play(t, cycle, func(probe.Target, time.Time) int32 { return 9 })
	g.planned([]probe.Target{link(8)}, 5, cycle.Add(time.Hour))
	if diff := cmp.Diff(map[int64]bool{8: true}, g.well); diff != "" || len(g.rests) > 0 {
		t.Errorf("%d rests remembered, links -want +got:\n%s", len(g.rests), diff)
	}
}
