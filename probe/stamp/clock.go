package stamp

import "time"

const (
	// unknownError is what is told of a clock that nobody knows: the kernel's own word
	// for it (NTP_PHASE_LIMIT in linux/timex.h).
	unknownError = 16 * time.Second
	clockAsked   = time.Second // how old an answer may be
)

// clock remembers how good this machine's clock is.
type clock struct {
	asked time.Time
	known ErrorEstimate
}

func (c *clock) estimate(now time.Time) ErrorEstimate {
	if c.asked.IsZero() || now.Sub(c.asked) >= clockAsked {
		c.asked, c.known = now, estimate(clockError())
	}
	return c.known
}
