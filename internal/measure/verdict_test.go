package measure_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/measure"
	"vigie/probe"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	const lost = probe.Lost
	limits := measure.Limits{MaxRTTMicros: 40_000, MaxLossPercent: 20}
	onlyRTT := measure.Limits{MaxRTTMicros: 40_000}
	tests := []struct {
		name   string
		rtt    []int32
		limits measure.Limits
		want   measure.Judgement
	}{
		{"nothing sent says nothing", nil, limits, measure.Judgement{Verdict: measure.None}},
		{"every echo lost is a failure", []int32{lost, lost, lost}, limits, measure.Judgement{Verdict: measure.Fail, Breach: measure.NoAnswer}},
		{"one answer is not a failure", []int32{lost, lost, lost, lost, 10}, measure.Limits{}, measure.Judgement{Verdict: measure.OK}},
		{"within both limits", []int32{10_000, 12_000, 11_000}, limits, measure.Judgement{Verdict: measure.OK}},
		{"exactly at both limits", []int32{40_000, 40_000, 40_000, 40_000, lost}, limits, measure.Judgement{Verdict: measure.OK}},
		{"a median over the limit", []int32{40_001, 40_001, 10}, limits, measure.Judgement{Verdict: measure.Slow, Breach: measure.RTTBreach}},
		{"one slow echo of three does not move the median", []int32{10, 90_000, 20}, limits, measure.Judgement{Verdict: measure.OK}},
		{"more loss than allowed", []int32{10, lost, lost, 10, 10}, limits, measure.Judgement{Verdict: measure.Slow, Breach: measure.LossBreach}},
		{"loss is named before the round trip", []int32{90_000, lost, lost, 90_000, 90_000}, limits, measure.Judgement{Verdict: measure.Slow, Breach: measure.LossBreach}},
		{"a lost median is over any limit", []int32{10, lost, lost}, onlyRTT, measure.Judgement{Verdict: measure.Slow, Breach: measure.RTTBreach}},
		{"without limits nothing is slow", []int32{900_000, lost}, measure.Limits{}, measure.Judgement{Verdict: measure.OK}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			given := append([]int32(nil), tt.rtt...)
			got := measure.Judge(probe.Observation{Target: 7, Kind: probe.Link, At: noon, RTTMicros: tt.rtt}, tt.limits)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if diff := cmp.Diff(given, append([]int32(nil), tt.rtt...)); diff != "" {
				t.Errorf("the observation changed:\n%s", diff)
			}
		})
	}
}

func TestARoundBesideOurOwnTestAccusesNobody(t *testing.T) {
	t.Parallel()
	limits := measure.Limits{MaxRTTMicros: 40_000, MaxLossPercent: 20}
	for name, test := range map[string]struct {
		rtt  []int32
		want measure.Verdict
	}{
		"slow":         {[]int32{90_000, 90_000, 90_000}, measure.OK},
		"lossy":        {[]int32{probe.Lost, probe.Lost, 10}, measure.OK},
		"every lost":   {[]int32{probe.Lost, probe.Lost}, measure.None},
		"nothing sent": {nil, measure.None},
	} {
		got := measure.Judge(probe.Observation{Kind: probe.Link, RTTMicros: test.rtt, Loaded: true}, limits)
		if want := (measure.Judgement{Verdict: test.want}); got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func TestARoundIsSlowExactlyWhenItsMedianIsAboveTheLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rtts := rapid.SliceOfN(rapid.OneOf(rapid.Just(probe.Lost), rapid.Int32Range(0, 20)), 1, 12).Draw(t, "round trips")
		limit := rapid.Int32Range(1, 20).Draw(t, "limit")
		inOrder := slices.Clone(rtts)
		for i, micros := range inOrder {
			if micros == probe.Lost {
				inOrder[i] = math.MaxInt32
			}
		}
		slices.Sort(inOrder)
		median := inOrder[(len(inOrder)-1)/2] // the lower one of two
		got := measure.Judge(probe.Observation{RTTMicros: rtts}, measure.Limits{MaxRTTMicros: limit})
		slow, lost := got.Verdict == measure.Slow, got.Verdict == measure.Fail
		if !lost && slow != (median > limit) {
			t.Fatalf("%v with a median of %d and a limit of %d: %v", rtts, median, limit, got)
		}
	})
}
