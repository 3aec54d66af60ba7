package prober

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
	"vigie/probe/icmp"
)

var cycle = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// partOf has that many rounds, the first ones without any echo sent.
func partOf(rounds, silent int) *part {
	p := &part{cycle: cycle, end: cycle.Add(30 * time.Second), planned: rounds}
	for i := range rounds {
		r := icmp.Result{Observation: probe.Observation{Target: int64(i), RTTMicros: []int32{1}}}
		if i < silent {
			r = icmp.Result{Unsent: 5}
		}
		p.take(r)
	}
	return p
}

func TestAPartIsCutIntoBatches(t *testing.T) {
	t.Parallel()
	type piece struct {
		Planned, Observations, Unsent int
		Last                          bool
	}
	tests := map[string]struct {
		rounds, silent int
		want           []piece
	}{
		"no target":               {0, 0, []piece{{0, 0, 0, true}}},
		"nothing measured":        {7, 7, []piece{{7, 0, 35, true}}},
		"one batch":               {7, 2, []piece{{7, 5, 10, true}}},
		"exactly full":            {4000, 0, []piece{{4000, 4000, 0, true}}},
		"several, the rest last":  {8003, 2, []piece{{4000, 4000, 0, false}, {4000, 4000, 0, false}, {3, 1, 10, true}}},
		"full with silent behind": {4001, 1, []piece{{4001, 4000, 5, true}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []piece
			for _, b := range partOf(test.rounds, test.silent).batches("metz", 30*time.Second, nil, nil) {
				got = append(got, piece{b.Planned, len(b.Observations), b.Quality.Unsent, b.Last})
				if b.Prober != "metz" || !b.Cycle.Equal(cycle) || b.CycleLength != 30*time.Second {
					t.Errorf("got prober %s, cycle %s of %s", b.Prober, b.Cycle, b.CycleLength)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAPartIsCompleteWhenItsCycleIsOverAndItsRoundsAreFinished(t *testing.T) {
	t.Parallel()
	p := partOf(2, 0)
	if p.complete(p.end.Add(-1)) {
		t.Error("complete before the end of its cycle")
	}
	if !p.complete(p.end) {
		t.Error("not complete at the end of its cycle")
	}
	p.planned++
	if p.complete(p.end.Add(time.Hour)) {
		t.Error("complete with a round missing")
	}
}

func TestTheQualityOfAPartIsThatOfItsRounds(t *testing.T) {
	t.Parallel()
	p := &part{}
	p.take(icmp.Result{Unsent: 2, Void: 1, WorstLag: 30 * time.Millisecond})
	p.take(icmp.Result{Unsent: 1, WorstLag: 10 * time.Millisecond})
	if diff := cmp.Diff(probe.Quality{Unsent: 3, Void: 1}, p.quality); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if worst, lag95 := p.lag(); worst != 30*time.Millisecond || lag95 != worst {
		t.Errorf("late by %s, %s; want 30ms of two rounds", worst, lag95)
	}
}

func TestTheLagOfAPartIsThatOfTheRoundAtItsRank(t *testing.T) {
	t.Parallel()
	for rounds, want := range map[int]time.Duration{0: 0, 1: 1, 20: 19, 21: 20, 100: 95} {
		p := &part{}
		for i := range rounds {
			p.take(icmp.Result{WorstLag: time.Duration(rounds - i)})
		}
		if worst, got := p.lag(); got != want || worst != time.Duration(rounds) {
			t.Errorf("%d rounds: %d, %d; want %d, %d", rounds, worst, got, rounds, want)
		}
	}
}

func TestReportsAreCutByTheirOctets(t *testing.T) {
	t.Parallel()
	var reports []probe.Report
	for i := range 4000 {
		look := &probe.Look{From: cycle, LastLost: cycle, Until: cycle, End: probe.LookPassed, RoundSent: 5, RoundLost: 5, Together: 9}
		reports = append(reports, probe.Report{Link: int64(i), At: cycle, Finding: look})
	}
	var links []int64
	batches := partOf(1, 0).batches("metz", 30*time.Second, nil, reports)
	for _, b := range batches {
		raw, err := b.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > 1<<20 {
			t.Errorf("a batch of %d octets, want a mebibyte at most", len(raw))
		}
		for _, r := range b.Reports {
			links = append(links, r.Link)
		}
	}
	if len(batches) != 2 || len(links) != 4000 || !slices.IsSorted(links) {
		t.Errorf("%d batches with %d reports, want all 4000 in order in 2", len(batches), len(links))
	}
	if last := batches[len(batches)-1]; !last.Last || last.Planned != 0 || batches[0].Planned != 1 {
		t.Errorf("the last batch: %+v", last.Quality)
	}
}

func TestPollsAreCutByWhatRoutersSay(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 255)
	wordy := probe.Interface{
		Index: 1 << 30, Name: text, Alias: text, SpeedBits: 1 << 40, InOctets: math.MaxUint64, OutOctets: math.MaxUint64,
		Counted: true, Discontinuity: math.MaxUint32,
	}
	var polls []probe.Poll
	for i := range 2*maxObservations + 1 {
		poll := probe.Poll{Link: int64(i), At: cycle, Uptime: time.Hour, Boots: 1, Access: probe.Interface{Index: 1, Name: "wan"}}
		if i < 1000 {
			poll.Uptime, poll.Boots, poll.Access, poll.Further = 1000*24*time.Hour, 1<<30, wordy, []probe.Interface{wordy, wordy, wordy}
			poll.Link += 1 << 60
		}
		polls = append(polls, poll)
	}
	var links int
	for _, b := range partOf(1, 0).batches("metz", 30*time.Second, polls, nil) {
		raw, err := b.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > maxPolled+1000 || len(b.Polls) > maxObservations {
			t.Errorf("a batch of %d octets with %d polls, want %d and %d at most", len(raw), len(b.Polls), maxPolled, maxObservations)
		}
		if len(b.Polls) > 0 && b.Polls[0].Link&(1<<60-1) != int64(links) {
			t.Errorf("polls begin with that of link %d, want %d", b.Polls[0].Link, links)
		}
		links += len(b.Polls)
	}
	if links != len(polls) {
		t.Errorf("%d polls in batches, want all %d", links, len(polls))
	}
}
