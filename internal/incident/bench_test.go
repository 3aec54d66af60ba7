package incident_test

import (
	"fmt"
	"testing"
	"time"

	"vigie/internal/incident"
	"vigie/internal/linkstate"
)

// BenchmarkDecide measures a quiet cycle, one in which a tenth of the links of
// all POPs fails, and one in which everything fails, for a region and for a
// country.
func BenchmarkDecide(b *testing.B) {
	for _, size := range []int{1500, 60000} {
		for name, every := range map[string]int{"quiet": 0, "tenth": 10, "all": 1} {
			b.Run(fmt.Sprintf("%d/%s", size, name), func(b *testing.B) { benchmarkDecide(b, size, every) })
		}
	}
}

func benchmarkDecide(b *testing.B, size, every int) {
	links := make([]incident.Link, size)
	samples := make([]incident.Sample, size)
	for i := range links {
		id := int64(i + 1)
		links[i] = incident.Link{ID: id, Sites: []int64{id}, Operator: 1 + id%4, POP: 1 + id/40}
		samples[i] = incident.Sample{Link: id, Result: linkstate.OK}
		if every > 0 && i%every == 0 {
			samples[i].Result = linkstate.Fail
		}
	}
	topology, err := incident.NewTopology(links)
	if err != nil {
		b.Fatal(err)
	}
	var state incident.State
	policy := incident.DefaultPolicy()
	rounds := []incident.Round{{Prober: "A", Samples: samples}}
	decide := func(n int) incident.Decision {
		return incident.Decide(state, topology, incident.Cycle{
			At: origin.Add(time.Duration(n) * policy.Link.Cycle), Rounds: rounds,
		}, policy)
	}
	for n := range 2 {
		state = decide(n).State
	}
	b.ReportAllocs()
	for b.Loop() { // the third failing cycle, over and over: the one that confirms
		incident.Diff(state, decide(2).State)
	}
}
