package throughput

import (
	"slices"

	"vigie/probe"
)

// The limits of a canary.
const (
	// mostLoss is the loss beside a test, in percent, above which it stops.
	mostLoss = 2
	// leastLost is how many echoes must be lost for that: one may be any time.
	leastLost = 2
	// recent is how many answers the delay beside a test is the median of.
	recent = 10
	// noise is what delay may grow by in any case, in microseconds: twice the delay of
	// a neighbour is still nothing.
	noise = 2000
)

// Canary judges echoes to targets that the tested link does not lead to: when they
// suffer, the test harms others. The zero value has seen none.
type Canary struct {
	before     []int32 // round trips, microseconds
	beside     []int32
	sent, lost int
}

// Before takes an echo from before the test, Lost ones too.
func (c *Canary) Before(rttMicros int32) {
	if rttMicros != probe.Lost {
		c.before = append(c.before, rttMicros)
	}
}

// Ready is nil when echoes were answered before the test, so that there is something to
// compare with.
func (c *Canary) Ready() *Failure {
	if len(c.before) == 0 {
		return &Failure{Reason: probe.CanarySilent}
	}
	return nil
}

// Beside takes an echo from beside the test and says whether it has to stop: more than
// 2 % were lost (two at least), or the median of the last ten is more than twice that of
// before, and 2 ms more.
func (c *Canary) Beside(rttMicros int32) *Failure {
	c.sent++
	if rttMicros == probe.Lost {
		c.lost++
	} else {
		c.beside = append(c.beside, rttMicros)
	}
	if c.lost >= leastLost && c.lost*100 > mostLoss*c.sent {
		return failed(probe.CanaryLoss, "%d/%d", c.lost, c.sent)
	}
	if len(c.beside) < recent || len(c.before) == 0 {
		return nil
	}
	was, is := median(c.before), median(c.beside[len(c.beside)-recent:])
	if is > 2*was && is > was+noise {
		return failed(probe.CanaryDelay, "%d µs > 2 × %d µs", is, was)
	}
	return nil
}

// median is the lower one.
func median(list []int32) int32 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[(len(sorted)-1)/2]
}
