package throughput

import (
	"sync"
	"time"
)

// pace keeps several streams within one rate and one number of octets.
type pace struct {
	rate float64 // octets per second

	mu   sync.Mutex
	left int64
	free time.Time // when what was taken so far has gone
}

// burst is how far streams may be ahead of the rate: what a late timer has left over.
const burst = 20 * time.Millisecond

func newPace(b Bounds) *pace {
	return &pace{rate: b.octetsPerSecond(), left: b.Octets}
}

// take waits until n more octets keep within the rate. It is false, without waiting,
// when no octets are left.
func (p *pace) take(n int) bool {
	p.mu.Lock()
	now := time.Now()
	if p.left < int64(n) {
		p.mu.Unlock()
		return false
	}
	p.left -= int64(n)
	if earliest := now.Add(-burst); p.free.Before(earliest) {
		p.free = earliest
	}
	p.free = p.free.Add(time.Duration(float64(n) / p.rate * float64(time.Second)))
	wait := p.free.Sub(now)
	p.mu.Unlock()
	if wait > 0 {
		time.Sleep(wait)
	}
	return true
}
