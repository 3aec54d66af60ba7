package measure_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/measure"
	"vigie/probe"
)

// inTurn gives rounds one after the other.
func inTurn(rounds ...measure.Round) []measure.Round {
	for i := range rounds {
		rounds[i].At = noon.Add(time.Duration(i) * 5 * time.Second)
	}
	return rounds
}

func TestLossPeriodsAreThoseOfRFC3357(t *testing.T) {
	t.Parallel()
	const lost = probe.Lost
	for name, test := range map[string]struct {
		rounds      []measure.Round
		want        measure.Extras
		consecutive int64
	}{
		// The sample of the RFC: of ten packets the second, fifth, seventh, ninth and
		// tenth are lost, in loss periods of 1, 1, 1 and 2.
		"the sample of the standard": {
			inTurn(round(9, lost, 9, 9, lost), round(9, lost, 9, lost, lost)),
			measure.Extras{LossPeriods: 4, LongestLoss: 2},
			1,
		},
		"a period goes on into the next round": {
			inTurn(round(9, 9, lost), round(lost, lost, 9), round(9)),
			measure.Extras{LossPeriods: 1, LongestLoss: 3},
			2,
		},
		"a void round ends it": {
			inTurn(round(9, lost), void(lost, lost), round(lost, 9)),
			measure.Extras{LossPeriods: 2, LongestLoss: 1},
			0,
		},
		"nothing lost": {inTurn(round(9, 9), round(9)), measure.Extras{}, 0},
		"all lost":     {inTurn(round(lost, lost), round(lost)), measure.Extras{LossPeriods: 1, LongestLoss: 3}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := measure.Summarise(7, noon, 20, test.rounds)
			if diff := cmp.Diff(test.want, m.Extras); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := m.Consecutive(int64(m.Sent - m.Received)); got != test.consecutive {
				t.Errorf("%d losses followed another, want %d", got, test.consecutive)
			}
		})
	}
}

func TestDuplicatesAndReorderedRepliesAreCountedUnlessVoid(t *testing.T) {
	t.Parallel()
	rounds := inTurn(round(9, 9), void(9, 9), round(9, 9))
	for i := range rounds {
		rounds[i].Duplicates, rounds[i].Reordered = 1+i, 10*(1+i)
	}
	want := measure.Extras{Duplicates: 4, Reordered: 40}
	if diff := cmp.Diff(want, measure.Summarise(7, noon, 6, rounds).Extras); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDelayVariationIsAboveTheLeastOfTheMinute(t *testing.T) {
	t.Parallel()
	// RFC 5481, 4.2: the delays 10.0 10.4 10.1 13.0 10.2 ms vary by 0 0.4 0.1 3.0 0.2.
	whole := measure.Summarise(7, noon, 5, []measure.Round{round(10_000, 10_400, 10_100, 13_000, 10_200)})
	if got := whole.PDVMicros(); got != 3000 {
		t.Errorf("variation %d µs, want 3000", got)
	}
	lossy := measure.Summarise(7, noon, 5, []measure.Round{round(10_000, probe.Lost, 10_100, 13_000, 10_200)})
	if got := lossy.PDVMicros(); got != measure.Undefined {
		t.Errorf("a fifth lost has a 95th percentile of variation of %d µs, want none", got)
	}
}

func TestRollUpsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	minute := func(p95 int32, extras measure.Extras) measure.Minute {
		return measure.Minute{
			Planned: 10, Sent: 10, Received: 10, MinMicros: 100, MedianMicros: 150, P95Micros: p95, MaxMicros: p95, Detailed: true, Extras: extras,
		}
	}
	one := minute(300, measure.Extras{Duplicates: 1, Reordered: 2, LossPeriods: 3, LongestLoss: 4})
	other := minute(500, measure.Extras{Duplicates: 10, Reordered: 20, LossPeriods: 30, LongestLoss: 2})
	old := measure.Minute{Planned: 10, Sent: 10, Received: 10, MinMicros: 100, P95Micros: 9000}
	seen := measure.Seen(one, other, old)
	if seen.PDVMicros != 400 || seen.Detailed != 20 || seen.Sent != 30 || seen.Extras != (measure.Extras{Duplicates: 11, Reordered: 22, LossPeriods: 33, LongestLoss: 4}) {
		t.Errorf("seen by three: %+v, want the largest variation, the counts added and the longest run", seen)
	}
	parts := slices.Repeat([]measure.Figures{measure.Seen(one)}, 19)
	parts = append(parts, measure.Seen(old), measure.Seen(other))
	hour := measure.RollUp(parts)
	if hour.PDVMicros != 200 || hour.Detailed != 200 || hour.LongestLoss != 4 || hour.LossPeriods != 19*3+30 {
		t.Errorf("an hour: %+v, want the 95th percentile of 20 variations and the counts added", hour)
	}
}

func TestLossPeriodsAreThoseOfACount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rtt := rapid.OneOf(rapid.Just(probe.Lost), rapid.Int32Range(0, 500_000))
		var rounds []measure.Round
		var all []int32
		for range rapid.IntRange(0, 6).Draw(t, "rounds") {
			echoes := rapid.SliceOfN(rtt, 0, 5).Draw(t, "rtt")
			rounds, all = append(rounds, round(echoes...)), append(all, echoes...)
		}
		var want measure.Extras
		for i, micros := range all {
			if micros != probe.Lost {
				continue
			}
			if i == 0 || all[i-1] != probe.Lost {
				want.LossPeriods++
			}
			end := i
			for end < len(all) && all[end] == probe.Lost {
				end++
			}
			want.LongestLoss = max(want.LongestLoss, int64(end-i))
		}
		if diff := cmp.Diff(want, measure.Summarise(7, noon, 30, inTurn(rounds...)).Extras); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
