package view

import (
	"time"

	"vigie/internal/linkstate"
	"vigie/probe"
)

// TestFacts is what decides whether a link is tested for what it carries.
type TestFacts struct {
	Link int64
	// Figure is the last test that gave one, at FigureAt; TriedAt is when one was tried
	// last without. Nil and zero = never.
	Figure            *probe.Throughput
	FigureAt, TriedAt time.Time
	Status            linkstate.Status
	// DownOctets and UpOctets were carried lately, in Covered of measured time.
	DownOctets, UpOctets int64
	Covered              time.Duration
}

// leastCovered is how much measured time what a link carries must rest on.
const leastCovered = time.Minute

// LoadPerMille is what the link carries, in thousandths of the contracted rate of the
// fuller direction, rates in bits per second; -1 where it is not known.
func (f TestFacts) LoadPerMille(downBits, upBits int64) int {
	if f.Covered < leastCovered || downBits <= 0 || upBits <= 0 {
		return -1
	}
	of := func(octets, bits int64) int {
		return int(float64(octets) * 8 * 1000 / (f.Covered.Seconds() * float64(bits)))
	}
	return max(of(f.DownOctets, downBits), of(f.UpOctets, upBits))
}
