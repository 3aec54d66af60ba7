package view

import (
	"time"

	"vigie/internal/measure"
	"vigie/probe"
)

// carriedWithin is how far back a link's present use is looked for: two intervals.
const carriedWithin = 2 * LoadStep

// Router is what the router of a link told last.
type Router struct {
	// Asked is when it was asked last, Problem why it did not answer then.
	Asked   time.Time
	Problem string
	// Ours says that whoever asked was cut off then, or may have been: the problem says
	// nothing of the router.
	Ours bool
	// Answered is when it answered last, zero before the first time; Started when it
	// had started by its own account, zero when it does not tell, and Access the
	// interface that carries the link.
	Answered time.Time
	Started  time.Time
	Access   probe.Interface
	// Further are the other interfaces that were asked for, Health how it is.
	Further []probe.Interface
	Health  probe.Health
	// Doubt says why the last answer counts nothing that was carried.
	Doubt measure.Doubt
	Now   Carrying
}

// Carrying is the mean use of a link over the latest five minutes, as far as they are
// measured: Covered of them, zero when nothing is.
type Carrying struct {
	At       time.Time
	DownBits int64 // bits per second towards the site
	UpBits   int64
	Covered  time.Duration
}

// NewCarrying is the use of an interval over its measured part.
func NewCarrying(c measure.Carried) Carrying {
	if c.CoveredMillis <= 0 {
		return Carrying{}
	}
	rate := func(octets int64) int64 { return int64(float64(octets) * 8000 / float64(c.CoveredMillis)) }
	return Carrying{
		At: c.At, DownBits: rate(c.DownOctets), UpBits: rate(c.UpOctets), Covered: time.Duration(c.CoveredMillis) * time.Millisecond,
	}
}
