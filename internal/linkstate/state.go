package linkstate

import (
	"fmt"
	"time"
)

// The largest windows a Policy may ask for: they bound the size of a State.
const (
	maxWindow = 16
	maxSlow   = 8
)

// Policy holds the thresholds of rules R2 to R4.
type Policy struct {
	// Cycle is the time from one cycle to the next.
	Cycle time.Duration
	// DownAfter is the number of consecutive fails that confirm a down.
	DownAfter int
	// UpAfter is the number of consecutive non-fails that confirm an up.
	UpAfter int
	// UnknownAfter is the age of the last valid result at which a link is unknown.
	UnknownAfter time.Duration
	// IsolationLookback is how many cycles before an isolation an unconfirmed
	// failure is void; 0 voids none.
	IsolationLookback int
	// DegradedSlow of the last DegradedWindow non-fail cycles being slow makes
	// a link degraded; at most 8 and 16.
	DegradedSlow   int
	DegradedWindow int
	// DegradedExit is the number of consecutive ok that end it.
	DegradedExit int
}

// DefaultPolicy returns the thresholds of a real installation.
func DefaultPolicy() Policy {
	return Policy{
		Cycle:             30 * time.Second,
		DownAfter:         3,
		UpAfter:           3,
		UnknownAfter:      90 * time.Second,
		IsolationLookback: 1,
		DegradedSlow:      4,
		DegradedWindow:    6,
		DegradedExit:      6,
	}
}

// Validate names the first threshold that cannot work.
func (p Policy) Validate() error {
	for _, check := range []struct {
		name    string
		got     int64
		low, up int64
	}{
		{"cycle, in ns,", int64(p.Cycle), 1, int64(24 * time.Hour)},
		{"down_after", int64(p.DownAfter), 1, 1000},
		{"up_after", int64(p.UpAfter), 1, 1000},
		{"unknown_after, in ns,", int64(p.UnknownAfter), int64(p.Cycle), int64(24 * time.Hour)},
		{"isolation_lookback", int64(p.IsolationLookback), 0, 1000},
		{"degraded window", int64(p.DegradedWindow), 1, maxWindow},
		{"degraded slow count", int64(p.DegradedSlow), 1, min(maxSlow, int64(p.DegradedWindow))},
		{"degraded exit", int64(p.DegradedExit), 1, 1000},
	} {
		if check.got < check.low || check.got > check.up {
			return fmt.Errorf("link policy: %s is %d, want %d to %d", check.name, check.got, check.low, check.up)
		}
	}
	return nil
}

// Vantages is a set of vantage points, one bit each. The caller numbers its
// probers; two that share a bit are taken for one, which can only delay a
// confirmation.
type Vantages uint64

// State is all that is remembered of one link. It is comparable with ==, plain
// data that JSON carries without loss, and does not change while a healthy link
// stays healthy. Times are UTC, cut to the microsecond that PostgreSQL keeps.
// The zero value is a link that has no result yet.
type State struct {
	// Status is the state shown.
	Status Status `json:"status"`
	// Former is the status an unknown link had before; Up otherwise.
	Former Status `json:"former,omitzero"`
	// Since is when the status began (the former one of an unknown link): the
	// first failed, first slow or first good round's own time. Zero on a link
	// that has been up from its first result.
	Since time.Time `json:"since,omitzero"`
	// Seen is true from the first valid result on.
	Seen bool `json:"seen,omitzero"`
	// LastValid is the cycle of the last valid result, kept only while results
	// are missing; zero as long as they come.
	LastValid time.Time `json:"last_valid,omitzero"`
	// Fails counts the consecutive fails that do not yet confirm a down.
	Fails Run `json:"fails,omitzero"`
	// FailCycle and FailSeen say at which cycle the last of Fails was seen, and
	// from where: an isolation noticed one cycle late takes it back.
	FailCycle time.Time `json:"fail_cycle,omitzero"`
	FailSeen  Vantages  `json:"fail_seen,omitzero"`
	// Goods counts the consecutive non-fails of a down link, or the consecutive
	// ok of a degraded one.
	Goods Run `json:"goods,omitzero"`
	// Slow is the window of recent slow cycles of a link that is up.
	Slow Window `json:"slow,omitzero"`
}

// Run is an unbroken series of like results.
type Run struct {
	Count int       `json:"count"`
	First time.Time `json:"first"`
}

// Window remembers which of the last non-fail cycles were slow.
type Window struct {
	// Bits has one bit for each cycle, the newest lowest, set when slow.
	Bits uint16 `json:"bits"`
	// At holds the times of the set bits, oldest first; the rest is zero.
	At [maxSlow]time.Time `json:"at"`
}

// Confirmed returns the status without the veil of unknown: the former status
// of an unknown link, else the status itself.
func (s State) Confirmed() Status {
	if s.Status == Unknown {
		return s.Former
	}
	return s.Status
}

// LastFailed reports whether the last valid cycle failed. A failure that a
// look-back took away does not count.
func (s State) LastFailed() bool {
	if s.Confirmed() == Down {
		return s.Goods.Count == 0
	}
	return s.Fails.Count > 0
}
