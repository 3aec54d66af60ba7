package watch_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vigie/probe"
)

// manyLinks are a region's: ten POPs, a link a site.
func manyLinks(n int) []access {
	links := make([]access, n)
	for i := range links {
		links[i] = access{name: fmt.Sprint("L", i), operator: "X", pop: fmt.Sprint("P", i%10), sites: []string{fmt.Sprint("S", i)}}
	}
	return links
}

// BenchmarkCycle applies and decides one cycle of 1,500 links with their demarcations
// and routers over PostgreSQL, with the polls of a twelfth of the routers; one cycle in
// twelve closes a minute. "pop" has the links of one POP fail for ten cycles in
// twenty, "all" has every link do so; the worst cycle is reported beside the mean.
func BenchmarkCycle(b *testing.B) {
	for name, failing := range map[string]func(cycle, link int) bool{
		"healthy": func(int, int) bool { return false },
		"pop":     func(cycle, link int) bool { return cycle%20 >= 10 && link%10 == 0 },
		"all":     func(cycle, link int) bool { return cycle%20 >= 10 },
	} {
		b.Run(name, func(b *testing.B) {
			policy := quickPolicy()
			policy.PollEvery = time.Minute
			w := newWorld(b, policy, manyLinks(1500))
			routers := newRouters(w, w.nth(0))
			cycle := 0
			var worst time.Duration
			for b.Loop() {
				b.StopTimer()
				batch := w.batch("a", w.nth(cycle), false, func(link int) result {
					if failing(cycle, link) {
						return "fail"
					}
					return "ok"
				})
				for _, id := range w.links {
					for _, kind := range []probe.Kind{probe.Demarcation, probe.Router} {
						batch.Observations = append(batch.Observations, probe.Observation{Target: id, Kind: kind, At: w.nth(cycle), RTTMicros: []int32{fastMicros, fastMicros}})
					}
				}
				batch.Polls = routers.poll(w.nth(cycle).Add(2*time.Second), nothing, nothing)
				batch.Polls = slices.DeleteFunc(batch.Polls, func(p probe.Poll) bool { return int(p.Link)%12 != cycle%12 })
				b.StartTimer()
				start := time.Now()
				w.apply(b, batch, w.nth(cycle+1))
				w.decide(b, w.nth(cycle), false, w.nth(cycle+1))
				worst = max(worst, time.Since(start))
				cycle++
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}
