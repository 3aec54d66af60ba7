package prober

import (
	"testing"

	"vigie/probe"
)

func TestALinkThatFailsComesFirstUntilItAnswers(t *testing.T) {
	t.Parallel()
	var targets []probe.Target
	for id := range int64(10) {
		targets = append(targets, probe.Target{ID: id, Kind: probe.Link})
	}
	turns := newTurns()
	round := func(id int64, rtt ...int32) {
		turns.saw(probe.Observation{Target: id, Kind: probe.Link, RTTMicros: rtt})
	}
	inARow := func() (count map[int64]int) {
		count = map[int64]int{}
		for range 4 {
			taken, left := turns.choose(targets, 3)
			if len(taken) != 3 || left != 7 {
				t.Fatalf("%d taken, %d left; want 3 and 7", len(taken), left)
			}
			for _, target := range taken {
				count[target.ID]++
			}
		}
		return count
	}
	round(4, probe.Lost, probe.Lost)
	round(5, probe.Lost, 900)
	turns.saw(probe.Observation{Target: 6, Kind: probe.Demarcation, RTTMicros: []int32{probe.Lost}})
	turns.setUrgent([]int64{7})
	first := inARow()
	if first[4] != 4 || first[7] != 4 || first[5] > 2 || first[6] > 2 {
		t.Errorf("rounds in four cycles: %v; want each for 4, which failed, and 7, of which the core says so", first)
	}
	round(4, 900)
	turns.setUrgent(nil)
	if then := inARow(); then[4] > 2 || then[7] > 2 {
		t.Errorf("rounds in four cycles once they answer: %v", then)
	}
}
