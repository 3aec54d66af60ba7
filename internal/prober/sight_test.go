package prober

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
	"vigie/probe/icmp"
	"vigie/probe/path"
)

func canary(id int64) probe.Target {
	return probe.Target{ID: id, Kind: probe.Canary, Addr: netip.AddrFrom4([4]byte{198, 51, 100, byte(id)})}
}

func TestTheUplinkIsLostWhenTheLastRoundOfEachCanaryWas(t *testing.T) {
	t.Parallel()
	refused := icmp.Result{Round: icmp.Round{Target: canary(2), Start: cycle}, Unsent: 5}
	refused.Observation = probe.Observation{Target: 2, Kind: probe.Canary}
	for name, test := range map[string]struct {
		rounds []icmp.Result
		lost   bool
	}{
		"no canary":                    {[]icmp.Result{round(link(1), cycle, lost)}, false},
		"one of two answers":           {[]icmp.Result{round(canary(1), cycle, lost), round(canary(2), cycle, lost, 9)}, false},
		"none of two answers":          {[]icmp.Result{round(canary(1), cycle, lost), round(canary(2), cycle, lost)}, true},
		"one answers again":            {[]icmp.Result{round(canary(1), cycle, lost), round(canary(2), cycle, lost), round(canary(1), cycle, 9)}, false},
		"the host refuses to send":     {[]icmp.Result{round(canary(1), cycle, lost), refused}, true},
		"what cannot be judged is not": {[]icmp.Result{round(canary(1), cycle, 9), round(canary(1), cycle)}, false},
	} {
		s, times := newSight(), 0
		for _, r := range test.rounds {
			if s.saw(r, cycle) {
				times++
			}
		}
		if s.blind() != test.lost || test.lost && times != 1 {
			t.Errorf("%s: lost %t, told %d times; want %t", name, s.blind(), times, test.lost)
		}
	}
	s := newSight()
	s.saw(round(canary(1), cycle, lost), cycle)
	s.planned([]probe.Target{canary(2)}, cycle.Add(time.Second))
	if s.blind() || s.clear(cycle) || !s.clear(cycle.Add(time.Second)) {
		t.Error("a canary that is probed no more still tells that the uplink is lost")
	}
}

// seeing is a run without an engine, whose traces are asked for and not made.
type seeing struct {
	*run
	told []probe.Report
	at   time.Time
}

func newSeeing() *seeing {
	s := &seeing{at: cycle}
	traces := newTracing()
	traces.trace = func(context.Context, netip.Addr, path.Method, probe.TraceCause) (*probe.Trace, error) {
		return nil, nil
	}
	s.run = &run{
		Configuration: DefaultConfiguration(), turns: newTurns(), sight: newSight(), onsets: onsets{}, traces: traces,
		looks: newLooks(DefaultConfiguration()), leftOut: &atomic.Int64{}, parts: []*part{{cycle: cycle}},
		loaded: func(int64, time.Time, time.Time) bool { return false },
		report: func(r probe.Report) { s.told = append(s.told, r) },
	}
	return s
}

// cycles lets a link and a canary answer round after round, 30 s apart, the link first: 'g'
// all, 'p' a part, 'l' nothing. The rounds are two seconds long.
func (s *seeing) cycles(links, canaries string) {
	rtts := map[byte][]int32{'g': {9, 9, 9, 9, 9}, 'p': {9, lost, 9, 9, 9}, 'l': {lost, lost, lost, lost, lost}}
	for i := range len(links) {
		s.looks.planned([]probe.Target{link(1), canary(1)}, 5, s.at)
		s.file([]icmp.Result{round(link(1), s.at, rtts[links[i]]...)}, s.at.Add(2*time.Second))
		start := s.at.Add(10 * time.Second)
		s.file([]icmp.Result{round(canary(1), start, rtts[canaries[i]]...)}, start.Add(2*time.Second))
		s.at = s.at.Add(30 * time.Second)
		s.parts[0].cycle = cycle // the only one: its rounds are those of all cycles here
	}
}

func TestNoLookAndNoTraceBeginsWhileOurUplinkIsLost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		links, canaries string
		looks, traces   int // under way, and waiting, at the end
	}{
		"the link fails":                                       {"ggl", "ggg", 1, 1},
		"the uplink was lost before":                           {"ggl", "gll", 0, 0},
		"the uplink turns out to be lost":                      {"ggl", "ggl", 0, 0},
		"the link fails in part beside the uplink":             {"ggppp", "gglll", 0, 0},
		"the uplink comes back and the link does not":          {"ggllll", "gglggg", 1, 1},
		"the link fails after the uplink came back":            {"ggllggl", "ggllggg", 1, 1},
		"the round after the return began before it was known": {"ggll", "gglg", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSeeing()
			s.cycles(test.links, test.canaries)
			if len(s.looks.under) != test.looks || len(s.traces.waiting) != test.traces {
				t.Errorf("%d looks under way, %d traces wait; want %d, %d", len(s.looks.under), len(s.traces.waiting), test.looks, test.traces)
			}
			if began := s.parts[0].began; began != test.looks {
				t.Errorf("%d links are told to have begun to lose echoes, want %d", began, test.looks)
			}
		})
	}
}

// loses has so many links begin to lose echoes now, and plays the looks at the first of
// them until these end, within ten seconds. It is the end of a cycle.
func (s *seeing) loses(t *testing.T, links int64) {
	t.Helper()
	for id := range links {
		s.file([]icmp.Result{round(link(id+10), s.at, 9)}, s.at)
		s.file([]icmp.Result{round(link(id+10), s.at.Add(time.Second), lost)}, s.at.Add(2*time.Second))
	}
	begun := s.at.Add(2 * time.Second)
	for n := range lookRounds {
		at := begun.Add(time.Duration(n) * lookRound * lookGap)
		for _, r := range s.looks.due(at) {
			s.file([]icmp.Result{lookedAt(r)}, at.Add(600*time.Millisecond))
		}
	}
	if n := len(s.looks.under); n > 0 {
		t.Fatalf("%d looks do not end", n)
	}
}

// lookedAt is a round of a look of which nothing was answered.
func lookedAt(r icmp.Round) icmp.Result {
	found := round(r.Target, r.Start, lost, lost, lost, lost, lost)
	found.Cycle = time.Time{}
	return found
}

// publishes ends the cycle and gives the ends of what is told with it, and how often.
func (s *seeing) publishes() map[probe.LookEnd]int {
	s.told = nil
	s.tell(s.parts[0])
	s.parts[0] = &part{cycle: cycle}
	ends := map[probe.LookEnd]int{}
	for _, r := range s.told {
		ends[r.Finding.(*probe.Look).End]++
	}
	return ends
}

// Whether links began to fail or our uplink went is known only once canaries were asked
// again, which may be in the next cycle.
func TestWhatBeganToFailIsToldOnceACanaryAnsweredAfterIt(t *testing.T) {
	t.Parallel()
	const links = 20
	for name, test := range map[string]struct {
		within string // the canaries' round after it in the same cycle, none when empty
		next   string
		want   []map[probe.LookEnd]int // told with the cycle, and with the next one
	}{
		"the uplink is there":                              {"g", "g", []map[probe.LookEnd]int{{probe.LookLasting: looksAtOnce, probe.LookPassed: links - looksAtOnce}, {}}},
		"the uplink is lost within the cycle":              {"l", "l", []map[probe.LookEnd]int{{}, {}}},
		"canaries are asked in the next, and answer":       {"", "g", []map[probe.LookEnd]int{{}, {probe.LookLasting: looksAtOnce, probe.LookPassed: links - looksAtOnce}}},
		"canaries are asked in the next, and none answers": {"", "l", []map[probe.LookEnd]int{{}, {}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSeeing()
			s.cycles("g", "g")
			s.loses(t, links)
			s.at = s.at.Add(15 * time.Second)
			s.cycles(test.within, test.within)
			told := []map[probe.LookEnd]int{s.publishes()}
			s.cycles("g", test.next)
			told = append(told, s.publishes())
			if diff := cmp.Diff(test.want, told); diff != "" {
				t.Errorf("told with each cycle (-want +got):\n%s", diff)
			}
			if test.next == "l" && (len(s.untold) > 0 || len(s.looks.under) > 0) {
				t.Errorf("%d findings wait, %d looks are under way; want none: the loss was ours", len(s.untold), len(s.looks.under))
			}
		})
	}
}

func TestWithoutACanaryWhatBeganToFailIsTold(t *testing.T) {
	t.Parallel()
	s := newSeeing()
	s.loses(t, 1)
	s.at = s.at.Add(30 * time.Second)
	if diff := cmp.Diff(map[probe.LookEnd]int{probe.LookLasting: 1}, s.publishes()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestLooksOfOurOwnFailureGiveTheirCreditBack(t *testing.T) {
	t.Parallel()
	s := newSeeing()
	s.cycles("g", "g")
	for id := range int64(20) {
		s.file([]icmp.Result{round(link(id+10), s.at, 9)}, s.at)
		s.file([]icmp.Result{round(link(id+10), s.at.Add(time.Second), lost)}, s.at.Add(2*time.Second))
	}
	s.file([]icmp.Result{round(canary(1), s.at.Add(10*time.Second), lost)}, s.at.Add(12*time.Second))
	if n := len(s.parts[0].passed); n != 0 || s.parts[0].began != 0 || len(s.looks.under) != 0 {
		t.Errorf("%d passed over, %d began, %d under way; want none: the loss was ours", n, s.parts[0].began, len(s.looks.under))
	}
	if credit := s.looks.credit; credit != s.looks.most() {
		t.Errorf("%g echoes of credit, want all %g: none was sent", credit, s.looks.most())
	}
}

func TestALookThatOurUplinkSpoiledCostsTheLinkNoRest(t *testing.T) {
	t.Parallel()
	s := newSeeing()
	s.cycles("gg", "gg")
	s.file([]icmp.Result{round(link(1), s.at, 9, lost)}, s.at.Add(time.Second))
	gaze{looks: s.looks, part: s.parts[0]}.play(t, s.at.Add(time.Second), func(probe.Target, time.Time) int32 { return lost })
	if len(s.looks.rests) != 1 {
		t.Fatal("the look did not end before the uplink was known to be lost")
	}
	s.file([]icmp.Result{round(canary(1), s.at.Add(10*time.Second), lost)}, s.at.Add(20*time.Second))
	s.at = s.at.Add(30 * time.Second)
	s.cycles("lgp", "ggg")
	if len(s.looks.under) != 1 {
		t.Error("the link that fails after the uplink came back is not looked at")
	}
}
