package probe_test

import (
	"fmt"
	"testing"

	"vigie/probe"
)

func TestReceivedLeavesOutLostEchoes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rtts           []int32
		sent, received int
	}{
		"nothing sent":               {nil, 0, 0},
		"all lost":                   {[]int32{probe.Lost, probe.Lost}, 2, 0},
		"a zero is an answer":        {[]int32{0, probe.Lost, 12}, 3, 2},
		"all answered":               {[]int32{3, 4, 5, 6, 7}, 5, 5},
		"loss at both ends survives": {[]int32{probe.Lost, 4, probe.Lost}, 3, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := probe.Observation{RTTMicros: test.rtts}
			if o.Sent() != test.sent || o.Received() != test.received {
				t.Errorf("got %d sent, %d received; want %d, %d", o.Sent(), o.Received(), test.sent, test.received)
			}
		})
	}
}

func TestAKindOutsideTheVocabularyShowsItsNumber(t *testing.T) {
	t.Parallel()
	got := fmt.Sprint(probe.Link, ", ", probe.Canary, ", ", probe.Kind(0))
	if want := "link, canary, kind 0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func ExampleObservation() {
	round := probe.Observation{Target: 67, Kind: probe.Link, RTTMicros: []int32{4210, probe.Lost, 4388}}
	fmt.Printf("%s %d: %d of %d echoes answered\n", round.Kind, round.Target, round.Received(), round.Sent())
	// Output: link 67: 2 of 3 echoes answered
}
