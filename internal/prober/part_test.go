package prober

import (
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
			for _, b := range partOf(test.rounds, test.silent).batches("metz", 30*time.Second, nil) {
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
	want := probe.Quality{Unsent: 3, Void: 1, WorstLag: 30 * time.Millisecond}
	if diff := cmp.Diff(want, p.quality); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
