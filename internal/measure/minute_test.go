package measure_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/measure"
	"vigie/probe"
)

var noon = time.Date(2026, time.June, 9, 12, 0, 0, 0, time.UTC)

func round(rttMicros ...int32) measure.Round {
	return measure.Round{Observation: probe.Observation{Target: 7, Kind: probe.Link, At: noon, RTTMicros: rttMicros}}
}

func void(rttMicros ...int32) measure.Round {
	isolated := round(rttMicros...)
	isolated.Void = true
	return isolated
}

func TestSummarise(t *testing.T) {
	t.Parallel()
	const lost, undefined = probe.Lost, measure.Undefined
	tests := []struct {
		name   string
		rounds []measure.Round
		want   measure.Minute
	}{
		{
			"six echoes of which one is lost", // delays 10.0 10.4 10.1 13.0 lost 10.2 ms: IPDV 0.4, 0.3, 2.9
			[]measure.Round{round(10_000, 10_400, 10_100, 13_000, lost, 10_200)},
			measure.Minute{Sent: 6, Received: 5, MinMicros: 10_000, MedianMicros: 10_200, P95Micros: undefined, MaxMicros: 13_000, JitterMicros: 1200, Extras: measure.Extras{LossPeriods: 1, LongestLoss: 1}},
		},
		{
			"two whole rounds",
			[]measure.Round{round(10, 20, 30, 40, 50), round(60, 70, 80, 90, 100)},
			measure.Minute{Sent: 10, Received: 10, MinMicros: 10, MedianMicros: 50, P95Micros: 100, MaxMicros: 100, JitterMicros: 10},
		},
		{
			"no variation is counted from one round to the next",
			[]measure.Round{round(10, 10), round(1000, 1000)},
			measure.Minute{Sent: 4, Received: 4, MinMicros: 10, MedianMicros: 10, P95Micros: 1000, MaxMicros: 1000, JitterMicros: 0},
		},
		{
			"half of the echoes lost leaves the lower median",
			[]measure.Round{round(10, lost, 30, lost)},
			measure.Minute{Sent: 4, Received: 2, MinMicros: 10, MedianMicros: 30, P95Micros: undefined, MaxMicros: 30, JitterMicros: undefined, Extras: measure.Extras{LossPeriods: 2, LongestLoss: 1}},
		},
		{
			"more than half lost has no median",
			[]measure.Round{round(10, lost, lost)},
			measure.Minute{Sent: 3, Received: 1, MinMicros: 10, MedianMicros: undefined, P95Micros: undefined, MaxMicros: 10, JitterMicros: undefined, Extras: measure.Extras{LossPeriods: 1, LongestLoss: 2}},
		},
		{
			"every echo lost is loss, with no delay at all",
			[]measure.Round{round(lost, lost)},
			measure.Minute{Sent: 2, MinMicros: undefined, MedianMicros: undefined, P95Micros: undefined, MaxMicros: undefined, JitterMicros: undefined, Extras: measure.Extras{LossPeriods: 1, LongestLoss: 2}},
		},
		{
			"a void round counts for nothing",
			[]measure.Round{round(10, 20), void(lost, lost), void(5, 5)},
			measure.Minute{Sent: 2, Received: 2, MinMicros: 10, MedianMicros: 10, P95Micros: 20, MaxMicros: 20, JitterMicros: 10},
		},
		{
			"nothing measured is nothing, not zero",
			nil,
			measure.Minute{MinMicros: undefined, MedianMicros: undefined, P95Micros: undefined, MaxMicros: undefined, JitterMicros: undefined},
		},
		{
			"jitter is rounded half up to the microsecond",
			[]measure.Round{round(0, 1, 3)}, // 1.5
			measure.Minute{Sent: 3, Received: 3, MinMicros: 0, MedianMicros: 1, P95Micros: 3, MaxMicros: 3, JitterMicros: 2},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want.Link, tt.want.At, tt.want.Planned, tt.want.Detailed = 7, noon, 10, true
			got := measure.Summarise(7, noon, 10, tt.rounds)
			if int(got.Delays.Sent()) != got.Sent || int(got.Delays.Received()) != got.Received {
				t.Errorf("the delays are %s, of %d sent and %d received", got.Delays, got.Sent, got.Received)
			}
			got.Delays = measure.Distribution{}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("minute (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLossIsOfTheSentAndCoverageOfThePlanned(t *testing.T) {
	t.Parallel()
	minute := measure.Summarise(7, noon, 20, []measure.Round{round(10, probe.Lost, 30, 40, 50), void(10, 20, 30, 40, 50)})
	if loss, ok := minute.Loss(); !ok || loss != 0.2 {
		t.Errorf("loss %v, %t, want 0.2", loss, ok)
	}
	if got := minute.Coverage(); got != 0.25 {
		t.Errorf("coverage %v, want 0.25", got)
	}
	isolated := measure.Summarise(7, noon, 5, []measure.Round{void(probe.Lost, probe.Lost)})
	if loss, ok := isolated.Loss(); ok || isolated.Coverage() != 0 {
		t.Errorf("an isolated prober measured a loss of %v, coverage %v", loss, isolated.Coverage())
	}
}

func TestTheOrderOfRoundsChangesNothingAndFiguresAreOrdered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rtt := rapid.OneOf(rapid.Just(probe.Lost), rapid.Int32Range(0, 500_000))
		rounds := make([]measure.Round, rapid.IntRange(0, 6).Draw(t, "rounds"))
		for i := range rounds {
			rounds[i] = round(rapid.SliceOfN(rtt, 0, 5).Draw(t, "rtt")...)
			rounds[i].At = noon.Add(time.Duration(i) * 5 * time.Second)
			rounds[i].Void = rapid.Bool().Draw(t, "void")
		}
		minute := measure.Summarise(7, noon, 30, rounds)
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(rounds), func(i, j int) { rounds[i], rounds[j] = rounds[j], rounds[i] })
		if diff := cmp.Diff(minute, measure.Summarise(7, noon, 30, rounds)); diff != "" {
			t.Fatalf("another order gives another minute:\n%s", diff)
		}
		if minute.Received > minute.Sent || minute.MinMicros > minute.MaxMicros {
			t.Fatalf("figures out of order: %+v", minute)
		}
		if (minute.MinMicros == measure.Undefined) != (minute.Received == 0) {
			t.Fatalf("a minimum without an answer, or the reverse: %+v", minute)
		}
		// Lost echoes come last, so a percentile exists exactly when enough came back.
		if got, want := minute.P95Micros != measure.Undefined, minute.Received > 0 && minute.Received*100 >= minute.Sent*95; got != want {
			t.Fatalf("p95 defined %t with %d of %d answered", got, minute.Received, minute.Sent)
		}
	})
}
